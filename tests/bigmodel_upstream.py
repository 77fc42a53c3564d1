"""The open platform's upstream against its stand-in: short ways to ask it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import pytest

from lib import settings
from lib.types.chat import ChatRequest, Message, TextPart
from lib.types.events import Event, Finish, Reasoning, Text, ToolCallArguments, ToolCallEnd, ToolCallStart
from lib.types.upstream import Tries
from lib.upstreams.bigmodel import service
from lib.upstreams.bigmodel.upstream import Bigmodel
from tests.bigmodel import Platform

UPSTREAM = Bigmodel()


@contextmanager
def settled(environ: dict[str, str]) -> Iterator[None]:
    """Let the house read these settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        settings.configured.cache_clear()
        yield
    settings.configured.cache_clear()


def run[T](work: Callable[[], Awaitable[T]]) -> T:
    """What `work` returns, in an event loop of its own."""

    async def all_of_it() -> T:
        try:
            return await work()
        finally:
            await service.of_key("").aclose()

    return asyncio.run(all_of_it())


def user(text: str) -> Message:
    return Message("user", (TextPart(text),))


def request(*messages: Message | str, model: str = "glm-5.3", **options: Any) -> ChatRequest:
    """A chat request; a text is the user's."""
    given = tuple(user(one) if isinstance(one, str) else one for one in messages or ("Hello",))
    return ChatRequest(model, given, **options)


def ask(asked: ChatRequest, key: str, *, wait_if_busy: bool = True) -> list[Event]:
    """All events of an answer. Raises what the upstream raises."""

    async def collect() -> list[Event]:
        async with aclosing(UPSTREAM.answer(asked, key, Tries())) as answer:
            return [event async for events in answer for event in events]

    return run(collect)


def sent(platform: Platform) -> dict[str, Any]:
    """The body of the last chat call that the platform got."""
    body: dict[str, Any] = platform.requests("chat")[-1].json
    return body


def text(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def reasoning(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reasoning))


def finish(events: Iterable[Event]) -> str:
    [reason] = [event.reason for event in events if isinstance(event, Finish)]
    return reason


def calls(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Name and arguments of each call. Fails where calls are not told one after the other."""
    found: list[tuple[str, str]] = []
    is_open = False
    for event in events:
        match event:
            case ToolCallStart(_, name):
                assert not is_open
                is_open = True
                found.append((name, ""))
            case ToolCallArguments(piece):
                assert is_open
                found[-1] = (found[-1][0], found[-1][1] + piece)
            case ToolCallEnd():
                assert is_open
                is_open = False
            case Text() | Reasoning():
                assert not is_open
    return found
