"""Says in one line why a port of 127.0.0.1 cannot be served on, before a server says it in twenty.

python -m scripts.port 8000
"""

import socket
import sys


def fault(port: str) -> str:
    """Why nothing can be served on `port`; empty where something can."""
    if not (port.isdecimal() and 0 < int(port) < 65536):
        return f"PORT={port} is no port: it must be a number from 1 to 65535."
    with socket.socket() as listener:
        # As servers do: connections that have just ended are no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", int(port)))
            listener.listen()
        except OSError as error:
            return f"Port {port} cannot be used ({error.strerror}). Set PORT to another one, for example PORT=8001."
    return ""


if __name__ == "__main__":
    sys.exit(fault(sys.argv[1]) or None)
