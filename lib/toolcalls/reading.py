"""One block, read in every syntax: the first reading that names a declared tool and fits its schema wins."""

from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Final

from lib.structured import loose_json
from lib.structured.json_answer import check_arguments
from lib.structured.kinds import properties
from lib.toolcalls import arguments, function_tags, invoke, json_calls, trained
from lib.toolcalls.draft import Names, Written
from lib.toolcalls.escape import unescape
from lib.types.chat import Schema
from lib.types.events import Draft

SYNTAXES: Final[tuple[Callable[[str, Names], list[Written]], ...]] = (
    trained.parse,
    json_calls.parse,
    invoke.parse,
    function_tags.parse,
    trained.parse_raw_body,
)
"""In the order in which they are tried."""


def read_block(block: str, names: Names) -> list[Draft]:
    """The calls in a block, whatever form they are in; none where it cannot be read."""
    unknown: list[Draft] = []
    known: list[list[Draft]] = []
    for parse in SYNTAXES:
        if not (written := parse(block, names)):
            continue
        drafts = [draft_of(one, names, block) for one in written]
        if all(draft.declared for draft in drafts):
            known.append(drafts)
        elif not unknown:
            unknown = drafts
    fitting = (drafts for drafts in known if len(known) == 1 or all(_fits(draft, names) for draft in drafts))
    return next(fitting, known[0] if known else unknown)


def draft_of(written: Written, names: Names, block: str) -> Draft:
    """A call with its arguments typed by its tool's schema. `block`: the text that it stands in."""
    tool = names.find(written.name)
    schema: Schema = tool.parameters if tool else {}
    values = {unescape(key): _unescaped(value) for key, value in written.values.items()}
    if written.raw:
        known = properties(schema, schema)
        values = {key: arguments.from_text(text, known.get(key, {}), schema) for key, text in values.items()}
    else:
        values = arguments.fit_arguments(values, schema)
    name = tool.name if tool else unescape(written.name).removeprefix("functions.")
    return Draft(f"call_{token_hex(12)}", name, loose_json.encode(values), unescape(block), declared=tool is not None)


def _fits(draft: Draft, names: Names) -> bool:
    tool = names.find(draft.name)
    return tool is not None and not check_arguments(draft.arguments, tool)


def _unescaped[T](value: T) -> T:
    """A value with the marks in its texts as they were."""
    if isinstance(value, str):
        return unescape(value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {unescape(key): _unescaped(one) for key, one in value.items()}  # type: ignore[return-value]
    return [_unescaped(one) for one in value] if isinstance(value, Sequence) else value  # type: ignore[return-value]
