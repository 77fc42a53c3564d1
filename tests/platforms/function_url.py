"""A Lambda function URL on 127.0.0.1: HTTP requests become events (payload format 2.0), answers become responses.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from .runtime_api import MAX_PAYLOAD, FunctionError

TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml", "+json", "+xml")
"""A body of these types is passed as text; of any other type, or of none, in base64."""


@dataclass(frozen=True)
class Response:
    """What goes back to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def event(method: str, target: str, headers: Message, body: bytes) -> dict[str, Any]:
    """Return the event of a request; `target` is its path and query as they stand in the request."""
    url = urlsplit(target)
    joined: dict[str, str] = {}
    for name, value in headers.items():
        name = name.lower()
        if name != "cookie":
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    text = _as_text(body, joined.get("content-type", ""))
    encoded = text is None
    now = time.time()
    domain = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws"
    request: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path or "/",
        "rawQueryString": url.query,
        "headers": {**joined, "host": domain, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.1"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": domain.partition(".")[0],
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": method,
                "path": url.path or "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.1",
                "userAgent": joined.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": encoded and bool(body),
    }
    if url.query:
        query = parse_qs(url.query, keep_blank_values=True)
        request["queryStringParameters"] = {name: ",".join(values) for name, values in query.items()}
    if cookies := [cookie.strip() for line in headers.get_all("cookie", []) for cookie in line.split(";")]:
        request["cookies"] = cookies
    if body:
        request["body"] = base64.b64encode(body).decode() if text is None else text
    return request


def response(answer: Any) -> Response:
    """Return the response of a function's answer."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(HTTPStatus.OK, [("content-type", "application/json")], json.dumps(answer).encode())
    body = answer.get("body", "")
    headers = [(name, str(value)) for name, value in answer.get("headers", {}).items()]
    headers += [("set-cookie", cookie) for cookie in answer.get("cookies", [])]
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Response(answer["statusCode"], headers, content)


class FunctionUrl:
    """The server. `url` is its address, without a slash at the end."""

    def __init__(self, invoke: Callable[[dict[str, Any]], Any]) -> None:
        """`invoke` returns the function's answer to an event, or raises FunctionError or TimeoutError."""
        self._invoke = invoke
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="function-url", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> Response:
        """Return the response of a request: the function's, or the service's own refusal."""
        if len(json.dumps(request)) > MAX_PAYLOAD:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Request must be smaller than {MAX_PAYLOAD} bytes")
        try:
            return response(self._invoke(request))
        except (FunctionError, TimeoutError):
            return _refusal(HTTPStatus.BAD_GATEWAY, "Internal Server Error")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, url: FunctionUrl, *connection: Any) -> None:
        self.url = url
        super().__init__(*connection)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.url.answer(event(self.command, self.path, self.headers, body))
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name != "content-length":
                self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def _as_text(body: bytes, content_type: str) -> str | None:
    kind = content_type.partition(";")[0].strip().lower()
    if not any(kind.startswith(known) or kind.endswith(known) for known in TEXT_TYPES):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _refusal(status: HTTPStatus, message: str) -> Response:
    return Response(status, [("content-type", "application/json")], json.dumps({"Message": message}).encode())
