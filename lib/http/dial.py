"""Connecting to a host that may have several addresses, some of them dead."""

import asyncio
import socket
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

NEXT_AFTER: Final = 0.25
"""Seconds that one address has before the next is tried beside it, as RFC 8305 advises: IPv6 is announced in many
places where it does not work. asyncio can do this by itself, uvloop cannot."""


class Address(NamedTuple):
    """One of a host's addresses, as `getaddrinfo` gives it."""

    family: int
    type: int
    protocol: int
    canonical_name: str
    place: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


async def dial(host: str, port: int) -> socket.socket:
    """A socket that is connected to the first of the host's addresses that answers. Raises `OSError`, `ValueError`."""
    places = await addresses(host, port)
    if len(places) == 1:
        return await _connect(places[0])
    return await _race(places)


async def addresses(host: str, port: int) -> list[Address]:
    """The addresses of a host, best first, but the two families in turn (RFC 8305, 4)."""
    found = [Address(*address) for address in await _found(host, port)]
    best = [address for address in found if address.family == found[0].family]
    others = [address for address in found if address.family != found[0].family]
    return [address for address in chain.from_iterable(zip_longest(best, others)) if address is not None]


async def _found(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    if ":" in host or host[-1].isdigit():  # An address: no top-level domain ends with a digit. Nobody need be asked.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    # As bytes: a name given as text would load Python's old IDNA tables; httpx has encoded it already.
    return await asyncio.get_running_loop().getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)


async def _race(addresses: Sequence[Address]) -> socket.socket:
    waiting, tasks = list(addresses), set[asyncio.Task[socket.socket]]()
    winner: asyncio.Task[socket.socket] | None = None
    try:
        while True:
            if waiting:
                tasks.add(asyncio.create_task(_connect(waiting.pop(0))))
            running = [task for task in tasks if not task.done()]
            await asyncio.wait(running, timeout=NEXT_AFTER if waiting else None, return_when=asyncio.FIRST_COMPLETED)
            winner = next((task for task in tasks if task.done() and task.exception() is None), None)
            if winner is not None:
                return winner.result()
            if not waiting and all(task.done() for task in tasks):
                raise OSError("; ".join(sorted({str(task.exception()) for task in tasks})))
    finally:
        for task in tasks - {winner}:
            if not task.cancel() and task.exception() is None:
                task.result().close()


async def _connect(address: Address) -> socket.socket:
    connection = socket.socket(address.family, address.type, address.protocol)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, address.place)
    except BaseException:
        connection.close()
        raise
    return connection
