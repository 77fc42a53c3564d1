"""What one client does: it asks, polls its video, comes back after a Retry-After; and each answer is judged."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from . import asks
from .asks import Request
from .clients import Client
from .faults import BY_NAME
from .model import Model
from .record import Exchange, Record
from .schedule import Ask
from .verdict import Verdict

POLLS: Final = 8
"""How often a client asks for its video."""
POLL_EVERY: Final = 0.7
COMES_BACK: Final = 0.6
"""The share of those that were told when to come back who do."""
LONGEST_WAIT: Final = 35.0


class Session:
    """Clients of a run."""

    def __init__(self, client: Client, model: Model, verdict: Verdict, keys: Mapping[str, str], record: Record) -> None:
        """`keys`: the key that each name stands for."""
        self._client = client
        self._model = model
        self._verdict = verdict
        self._keys = keys
        self._record = record
        self._unmet: deque[str] = deque()
        """Faults that their requests did not live to meet, since another came first: the next that can meets them."""

    async def run(self, ask: Ask) -> str:
        """Ask, to the end of all that belongs to it. Returns what the first answer came to."""
        if self._unmet and ask.what == "chat" and ask.on_service and not ask.fault and not ask.manner:
            ask = replace(ask, fault=self._unmet.popleft())
        key = ",".join(self._keys[name] for name in ask.keys)
        self._record.asked[f"{ask.what}, {ask.wire}"] += 1
        self._model.expect(ask)
        exchange, outcome = await self._exchange(ask, key, "ask", asks.first(ask, key), ask.manner)
        if ask.what == "video" and exchange.status == 200 and exchange.end == "complete":
            await self._follow(ask, key, exchange)
        self._record.done_at[ask.number] = exchange.ended
        self._record.statuses[outcome] += 1
        self._model.forget(ask)
        if ask.fault and ask.number not in self._record.met and not ask.fault.startswith("platform"):
            (self._unmet.appendleft if BY_NAME[ask.fault].long else self._unmet.append)(ask.fault)
        if exchange.status == 429 and exchange.headers.get("retry-after"):
            await self._come_back(ask, key, exchange, outcome)
        return outcome

    async def plain(self, number: int, name: str) -> str:
        """A short question with one key, judged like any other."""
        ask = Ask(number, time.monotonic(), "chat", "openai", stream=False, keys=(name,))
        self._model.expect(ask)
        key = self._keys[name]
        exchange, outcome = await self._exchange(ask, key, "ask", asks.plain(number, key))
        self._record.done_at[number] = exchange.ended
        return outcome

    async def _exchange(
        self, ask: Ask, key: str, step: str, request: Request, manner: str = ""
    ) -> tuple[Exchange, str]:
        request_id = f"soak-{ask.number}-{step.replace(' ', '-')}"
        exchange = Exchange(ask, request_id, step, key, manner)
        await self._client.ask(request, exchange, ask.chance(step))
        return exchange, self._verdict.judge(exchange)

    async def _follow(self, ask: Ask, key: str, created: Exchange) -> None:
        """Ask for the video, wherever the next request happens to arrive, and remove it."""
        job = json.loads(created.body)["id"]
        self._record.done_at.pop(ask.number, None)
        state: dict[str, Any] = {}
        for number in range(POLLS):
            await asyncio.sleep(POLL_EVERY)
            exchange, _ = await self._exchange(ask, key, f"poll {number}", asks.poll(job, key))
            with suppress(ValueError):
                state = json.loads(exchange.body) if exchange.status == 200 else state
            if state.get("task_status") == "SUCCESS":
                break
        if state.get("id") not in (job, None):
            self._record.breaks("letter", "a video's poll names another job", ask.number)
        if ask.on_service:
            await self._exchange(ask, key, "removal", asks.removal(job, key))

    async def _come_back(self, ask: Ask, key: str, told: Exchange, outcome: str) -> None:
        seconds = float(told.headers["retry-after"])
        if ask.chance("come back").random() > COMES_BACK or seconds > LONGEST_WAIT:
            return
        uids = [self._verdict.uid(one) for one in key.split(",")]
        limited = max((self._model.limits.left(uid) for uid in uids), default=0.0) if len(uids) == 1 else 0.0
        self._record.checked["retry-after"] += 1
        if limited > seconds:
            self._record.breaks(
                "retry-after", f"told to come back in {seconds:.0f} s, limited for {limited:.2f} s", ask.number
            )
        await asyncio.sleep(seconds - (time.monotonic() - told.ended))
        again = replace(
            ask, number=ask.number + asks.FOLLOW_UP, what="chat", wire="openai", stream=False, fault="", manner=""
        )
        self._model.expect(again)
        exchange, second = await self._exchange(again, key, "ask", asks.plain(again.number, key))
        self._record.done_at[again.number] = exchange.ended
        self._record.statuses[f"came back: {second}"] += 1
        if limited > 0 and second == outcome and "rate_limit" in outcome and self._model.limits.left(uids[0]) <= 0:
            self._record.breaks("retry-after", f"came back after {seconds:.0f} s and was told the same", ask.number)
