"""How long a prompt with tools is, part by part: nothing is cut silently, so the error says what to shorten."""

from typing import NamedTuple

from lib.errors import ContextLengthExceeded
from lib.tokens import tokens
from lib.toolcalls.prompt import call_names, declaration, message_text
from lib.types.chat import ChatRequest


class Lengths(NamedTuple):
    """About how many tokens each part of the prompt has."""

    tools: int
    history: int
    """All messages before the newest turn."""
    newest: int
    """What came after the assistant's last words: the user's, and results."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.tools + self.history + self.newest


def lengths(request: ChatRequest) -> Lengths:
    """The lengths of the prompt that `prompt.messages` makes."""
    names = call_names(request.messages)
    counts = [tokens(message_text(message, names)) for message in request.messages]
    roles = [message.role for message in request.messages]
    answered = max((at for at, role in enumerate(roles) if role in ("assistant", "system")), default=-1)
    return Lengths(tokens(declaration(request)), sum(counts[: answered + 1]), sum(counts[answered + 1 :]))


def too_long(request: ChatRequest) -> ContextLengthExceeded:
    """The error where the service says that the prompt is too long."""
    found = lengths(request)
    return ContextLengthExceeded(
        f"The prompt is too long for the model: tools about {found.tools} tokens, earlier messages {found.history}, "
        f"newest turn {found.newest}. Compact the conversation, or declare fewer tools.",
        tokens=found.total,
    )
