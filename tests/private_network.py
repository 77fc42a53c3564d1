"""A network of its own for one process (Linux), in which every address leads to a server of this process.

Without that, no test could tell a URL that was refused from one that nobody answered. The process runs the stand-in and
the bundle, without GLM_ALLOW_PRIVATE_URLS, and asks for files at the URLs on its standard input. It prints what became
of them: `{"answers": [[status, param], …], "reached": [[address, port], …]}`. `{public}` in a URL is a host that anyone
may reach; its server sends whoever asks for `/to/<URL>` to that URL.
"""

import json
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.bundle import CHECKOUT, serve
from tests.raw_http import compose, exchange
from tests.upstream import StandIn

PUBLIC = "93.184.215.14"
PORTS = (80, 443, 6379)
TIMEOUT = 120.0
_OWN_NETWORK = ["unshare", "--user", "--map-root-user", "--net"]


def is_possible() -> bool:
    """Does the system let an ordinary process have a network of its own?"""
    try:
        return subprocess.run([*_OWN_NETWORK, "ip", "link"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def ask(urls: list[str]) -> dict[str, Any]:
    """What becomes of files at `urls`."""
    command = [*_OWN_NETWORK, sys.executable, "-m", "tests.private_network"]
    done = subprocess.run(
        command, cwd=CHECKOUT, input=json.dumps(urls), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class _Handler(BaseHTTPRequestHandler):
    """Serves a file, or leads on."""

    def do_GET(self) -> None:
        leads_on = self.path.startswith("/to/")
        body = b"" if leads_on else b"a file"
        self.send_response(302 if leads_on else 200)
        if leads_on:
            self.send_header("Location", unquote(self.path.removeprefix("/to/")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Listens at every address there is, and remembers which of them were connected to."""

    address_family = socket.AF_INET6
    daemon_threads = True
    reached: ClassVar[list[tuple[str, int]]] = []

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        address, port = request.getsockname()[:2]
        self.reached.append((address.removeprefix("::ffff:"), port))
        return True


def _main() -> None:
    for command in (
        "link set lo up",
        "route add local 0.0.0.0/0 dev lo",
        "-6 route add local ::/0 dev lo",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    answers = []
    with StandIn() as stand_in, ExitStack() as servers:
        for port in PORTS:
            server = servers.enter_context(_Server(("::", port), _Handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.callback(server.shutdown)
        account = stand_in.account()
        with serve({"GLM_CHATGLM_URL": stand_in.url}) as bundle:
            for url in json.load(sys.stdin):
                part = {"type": "file", "file_url": {"url": url.replace("{public}", PUBLIC)}}
                body = json.dumps({"messages": [{"role": "user", "content": [part]}]}).encode()
                key = ("Authorization", f"Bearer {account.refresh_token}")
                answer = exchange(bundle.url, compose("POST", "/v1/chat/completions", [key], body))
                error = answer.json().get("error") or {}
                answers.append((answer.status, error.get("param")))
    print(json.dumps({"answers": answers, "reached": _Server.reached}))


if __name__ == "__main__":
    _main()
