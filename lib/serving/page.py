"""The page at `/` and its assets, from `public/`. Vercel serves them as static files; elsewhere they come from here."""

import gzip
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from lib.errors import NotFound

FOLDER: Final = Path(__file__).parents[2] / "public"
_PAGE: Final = "index.html"
_TYPES: Final = MappingProxyType({".html": "text/html", ".js": "text/javascript", ".css": "text/css"})
"""What is served, by the ending of its name: nothing else in the folder is."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
"""An asset has its hash in its name: another content is another name."""
_POLICY: Final = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
_ONLY_AS_HEADER: Final = "frame-ancestors 'none'"
"""What browsers ignore in the page itself (CSP Level 3, section 3.3)."""


class File(NamedTuple):
    """A file, and the headers that go with it."""

    body: bytes
    compressed: bytes
    """With gzip: no home but Vercel compresses on the way."""
    headers: dict[str, str]


async def page(request: Request) -> Response:
    """The page; 304 without it where the browser has it already. Raises `NotFound` in a package without the file."""
    found = _files().get(_PAGE)
    if found is None:
        raise NotFound("The page is not part of this function.")
    return _answer(request, found)


async def asset(request: Request) -> Response:
    """A script or a style of the page, by its `name` in the path. Raises `NotFound` where there is none."""
    found = _files().get(f"assets/{request.path_params['name']}")
    if found is None:
        raise NotFound("There is nothing at this path.")
    return _answer(request, found)


def _answer(request: Request, found: File) -> Response:
    known = request.headers.get("if-none-match", "")
    if found.headers["etag"] in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
        return Response(status_code=304, headers=found.headers)
    if not re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", request.headers.get("accept-encoding", "")):
        return Response(found.body, headers=found.headers)
    return Response(found.compressed, headers={**found.headers, "content-encoding": "gzip"})


@cache
def _files() -> dict[str, File]:
    """All that is served, by its path below the folder. What a request names is looked up here, never on the disk."""
    paths = [FOLDER / _PAGE, *(FOLDER / "assets").glob("*")]
    served = {path.relative_to(FOLDER).as_posix(): path for path in paths if path.is_file() and path.suffix in _TYPES}
    return {name: _read(path) for name, path in served.items()}


def _read(path: Path) -> File:
    body = path.read_bytes()
    headers = {
        "content-type": f"{_TYPES[path.suffix]}; charset=utf-8",
        "cache-control": _FOR_EVER,
        "etag": f'"{sha256(body).hexdigest()[:32]}"',
        "referrer-policy": "no-referrer",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if path.name == _PAGE:
        policy = _POLICY.search(body)
        assert policy is not None, "the page has no Content-Security-Policy"
        headers["cache-control"] = "no-cache"
        headers["content-security-policy"] = f"{policy[1].decode()}; {_ONLY_AS_HEADER}"
    return File(body, gzip.compress(body, mtime=0), headers)
