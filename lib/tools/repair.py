"""When one more turn is worth asking, and what it says. Who asks is the upstream, and only where nothing was sent."""

from typing import Final

from lib.tools import dialect
from lib.tools.dialect import shown_name
from lib.types.chat import ChatRequest

CONTINUE: Final = "Continue."
"""What is said to an answer that thought, and ended with nothing."""

MAX_ANNOUNCEMENT: Final = 300
"""Letters of an answer that may only announce a call; a longer one says something."""

REPEATED: Final = 1500
"""Letters at the end of an answer that are one piece over and over: it goes on without end."""
MIN_REPEATS: Final = 8
"""How often that piece must stand there: a table or a list has rows that resemble one another."""
_PROBE: Final = 40
_MARK_ENDS: Final = (":", "：", "…", "...")


def announces_only(text: str, *, required: bool) -> bool:
    """Is a turn to be asked that says `CONTINUE`, for an answer that made no call and ended in order.

    Always where nothing visible came. Where a call is required, any short answer only announces one; under `auto`
    a short answer does that ends as if something followed: "Writing the file now:".
    """
    words = text.strip()
    if not words or required:
        return len(words) <= MAX_ANNOUNCEMENT or required
    return len(words) <= MAX_ANNOUNCEMENT and words.endswith(_MARK_ENDS)


def call_missing(request: ChatRequest) -> str:
    """What to say where a call was required and none came."""
    names = " or ".join(shown_name(tool.name) for tool in request.callable_tools)
    return (
        f"The answer has no call of {names}. Write the call now, in exactly this form, and nothing else:\n"
        f"{dialect.DIALECT.instruction.partition(chr(10))[2]}"
    )


def arguments_wrong(name: str, why: str) -> str:
    """What to say where a call's arguments do not fit: `why` in the validator's words."""
    return f"The call of {shown_name(name)} was not carried out: {why}. Write the whole call again, corrected."


def call_missing_error(request: ChatRequest) -> str:
    """The error's message, where the second answer has no call either."""
    names = ", ".join(tool.name for tool in request.callable_tools)
    return f"The model did not call a tool, though tool_choice requires it ({names}). Asking again may help."


def repeats_itself(text: str) -> bool:
    """Is the end of `text` one piece over and over. Cheap enough to ask every thousand letters."""
    tail = text[-REPEATED:]
    if len(tail) < REPEATED:
        return False
    before = tail.rfind(tail[-_PROBE:], 0, -1)
    period = len(tail) - _PROBE - before
    if before < 0 or period * MIN_REPEATS > len(tail):
        return False
    return tail[period:] == tail[:-period] and bool(tail.strip())
