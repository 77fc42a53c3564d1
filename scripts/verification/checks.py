"""Each exchange held against the facts."""

import base64
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from lib.errors import AccountBanned, AccountBusy, QuotaExceeded, RateLimited, TokenRefused
from lib.upstreams.chatglm.chat import models
from lib.upstreams.chatglm.session import lenient, refusal
from lib.upstreams.chatglm.stream.event_json import words_of
from lib.upstreams.chatglm.stream.event_reader import EventReader
from scripts.verification.exchange import Exchange, parsed
from scripts.verification.facts import Findings, kind

TOOL_NAME = "find_room"
MODEL = "glm-5.3-flash"
"""The one that is asked."""
OWN_TOOLS = frozenset({"search", "retrieve", "open", "open_url", "execute_sandbox_code", "finish"})
TEXTS = {"text": "text", "think": "think", "code": "code", "execution_output": "content"}
SILENT = frozenset({"tool_result", "one_to_more_finish", "quote_result", "browser_result", "system_error"})
STATUSES = frozenset({"init", "finish", "intervene", "error"})
ROLES = frozenset({"assistant", "tool", "system"})
MODES = frozenset((pair.chat_mode, pair.effort) for pair in models.PAIRS.values())
WEB_MODELS = frozenset(("glm-5.3", "glm-5.3-flash"))
COOKIES = frozenset(("acw_tc", "cdn_sec_tc"))

_ACCEPTED = ("sign.timestamp", "sign.nonce", "sign.md5", "sign.secret", "headers.ids", "headers.page")
_STREAMS = {
    "short": "chat.request",
    "search": "chat.request",
    "files": "chat.request",
    "tool": "chat.request",
    "draw": "draw.request",
    "continue": "continue",
}
_SIMPLE = {
    "stop": "stop",
    "delete": "delete.bulk",
    "delete single": "delete.single",
    "delete old": "delete.old",
    "film delete": "video.order",
}
_HEADER_WORDS = re.compile(r"\bX-[A-Z]|header|user-agent|referer|\borigin\b|app-name", re.IGNORECASE)
_FORMS = (
    ("tools.trained", re.compile(r"<tool_call>\s*\w+\s*(?:<arg_key>|</tool_call>)")),
    ("tools.mixed", re.compile(r"<tool_call>\s*[{\[]|```\w*\s*[{\[]")),
    ("tools.invoke", re.compile(r"<(?:\|DSML\|)?invoke\b")),
)
_MARK = re.compile(r"【([^【】]{1,60})】")


def check(exchanges: Sequence[Exchange]) -> Findings:
    """All of them. What nobody asked is not seen."""
    findings = Findings()
    for exchange in exchanges:
        if exchange.status is None:
            findings.note(f"{exchange.step}: no answer ({exchange.failure or 'not reached'}).")
        elif exchange.risk:
            findings.holds("refusal.page" if parsed(exchange.body) is None else "refusal.risk")
            findings.note("Risk control refuses this address or session: nothing more was asked. Wait for some hours.")
        else:
            _Check(findings, exchange).run()
    _cookies(findings, exchanges)
    if any(MODEL not in one.came for one in findings.different.get("chat.models", ())):
        for fact in ("chat.request", "chat.made-up"):
            for one in findings.different.pop(fact, ()):
                findings.note(f"{fact}: {one.came}, since {MODEL} is gone.")
    return findings


def _cookies(findings: Findings, exchanges: Sequence[Exchange]) -> None:
    names = {name for one in exchanges for name in one.headers.get("set-cookie") or ()}
    if names == COOKIES:
        findings.holds("cookies.firewall")
    elif names:
        findings.differs(
            "cookies.firewall", "the firewall sets acw_tc and cdn_sec_tc", f"set: {', '.join(sorted(names))}"
        )


