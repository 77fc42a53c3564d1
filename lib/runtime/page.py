"""The page at `/`: `public/index.html`. Vercel serves it as a static file; elsewhere it is served from here."""

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from lib.errors import NotFound

FILE = Path(__file__).parents[2] / "public" / "index.html"
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
_ONLY_AS_HEADER = "frame-ancestors 'none'"
"""What browsers ignore in the page itself (CSP Level 3, section 3.3)."""


class Page(NamedTuple):
    """The file, and the headers that go with it."""

    body: bytes
    headers: dict[str, str]


async def page(request: Request) -> Response:
    """The page; 304 without it where the browser has it already. Raises `NotFound` in a package without the file."""
    found = _read()
    known = request.headers.get("if-none-match", "")
    if found.headers["etag"] in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(status_code=304, headers=found.headers)
    return Response(found.body, headers=found.headers, media_type="text/html")


@cache
def _read() -> Page:
    try:
        body = FILE.read_bytes()
    except FileNotFoundError:
        raise NotFound("The page is not part of this function.") from None
    policy = _POLICY.search(body)
    assert policy is not None, "the page has no Content-Security-Policy"
    return Page(
        body,
        {
            "cache-control": "no-cache",
            "content-security-policy": f"{policy[1].decode()}; {_ONLY_AS_HEADER}",
            "etag": f'"{sha256(body).hexdigest()[:32]}"',
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        },
    )
