"""Conversations and the answers being generated in them."""

import asyncio
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .accounts import Account
from .answer import Answer
from .events import Envelope
from .piece import Event

if TYPE_CHECKING:
    from .ending import Ending

type Phase = Literal["running", "finished", "stopped", "cut"]

KEPT = 1000
"""How many generations that are over can still be taken up again or asked for pictures: a soak has many."""


@dataclass
class Conversation:
    """A conversation in an account's list."""

    account: Account
    assistant_id: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:24])
    prompts: list[str] = field(default_factory=list)
    active_at: float = field(default_factory=time.monotonic)
    """When its last answer began or ended, or its client left."""


class Generation:
    """One answer being generated. Belongs to the event loop."""

    def __init__(self, conversation: Conversation, answer: Answer, site: str) -> None:
        self.conversation = conversation
        self.account = conversation.account
        self.answer = answer
        self.ending: Ending = answer.ending
        self.phase: Phase = "running"
        self.over = asyncio.Event()
        self.halt: asyncio.Future[str] | None = None
        self.position = 0
        self.history_id = uuid.uuid4().hex[:24]
        self.envelope = Envelope(
            history_id=self.history_id,
            conversation_id=conversation.id,
            assistant_id=conversation.assistant_id,
            created_at=time.strftime("%Y-%m-%d %H:%M:%S"),
            site=site,
            crlf=answer.crlf,
            blanks=1 if answer.style.bare else 2,
        )

    @property
    def events(self) -> list[Event]:
        return [*self.answer.events, self.answer.last_event]

    def stop(self) -> None:
        """Stop a running generation; its stream, where somebody still reads it, ends in order."""
        self.end("stopped")
        if self.halt is not None and not self.halt.done():
            self.halt.set_result("stopped")

    def end(self, phase: Phase) -> None:
        if self.phase == "running":
            self.phase = phase
            self.account.free_at = time.monotonic() + self.account.busy_after
            self.conversation.active_at = time.monotonic()
            self.over.set()


class Conversations:
    """All conversations and generations, and the answers that tests have queued."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._conversations: dict[str, Conversation] = {}
        self._generations: dict[str, Generation] = {}
        self._running: dict[str, list[Generation]] = {}
        self._claimed: Counter[str] = Counter()
        self._left: dict[str, dict[str, Conversation]] = {}
        self._scripts: deque[tuple[Answer, str | None, int | None]] = deque()

    def of(self, account: Account) -> list[str]:
        with self._lock:
            return list(self._left.get(account.uid, ()))

    def left(self, account: Account) -> list[Conversation]:
        """Return the account's conversations."""
        with self._lock:
            return list(self._left.get(account.uid, {}).values())

    def running(self, account: Account) -> list[Generation]:
        with self._lock:
            running = [one for one in self._running.get(account.uid, ()) if one.phase == "running"]
            self._running[account.uid] = running
            return list(running)

    def is_busy(self, account: Account) -> bool:
        """Whether the account may not begin another answer just now."""
        begun = len(self.running(account)) + self._claimed[account.uid]
        return begun >= account.generations or time.monotonic() < account.free_at

    @contextmanager
    def claim(self, account: Account) -> Iterator[None]:
        """Count an answer that is about to begin, while somebody thinks of what it says."""
        self._claimed[account.uid] += 1
        try:
            yield
        finally:
            self._claimed[account.uid] -= 1

    def begin(self, account: Account, assistant_id: str) -> Conversation:
        with self._lock:
            conversation = Conversation(account, assistant_id)
            self._conversations[conversation.id] = conversation
            self._left.setdefault(account.uid, {})[conversation.id] = conversation
            return conversation

    def find(self, account: Account, conversation_id: str) -> Conversation | None:
        with self._lock:
            conversation = self._conversations.get(conversation_id)
        return conversation if conversation is not None and conversation.account is account else None

    def delete(self, conversation: Conversation) -> None:
        with self._lock:
            self._conversations.pop(conversation.id, None)
            self._left[conversation.account.uid].pop(conversation.id, None)

    def generate(self, conversation: Conversation, answer: Answer, site: str) -> Generation:
        with self._lock:
            account, generation = conversation.account, Generation(conversation, answer, site)
            self._generations[generation.history_id] = generation
            self._forget_oldest()
            account.generated += 1
            self._runs(generation)
            return generation

    def resume(self, generation: Generation) -> None:
        with self._lock:
            generation.phase = "running"
            generation.over = asyncio.Event()
            self._runs(generation)

    def _forget_oldest(self) -> None:
        if len(self._generations) > KEPT:
            over = next((one for one in self._generations.values() if one.phase != "running"), None)
            if over is not None:
                del self._generations[over.history_id]

    def _runs(self, generation: Generation) -> None:
        account = generation.account
        generation.conversation.active_at = time.monotonic()
        self._running.setdefault(account.uid, []).append(generation)
        account.max_running = max(account.max_running, len(self.running(account)))

    def generation(self, history_id: str) -> Generation | None:
        return self._generations.get(history_id)

    def script(self, answer: Answer, account: Account | None, times: int | None) -> None:
        with self._lock:
            self._scripts.append((answer, account.uid if account else None, times))

    def next_answer(self, account: Account) -> Answer | None:
        """Return the oldest queued answer for this account, and count it."""
        with self._lock:
            for index, (answer, uid, times) in enumerate(self._scripts):
                if uid in (None, account.uid):
                    if times is not None and times <= 1:
                        del self._scripts[index]
                    elif times is not None:
                        self._scripts[index] = (answer, uid, times - 1)
                    return answer
        return None

    def clear(self) -> None:
        """Forget everything. Streams that are still being sent break off."""
        with self._lock:
            for generation in self._generations.values():
                if generation.halt is not None and not generation.halt.done():
                    generation.halt.set_result("reset")
            self._conversations.clear()
            self._left.clear()
            self._generations.clear()
            self._running.clear()
            self._scripts.clear()
