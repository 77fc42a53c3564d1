"""What the services do in place of an answer to one request: refuse, drop, hang, or limit the account."""

import math
import time
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bigmodel.failures import Failure as PlatformFailure
from tests.upstream.call import Call, Handler, Reply
from tests.upstream.conversations import Conversations
from tests.upstream.failures import Failure, failure
from tests.upstream.refusals import REFUSALS

from . import text
from .answers import FOREVER
from .record import Arrival, Record
from .schedule import Ask

UNCERTAIN: Final = ("HTTP 504", "dropped", "platform: dropped", "hang at the head for ever")
LIMITED_FOR: Final = 6.0
"""Seconds for which a limited account stays so."""
LONGEST_CLEAN_UP: Final = 3.0
"""Seconds: a deletion that takes longer may be given up."""


@dataclass
class Marked(Failure):
    """A failure that one request meets, whatever account it comes by."""

    record: Record = field(default_factory=Record)
    ask: Ask | None = None

    def concerns(self, call: Call) -> bool:
        assert self.ask is not None
        if call.recorded.name != self.endpoint:
            return False
        return self.ask.number in text.numbers_in(call.recorded.body.decode(errors="replace"))

    async def reply(self, call: Call, handler: Handler) -> Reply | None:
        assert self.ask is not None
        number = self.ask.number
        self.record.meet(self.ask)
        self.record.note(number, f"the service: {self.ask.fault}")
        if self.ask.fault == "hang at the head":
            arrived = time.monotonic()
            if not await call.pause(self.delay):
                self.record.note(number, f"gave up waiting after {time.monotonic() - arrived:.1f} s")
                return _gone(call)
            return None  # The endpoint does its work; its model notes the arrival.
        if self.works:
            self.record.spoilt.add(number)  # The answer that names it is lost: nobody can delete it.
        else:  # Else the model notes it.
            outcome = "uncertain" if self.ask.fault in UNCERTAIN else "refused"
            account = call.recorded.account or ""
            self.record.arrivals[number].append(Arrival(number, time.monotonic(), account, outcome))  # type: ignore[arg-type]
        if self.delay >= FOREVER:
            await call.pause(self.delay)
            return _gone(call)
        return await super().reply(call, handler)


@dataclass
class MarkedOnPlatform(PlatformFailure):
    """The same on the open platform."""

    record: Record = field(default_factory=Record)
    ask: Ask | None = None

    def concerns(self, call: Call) -> bool:
        assert self.ask is not None
        return self.endpoint == call.recorded.name and self.ask.number in text.numbers_in(
            call.recorded.body.decode(errors="replace")
        )

    async def reply(self, call: Call, handler: Handler) -> Reply | None:
        assert self.ask is not None
        self.record.meet(self.ask)
        if not self.works:
            outcome = "uncertain" if self.ask.fault in UNCERTAIN else "refused"
            arrival = Arrival(self.ask.number, time.monotonic(), call.recorded.account or "", outcome)  # type: ignore[arg-type]
            self.record.arrivals[self.ask.number].append(arrival)
        return await super().reply(call, handler)


@dataclass
class OfConversation(Failure):
    """A failure that the deletion of one request's conversation meets."""

    record: Record = field(default_factory=Record)
    ask: Ask | None = None
    conversations: Conversations | None = None

    def concerns(self, call: Call) -> bool:
        assert self.ask is not None
        assert self.conversations is not None
        if not call.recorded.name.startswith("delete") or call.recorded.json is None:
            return False
        body = call.recorded.json
        for conversation_id in body.get("conversation_ids") or [body.get("conversation_id")]:
            conversation = self.conversations.find(call.account, str(conversation_id))
            prompts = " ".join(conversation.prompts) if conversation else ""
            if self.ask.number in text.numbers_in(prompts):
                return True
        return False

    async def reply(self, call: Call, handler: Handler) -> Reply | None:
        assert self.ask is not None
        self.record.meet(self.ask)
        if self.delay > LONGEST_CLEAN_UP or self.status is not None:
            self.record.spoilt.add(self.ask.number)
        return await super().reply(call, handler)


@dataclass
class Limits(Failure):
    """The service limits whole accounts, each for a time, and says for how long: `until` by account's uid."""

    until: dict[str, float] = field(default_factory=dict)
    endpoint: str = "chat"
    times: int | None = None

    def concerns(self, call: Call) -> bool:
        return call.recorded.name == "chat" and self.left(call.recorded.account or "") > 0

    def left(self, uid: str) -> float:
        """Seconds for which the account is still limited."""
        return self.until.get(uid, 0.0) - time.monotonic()

    async def reply(self, call: Call, handler: Handler) -> Reply | None:
        limited = dict(REFUSALS["limited, HTTP 429"])
        limited["headers"] = {"Retry-After": str(max(1, math.ceil(self.left(call.account.uid))))}
        return await Failure("chat", **limited).reply(call, handler)


class _Gone:
    def __init__(self, call: Call) -> None:
        self._call = call

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        await self._call.drop()


def _gone(call: Call) -> Reply:
    return _Gone(call)


def failures(ask: Ask, record: Record, conversations: Conversations) -> list[Failure]:
    """What the web service is to do in place of its work for this ask; nothing for most."""
    chance = ask.chance("failure")
    endpoint = "video" if ask.what == "video" else "chat"
    deletions: dict[str, Any] = {"record": record, "ask": ask, "conversations": conversations}
    match ask.fault:
        case "hang at deletion":
            return [OfConversation("delete", delay=chance.choice((1.0, 2.0, 8.0)), times=1, **deletions)]
        case "refused deletion":
            return [OfConversation("delete", status=503, times=chance.choice((1, 1, 9)), **deletions)]
        case "HTTP 5xx":
            options: dict[str, Any] = {"status": chance.choice((500, 502, 503)), "times": chance.choice((1, 1, 3))}
        case "HTTP 504":
            options = {"status": 504, "works": chance.random() < 0.5}
        case "dropped":
            options = {"drop": True, "works": chance.random() < 0.5}
        case "hang at the head":
            options = {"delay": chance.uniform(2.0, 12.0)}
        case "hang at the head for ever":
            options = {"delay": FOREVER, "drop": True}
        case "busy":
            options = dict(REFUSALS["busy" if chance.random() < 0.5 else "busy, HTTP 429"])
        case "quota":
            options = dict(REFUSALS["daily quota"])
        case _:
            return []
    return [Marked(**vars(failure(endpoint, **options)), record=record, ask=ask)]


def platform_failures(ask: Ask, record: Record) -> list[PlatformFailure]:
    """The same for the open platform."""
    chance = ask.chance("failure")
    if ask.fault == "platform: refusal":
        code = chance.choice((1302, 1303, 1305, 1113, 1234, 500))
        options: dict[str, Any] = {"code": code} if code != 500 else {"status": 500}
        return [MarkedOnPlatform("chat", **options, record=record, ask=ask)]
    if ask.fault == "platform: dropped":
        return [MarkedOnPlatform("chat", drop=True, works=chance.random() < 0.5, record=record, ask=ask)]
    return []
