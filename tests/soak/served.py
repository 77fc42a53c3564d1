"""Serves the bundle for a run, with one of the patches of `tests.soak.broken` where `SOAK_BROKEN` names it.

`python -m tests.soak.served PORT`. The port is waited for: a process that is being replaced may still listen.
"""

import importlib
import os
import socket
import sys
import time
from typing import Final

from tests import serve

WAIT_FOR_PORT: Final = 30.0


def wait_for(port: int) -> None:
    """Return when nobody listens at the port any more."""
    ends_at = time.monotonic() + WAIT_FOR_PORT
    while time.monotonic() < ends_at:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                time.sleep(0.05)
            else:
                return


if __name__ == "__main__":
    if broken := os.environ.get("SOAK_BROKEN"):
        importlib.import_module(f"tests.soak.broken.{broken}")
    wait_for(int(sys.argv[1]))
    serve.main("api.index:app", int(sys.argv[1]))