class _Check:
    def __init__(self, findings: Findings, exchange: Exchange) -> None:
        self.found = findings
        self.exchange = exchange

    def run(self) -> None:
        step = self.exchange.step
        if step == "refresh":
            self._refresh()
        elif step == "user info":
            self._user()
        elif step == "models":
            self._models()
        elif step.startswith("upload"):
            self._upload()
        elif step == "made-up":
            self._made_up()
        elif step == "videos left":
            if (result := self.result("video.left")) is not None:
                self.found.fields("video.left", result, {"video_times": "number", "video_total": "number"})
        elif step == "film":
            if (result := self.result("video.order")) is not None:
                self.found.fields("video.order", result, {"chat_id": "id", "conversation_id": "text"})
        elif step == "film status":
            self._film()
        elif step in _SIMPLE:
            if self.result(_SIMPLE[step]) is not None:
                self.found.holds(_SIMPLE[step])
        elif step in _STREAMS:
            _Stream(self.found, self.exchange).check(_STREAMS[step])

    # Answers that are no streams.

    def result(self, fact: str) -> Any:
        """The `result` of the answer; None where it is refused or no answer."""
        found, exchange = self.found, self.exchange
        status = exchange.status or 0
        body = parsed(exchange.body)
        if 300 <= status < 400:
            found.differs(fact, f"{exchange.method} {_path(exchange)}", f"HTTP {status}: it has moved")
            return None
        if not isinstance(body, dict):
            if status in (404, 405, 410):
                found.differs(fact, f"{exchange.method} {_path(exchange)}", f"HTTP {status}: there is no such path")
            elif status >= 500:
                found.note(f"{exchange.step}: the service has a fault of its own (HTTP {status}). Try again later.")
            elif status == 204:
                found.differs("envelope", "an object with status, message, result and rid", "HTTP 204, nothing")
            else:
                what = "JSON that is no object" if body is not None else "no JSON"
                found.differs("envelope", "an object with status, message, result and rid", f"HTTP {status}, {what}")
            return None
        code = lenient.code(body.get("status", body.get("code")))
        result = body.get("result", body.get("data"))
        if status >= 400 or (code != 0 and not (code is None and result is not None)):
            self.refused(fact, status, code, lenient.text(body.get("message") or body.get("msg") or body.get("detail")))
            return None
        self._envelope(body)
        found.holds(*(one for one in _ACCEPTED if one not in found.different))
        if self.exchange.step != "refresh":
            found.holds("cookies.page")
        if isinstance(result, list) and not self.exchange.step.startswith("upload"):
            found.differs(fact, "result is an object", "it is a list")
            result = lenient.one(result)
        return {} if result is None else result

    def _envelope(self, body: dict[str, Any]) -> None:
        wanted = {"status": "number", "message": "text", "rid": "text"}
        if "result" not in body or not isinstance(body["result"], dict | list | None.__class__):
            wanted["result"] = "object"
        whole = self.found.fields("envelope", body, wanted)
        if whole and self.exchange.request_id and body["rid"] != self.exchange.request_id:
            self.found.differs("envelope", "rid repeats X-Request-Id", "it is another one")

    def refused(self, fact: str, status: int, code: int | None, words: str) -> None:
        """Name what a refusal means where something else was believed."""
        found, exchange = self.found, self.exchange
        in_words = f", in words: {_short(words)}" if words else ""
        said = f"HTTP {status}, code {'none' if code is None else code}{in_words}"
        means = refusal.refusal(status, code, words)
        if code in (40001, 40002) or (code not in (40011, 40014) and _HEADER_WORDS.search(words)):
            found.holds("refusal.header") if code in (40001, 40002) else None
            found.differs("headers.page", f"the headers that the page sends are enough ({exchange.step})", said)
        elif code in (40011, 40014):
            found.differs("sign.timestamp" if code == 40014 else "sign.md5", "the signature is taken", said)
        elif isinstance(means, AccountBusy):
            found.holds("refusal.busy")
            found.note(f"{exchange.step}: the account is writing another answer. Try again when nobody uses it.")
        elif isinstance(means, QuotaExceeded | AccountBanned):
            found.holds("refusal.quota" if isinstance(means, QuotaExceeded) else "refusal.closed")
            found.note(f"{exchange.step}: {means.message}")
        elif isinstance(means, RateLimited):
            found.holds("refusal.often" if code == 10061 or status == 429 else "refusal.peak")
            found.note(f"{exchange.step}: the service asks to slow down, or is busy. Try again later.")
        elif isinstance(means, TokenRefused):
            known = status == 401 and code in (40101, 40102, 40103)
            if not known:
                found.differs("refusal.token", "HTTP 401, 40102 or 40103", said)
            elif exchange.step == "refresh":
                found.holds("refusal.token")
                found.note("The service refuses this token: log in at chatglm.cn and take a new one.")
            else:
                found.differs("token.access-jwt", f"the access token is taken ({exchange.step})", said)
        elif code == 10040:
            found.differs("chat.longest", "a prompt of some lines is taken", said)
        elif code in (10025, 10024) or (status >= 500 and code in (None, 500)):
            found.note(f"{exchange.step}: the service has a fault of its own ({said}). Try again later.")
        elif exchange.step == "continue" and status == 200:
            found.note(f"{exchange.step}: refused ({said}): perhaps the answer was over already.")
        elif exchange.step == "film delete":
            found.note(f"{exchange.step}: refused ({said}).")
        else:
            found.differs(
                fact, f"{exchange.method} {_path(exchange)} is answered ({exchange.step})", f"it is refused: {said}"
            )

    def _refresh(self) -> None:
        found = self.found
        result = self.result("refresh.answer")
        if result is None:
            return
        kinds = {
            "user_id": "text",
            "access_token": "id",
            "refresh_token": "id",
            "is_guest": "true or false",
            "mode": "text",
        }
        found.fields("refresh.answer", result, kinds)
        self._token("token.access-jwt", result.get("access_token"), "access", 24.0)
        newest = result.get("refresh_token")
        self._token("token.refresh-jwt", newest, "refresh", 180 * 24.0)
        if isinstance(newest, str) and newest and self.exchange.token:
            if newest == self.exchange.token:
                found.differs("refresh.rotates", "refresh_token is a new one", "it is the one that was sent")
            else:
                found.holds("refresh.rotates")

    def _token(self, fact: str, text: Any, kind_of: str, hours: float) -> None:
        if not isinstance(text, str) or not text:
            return
        payload = _payload(text)
        if payload is None:
            self.found.differs(fact, "a JWT", "no JWT")
            return
        wanted = dict.fromkeys(("sub", "uid", "device_id", "type", "jti"), "text")
        wanted |= dict.fromkeys(("iat", "nbf", "exp"), "number")
        self.found.fields("token.payload", payload, wanted, where="the payload")
        if "type" in payload and payload["type"] != kind_of:
            self.found.differs(fact, f'"type": "{kind_of}"', "another type")
        begin, end = lenient.number(payload.get("iat")), lenient.number(payload.get("exp"))
        if begin is None or end is None:
            return
        if abs((end - begin) / 3600 - hours) > 0.02 * hours:
            self.found.differs(fact, f"it lasts {hours:g} hours", f"{(end - begin) / 3600:.1f} hours")
        else:
            self.found.holds(fact)

    def _user(self) -> None:
        result = self.result("user.info")
        if result is None:
            return
        guest = lenient.flag(result.get("is_guest"))
        wanted = {
            "is_guest": "true or false",
            "block_info": "object",
            "member_info?" if guest else "member_info": "object",
        }
        self.found.fields("user.info", result, wanted)
        if isinstance(block := result.get("block_info"), dict):
            self.found.fields("user.info", block, {"blocked": "true or false"}, where="block_info")
        if isinstance(member := result.get("member_info"), dict):
            kinds = {"left_score": "number as text", "token_left_percent": "percentage as text"}
            self.found.fields("user.points", member, kinds, where="member_info")

    def _models(self) -> None:
        result = self.result("models.list")
        if result is None or not self.found.fields("models.list", result, {"models": "list", "default": "object"}):
            return
        if isinstance(result["default"], dict):
            self.found.fields(
                "models.list", result["default"], {"agent": "text", "vip": "text", "guest": "text"}, where="default"
            )
        names, pairs = set(), set()
        for model in result["models"]:
            if not self.found.fields(
                "models.list", model, {"selected_model": "text", "reasoning_efforts": "list"}, where="a model"
            ):
                continue
            names.add(model["selected_model"])
            for effort in model["reasoning_efforts"]:
                kinds = {"display_name": "text", "effort": "text", "am_effort": "text"}
                if self.found.fields("models.list", effort, kinds, where="an effort"):
                    pairs.add((effort["effort"], effort["am_effort"]))
        self._same("chat.models", WEB_MODELS, names)
        self._same(
            "chat.pairs",
            {f"{mode or '(none)'} and {effort}" for mode, effort in MODES},
            {f"{mode or '(none)'} and {effort}" for mode, effort in pairs},
        )

    def _same(self, fact: str, believed: Any, came: Any) -> None:
        if not came:
            return
        if set(believed) == set(came):
            self.found.holds(fact)
        else:
            self.found.differs(fact, ", ".join(sorted(believed)), ", ".join(sorted(came)))

    def _upload(self) -> None:
        result = self.result("upload.path")
        if result is None:
            return
        self.found.holds("upload.path")
        one = lenient.one(result)
        kinds = {"file_id": "id", "file_url": "address", "file_name": "text", "file_size": "number"}
        if self.found.fields("upload.answer", one, kinds) and self.exchange.step == "upload picture":
            self.found.holds("upload.picture")

    def _made_up(self) -> None:
        body = self.exchange.body
        if self.exchange.status == 200 and not body.strip():
            self.found.holds("chat.made-up")
            return
        content = parsed(body)
        believed = "HTTP 200 and an empty body, or 40004"
        if self.exchange.is_stream:
            _Stream(self.found, self.exchange).check("chat.made-up")
            self.found.differs("chat.made-up", believed, "a stream of events")
        elif isinstance(content, dict):
            code = lenient.code(content.get("status", content.get("code")))
            words = lenient.text(content.get("message") or content.get("msg"))
            if code == refusal.NO_CONVERSATION:
                self.found.holds("chat.made-up", "refusal.conversation")
            elif code in (40001, 40002, 40011, 40014, 10061, 10062) or _HEADER_WORDS.search(words):
                self.refused("chat.made-up", self.exchange.status or 0, code, words)
            else:
                self.found.differs("chat.made-up", believed, f"HTTP {self.exchange.status}, code {code}")
        else:
            self.found.differs("chat.made-up", believed, f"HTTP {self.exchange.status}, no JSON")

    def _film(self) -> None:
        result = self.result("video.status")
        if result is None:
            return
        if self.found.fields("video.status", result, {"status": "text"}) and result["status"] not in (
            "init",
            "processing",
            "finished",
        ):
            self.found.differs("video.status", "init, processing or finished", f"status {_short(result['status'])}")


