"""The stream of one answer: asked for, read, and closed, also where the caller leaves meanwhile."""

import asyncio
import math

from lib.upstreams.chatglm.session.account import Account
from lib.upstreams.chatglm.session.service import Stream
from lib.upstreams.chatglm.session.token import Token


class AnswerStream:
    """What was asked for may be generated: so asking is never broken off, and reading need not be."""

    def __init__(self, account: Account, *, orders: bool) -> None:
        """`orders`: see `Service.stream`."""
        self._account = account
        self._orders = orders
        self._opening: asyncio.Task[Stream] | None = None
        self._reading: asyncio.Task[bytes] | None = None
        self._last: Stream | None = None

    @property
    def asked(self) -> bool:
        """Has it been asked for, and not been closed since."""
        return self._opening is not None

    async def open(self, path: str, body: dict[str, object]) -> None:
        """Ask for it, in place of the one before. Goes on when the caller leaves."""
        await self._account.use(lambda token: self._open(path, token, body))

    async def _open(self, path: str, token: Token, body: dict[str, object]) -> None:
        await self.close()
        self._opening = asyncio.create_task(self._account.service.stream(path, token, body, orders=self._orders))
        self._last = await asyncio.shield(self._opening)

    async def read(self, at_most: float = math.inf) -> bytes:
        assert self._opening is not None
        return await self._opening.result().read(at_most)

    async def read_on(self) -> bytes:
        """The same, and where the caller leaves meanwhile, whoever calls next gets what arrived."""
        assert self._opening is not None
        stream = await asyncio.shield(self._opening)
        self._reading = self._reading or asyncio.create_task(stream.read())
        piece = await asyncio.shield(self._reading)
        self._reading = None
        return piece

    def report(self) -> None:
        """See `Stream.report`."""
        if self._last is not None:
            self._last.report()

    async def close(self) -> None:
        """Nothing more is wanted of it."""
        if self._reading is not None:  # What is being read cannot be closed.
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        opening, self._opening = self._opening, None
        if opening is None or opening.cancel() or opening.cancelled() or opening.exception() is not None:
            return
        await opening.result().aclose()
