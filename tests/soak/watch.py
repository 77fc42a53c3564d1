"""Looks, every second, at what the stand-ins hold: what is generated for nobody, and which conversations stay."""

import asyncio
import re
import time
from typing import Final

from tests.upstream import Account, StandIn
from tests.upstream.conversations import Conversation, Generation

from . import text
from .fleet import Fleet
from .plan import Plan
from .record import Record

SLACK: Final = 1.5
"""Seconds for which a busy machine, and looking once a second, may be to blame."""
_ID: Final = re.compile(rb"[0-9a-f]{24}")


class Watch:
    """Watches a run."""

    def __init__(self, plan: Plan, service: StandIn, accounts: list[Account], fleet: Fleet, record: Record) -> None:
        self._plan = plan
        self._service = service
        self._accounts = accounts
        self._fleet = fleet
        self._record = record
        self._refused: set[str] = set()
        """Conversations whose deletion, or stopping, the service has refused."""
        self._seen = -1

    async def run(self) -> None:
        """Watch until cancelled."""
        sample_at = 0.0
        while True:
            if time.monotonic() >= sample_at:
                self._fleet.sample()
                sample_at = time.monotonic() + self._plan.sample_every
            self.look()
            await asyncio.sleep(min(1.0, self._plan.sample_every))

    def look(self) -> None:
        """Hold what is there just now to the promises."""
        self.note()
        for account in self._accounts:
            running = {one.conversation.id: one for one in self._service.service.conversations.running(account)}
            there = {one.id: one for one in self._service.service.conversations.left(account)}
            there |= {one.conversation.id: one.conversation for one in running.values()}  # It may be deleted already.
            for conversation in there.values():
                self._judge(account, conversation, running.get(conversation.id))

    def note(self) -> None:
        """Write down what the service has refused, and which tokens it has handed out."""
        record = self._service.record
        for one in record:
            if one.number <= self._seen:
                continue
            if one.name.startswith(("delete", "stop")) and (one.code or (one.status or 200) >= 400):
                self._refused.update(found.decode() for found in _ID.findall(one.body))
            if one.name == "refresh" and one.account and one.status == 200 and not one.code:
                self._record.refreshes[one.account].add(one.at)
        self._seen = record[-1].number - 200 if record else self._seen  # The newest may not have their status yet.

    def _judge(self, account: Account, conversation: Conversation, running: Generation | None) -> None:
        numbers = text.numbers_in(" ".join(conversation.prompts))
        done = [self._record.done_at.get(number) for number in numbers]
        if not numbers or None in done:
            return
        done_at = max(at for at in done if at is not None)
        over = time.monotonic() - done_at
        if over < self._plan.stays + SLACK:
            return
        number = numbers[-1]
        why = self._excuse(account, conversation, running, number, done_at)
        if why:
            self._record.excuse(why)
        else:
            what = "a generation still runs" if running else "a conversation is still there"
            self._record.breaks("traces", f"{what} {over:.1f} s after its client was done", number)
        self._record.spoilt.add(number)
        self._clean_up(conversation, running)

    def _excuse(
        self, account: Account, conversation: Conversation, running: Generation | None, number: int, done_at: float
    ) -> str:
        record = self._record
        if record.kept.get(number) == conversation.id and running is None:
            return "kept: the time limit cut its answer, and its client can go on in it"
        begun = min((one.at for one in record.arrivals[number]), default=done_at)
        if conversation.id in self._refused or (running and running.history_id in self._refused):
            return "left behind: the service refused to stop or delete it"
        if number in record.spoilt:
            return "left behind: its deletion was made to fail, or its process was killed"
        if record.killed_between(begun, done_at + self._plan.stays):
            return "left behind: a process was killed"
        if record.was_refused({account.uid}, begun, done_at + self._plan.stays):
            return "left behind: the service refused the account, or everybody"
        if record.was_untold(account.uid, done_at, done_at + self._plan.stays):
            return "left behind: another instance alone knew the account's newest token, for want of a store"
        if record.was_unreachable(begun, done_at + self._plan.stays):
            return "left behind: nobody could connect to the service"
        return ""

    def _clean_up(self, conversation: Conversation, running: Generation | None) -> None:
        """The service ends what it writes; and what was told once is not told again."""
        if running is not None:
            self._service.write_to_the_end(running)
        self._service.service.conversations.delete(conversation)
