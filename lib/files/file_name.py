"""Names for files that come from outside: safe to pass on, and with an extension that tells the truth."""

import re
from urllib.parse import unquote

from lib.files.media_type import FileType

MAX_LENGTH = 80
"""Characters: 240 bytes of Chinese, which any file system takes."""
_MAX_EXTENSION = 10
_LAST_CHARACTERS = 200  # A name is cleaned character by character; what is longer is cut first.
_RESERVED = frozenset('<>:"|?*')
_TOLD_BY_BYTES = frozenset(
    extension
    for file_type in FileType
    if not file_type.is_text and file_type is not FileType.BINARY
    for extension in file_type.extensions
)
_KNOWN = _TOLD_BY_BYTES.union(*(file_type.extensions for file_type in FileType))

# RFC 6266 and RFC 8187.
_EXTENDED = re.compile(r"filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))', re.IGNORECASE)


def file_name(name: str, file_type: FileType) -> str:
    """Make `name` one that fits a file of `file_type`; where there is nothing usable in it, a plain one.

    The result has no folder, no control or invisible character, at most `MAX_LENGTH` characters and a fitting
    extension. Naming a file so twice changes nothing.
    """
    return _shortened(_with_extension(clean(name) or "file", file_type))


def clean(name: str) -> str:
    """What is safe of `name`: its last segment, as printable characters. May be empty."""
    last = name[-_LAST_CHARACTERS:].replace("\\", "/").rpartition("/")[2]
    printable = "".join(c for c in last if (c.isprintable() or c.isspace()) and c not in _RESERVED)
    return " ".join(printable.split()).strip(" .")


def from_content_disposition(header: str) -> str:
    """The file name that a Content-Disposition header gives; empty where it gives none."""
    if extended := _EXTENDED.search(header):
        return unquote(extended[2], encoding=extended[1], errors="replace")
    if plain := _PLAIN.search(header):
        quoted = re.sub(r"\\(.)", r"\1", plain[1] or "")
        return unquote(quoted or plain[2] or "")  # Many servers escape here too, and browsers undo it.
    return ""


def _with_extension(name: str, file_type: FileType) -> str:
    stem, extension = _split(name)
    if extension.lower() in file_type.extensions:
        return name
    # Any text may be a program's source, and any unknown bytes some program's file: only a wrong claim is replaced.
    if extension and (file_type.is_text or file_type is FileType.BINARY) and extension.lower() not in _TOLD_BY_BYTES:
        return name
    if extension.lower() in _KNOWN:
        return _with_extension(stem, file_type)
    return f"{name}.{file_type.extensions[0]}"


def _shortened(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    stem, extension = _split(name)
    return f"{stem[: MAX_LENGTH - len(extension) - 1]}.{extension}"


def _split(name: str) -> tuple[str, str]:
    """Take a name apart into stem and extension; the latter is empty where there is none."""
    stem, _, extension = name.rpartition(".")
    if stem and extension.isalnum() and len(extension) <= _MAX_EXTENSION:
        return stem, extension
    return name, ""
