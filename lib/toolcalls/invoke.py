"""Calls as tags with names: `<invoke name="…"><parameter name="…">…</parameter></invoke>`, with and without `DSML`.

What most programs use over chatglm.cn: `<|DSML|parameter name="…"><![CDATA[…]]>`. Its closers come mangled.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from lib.toolcalls import json_calls
from lib.toolcalls.draft import Names, Written

_BARS: Final = ("", "|DSML|", "｜DSML｜")
OPENERS: Final = tuple(f"<{bar}invoke name=" for bar in _BARS)
CLOSERS: Final = tuple(f"</{bar}invoke>" for bar in _BARS)
INNER: Final = tuple(f"<{slash}{bar}parameter{end}" for bar in _BARS for slash, end in (("", " name="), ("/", ">")))

INSTRUCTION: Final = (
    "For each function call, output the function name and arguments within the following XML format:\n"
    '<|DSML|invoke name="{function-name}">'
    '<|DSML|parameter name="{arg-key-1}"><![CDATA[{arg-value-1}]]></|DSML|parameter>'
    '<|DSML|parameter name="{arg-key-2}"><![CDATA[{arg-value-2}]]></|DSML|parameter>...</|DSML|invoke>'
)

_NAMED: Final = r'name=\s*("[^"<>]{0,300}"|\'[^\'<>]{0,300}\'|[^\s"\'<>]{1,300})'
_BAR: Final = r"(?:[|｜]DSML[|｜])?"
_INVOKE: Final = re.compile(rf"<{_BAR}invoke {_NAMED}[^<>]{{0,100}}>")
_PARAMETER: Final = re.compile(rf"\s*+<{_BAR}parameter {_NAMED}[^<>]{{0,100}}>")
_END: Final = rf"</{_BAR}invoke>"
_FOLLOWS: Final = rf"(?=\s*+(?:<{_BAR}parameter name=|{_END}|\Z))"
_ENDS_VALUE: Final = re.compile(rf"</{_BAR}parameter>{_FOLLOWS}")
_ENDS_CDATA: Final = re.compile(rf"(?:\]\]\|?>\s*+)+(?:</{_BAR}parameter>\s*+)*{_FOLLOWS}|</{_BAR}parameter>{_FOLLOWS}")
_CDATA: Final = re.compile(r"\s*+<!\[CDATA\[")


def write(name: str, values: Mapping[str, str]) -> str:
    """A call in the DSML form, of texts that hold no marks."""
    pairs = "".join(
        f'<|DSML|parameter name="{key}"><![CDATA[{value}]]></|DSML|parameter>' for key, value in values.items()
    )
    return f'<|DSML|invoke name="{name}">{pairs}</|DSML|invoke>'


def parse(block: str, names: Names) -> list[Written]:
    """The calls in a block; none where it is in another form."""
    calls: list[Written] = []
    begun = _INVOKE.search(block[:600])
    while begun is not None:
        name, at = begun[1].strip("\"'"), begun.end()
        values: dict[str, Any] = {}
        if begun[0].endswith("/>"):
            calls.append(Written(name, values, raw=True))
        else:
            while parameter := _PARAMETER.match(block, at):
                key, at = parameter[1].strip("\"'"), parameter.end()
                if parameter[0].endswith("/>"):
                    values.setdefault(key, "")
                    continue
                opened = _CDATA.match(block, at)
                at = opened.end() if opened else at
                ended = (_ENDS_CDATA if opened else _ENDS_VALUE).search(block, at)
                value, at = (block[at:], len(block)) if ended is None else (block[at : ended.start()], ended.end())
                values.setdefault(key, value)
            closed = re.compile(rf"\s*+{_END}").match(block, at)
            if not values and closed is None and (body := re.split(_END, block[at:])[0]).strip():
                given = json_calls.arguments_in(body)
                if given is None:
                    return []
                calls.append(Written(name, given, raw=False))
                return calls
            if closed is None and block[at:].strip():
                return []
            calls.append(Written(name, values, raw=True))
            at = closed.end() if closed else len(block)
        begun = _INVOKE.match(block, at)
    return calls
