"""Holds one exchange to the promises: is the answer the sent one, did it end in time, with a status of the table?"""

import base64
import json
import re
from pathlib import Path
from typing import Any, Final

from tests.bundle import CHECKOUT
from tests.upstream import media

from . import answers, asks, text
from .reading import Said, read
from .record import Exchange, Record

LOST_TOKEN: Final = "an account whose newest token was lost with its store and its process"
LATE: Final = 6.0
"""Seconds after its deadline in which a request may still end: the grace that the bundle keeps, and a busy machine."""
AT_DEADLINE: Final = 0.8
"""The share of the time after which an answer may end with `length`."""
_NAMED: Final = re.compile(rb'"id": ?"([0-9a-f]{24})"')
"""An answer that names its conversation."""
_ROW: Final = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)
ANTHROPIC: Final = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 502: "api_error",
    503: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
_IN_RESPONSES: Final = {
    "context_length_exceeded",
    "insufficient_quota",
    "rate_limit_exceeded",
    "invalid_prompt",
    "server_error",
}


def table(api: Path = CHECKOUT / "docs/api.md") -> set[tuple[int, str]]:
    """The statuses and codes that the documentation lists."""
    return {(int(status), code) for status, code in _ROW.findall(api.read_text())}


class Verdict:
    """Judges exchanges of a run."""

    def __init__(self, record: Record, max_duration: float, uids: dict[str, str]) -> None:
        """`uids`: of each account, by its key."""
        self._record = record
        self._max_duration = max_duration
        self._uids = uids
        self._table = table()
        self.look = _nothing
        """Brings the record up to what the service has seen."""
        self.log_in_anew = _nothing_of
        """What the person does whose account is locked out: the key changes, and the run goes on with it."""

    def uid(self, key: str) -> str:
        """Whose key this is; empty for one of the platform."""
        return self._uids.get(key, "")

    def judge(self, exchange: Exchange) -> str:
        """Hold it to the promises. Returns what it came to, in a word or two."""
        record, ask = self._record, exchange.ask
        took = exchange.ended - exchange.begun
        record.note(
            ask.number, f"{exchange.step}: {exchange.status} {exchange.end} after {took:.1f} s {exchange.instance}"
        )
        if exchange.end == "left" or exchange.manner == "half-closes":
            if exchange.manner:
                record.fired[exchange.manner] += 1
            if exchange.end == "left" or exchange.status != 200:
                self._judge_rest(exchange)
                return "left"
        elif exchange.manner:
            record.fired[exchange.manner] += 1
        record.checked["deadline"] += 1
        if exchange.end == "too late" or took > self._max_duration + LATE:
            record.breaks("deadline", f"{exchange.step} took {took:.1f} s", ask.number)
            return "too late"
        if not self._is_ours(exchange):
            return self._lost(exchange, f"{exchange.step} ended without a response of the bundle's ({exchange.status})")
        if exchange.status != 200:
            return self._judge_error(exchange)
        return self._judge_answer(exchange)

    def _is_ours(self, exchange: Exchange) -> bool:
        """Whether the bundle answered, and not the nginx before it, or nobody."""
        return exchange.headers.get("x-request-id") == exchange.request_id

    def _lost(self, exchange: Exchange, what: str) -> str:
        killed = [at for at, name in self._record.kills if exchange.begun - 1 <= at <= exchange.ended + 1 and (
            not exchange.instance or name in exchange.instance or "," in exchange.instance)]  # fmt: skip
        if killed:
            self._record.excuse("a request that its killed process took along")
            self._record.spoilt.add(exchange.ask.number)
            return "killed"
        self._record.breaks("deadline", what, exchange.ask.number)
        return "lost"

    def _judge_error(self, exchange: Exchange) -> str:
        record, ask = self._record, exchange.ask
        try:
            error = json.loads(exchange.body)["error"]
        except (ValueError, KeyError, TypeError):
            if exchange.end == "broken off":
                return self._lost(exchange, f"the error of {exchange.step} broke off")
            record.breaks("deadline", f"{exchange.status} without an error: {exchange.body[:80]!r}", ask.number)
            return "no error"
        code = self._documented(exchange, error)
        if code is None:
            record.breaks("deadline", f"no status of the table: {exchange.status} {error}"[:300], ask.number)
            return "undocumented"
        record.note(ask.number, f"error {exchange.status} {code}: {error.get('message', '')[:120]}")
        if exchange.status >= 500 and code == "internal_error":
            record.breaks("deadline", "a fault of the bundle's own (500)", ask.number)
        self._judge_access(exchange, code)
        self._judge_wait(exchange, code)
        return f"{exchange.status} {code}"

    def _documented(self, exchange: Exchange, error: dict[str, Any]) -> str | None:
        wire = exchange.ask.wire if exchange.ask.number < asks.FOLLOW_UP else "openai"
        if wire == "anthropic":
            known = ANTHROPIC.get(exchange.status) == error.get("type")
            return str(error["type"]) if known else None
        code = error.get("code")
        status = exchange.status
        if wire == "responses" and status == 403 and (503, code) in self._table:
            return str(code)  # Codex would ask thirty times after a 503.
        return str(code) if (status, code) in self._table else None

    def _judge_access(self, exchange: Exchange, code: str) -> None:
        """Nobody is refused as a stranger, or as closed, whom the service does not refuse."""
        record = self._record
        if exchange.status not in (401, 403):
            return
        record.checked["accounts"] += 1
        self.look()
        uids = {self._uids.get(key, "") for key in exchange.key.split(",")}
        # The risk control is left alone for half a minute, and a request may have begun long before it ends.
        if record.was_refused(uids, exchange.begun - 35, exchange.ended):
            record.excuse("refused while the service refused the account, or everybody")
            return
        if exchange.status == 401 and record.store_had_lost(exchange.begun, exchange.ended):
            record.excuse("refused while the store had lost what it held")
            return
        if exchange.status == 401 and any(record.was_untold(uid, exchange.begun, exchange.ended) for uid in uids):
            record.excuse("refused by an instance that had not seen the store's outage")
            return
        if exchange.status == 401 and any(record.token_was_lost(uid, exchange.ended) for uid in uids):
            record.excuse(LOST_TOKEN)
            for uid in uids:
                self.log_in_anew(uid)
            return
        for uid in uids:
            record.note(
                exchange.ask.number, f"account {uid[:6]}: refreshed {record.refreshed(uid) - record.begun:.1f} s"
            )
        record.breaks("accounts", f"{exchange.status} {code} for an account that is well", exchange.ask.number)

    def _judge_wait(self, exchange: Exchange, code: str) -> None:
        """Who is told to slow down is told for how long."""
        if exchange.status != 429 or code == "insufficient_quota":
            return
        self._record.checked["retry-after"] += 1
        if not exchange.headers.get("retry-after", "").isdigit():
            self._record.breaks("retry-after", f"429 {code} without a Retry-After", exchange.ask.number)

    def _judge_answer(self, exchange: Exchange) -> str:
        record, ask = self._record, exchange.ask
        record.checked["letter"] += 1
        if exchange.step != "ask" or ask.what == "video":
            return self._judge_json(exchange)
        if ask.what == "picture":
            return self._judge_pictures(exchange)
        said = self._read(exchange)
        if said is None:
            return "unreadable"
        if said.error is not None:
            return self._judge_late_error(exchange, said)
        if not said.finish:
            if exchange.end == "broken off":
                return self._lost(exchange, "an answer ended with neither an end nor an error")
            record.breaks("letter", f"an answer without an end: {exchange.body[-120:]!r}", ask.number)
            return "no end"
        took = exchange.ended - exchange.begun
        if said.finish == "length":
            if took < AT_DEADLINE * self._max_duration:
                record.breaks("letter", f"cut to length after {took:.1f} s", ask.number)
            self._check_beginning(exchange, said)
            if ask.wire == "openai" and (named := _NAMED.search(exchange.body)):
                record.kept[ask.number] = named[1].decode()
            return "length"
        if exchange.end != "complete":
            return self._lost(exchange, "the response broke off after its answer's end")
        self._check_whole(exchange, said)
        return "right"

    def _read(self, exchange: Exchange) -> Said | None:
        ask = exchange.ask
        try:
            return read(ask.wire, exchange.body, stream=exchange.streamed)
        except (ValueError, KeyError, TypeError) as error:
            if exchange.end == "broken off" and not exchange.streamed:
                self._lost(exchange, "a whole answer broke off")
            else:
                self._record.breaks("letter", f"unreadable ({error!r}): {exchange.body[:120]!r}", ask.number)
            return None

    def _judge_late_error(self, exchange: Exchange, said: Said) -> str:
        error, ask = said.error or {}, exchange.ask
        kind = error.get("code") or error.get("type")
        known = {code for _, code in self._table} | set(ANTHROPIC.values()) | _IN_RESPONSES
        if kind not in known or kind == "internal_error":
            self._record.breaks("letter", f"an answer ended in an error of no table: {error}"[:300], ask.number)
        self._record.note(ask.number, f"error in the stream: {kind} {error.get('message', '')[:120]}")
        self._check_beginning(exchange, said)
        return f"stream: {kind}"

    def _judge_rest(self, exchange: Exchange) -> None:
        """What came before the client left is the beginning of the answer."""
        if exchange.status == 200 and exchange.streamed and exchange.step == "ask":
            said = self._read(exchange)
            if said is not None:
                self._check_beginning(exchange, said)

    def _check_beginning(self, exchange: Exchange, said: Said) -> None:
        ask = exchange.ask
        if ask.what == "tools" or exchange.manner == "never reads":
            return
        expected = answers.expected(ask, stream=exchange.streamed)
        if not any(one.startswith(said.text) for one in expected):
            self._differs(exchange, said.text, expected)

    def _check_whole(self, exchange: Exchange, said: Said) -> None:
        ask, record = exchange.ask, self._record
        if ask.what == "tools":
            if said.calls != [(asks.TOOL, text.arguments(ask.number))]:
                record.breaks("letter", f"the call came as {said.calls} {said.text!r}"[:300], ask.number)
            record.right += 1
            return
        expected = answers.expected(ask, stream=exchange.streamed)
        if said.text not in expected:
            self._differs(exchange, said.text, expected)
            return
        if said.thought and said.thought != text.thought(ask.number):
            record.breaks("letter", f"the thought came as {said.thought!r}", ask.number)
        record.right += 1

    def _differs(self, exchange: Exchange, came: str, expected: set[str]) -> None:
        sent = min(expected)
        place = next(
            (at for at, (a, b) in enumerate(zip(sent, came, strict=False)) if a != b), min(len(sent), len(came))
        )
        what = f"at letter {place} of {len(sent)}: sent {sent[place : place + 30]!r}, came {came[place : place + 30]!r}"
        self._record.breaks("letter", what, exchange.ask.number)

    def _judge_pictures(self, exchange: Exchange) -> str:
        drawn = [base64.b64decode(one["b64_json"]) for one in json.loads(exchange.body)["data"]]
        if drawn != [media.picture(number) for number in range(4)]:
            self._record.breaks("letter", f"{len(drawn)} pictures, not as they were drawn", exchange.ask.number)
        self._record.right += 1
        return "right"

    def _judge_json(self, exchange: Exchange) -> str:
        try:
            json.loads(exchange.body)
        except ValueError:
            return self._lost(exchange, f"{exchange.step} broke off")
        self._record.right += 1
        return "right"


def _nothing() -> None:
    """There is nobody to ask."""


def _nothing_of(uid: str) -> None:
    """Nobody logs in anew."""
