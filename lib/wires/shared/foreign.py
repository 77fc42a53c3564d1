"""What clients send in another wire's words: parts of messages, tools, efforts.

Many speak one wire and keep their history in another's; whoever reads it has to take both.
"""

from collections.abc import Mapping
from typing import Any, Final

from lib.types.chat import Effort

_TEXTS: Final = ("text", "input_text", "output_text", "summary_text", "reasoning_text")
_EFFORTS: Final[Mapping[str, Effort]] = {
    "none": "none",
    "off": "none",
    "disabled": "none",
    "false": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "on": "high",
    "enabled": "high",
    "true": "high",
    "xhigh": "xhigh",
    "extra_high": "xhigh",
    "max": "max",
    "maximum": "max",
    "ultra": "max",
}


def effort_of(value: Any) -> Effort | None:
    """How hard to think, in whatever letters; None for what means nothing."""
    return None if value is None else _EFFORTS.get(str(value).strip().lower().replace("-", "_"))


def as_parts(value: Any) -> Any:
    """A content as the list of its parts; texts among them stay texts."""
    if value is None:
        return []
    return [value] if isinstance(value, str | dict) else value


def words_of(part: Any) -> str | None:
    """The words of a part; None where it is not made of words."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return None
    kind = part.get("type", "text")
    text = part.get("encrypted_content" if kind == "encrypted_content" else "text")
    return text if isinstance(text, str) and (kind in _TEXTS or kind == "encrypted_content") else None


def thought_of(part: Any) -> str | None:
    """What was thought, in a part that holds that: empty where it is encrypted; None for any other part."""
    if not isinstance(part, dict) or part.get("type") not in ("thinking", "reasoning", "redacted_thinking"):
        return None
    found = next(
        (part[field] for field in ("thinking", "reasoning", "text", "content", "summary") if part.get(field)), ""
    )
    return "\n".join(filter(None, map(words_of, as_parts(found)))) if isinstance(found, str | list) else ""


def picture_of(part: Any) -> str | None:
    """Where a picture is: a URL, or a data URL; None where the part is no picture."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("image_url", "input_image", "computer_screenshot"):
        address = part.get("image_url")
        address = address.get("url") if isinstance(address, dict) else address
        return address if isinstance(address, str) else None
    return _address(part.get("source")) if kind == "image" else None


def file_of(part: Any) -> dict[str, Any] | None:
    """`{"file_url" or "file_data", "filename"}` of a document; None where the part is none."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "input_file":
        return {field: part.get(field) for field in ("file_url", "file_data", "filename", "file_id")}
    if kind == "file" and isinstance(part.get("file"), dict):
        return dict(part["file"])
    if kind == "document" and (address := _address(part.get("source"))):
        return {"file_data" if address.startswith("data:") else "file_url": address, "filename": part.get("title")}
    return None


def _address(source: Any) -> str | None:
    if not isinstance(source, dict):
        return None
    if isinstance(url := source.get("url"), str):
        return url
    data = source.get("data")
    if not isinstance(data, str) or source.get("type") not in (None, "base64"):
        return None
    return f"data:{source.get('media_type') or ''};base64,{data}"


def as_function(value: Any) -> Any:
    """A function that is declared in any wire's words, as `{"type", "name", "description", "parameters", "strict"}`.

    What is no function comes back as it is.
    """
    if not isinstance(value, dict) or value.get("type") not in (None, "function", "custom"):
        return value
    inner = value.get("function")
    if isinstance(inner, dict):
        return {"type": "function", **inner}
    if "input_schema" in value:
        kept = {field: value[field] for field in ("name", "description", "strict") if field in value}
        return {"type": "function", **kept, "parameters": value["input_schema"]}
    return value
