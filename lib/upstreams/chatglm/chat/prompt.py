"""A conversation merged into the one message that the service reads (protocol, "Chat").

Each turn begins with a role mark on a line of its own, and the last line asks for the assistant's words. A text that
holds such a mark is changed so that it cannot pose as a turn.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from lib.toolcalls import prompt as tools
from lib.types.chat import ChatRequest, FilePart, Message, Part, Role, TextPart
from lib.upstreams.chatglm.chat.native import shown_name

MARKS: Final[dict[Role, str]] = {
    "system": "<|system|>",
    "user": "<|user|>",
    "assistant": "<|assistant|>",
    "tool": "<|user|>",  # The service knows no mark for tools; the text says what it is.
}
_ANY_MARK: Final = re.compile(r"<(?=\|[^|<>]{1,40}\|>)")
_MARKDOWN_IMAGE: Final = re.compile(r"!\[[^\[\]\n]*\]\([^()\s]*\)")
_SANDBOX_PATH: Final = re.compile(r"/mnt/data/[^\s)\]\"'`]*")

type Missing = Callable[[FilePart], str]
"""Why a file of an earlier message is not there; empty where it is."""


def conversation(request: ChatRequest, *, continues_conversation: bool = False) -> Sequence[Message]:
    """The messages that are to be sent: all, or with `continues_conversation` the newest, with tools as words.

    The assistant's own words are cleaned: the model repeats pictures and paths that it sees in its earlier answers.
    """
    messages = newest(request.messages) if continues_conversation else request.messages
    if speaks_of_tools(request):
        names = tools.call_names(request.messages)
        return tools.messages(request._replace(messages=tuple(messages)), cleaned, names, shown_name)
    return [
        message._replace(parts=tuple(map(_cleaned, message.parts))) if message.role == "assistant" else message
        for message in messages
    ]


def speaks_of_tools(request: ChatRequest) -> bool:
    """Are there tools in the prompt, or calls and results of earlier ones: then texts are escaped in it."""
    earlier = any(message.tool_calls or message.role == "tool" for message in request.messages)
    return bool(request.callable_tools) or earlier


def merge(messages: Sequence[Message], missing: Missing = lambda file: "") -> str:
    """All messages in one text. A single one of the user's goes as it is, without marks."""
    if len(messages) == 1 and messages[0].role == "user":
        return _text(messages[0], missing)
    turns = [f"{MARKS[message.role]}\n{_text(message, missing)}\n" for message in messages]
    return "".join(turns) + MARKS["assistant"] + "\n"


def newest(messages: Sequence[Message]) -> Sequence[Message]:
    """What a conversation that the service remembers goes on with: what came after its last words.

    Where nothing did, the last message that is not the assistant's: its own words are never sent as the user's.
    """
    answered = max((place for place, message in enumerate(messages) if message.role == "assistant"), default=-1)
    later = [message for message in messages[answered + 1 :] if message.role != "system" or answered < 0]
    if later and answered >= 0:
        return later
    return [message for message in messages if message.role not in ("assistant", "system")][-1:] or messages[-1:]


def continuation(messages: Iterable[Message], missing: Missing = lambda file: "") -> str:
    """The text that goes on a conversation which the service remembers: the newest turns without marks."""
    return "\n\n".join(_text(message, missing) for message in messages)


def unmarked(text: str) -> str:
    """`text`, in which nothing poses as a turn."""
    return _ANY_MARK.sub("< ", text)


def _text(message: Message, missing: Missing) -> str:
    lines = []
    for part in message.parts:
        if isinstance(part, TextPart):
            lines.append(part.text)
        elif why := missing(part):
            lines.append(f"[{why}]")
    return unmarked("\n".join(filter(None, lines)))


def cleaned(text: str) -> str:
    """The assistant's words without pictures and paths of the service's own."""
    return _SANDBOX_PATH.sub("", _MARKDOWN_IMAGE.sub("", text))


def _cleaned(part: Part) -> Part:
    return TextPart(cleaned(part.text)) if isinstance(part, TextPart) else part
