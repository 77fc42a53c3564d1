"""Where a client's key may stand in its request."""

from collections.abc import Iterator

from starlette.requests import HTTPConnection


def from_headers(request: HTTPConnection, *names: str) -> Iterator[str]:
    """The keys in these headers, in their order: `authorization` with its scheme, or a key alone."""
    for name in names:
        text = request.headers.get(name, "").strip()
        scheme, _, rest = text.partition(" ")
        while scheme.lower() == "bearer":  # Some clients put it before a key that has it already.
            text = rest.strip()
            scheme, _, rest = text.partition(" ")
        if text and scheme.lower() != "basic":
            yield _utf8(text)


def _utf8(text: str) -> str:
    """Starlette reads a header's bytes as Latin-1, and clients send UTF-8."""
    try:
        return text.encode("latin-1").decode().strip()
    except UnicodeError:
        return text
