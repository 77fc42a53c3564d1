"""What is wrong with the calls of an answer, in words for the model that may write them again."""

from collections.abc import Iterable, Sequence

from lib.structured.json_answer import check_arguments
from lib.types.chat import Tool
from lib.types.events import Draft


def call_fault(draft: Draft, tools: Sequence[Tool], *, unknown: bool = False) -> str:
    """What is wrong with a call; nothing where it can be used. `unknown`: any other tool will do."""
    tool = next((tool for tool in tools if tool.name == draft.name), None)
    if tool is None and unknown:
        return ""
    if tool is None:
        return f"there is no function {draft.name[:80]}; there are {', '.join(one.name for one in tools)}."
    return check_arguments(draft.arguments or "{}", tool) or ""


def calls_fault(drafts: Iterable[Draft], tools: Sequence[Tool], *, unknown: bool = False) -> str:
    """What is wrong with the first call that cannot be used; nothing where all can."""
    return next(filter(None, (call_fault(draft, tools, unknown=unknown) for draft in drafts)), "")
