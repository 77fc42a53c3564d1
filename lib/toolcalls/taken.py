"""What has been taken of one answer, for those who may have to ask again."""

from lib.errors import UpstreamFailed
from lib.types.chat import ChatRequest, Message, TextPart
from lib.types.events import (
    Event,
    Finish,
    Reasoning,
    Revision,
    Start,
    Text,
    ToolCallArguments,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)


class Taken:
    """What has been taken of one answer."""

    def __init__(self) -> None:
        self.start = Start("")
        self.reasoning: list[Event] = []
        self.calls: list[Event] = []
        self.usage: Usage | None = None
        self.finish = Finish("stop")
        self._texts: list[str] = []
        self._ended = False

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self._texts)

    def note(self, events: list[Event]) -> None:
        """Take what arrived."""
        for event in events:
            match event:
                case Start():
                    self.start = event
                case Text():
                    self._texts.append(event.text)
                case Reasoning():
                    self.reasoning.append(event)
                case ToolCallStart() | ToolCallArguments() | ToolCallEnd():
                    self.calls.append(event)
                case Usage():
                    self.usage = event
                case Revision():
                    self.reasoning, self.calls, self._texts = [], [], []
                    self.note(list(event.events))
                case Finish():
                    self.finish, self._ended = event, True
                case _:
                    pass

    def check_end(self) -> None:
        """Raise `UpstreamFailed` where the answer ended without its `Finish`."""
        if not self._ended and not self.calls:
            raise UpstreamFailed("The service broke the answer off without an end.")

    def followed_by(self, request: ChatRequest, words: str) -> ChatRequest:
        """The request that goes on after this answer with a user's turn. A conversation that is kept goes on, too."""
        said = (Message("assistant", (TextPart(self.text),)),) if self.text.strip() else ()
        named = request.conversation_id is not None and self.start.conversation_id
        return request._replace(
            messages=(*request.messages, *said, Message("user", (TextPart(words),))),
            conversation_id=self.start.conversation_id if named else request.conversation_id,
        )


def add(before: Usage | None, usage: Usage | None) -> Usage | None:
    """What two answers used together."""
    if before is None or usage is None:
        return before or usage
    return Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.completion_tokens + usage.completion_tokens,
        before.reasoning_tokens + usage.reasoning_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.estimated or usage.estimated,
    )
