"""The model behind both stand-ins: it answers each prompt as its ask wants it, and notes what it was asked."""

import time
from typing import Any, Final, Literal

from tests.bigmodel import Answer as PlatformAnswer
from tests.bigmodel import Call as PlatformCall
from tests.bigmodel import Platform
from tests.bigmodel import Reasoning as PlatformReasoning
from tests.bigmodel import Text as PlatformText
from tests.upstream import Answer, Asked, StandIn

from . import answers, asks, refusing, text
from .record import Arrival, Record
from .schedule import Ask

IN_ANSWERS: Final = frozenset(answers.FAULTY)


class Model:
    """Plays the model of the web service and of the platform."""

    def __init__(self, service: StandIn, platform: Platform, record: Record) -> None:
        self.service = service
        self.platform = platform
        self.record = record
        self.limits = refusing.Limits()
        service.service.failures.add(self.limits)
        service.play(self.play)
        platform.play(self.complete)

    def expect(self, ask: Ask) -> None:
        """Get ready for an ask: its failures are switched on."""
        self.record.asks[ask.number] = ask
        for one in refusing.failures(ask, self.record, self.service.service.conversations):
            self.service.service.failures.add(one)
        for other in refusing.platform_failures(ask, self.record):
            self.platform.service.failures.add(other)

    def forget(self, ask: Ask) -> None:
        """The ask is over: what it did not meet is switched off."""
        for failures in (self.service.service.failures, self.platform.service.failures):
            failures.keep(lambda one: getattr(one, "ask", None) is not ask)

    def play(self, asked: Asked) -> Answer:
        """Answer a chat call of the web service. In a thread of the stand-in's."""
        number = text.numbers_in(asked.prompt)[-1]
        ask = self.record.asks[number]
        self._look_for_others(ask, asked)
        if ask.what == "file":
            self._check_file(ask, asked)
        attempt = sum(one.outcome in ("delivered", "nothing") for one in self.record.arrivals[number])
        made = answers.answer(ask, attempt)
        nothing = answers.tells_nothing(ask, attempt)
        if ask.fault == "limited" and attempt == 0:
            self.limits.until[asked.account.uid] = time.monotonic() + refusing.LIMITED_FOR
            self.record.meet(ask)
        if attempt == 0 and ask.fault in IN_ANSWERS:
            self.record.meet(ask)
        self._arrived(number, asked.account.uid, "nothing" if nothing else "delivered")
        return made

    def complete(self, body: dict[str, Any]) -> PlatformAnswer:
        """Answer a chat call of the platform."""
        number = text.numbers_in(str(body["messages"][-1]["content"]))[-1]
        ask = self.record.asks[number]
        chance = ask.chance("platform")
        self._arrived(number, "platform", "delivered")
        if ask.what == "tools":
            return PlatformAnswer(PlatformCall(asks.TOOL, text.arguments(number)), delay=0.01)
        thought = text.thought(number)
        thinking = [PlatformReasoning(*text.cut(thought, chance))] if thought else []
        words = text.cut(text.answer_text(number), chance)
        if ask.fault == "platform: cut" and body.get("stream"):
            self.record.meet(ask)
            some = PlatformText(*words[: len(words) // 2])
            return PlatformAnswer(*thinking, some, cut=True, clean=chance.random() < 0.5, delay=0.01)
        return PlatformAnswer(*thinking, PlatformText(*words), delay=chance.uniform(0.0, 0.05))

    def _arrived(self, number: int, account: str, outcome: Literal["delivered", "nothing"]) -> None:
        self.record.note(number, f"reached the model ({outcome}) on {account[:6]}")
        self.record.arrivals[number].append(Arrival(number, time.monotonic(), account, outcome))

    def _look_for_others(self, ask: Ask, asked: Asked) -> None:
        """Is anything else being generated on this account?"""
        conversations = self.service.service.conversations
        self.record.checked["turns"] += 1
        now = time.monotonic()
        for other in conversations.running(asked.account):
            numbers = text.numbers_in(" ".join(other.conversation.prompts))
            since = min((one.at for number in numbers for one in self.record.arrivals[number]), default=0.0)
            if self.record.store_was_away(since):
                self.record.excuse("two answers at once: the store was away")
            elif self.record.shares_nothing and any(at >= since for at in self.record.ends):
                self.record.excuse("two answers at once: of processes that share nothing, while one replaced the other")
            elif any(number in self.record.spoilt for number in numbers) or self.record.killed_between(since, now):
                self.record.excuse("two answers at once: one was left by a process that was killed")
            elif self.record.was_refused({asked.account.uid}, since, now) or self.record.was_unreachable(since, now):
                self.record.excuse("two answers at once: one could not be stopped")
            else:
                what = f"{ask.number} began on account {asked.account.uid[:6]} while {numbers} was being written"
                self.record.breaks("turns", what, ask.number)

    def _check_file(self, ask: Ask, asked: Asked) -> None:
        uploads = self.service.service.uploads
        contents = asked.body["messages"][0]["content"]
        named = [file for content in contents for file in content.get("image") or content.get("file") or ()]
        found = [uploads.find(asked.account, file["file_id"]) for file in named]
        sent = asks.picture_of(ask.number)
        self.record.checked["letter"] += 1
        if [upload and upload.file.content for upload in found] != [sent]:
            self.record.breaks("letter", f"the file of {ask.number} did not arrive as it was sent", ask.number)