class _Stream:
    """A stream of events."""

    def __init__(self, findings: Findings, exchange: Exchange) -> None:
        self.found = findings
        self.exchange = exchange
        self.events: list[dict[str, Any]] = []
        self.texts: dict[tuple[str, str, int], list[tuple[str, str]]] = {}
        self.flags: list[Any] = []
        self.results: list[dict[str, Any]] = []
        self.unknown = False

    def check(self, fact: str) -> None:
        found, exchange = self.found, self.exchange
        if (exchange.status or 0) >= 300 or not exchange.is_stream:
            if exchange.body.strip() or (exchange.status or 0) >= 300:
                if _Check(found, exchange).result(fact) is not None:
                    found.differs(fact, "a stream of events", "an object")
            else:
                found.differs(fact, "a stream of events", "an empty body")
            return
        if "text/event-stream" not in str(exchange.headers.get("content-type", "")):
            found.differs("events.sse", "text/event-stream", str(exchange.headers.get("content-type", "no type"))[:60])
        self._split()
        if not self.events:
            found.differs("events.sse", "data: {json}", "no event that can be read")
            return
        if self._refused(fact):
            return
        found.holds(fact, *(one for one in _ACCEPTED if one not in found.different))
        found.holds("cookies.page", "agents.known")
        if "events.sse" not in found.different:
            found.holds("events.sse")
        self._twice()
        for event in self.events:
            self._event(event)
        self._whole()
        self._of_step()

    def _split(self) -> None:
        lines = self.exchange.body.decode("utf-8", "replace").splitlines(keepends=True)
        if self.exchange.left and lines and not lines[-1].endswith(("\n", "\r")):
            lines.pop()
        for line in map(str.strip, lines):
            name, colon, value = line.partition(":")
            value = value.strip()
            if not line:
                continue
            if name == "event" and value == "message":
                continue
            if name == "data" and isinstance(event := parsed(value.encode()), dict):
                self.events.append(event)
            elif name == "data" and value == "[DONE]":
                self.found.differs("events.sse", "no [DONE]", "[DONE]")
            elif name == "data":
                self.found.differs("events.sse", "data: {json}", "data that is no object")
            elif colon and name == "event":
                self.found.differs("events.sse", "event:message", f"event:{_short(value)}")
            else:
                self.found.differs("events.sse", "lines of event and data", f"a line of {_short(name) or 'a comment'}")

    def _refused(self, fact: str) -> bool:
        """Does the stream hold nothing but a refusal."""
        for event in self.events:
            if str(event.get("status")).lower() not in ("error", "failed"):
                if "parts" in event or "conversation_id" in event:
                    continue
                code = lenient.code(event.get("status", event.get("code")))
                if code:
                    _Check(self.found, self.exchange).refused(
                        fact, self.exchange.status or 0, code, lenient.text(event.get("message"))
                    )
                    return True
                continue
            told = lenient.mapping(event.get("error")) or lenient.mapping(event.get("last_error"))
            code = lenient.code(told.get("error_code", told.get("code")))
            self.found.holds("events.ends")
            _Check(self.found, self.exchange).refused(
                fact, self.exchange.status or 0, code, words_of(event.get("error")) or words_of(event.get("last_error"))
            )
            return True
        return False

    def _twice(self) -> None:
        pairs = sum(one == two for one, two in zip(self.events[::2], self.events[1::2], strict=False))
        if len(self.events) > 3 and pairs >= len(self.events) // 2:
            self.found.holds("events.twice")
            self.events = self.events[::2]

    def _event(self, event: dict[str, Any]) -> None:
        kinds = {
            "id": "id",
            "conversation_id": "id",
            "status": "text",
            "parts": "list",
            "last_error?": "object",
            "meta_data": "object",
        }
        self.found.fields("events.fields", event, kinds, where="an event")
        counts = [name for name in event if "usage" in name or name in ("tokens", "token_count")]
        if counts:
            self.found.differs("events.sse", "no count of tokens", f"new: {', '.join(counts)}")
        self._status("an event's status", event.get("status"))
        meta = event.get("meta_data")
        if isinstance(meta, dict):
            self.flags.append(meta.get("if_increase_push"))
        parts = event.get("parts")
        for part in parts if isinstance(parts, list) else ():
            self._part(part)

    def _status(self, where: str, status: Any) -> None:
        if isinstance(status, str) and status not in STATUSES:
            self.found.differs("events.ends", f"{where} is init, finish, intervene or error", f"it is {_short(status)}")

    def _part(self, part: Any) -> None:
        kinds = {"logic_id": "id", "role": "text", "status": "text", "meta_data": "object", "content": "list"}
        self.found.fields("events.fields", part, kinds, where="a part")
        if not isinstance(part, dict):
            return
        if isinstance(part.get("model"), str):
            self.found.holds("events.model")
        else:
            new = [name for name in part if "model" in name]
            self.found.differs(
                "events.model", "a part names its model", f"model is missing{f'; new: {new[0]}' if new else ''}"
            )
        self._status("a part's status", part.get("status"))
        if isinstance(role := part.get("role"), str):
            if role in ROLES:
                self.found.holds("events.roles")
            else:
                self.found.differs("events.roles", "role is assistant or tool", f"role is {_short(role)}")
        content = part.get("content")
        for number, item in enumerate(content if isinstance(content, list) else ()):
            if isinstance(item, dict):
                self._content(part, number, item)
            elif item is not None:
                self.found.differs("events.fields", "a part's content holds objects", f"it holds {kind(item)}")

    def _content(self, part: dict[str, Any], number: int, item: dict[str, Any]) -> None:
        name = item.get("type")
        if name in TEXTS:
            value = item.get(TEXTS[name])
            if not isinstance(value, str):
                new = [one for one in item if one not in ("type", "status", "tool_calls", TEXTS[name])]
                came = f"{TEXTS[name]} is {kind(value) if TEXTS[name] in item else 'missing'}"
                self.found.differs(
                    "events.texts",
                    f"the words of a {name} stand in {TEXTS[name]}",
                    f"{came}{f'; new: {", ".join(new)}' if new else ''}",
                )
                return
            self.found.holds("events.texts")
            place = (str(part.get("logic_id") or part.get("id")), name, number)
            self.texts.setdefault(place, []).append((str(part.get("status")), value))
        elif name == "tool_calls":
            self._call(part, item)
        elif name == "image":
            self._image(item)
        elif name in SILENT:
            self.found.holds("events.silent")
            if name == "tool_result" and part.get("status") not in ("error", "failed"):
                self._sources(part)
        else:
            self.unknown = True
            fact = (
                "events.texts"
                if any(
                    isinstance(value, str) and len(value) > 0 and one != "type" and one != "status"
                    for one, value in item.items()
                )
                else "events.silent"
            )
            self.found.differs(
                fact,
                f"types of content: {', '.join((*TEXTS, 'image', 'tool_calls', *sorted(SILENT)))}",
                f"new type: {_short(str(name))}",
            )

    def _call(self, part: dict[str, Any], item: dict[str, Any]) -> None:
        meta = lenient.mapping(part.get("meta_data"))
        if not self.found.fields("events.calls", item, {"tool_calls": "object"}, where="a call"):
            return
        call = item["tool_calls"]
        if not self.found.fields("events.calls", call, {"name": "text", "arguments": "text"}, where="tool_calls"):
            return
        shown = meta.get("show_type")
        if call["name"] == TOOL_NAME:
            if shown == "mc_tool_call":
                self.found.holds("tools.native")
            else:
                self.found.differs("tools.native", "show_type mc_tool_call", f"show_type {_short(str(shown))}")
        elif call["name"] in OWN_TOOLS:
            if shown == "mc_tool_call2":
                self.found.holds("tools.own")
            else:
                self.found.differs("tools.own", "show_type mc_tool_call2", f"show_type {_short(str(shown))}")
            if call["name"] == "finish":
                self.found.holds("events.thinking-end")
        else:
            self.found.differs("tools.own", f"its tools: {', '.join(sorted(OWN_TOOLS))}", "a tool of another name")

    def _image(self, item: dict[str, Any]) -> None:
        images = item.get("image")
        for image in images if isinstance(images, list) else [images]:
            self.found.fields("draw.four", image, {"image_url": "address"}, where="a picture")
            url = str(image.get("image_url")) if isinstance(image, dict) else ""
            if url.startswith("http") and not re.search(r"_\d_0\.", url):
                self.found.differs("draw.four", "the number stands in the address: …_<n>_0.jpg", "it does not")
        if isinstance(item.get("code"), str):
            self.found.holds("draw.prompt")
        else:
            self.found.differs("draw.prompt", "code on the item with the picture", "code is missing")

    def _sources(self, part: dict[str, Any]) -> None:
        meta = lenient.mapping(part.get("meta_data"))
        if isinstance(meta.get("metadata_list"), list):
            return
        if not self.found.fields("events.sources", meta, {"tool_result_extra": "object"}, where="a result's meta_data"):
            return
        extra = meta["tool_result_extra"]
        if not self.found.fields("events.sources", extra, {"search_results": "list"}, where="tool_result_extra"):
            return
        for one in extra["search_results"]:
            kinds = {"url": "text", "title": "text", "snippet": "text", "match_key": "text"}
            if self.found.fields("events.sources", one, kinds, where="a source"):
                self.found.holds("chat.search")
                self.results.append(one)

    # The stream as a whole.

    def _whole(self) -> None:
        found, ended = self.found, not self.exchange.left
        named = self.events[0].get("conversation_id")
        if self.exchange.step == "short":
            if named:
                found.holds("chat.new-conversation")
            elif any(event.get("conversation_id") for event in self.events):
                found.differs("chat.new-conversation", "the first event names the conversation", "a later one does")
        if ended:
            last = self.events[-1].get("status")
            if last == "finish":
                found.holds("events.ends")
            elif last in ("init", None):
                found.differs("events.ends", "the last event's status is finish", f"it is {_short(str(last))}")
        flags = [flag for flag in self.flags if flag is not None]
        if not flags and self.flags:
            found.differs("events.dialect", "meta_data.if_increase_push is true or false", "it is missing")
        elif any(not isinstance(flag, bool) for flag in flags):
            found.differs("events.dialect", "meta_data.if_increase_push is true or false", f"it is {kind(flags[0])}")
        if self.exchange.step != "continue":
            for (_, name, _), steps in self.texts.items():
                self._text(name, steps, flags[-1] if flags and isinstance(flags[-1], bool) else None, ended)

    def _text(self, name: str, steps: list[tuple[str, str]], deltas: bool | None, ended: bool) -> None:
        found = self.found
        growing = [value for status, value in steps if status == "init"]
        whole = [value for status, value in steps if status == "finish"]
        joined = "".join(growing)
        grows = all(two.startswith(one) for one, two in pairwise(growing))
        end = whole[0] if whole else None
        if growing and end is None and ended and not any(status not in STATUSES for status, _ in steps):
            found.differs("events.whole", "a finished part is repeated whole", "it is not")
        if len(set(whole)) > 1:
            found.differs("events.whole", "the whole of a part stays the same", "it changes")
        elif whole:
            found.holds("events.whole")
        if deltas is None or not growing or (end is None and len(growing) < 3):
            return
        as_deltas = not (grows and len(growing) > 1 and len(set(growing)) > 1) if end is None else joined == end
        as_snapshots = grows and (end is None or end.startswith(growing[-1]))
        fact = "events.deltas" if deltas else "events.snapshots"
        if as_deltas if deltas else as_snapshots:
            found.holds(fact, *(() if "events.dialect" in found.different else ("events.dialect",)))
        elif as_snapshots if deltas else as_deltas:
            told, came = ("deltas", "snapshots") if deltas else ("snapshots", "deltas")
            found.differs("events.dialect", f"if_increase_push says {told}", f"the texts are {came} ({name})")
        else:
            found.differs(fact, "the pieces of a text make up its whole", f"they do not ({name})")

    def _of_step(self) -> None:
        step, found = self.exchange.step, self.found
        said = "".join(self._final(steps) for (_, name, _), steps in self.texts.items() if name == "text")
        if step == "search":
            if any(name == "think" for _, name, _ in self.texts) and "chat.pairs" not in found.different:
                found.holds("chat.pairs")
            keys = {one["match_key"] for one in self.results}
            marks = [mark for mark in _MARK.findall(said) if "†" not in mark]
            if keys and marks:
                if any(mark in keys for mark in marks):
                    found.holds("events.marks")
                else:
                    found.differs("events.marks", "marks in the text equal a result's match_key", "they do not")
        if step == "tool":
            form = next((fact for fact, pattern in _FORMS if pattern.search(said)), None)
            if form:
                found.holds(form)
                found.note(f"The declared tool was called in the text ({form}).")
            elif re.search(r"[<\[{(|][^\n]{0,40}" + TOOL_NAME, said):
                found.differs(
                    "tools.mixed", "calls in tags, in invoke, in a fence or as a part", "another form, in the text"
                )
            elif "tools.native" in found.held:
                found.note("The declared tool was called natively.")
        if step == "files" and said:
            found.holds("chat.sees")
        if step == "draw":
            count = len(
                {
                    str(image.get("image_url"))
                    for event in self.events
                    for part in lenient.mappings(event.get("parts"))
                    for item in lenient.mappings(part.get("content"))
                    if item.get("type") == "image"
                    for image in lenient.mappings(item.get("image"))
                }
            )
            if count not in (0, 4):
                found.differs("draw.four", "four pictures come", f"{count} came")
        if step in ("short", "search", "tool") and not self.exchange.left and not self.unknown:
            self._read_by_the_bundle(said)

    def _read_by_the_bundle(self, said: str) -> None:
        """Does the bundle's own reader find the words of the answer."""
        reader = EventReader()
        events = [*reader.feed(self.exchange.body), *reader.close()]
        if said and not events:
            self.found.note(f"{self.exchange.step}: the bundle's reader finds nothing in this answer.")
        if reader.failure is not None:
            self.found.note(f"{self.exchange.step}: the bundle says: {reader.failure.message}")

    @staticmethod
    def _final(steps: list[tuple[str, str]]) -> str:
        whole = [value for status, value in steps if status == "finish"]
        return (
            whole[-1] if whole else max("".join(value for _, value in steps), *(value for _, value in steps), key=len)
        )


def _payload(token: str) -> dict[str, Any] | None:
    try:
        middle = token.split(".")[1]
        found = parsed(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _path(exchange: Exchange) -> str:
    path = exchange.path.partition("?")[0]
    return "/".join(part if not any(sign.isdigit() for sign in part[4:]) else "…" for part in path.split("/"))


def _short(words: str) -> str:
    """Words of the service, too short to hold anything else."""
    return re.sub(r"[0-9A-Za-z_\-]{16,}", "…", words)[:60]
