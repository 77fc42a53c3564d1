"""An answer: one request to the service, its events, and no trace left behind.

`POST /chatglm/backend-api/assistant/stream` (protocol, "Chat": [sure]).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import uuid4

from lib.errors import ContextLengthExceeded, Error, UpstreamFailed, UpstreamUncertain
from lib.invocation import context
from lib.invocation.deadline import uninterrupted
from lib.invocation.retry import ANSWER, CUT
from lib.invocation.within_deadline import within_deadline
from lib.tokens import estimate
from lib.toolcalls.call_events import CallEvents
from lib.toolcalls.prompt import too_long
from lib.types.chat import ChatRequest
from lib.types.events import (
    Code,
    Draft,
    Event,
    Finish,
    Image,
    Output,
    Reasoning,
    Revision,
    Start,
    Text,
    Usage,
    is_content,
)
from lib.types.upstream import Tries
from lib.upstreams.chatglm.chat.answer_stream import AnswerStream
from lib.upstreams.chatglm.chat.body import Body, Drawing
from lib.upstreams.chatglm.chat.conversation import Conversations
from lib.upstreams.chatglm.chat.native import NativeCalls, names_of
from lib.upstreams.chatglm.chat.prompt import speaks_of_tools
from lib.upstreams.chatglm.session.account import Account
from lib.upstreams.chatglm.stream.event_json import in_the_middle
from lib.upstreams.chatglm.stream.event_reader import EventReader

_STREAM: Final = "/chatglm/backend-api/assistant/stream"
_CONTINUE: Final = "/chatglm/mainchat-api/stream/continue_stream"  # protocol: [once]

CONTENT_TIMEOUT: Final = 180.0
"""Seconds without content, once there was some, after which the service has gone, whatever else it sends. Before the
first it may take as long as the deadline allows: at peak time that is minutes."""
NAMING_TIMEOUT: Final = 30.0
"""Seconds for which a stream whose client has left is read on until it names its conversation: without the name it can
neither be stopped nor deleted."""

_TEXTS: Final = (Text, Code, Output)

_log = logging.getLogger("glm.chatglm")


async def answer(
    request: ChatRequest, key: str, tries: Tries, drawing: Drawing | None = None
) -> AsyncGenerator[list[Event]]:
    """The answer to `request`, each list what arrived together; first a `Start`, last a `Finish`.

    Raises an `Error` where it fails. However it ends, also where the caller closes this generator early, the stream is
    closed, the generation stopped, and the conversation deleted unless the request asks to keep it.
    """
    generation = Generation(request, Body(request, drawing), Account(key), tries)
    try:
        async with aclosing(generation.events()) as lists:
            async for events in lists:
                yield events
    except UpstreamFailed as error:
        if type(error) is UpstreamFailed:  # The others are known.
            generation.report()
        raise
    finally:
        await generation.close()


class Generation:
    """One answer while it is generated, and what is left to clean up after it."""

    def __init__(self, request: ChatRequest, body: Body, account: Account, tries: Tries) -> None:
        self._request = request
        self._body = body
        self._calls = self._call_events()
        self._account = account
        self._tries = tries
        self._reader = EventReader(draws=body.draws)
        self._stream = AnswerStream(account, orders=body.draws)
        self._conversations = Conversations(account, body.assistant_id, keep=body.keep)
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._shown = False
        self._heard = False
        """Something of the answer came with the last piece, though it may be held."""
        self._complaint = ""

    async def events(self) -> AsyncGenerator[list[Event]]:
        """The events of the answer, from the first to the last."""
        async with within_deadline():
            await self._body.prepare(self._account, self._tries.uploads)
            first = await self._until_content()
        yield [Start(told := self._reader.conversation_id, self._reader.model), self._usage(), *first]
        try:
            async with aclosing(self._after_content()) as lists:
                async for events in lists:
                    yield events
        except TimeoutError:
            self._conversations.spare(told if self._request.resumable and not self._body.draws else "")
            yield [self._usage(), Finish("length")]

    def report(self) -> None:
        """See `Stream.report`."""
        self._stream.report()

    # Until the first content: all can be asked again.

    async def _until_content(self) -> list[Event]:
        """The first events with content in them. Asks once more where the service fails, or ends with nothing."""
        while True:
            failure: Error | None = None
            try:
                if events := await self._attempt():
                    return events
            except ANSWER.after as error:
                failure = error
            if not self._may_ask_again(failure):
                raise failure or self._nothing()
            context.current().retries += 1
            await self._give_up()

    def _may_ask_again(self, failure: Error | None) -> bool:
        """Once for the whole request, and only where no other account may be asked instead."""
        # A conversation that the service does not know gets an empty answer, however often it is asked [contested].
        drawn = self._body.draws and failure is None  # Nobody orders pictures twice.
        asked = self._stream.asked  # A token that could not be renewed has been tried often enough.
        return self._tries.repeat() and asked and not (self._body.continues_conversation or drawn)

    def _nothing(self) -> Error:
        words = self._complaint or "The service answered nothing. Try again later."
        if self._body.continues_conversation:
            return UpstreamFailed(f"{words} Perhaps the conversation does not exist any more.", param="conversation_id")
        return UpstreamUncertain(words) if self._body.draws else UpstreamFailed(words)

    async def _attempt(self) -> list[Event]:
        """Ask, and read the first content; nothing where the service ended without any."""
        self._reader = EventReader(draws=self._body.draws)
        self._calls = self._call_events()
        await self._stream.open(_STREAM, self._body.json)
        return await self._read_until_content()

    async def _read_until_content(self) -> list[Event]:
        waiting: list[Event] = []
        while not self._over:
            piece = await self._read_on()
            waiting += self._feed(piece)
            if any(map(is_content, waiting)):
                return waiting
            if self._failure is not None:
                raise self._refused(self._failure)
            if not piece:
                break
        ending = waiting[-1] if waiting else None
        if isinstance(ending, Finish) and ending.reason == "content_filter":
            return waiting
        return []

    async def _read_on(self) -> bytes:
        """What arrives next. Until the answer is named, this is not broken off when the caller leaves."""
        return await (self._stream.read() if self._reader.message_id else self._stream.read_on())

    # From the first content on.

    async def _after_content(self) -> AsyncGenerator[list[Event]]:
        cut: Error | None = None
        try:
            async with aclosing(self._read_to_end()) as lists:
                async for events in lists:
                    yield events
        except CUT.after as error:
            if self._over:
                raise
            cut = error
        if self._over:
            return
        try:
            await self._resume()
        except Error as error:
            raise cut or UpstreamFailed(
                "The service broke the answer off without an end: it is temporarily unavailable."
            ) from error
        async for events in self._read_to_end():
            if self._request.streamed and any(isinstance(event, Revision) for event in events):
                raise UpstreamFailed(
                    "The service broke the answer off, and a part of it was lost: it is temporarily unavailable."
                )
            yield events
        if not self._over:
            raise UpstreamFailed(
                "The service broke the answer off twice without an end: it is temporarily unavailable."
            )

    async def _read_to_end(self) -> AsyncGenerator[list[Event]]:
        deadline = context.current().deadline
        loop = asyncio.get_running_loop()
        last_content = loop.time()
        while not self._over:
            idle = CONTENT_TIMEOUT - (loop.time() - last_content)
            try:
                piece = await self._stream.read(min(deadline.remaining(), max(0.0, idle)))
            except TimeoutError:
                if deadline.remaining() <= 0:
                    raise
                raise UpstreamFailed(
                    f"The service has sent nothing of the answer for {CONTENT_TIMEOUT:.0f} s."
                ) from None
            events = self._feed(piece)
            if self._heard:  # A call that is held is content, too.
                last_content = loop.time()
            if events:
                yield events
            if not piece:
                break
        if self._failure is not None:  # It may have come with the first events, too.
            raise in_the_middle(self._refused(self._failure))

    @property
    def _over(self) -> bool:
        """Is the answer over: the service has ended it, or nothing that follows is wanted."""
        return self._reader.ended or (self._calls is not None and self._calls.complete)

    @property
    def _failure(self) -> Error | None:
        return self._reader.failure

    def _refused(self, error: Error) -> Error:
        """`error`; where the prompt is too long, one that says how long each part of it is."""
        return too_long(self._request) if isinstance(error, ContextLengthExceeded) else error

    async def _resume(self) -> None:
        """Take a stream up again that was cut."""
        self._reader.resume()
        context.current().retries += 1
        body: dict[str, object] = {"history_id": self._reader.message_id, "logic_id": str(uuid4())}
        async with context.current().deadline.timeout():
            await self._stream.open(_CONTINUE, body)

    def _call_events(self) -> CallEvents | None:
        """What reads calls out of the events, where tools are spoken of."""
        request = self._request
        if not (speaks_of_tools(request) or request.tools):
            return None
        names = names_of(request.callable_tools)
        return CallEvents(names, parallel=request.parallel_tool_calls, natives=NativeCalls(names))

    def _feed(self, piece: bytes) -> list[Event]:
        events = self._reader.feed(piece) if piece else self._reader.close()
        self._heard = bool(events)
        self._note()
        if self._calls is not None:
            events = self._calls.feed(events)
        else:
            events = [event for event in events if not isinstance(event, Draft)]
        if self._body.hide_reasoning:
            events = [event for event in events if not isinstance(event, Reasoning)]
        return self._counted(events)

    def _note(self) -> None:
        self._conversations.note(self._reader.conversation_id)
        self._complaint = self._reader.complaint or self._complaint

    def _counted(self, events: list[Event]) -> list[Event]:
        """The events, with the usage before the last one. An answer that has nothing to show has failed."""
        for event in events:
            if isinstance(event, _TEXTS):
                self._texts.append(event.text)
                self._shown = self._shown or bool(event.text.strip())
            elif isinstance(event, Reasoning):
                self._reasoning.append(event.text)
            elif isinstance(event, (Image, Draft)):
                self._shown = True
                if isinstance(event, Draft):
                    self._texts.append(event.written)
        if not events or not isinstance(finish := events[-1], Finish):
            return events
        repaired = self._calls is not None or self._request.response_format is not None  # By a repair, in a new turn.
        if not self._shown and finish.reason == "stop" and self._reasoning and not repaired:
            raise UpstreamFailed(self._complaint or "The service thought, and then answered nothing. Try again.")
        return [*events[:-1], self._usage(), finish]

    def _usage(self) -> Usage:
        return estimate(self._body.text, "".join(self._texts), "".join(self._reasoning))

    # Cleaning up.

    async def close(self) -> None:
        """Close the stream, stop a generation that still runs, and delete the conversation unless it is to be kept.

        Not broken off when the client leaves: what it leaves behind is cleaned up by nobody else.
        """
        deadline = context.current().deadline
        if self._stream.asked and not (self._reader.ended or self._reader.message_id):
            try:
                await uninterrupted(self._read_names(), min(NAMING_TIMEOUT, deadline.clean_up_seconds(NAMING_TIMEOUT)))
            except TimeoutError:
                _log.warning("An answer whose client left was not named in time; its conversation may still be there")
        try:
            await uninterrupted(self._give_up(last=True), deadline.clean_up_seconds())
        except TimeoutError:
            _log.warning("Cleaning up after an answer took too long; its conversation may still be there")

    async def _read_names(self) -> None:
        """Read on until the service has named the answer and its conversation."""
        try:
            while not self._reader.message_id and (piece := await self._read_on()):
                self._reader.feed(piece)
        except Error:
            pass
        self._note()

    async def _give_up(self, *, last: bool = False) -> None:
        """End what runs. `last`: nothing more is wanted, so the conversations go too."""
        await self._stream.close()
        if self._reader.message_id and not self._reader.ended:
            await self._conversations.stop(self._reader.message_id)
        if last:
            await self._conversations.delete()


def _broken_off(how: str) -> UpstreamFailed:
    """In words that agents try again on."""
    return UpstreamFailed(f"The service broke the answer off {how}: it is temporarily unavailable.")
