"""Bodies of `multipart/form-data`, as OpenAI's clients send files (RFC 7578)."""

from base64 import b64encode
from email.message import Message
from typing import Final

from lib.errors import BadRequest

MAX_PARTS: Final = 100
"""Fields of a form: OpenAI's have a dozen."""


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def fields(content_type: str, body: bytes) -> dict[str, list[str]]:
    """The values of each field; a file is a data URL. Raises `BadRequest` for what is no form."""
    boundary = _parameter("Content-Type", content_type, "boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(errors="replace"), MAX_PARTS + 2)
    if not boundary or len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BadRequest(f"The body is no whole form of at most {MAX_PARTS} fields.")
    found: dict[str, list[str]] = {}
    for piece in pieces[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
        }
        disposition = headers.get("content-disposition", "")
        name = _parameter("Content-Disposition", disposition, "name").removesuffix("[]")
        if "filename" in disposition.lower():
            kind = headers.get("content-type", "").partition(";")[0]
            value = f"data:{kind};base64,{b64encode(content).decode()}"
        else:
            value = content.decode("utf-8", "replace")
        found.setdefault(name, []).append(value)
    return found


def _parameter(header: str, value: str, name: str) -> str:
    message = Message()
    message[header] = value.replace("\r", "").replace("\n", "")
    found = message.get_param(name, "", header)
    return found if isinstance(found, str) else ""
