"""Chat: one request to the platform, its answer as events.

`POST /chat/completions`, always streamed (open platform, "Stream": [documented]).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import httpx

from lib.errors import UpstreamFailed
from lib.http import content
from lib.invocation import context
from lib.invocation.retry import retry
from lib.invocation.within_deadline import within_deadline
from lib.tokens import tokens
from lib.toolcalls.call_events import CallEvents
from lib.toolcalls.draft import Names
from lib.types.chat import ChatRequest, texts
from lib.types.events import Event
from lib.upstreams.bigmodel import chat_request, messages, models, service
from lib.upstreams.bigmodel.chunks import Chunks
from lib.upstreams.bigmodel.errors import of_body
from lib.upstreams.bigmodel.messages import Prompt

USAGE_TIMEOUT: Final = 1.0
"""Seconds for which an answer that the model has ended waits for what it cost, and for the connection's end."""

_CHAT: Final = "/chat/completions"
_TOKENIZER: Final = "/tokenizer"
_TOKENIZER_MODEL: Final = "glm-4.6"
_TOKENIZER_MODEL_THAT_SEES: Final = "glm-4.6v"


async def answer(request: ChatRequest, key: str) -> AsyncGenerator[list[Event]]:
    """The answer to `request`, each list what arrived together; first a `Start`, last a `Finish`.

    Tries again where the platform asks to wait for a moment. Raises an `Error` where it fails. However
    it ends, also where the caller closes this generator early, the connection is closed, which ends the generation.
    """
    generation = Generation(request, key)
    # A call that leaks into the text or the reasoning is read as where all calls are texts.
    names = Names(request.callable_tools, {})
    calls = CallEvents(names, parallel=request.parallel_tool_calls) if request.tools else None
    try:
        async with within_deadline():
            events = await generation.begin()
        yield calls.feed(events) if calls else events
        async with aclosing(generation.rest()) as rest:
            async for events in rest:
                if calls is None:
                    yield events
                elif told := calls.feed(events):
                    yield told
                if calls is not None and calls.complete:
                    return
    finally:
        await generation.close()


async def count_tokens(request: ChatRequest, key: str) -> int:
    """Tokens of the prompt that `answer` would send, as the platform counts them."""
    platform = service.of_key(key)
    model = models.find(request)
    async with within_deadline():
        prompt = await messages.build(request.messages, platform, key)
        body: dict[str, Any] = {"model": _counted_by(model, prompt), "messages": prompt.messages}
        if declared := chat_request.tools(request, model):
            body["tools"] = declared
        told = await retry(lambda: platform.call("POST", _TOKENIZER, key, body=body))
    usage = told.get("usage")
    count = usage.get("prompt_tokens") or usage.get("total_tokens") if isinstance(usage, dict) else None
    if not isinstance(count, int):
        raise UpstreamFailed("The open platform counted tokens without telling how many there are.")
    return count


def _counted_by(model: models.Wanted, prompt: Prompt) -> str:
    if model.name in models.TOKENIZER:
        return model.name
    return _TOKENIZER_MODEL_THAT_SEES if prompt.shows else _TOKENIZER_MODEL


class Generation:
    """One answer while it is generated."""

    def __init__(self, request: ChatRequest, key: str) -> None:
        self._request = request
        self._key = key
        self._model = models.find(request)
        self._service = service.of_key(key)
        self._response: httpx.Response | None = None
        self._pieces: AsyncGenerator[bytes] | None = None
        self._chunks = self._reader()
        self._usage_until = 0.0

    async def begin(self) -> list[Event]:
        """Ask, and read the first events. Until these are there, what the platform refused is asked again."""
        prompt = await messages.build(self._request.messages, self._service, self._key)
        if prompt.shows and not self._model.sees:
            self._model = self._model._replace(row=models.row_of(models.SEEING))
        body = {**chat_request.options(self._request, self._model), "messages": prompt.messages}
        return await retry(lambda: self._attempt(body))

    async def rest(self) -> AsyncGenerator[list[Event]]:
        """The events that follow, to the last."""
        chunks = self._chunks
        while not chunks.done and chunks.failure is None:
            try:
                events = await self._read()
            except TimeoutError:
                yield chunks.closing(None if chunks.finished else "length")
                return
            if events:
                yield events
        if chunks.failure is not None:
            raise chunks.failure

    async def close(self) -> None:
        """Nothing more is wanted of it."""
        response, self._response = self._response, None
        if response is not None and self._pieces is not None:
            await self._pieces.aclose()
            await response.aclose()

    def _reader(self) -> Chunks:
        said = texts(self._request.messages)
        return Chunks(
            lambda: tokens(said),
            self._model,
            self._request.callable_tools,
            one_call=not self._request.parallel_tool_calls,
        )

    async def _attempt(self, body: dict[str, Any]) -> list[Event]:
        await self.close()
        self._chunks = self._reader()
        self._response = await self._service.stream(_CHAT, self._key, body)
        self._pieces = content.pieces(self._response)
        if self._response.headers.get("content-type", "").lower().startswith("application/json"):
            return await self._whole()
        events: list[Event] = []
        while not self._chunks.done:
            try:
                piece = await self._piece()
            except httpx.HTTPError as error:
                raise service.lost(error) from error
            events = self._take(piece)
            if events or self._chunks.failure is not None:
                break
        if not events and self._chunks.failure is not None:
            raise self._chunks.failure
        return events

    async def _whole(self) -> list[Event]:
        """An answer that came as one object in place of a stream; or a refusal with the status of a success."""
        content = bytearray()
        while piece := await self._piece():
            content += piece
            if len(content) > service.MAX_JSON_BYTES:
                raise UpstreamFailed("The open platform's answer is too large to be read.")
        body = await service.parsed(bytes(content))
        if error := of_body(body):
            raise error
        if not isinstance(body, dict):
            raise UpstreamFailed("The open platform answered with something else than a stream.")
        events = self._chunks.whole(body)
        self._chunks.done = True
        events += self._chunks.closing()
        if self._chunks.failure is not None:
            raise self._chunks.failure
        return events

    async def _read(self) -> list[Event]:
        """The next events. Raises `TimeoutError` at the deadline."""
        try:
            async with context.current().deadline.timeout():
                piece = await self._piece()
        except httpx.HTTPError:
            piece = b""  # What has not been said by now is lost, unless the model had ended.
        return self._take(piece)

    async def _piece(self) -> bytes:
        """What arrives next; nothing at the end, or a moment after the model's own: the connection may stay open."""
        assert self._pieces is not None
        if not self._chunks.finished:
            return await anext(self._pieces, b"")
        try:
            async with asyncio.timeout_at(self._usage_until):
                return await anext(self._pieces, b"")
        except TimeoutError:
            return b""

    def _take(self, piece: bytes) -> list[Event]:
        chunks = self._chunks
        if not piece:
            chunks.done = True
            return chunks.finish()
        had_finished = chunks.finished
        events = chunks.feed(piece)
        if chunks.finished and not had_finished:
            self._usage_until = asyncio.get_running_loop().time() + USAGE_TIMEOUT
        chunks.done = chunks.done or (chunks.finished and chunks.counted)
        if chunks.done and chunks.failure is None:
            events += chunks.closing() if chunks.finished else chunks.finish()
        return events
