"""A chatglm.cn that costs little, so that what is measured is what stands before it.

`python -m bench.upstream [tls]` prints its URL and serves until it is killed; with TLS, the certificate's path is the
URL's fragment. The answer is what the question asks for: `Order` says how. The events are those of the tests' stand-in;
unlike that, this checks nothing.
"""

import asyncio
import json
import re
import socket
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from tests.certificates import Authority
from tests.upstream import Answer, Text
from tests.upstream.events import Envelope

ORDER = re.compile(rb"order:(\w+):(\d+):(\d+):([\d.]+)")
HEAD = b"HTTP/1.1 200 OK\r\nServer: bench\r\nConnection: keep-alive\r\nContent-Type: "
STREAM = HEAD + b"text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
CALL = ("<tool_call>write<arg_key>content</arg_key><arg_value>", "</arg_value></tool_call>")
"""What stands around a text that is an argument of a call of the tool `write`."""
LAST = b"0\r\n\r\n"
DONE = HEAD + b'application/json\r\nContent-Length: 44\r\n\r\n{"status":0,"message":"success","result":{}}'


@dataclass(frozen=True)
class Order:
    """What a question asks for."""

    dialect: str
    """`deltas`, or `snapshots`: the older one, in which each event holds all of the text; `call`: as `deltas`, and the
    text is an argument of a call."""
    count: int
    """Deltas of text."""
    size: int
    """Characters of each."""
    gap: float = 0.0
    """Seconds before each event; 0: as fast as they are taken."""

    def __str__(self) -> str:
        return f"order:{self.dialect}:{self.count}:{self.size}:{self.gap}"

    @property
    def deltas(self) -> list[str]:
        """The text's deltas. None begins as the text does, which would fool the plain proxy."""
        return [chr(0x4E00 + number) * self.size for number in range(self.count)]


@cache
def chunks(order: Order) -> list[bytes]:
    """The events, each a chunk of the response."""
    dialect: Literal["deltas", "snapshots"] = "snapshots" if order.dialect == "snapshots" else "deltas"
    around = CALL if order.dialect == "call" else ("", "")
    answer = Answer(Text(*filter(None, (around[0], *order.deltas, around[1]))), dialect=dialect, bare=True)
    envelope = Envelope("6" * 24, "c" * 24, "65940acff94777010aa6b796", "2026-01-01 00:00:00", "", crlf=False)
    return [chunk(event) for event in envelope.events([*answer.events, answer.last_event])]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stamped() -> bytes:
    """An event whose text is the moment in which it is sent."""
    part = {"logic_id": "p", "status": "init", "content": [{"type": "text", "text": repr(time.monotonic())}]}
    event = {"id": "6" * 24, "conversation_id": "c" * 24, "status": "init", "parts": [part]}
    return chunk(b"event:message\ndata: %b\n\n" % json.dumps(event).encode())


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = await reader.readexactly(int(length[1])) if length else b""
        found = ORDER.search(body)
        if found is None:
            writer.write(DONE)
            continue
        order = Order(found[1].decode(), int(found[2]), int(found[3]), float(found[4]))
        writer.write(STREAM)
        if order.dialect == "stamped":
            writer.write(stamped())
        begun = time.monotonic()
        for number, data in enumerate(chunks(order), 1):
            if order.gap:
                await asyncio.sleep(begun + number * order.gap - time.monotonic())
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(LAST)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        await answer(reader, writer)
    writer.close()


async def main(*, tls: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder)) if tls else None
        context = authority.server("IP:127.0.0.1") if authority else None
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096, family=socket.AF_INET, ssl=context)
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        print(f"https://{place}#{authority.certificate}" if authority else f"http://{place}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(tls="tls" in sys.argv))
