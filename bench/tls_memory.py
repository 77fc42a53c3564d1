"""How much memory a TLS connection takes.

python -m bench.tls_memory serve     prints its URL, and the certificate's path as the URL's fragment
python -m bench.tls_memory URL       prints kilobytes for each of `CONNECTIONS`
"""

import asyncio
import os
import ssl
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from lib.http.transport import Transport
from tests.certificates import Authority

CONNECTIONS = 300


async def serve() -> None:
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        context = authority.server("IP:127.0.0.1")

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=1000)
        port = server.sockets[0].getsockname()[1]
        print(f"https://127.0.0.1:{port}/#{authority.certificate}", flush=True)
        await server.serve_forever()


async def measure(url: str) -> float:
    """Kilobytes for each connection, each of which has received the first piece of a stream."""
    transport = Transport(ssl.create_default_context(cafile=urlsplit(url).fragment))
    held = [await transport.handle_async_request(httpx.Request("GET", url))]
    before = memory()
    held += [await transport.handle_async_request(httpx.Request("GET", url)) for _ in range(CONNECTIONS)]
    return (memory() - before) / CONNECTIONS


def memory() -> float:
    """Kilobytes that are resident now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        print(asyncio.run(measure(sys.argv[1])), flush=True)
        os._exit(0)  # Closing all of them in order is not what is measured.
