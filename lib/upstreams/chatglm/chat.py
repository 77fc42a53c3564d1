"""Chat: one question to the service, its answer as events, and no trace left behind.

`POST /chatglm/backend-api/assistant/stream` (protocol, "Chat": [sure]).
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from lib import settings
from lib.errors import AccountBusy, Error, UpstreamFailed, UpstreamUnavailable
from lib.runtime import context
from lib.runtime.deadline import uninterrupted
from lib.types.old_chat import Attachment, Drawing, Question
from lib.types.old_events import End, Event, Start, Thought
from lib.upstreams.chatglm import conversation, models, prompt
from lib.upstreams.chatglm.account import Account
from lib.upstreams.chatglm.events import Frames
from lib.upstreams.chatglm.in_time import in_time
from lib.upstreams.chatglm.retry import again
from lib.upstreams.chatglm.service import Stream
from lib.upstreams.chatglm.token import Token

_STREAM: Final = "/chatglm/backend-api/assistant/stream"
_CONTINUE: Final = "/chatglm/mainchat-api/stream/continue_stream"  # protocol: [once]

_DRAW: Final = "画"
_PLEASE_DRAW: Final = "请画："

_log = logging.getLogger("glm.chatglm.chat")


async def answer(question: Question, token: str, *, patient: bool = True) -> AsyncGenerator[list[Event]]:
    """The answer to `question`, each list what arrived together; first a `Start`, last an `End`.

    `token` is the account's; `patient` waits a little for an account that is busy. Raises an `Error` where it fails.
    However it ends, also where the caller closes this generator early, the stream is closed, the generation stopped,
    and the conversation deleted unless the question asks to keep it.
    """
    generation = Generation(question, Account(token), patient=patient)
    try:
        async for events in generation.events():
            yield events
    finally:
        try:
            await uninterrupted(generation.close(), context.current().deadline.clean_up_seconds())
        except TimeoutError:
            _log.warning("Cleaning up after an answer took too long; its conversation may still be there")


class Generation:
    """One answer while it is generated, and what is left to clean up after it."""

    def __init__(self, question: Question, account: Account, *, patient: bool) -> None:
        self._again_on = (UpstreamUnavailable, AccountBusy) if patient else UpstreamUnavailable
        self._question = question
        self._account = account
        self._model = models.find(question.model).with_effort(question.effort)
        self._conversation_id = question.conversation_id or ""
        if not models.is_id(self._conversation_id):
            self._conversation_id = ""
        self._kept = question.conversation_id is not None or settings.current().keep_conversations
        self._draws = self._model.draws or question.drawing is not None
        self._frames = Frames(draws=self._draws)
        self._stream: Stream | None = None
        self._left_behind: set[str] = set()

    async def events(self) -> AsyncIterator[list[Event]]:
        """The events of the answer, from the first to the last."""
        async with in_time():
            body = await self._body()
            events = await again(lambda: self._account.use(lambda token: self._begin(token, body)), on=self._again_on)
        yield events
        try:
            async for events in self._more():
                yield events
        except TimeoutError:
            self._kept = self._kept or self._question.drawing is None  # A set of pictures cannot be gone on with.
            yield [End("length")]

    async def _begin(self, token: Token, body: dict[str, Any]) -> list[Event]:
        """Ask, and read the first events: until these are there, all can be asked again."""
        self._frames = Frames(draws=self._draws)
        stream = await self._open(_STREAM, token, body)
        while piece := await stream.read():
            events = self._feed(piece)
            if events:
                return events
        raise UpstreamFailed(
            "The service answered nothing."
            + (" Perhaps the conversation does not exist any more." if self._conversation_id else "")
        )

    async def _open(self, path: str, token: Token, body: dict[str, Any]) -> Stream:
        """Ask for a stream, in place of the one before."""
        await self._close_stream()
        self._stream = await self._account.service.stream(path, token, body)
        return self._stream

    async def _close_stream(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()

    async def _more(self) -> AsyncIterator[list[Event]]:
        cut: Error | None = None
        try:
            async for events in self._rest():
                yield events
        except UpstreamFailed as error:
            if self._frames.ended:
                raise
            cut = error
        if self._frames.ended:
            return
        try:
            await self._resume()
        except Error as error:
            raise cut or UpstreamFailed("The service broke the answer off without an end.") from error
        async for events in self._rest():
            yield events
        if not self._frames.ended:
            raise UpstreamFailed("The service broke the answer off twice without an end.")

    async def _rest(self) -> AsyncIterator[list[Event]]:
        deadline = context.current().deadline
        assert self._stream is not None
        while not self._frames.ended:
            piece = await self._stream.read(deadline.remaining())
            if not piece:
                return
            events = self._feed(piece)
            if events:
                yield events
        if self._frames.failure is not None:  # It may have come with the first events, too.
            raise self._frames.failure

    async def _resume(self) -> None:
        """Take a stream up again that was cut."""
        self._frames.resume()
        context.current().retries += 1
        body = {"history_id": self._frames.message_id}
        async with context.current().deadline.timeout():
            await self._account.use(lambda token: self._open(_CONTINUE, token, body))

    def _feed(self, piece: bytes) -> list[Event]:
        events = self._frames.feed(piece)
        if self._model.silent:
            events = [event for event in events if not isinstance(event, Thought)]
        for event in events:
            if isinstance(event, Start):
                self._left_behind.add(event.conversation_id)
        if not events and self._frames.failure is not None:
            raise self._frames.failure
        return events

    async def close(self) -> None:
        """Close the stream, stop a generation that still runs, and delete the conversation unless it is to be kept."""
        await self._close_stream()
        service = self._account.service
        if self._frames.message_id and not self._frames.ended:
            message_id = self._frames.message_id
            await self._tidy("stop", lambda token: conversation.stop(service, token, message_id))
        if self._kept:
            return
        for conversation_id in self._left_behind:
            await self._tidy("delete", partial(self._delete, conversation_id))

    async def _delete(self, conversation_id: str, token: Token) -> None:
        await conversation.delete(self._account.service, token, conversation_id, self._model.assistant_id)

    async def _tidy(self, what: str, call: Callable[[Token], Awaitable[None]]) -> None:
        try:
            try:
                await self._account.use(call)
            except UpstreamUnavailable:  # A connection that died while the instance was frozen, for one.
                await self._account.use(call)
        except Error as error:
            _log.warning("Could not %s after an answer: %s", what, error.message)

    async def _body(self) -> dict[str, Any]:
        """The request's body (protocol, "Chat"). Uploads the files that the turns hold."""
        turns = prompt.newest(self._question.turns) if self._conversation_id else self._question.turns
        text = prompt.continuation(turns) if self._conversation_id else prompt.merge(turns)
        if self._question.drawing is not None and _DRAW not in text:
            text = _PLEASE_DRAW + text
        attachments = [attachment for turn in turns for attachment in turn.attachments]
        files = await self._upload(attachments) if attachments else []
        return {
            "assistant_id": self._model.assistant_id,
            "conversation_id": self._conversation_id,
            "project_id": "",
            "chat_type": "user_chat",
            "messages": [{"role": "user", "content": [{"type": "text", "text": text}, *files]}],
            "meta_data": self._meta_data(),
        }

    async def _upload(self, attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
        from lib.upstreams.chatglm.files import upload  # Most questions come without files, and starting is dear.

        return await upload(attachments, self._account, self._model.assistant_id)

    def _meta_data(self) -> dict[str, Any]:
        model = self._model
        drawing = self._question.drawing or (Drawing() if model.draws else None)
        search = model.search if self._question.search is None else self._question.search
        meta_data: dict[str, Any] = {
            "channel": "",
            "chat_mode": model.chat_mode,
            "draft_id": "",
            "if_plus_model": True,
            "input_question_type": "xxxx",
            "is_networking": search and drawing is None,
            "is_test": False,
            "platform": "pc",
            "quote_log_id": "",
            "cogview": {"rm_label_watermark": False},
        }
        if model.selected_model:
            meta_data["selected_model"] = model.selected_model
        if model.effort:
            meta_data["reasoning_effort"] = model.effort
        if drawing is not None:
            meta_data["cogview"] = {
                "aspect_ratio": drawing.aspect_ratio,
                "style": drawing.style,
                "scene": drawing.scene,
                "chat_model": "",
                "rm_label_watermark": False,
            }
        return meta_data
