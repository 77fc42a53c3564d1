"""Serves an app on 127.0.0.1 and prints the URL once it listens: `python -m tests.serve api.index:app [port]`.

The event loop is the one that `TEST_LOOP` names, `uvloop` or `asyncio`, which is the default.
"""

import os
import socket
import sys

import uvicorn


class Server(uvicorn.Server):
    """A server that says where it is."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets
        print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)


def main(app: str, port: int = 0) -> None:
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # Else small writes wait for Nagle.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app,
        loop=os.environ.get("TEST_LOOP", "asyncio"),
        http="h11",  # As deployed: else uvicorn would take httptools, which has no limit for a head.
        lifespan="off",
        log_level="warning",
        access_log=False,
        backlog=4096,
        h11_max_incomplete_event_size=131072,  # A hundred tokens make a head of 40 KB.
    )
    Server(config).run([listener])


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
