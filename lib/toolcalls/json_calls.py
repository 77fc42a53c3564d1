"""Calls that are written as JSON: `{"name": …, "arguments": …}`, alone, in a row or in a list, or behind a name."""

import re
from typing import Any, Final

from lib.structured import loose_json
from lib.toolcalls.draft import Names, Written

_ARGUMENT_KEYS: Final = ("arguments", "parameters", "input", "args")
_NAME_KEYS: Final = ("name", "tool_name", "tool", "function_name")
_FRAME: Final = re.compile(r"\s*(?:<tool_call>|```[a-zA-Z_-]{0,20}[ \t]*\n?)\s*")
_FRAME_END: Final = re.compile(r"\s*(?:</tool_call>|`{1,3})\s*\Z")
_FIRST_KEYS: Final = (*_NAME_KEYS, "function", "type", "id", "arguments")
_BEGINNING: Final = re.compile(r'\s*\[?\s*\{\s*("[a-z_]*"?)?(?:(?<=")\s*(:)\s*(?:"([^"]*)("?))?)?')
_MAY_BEGIN: Final = re.compile(r"\s*\[?\s*\Z")


def begins(text: str, names: Names) -> bool | None:
    """Does a text begin as a call in JSON; None where that cannot be said yet."""
    if _MAY_BEGIN.match(text):
        return None
    found = _BEGINNING.match(text)
    if found is None:
        return False
    key, colon, value, closed = found[1] or "", found[2], found[3], found[4]
    if not colon:
        may_be = any(f'"{one}"'.startswith(key) for one in _FIRST_KEYS) and not text[found.end() :].strip()
        return None if may_be else False
    if key.strip('"') not in _FIRST_KEYS:
        return False
    if key.strip('"') not in _NAME_KEYS:
        return True
    if value is None:
        return None if not text[found.end() :].strip() else False
    return names.find(value) is not None if closed else None if names.begins(value) else False


def parse(block: str, names: Names) -> list[Written]:
    """The calls in a block; none where it is in another form."""
    text = block
    while framed := _FRAME.match(text):
        text = text[framed.end() :]
    text = _FRAME_END.sub("", text[-100:]) if len(text) <= 100 else text[:-100] + _FRAME_END.sub("", text[-100:])
    start = min((at for sign in "{[" if (at := text.find(sign, 0, 400)) >= 0), default=-1)
    if start < 0:
        return []
    name = text[:start].strip()
    if "<" in name:
        return []
    if not name:
        return calls_in(text)
    given = arguments_in(text[start:])
    glued = names.glued(name)
    if names.find(name) is None and glued is not None:  # `TodoWritetodos[…]`: a key stands between.
        name, key = glued
        try:
            return [Written(name, {key: loose_json.load(text[start:])}, raw=False)]
        except ValueError:
            return []
    if given is None:
        return []
    is_name = names.has(name) or re.fullmatch(r"[\w.:/\- ]{1,128}", name) is not None
    return [Written(name, given, raw=False)] if is_name else []


def calls_in(text: str) -> list[Written]:
    """The calls that `text` is, whatever they name; none where it is anything else."""
    try:
        values = loose_json.load_all(text)
    except ValueError:
        return []
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    calls = [_call(value) for value in values]
    found = [call for call in calls if call is not None]
    return found if len(found) == len(calls) else []


def arguments_in(text: str) -> dict[str, Any] | None:
    """The arguments that `text` is: an object, encoded twice perhaps; None where it is anything else."""
    try:
        value = loose_json.load(text)
        if isinstance(value, str):
            value = loose_json.load(value)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _call(value: Any) -> Written | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        value = value["function"]
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    key = next((key for key in _ARGUMENT_KEYS if key in value), "")
    if not name or (not key and len(value) > 1):
        return None
    given: Any = value[key] if key else {}
    if isinstance(given, str):
        given = arguments_in(given) if given.strip() else {}
    if given is None:
        given = {}
    return Written(name, given, raw=False) if isinstance(given, dict) else None
