"""Calls as other makers' models write them: `<function=name><parameter=key>…</parameter></function>`."""

import re
from typing import Any, Final

from lib.toolcalls.draft import Names, Written

OPENER: Final = "<function="
CLOSER: Final = "</function>"

_FUNCTION: Final = re.compile(r"<function=\s*([^<>\s]{1,300})\s*>")
_PARAMETER: Final = re.compile(r"\s*+<parameter=\s*([^<>\s]{1,300})\s*>")
_ENDS_VALUE: Final = re.compile(r"</parameter>(?=\s*+(?:<parameter=|</|\Z))")


def parse(block: str, names: Names) -> list[Written]:
    """The calls in a block; none where it is in another form."""
    calls: list[Written] = []
    at = 0
    for begun in _FUNCTION.finditer(block):
        if begun.start() < at:
            continue
        values: dict[str, Any] = {}
        at = begun.end()
        while parameter := _PARAMETER.match(block, at):
            ended = _ENDS_VALUE.search(block, parameter.end())
            value = block[parameter.end() : ended.start() if ended else len(block)]
            at = ended.end() if ended else len(block)
            # The form has a line end behind the opener and one before the closer.
            values.setdefault(parameter[1], value.removeprefix("\n").removesuffix("\n"))
        calls.append(Written(begun[1], values, raw=True))
    return calls
