"""The open platform's facts: cheap calls by an API key, as plain as they can be."""

import asyncio
import time
from typing import Any

import httpx

from lib import settings
from lib.http.clients import service_client
from lib.invocation.reports import Redactor, headers
from scripts.verification.exchange import Exchange, parsed
from scripts.verification.facts import Findings, kind

MODEL = "glm-5.3-flash"
PLAN = (
    "list the models",
    "one short answer, whole",
    "the same, streamed",
    "an answer that should call a tool",
    "ask with thinking switched off, which should be refused",
    "ask with effort medium, which should be refused",
    "ask for more tokens than there may be, which should be refused",
    "ask glm-5.3[1m], which should be refused",
    "ask a model that does not exist, which should be refused",
    "ask in the role developer, which should be refused",
    "ask with a wrong key, which should be refused",
)
MOST_CALLS = 12
_TOOL = {
    "type": "function",
    "function": {
        "name": "find_room",
        "description": "Says where a person's room is.",
        "parameters": {"type": "object", "properties": {"person": {"type": "string"}}, "required": ["person"]},
    },
}
REFUSED = {
    "disabled": ("platform.always-thinks", 400, ("1210",)),
    "medium": ("platform.effort", 400, ("1210",)),
    "cap": ("platform.cap", 400, ("1210",)),
    "1m": ("platform.1m", 400, ("1211", "1214")),
    "no model": ("platform.no-model", 400, ("1211",)),
    "developer": ("platform.role", 400, ("1214",)),
    "wrong key": ("platform.key", 401, ("1000", "1001", "1002", "1003", "1004", "1005")),
}
"""What is refused, and how."""


def _chat(text: str = "Say the word yes.", **fields: Any) -> dict[str, Any]:
    asked = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 200,
        "reasoning_effort": "low",
    }
    return {name: value for name, value in (asked | fields).items() if value is not None}


def _steps() -> list[tuple[str, dict[str, Any] | None]]:
    return [
        ("platform models", None),
        ("answer", _chat()),
        ("stream", _chat(stream=True)),
        ("platform tool", _chat("In which room is Ada? Use the tool.", tools=[_TOOL])),
        ("disabled", _chat(thinking={"type": "disabled"}, reasoning_effort=None)),
        ("medium", _chat(reasoning_effort="medium")),
        ("cap", _chat(max_tokens=131_073)),
        ("1m", _chat(model="glm-5.3[1m]")),
        ("no model", _chat(model="glm-does-not-exist")),
        (
            "developer",
            _chat(messages=[{"role": "developer", "content": "Be short."}, {"role": "user", "content": "Yes?"}]),
        ),
        ("wrong key", _chat()),
    ]


async def run(key: str, pause: float) -> tuple[list[Exchange], str]:
    """Make the calls; the exchanges, and why there were no more."""
    base = settings.current().platform_url
    exchanges: list[Exchange] = []
    wrong = key[:-4] + ("aaaa" if not key.endswith("aaaa") else "bbbb")
    async with service_client() as client:
        for step, body in _steps():
            if exchanges:
                await asyncio.sleep(pause)
            exchange = await _ask(client, base, wrong if step == "wrong key" else key, step, body)
            exchanges.append(exchange)
            if exchange.status is None:
                return exchanges, f"the platform was not reached ({exchange.failure})."
            if step != "wrong key" and (why := _hopeless(exchange)):
                return exchanges, why
    return exchanges, ""


async def _ask(client: httpx.AsyncClient, base: str, key: str, step: str, body: dict[str, Any] | None) -> Exchange:
    method, path = ("GET", "/models") if body is None else ("POST", "/chat/completions")
    exchange, started = Exchange(step, method, path), time.monotonic()
    try:
        async with client.stream(
            method,
            base + path,
            json=body,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "en-US,en"},
            timeout=120.0,
        ) as response:
            exchange.status = response.status_code
            exchange.headers = headers(response.headers, Redactor())
            async for piece in response.aiter_bytes():
                exchange.pieces.append((time.monotonic() - started, piece))
    except httpx.HTTPError as error:
        exchange.failure = type(error).__name__
    exchange.seconds = time.monotonic() - started
    return exchange


def _hopeless(exchange: Exchange) -> str:
    code = _error(exchange)[0]
    if exchange.status == 401:
        return "the platform refuses this key."
    if code in ("1113", "1112", "1121", "1308", "1309", "1310", "1313"):
        return f"the platform refuses this account for now ({code}): no balance, or its limit is reached."
    return ""


def _error(exchange: Exchange) -> tuple[str, Any]:
    body = parsed(exchange.body)
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else body.get("code") if isinstance(body, dict) else None
    return str(code or ""), body


def check(exchanges: list[Exchange]) -> Findings:
    """All of them held against the facts."""
    findings = Findings()
    for exchange in exchanges:
        if exchange.status is None:
            findings.note(f"{exchange.step}: no answer ({exchange.failure}).")
        elif exchange.step in REFUSED:
            _refused(findings, exchange)
        else:
            _answered(findings, exchange)
    return findings


def _refused(found: Findings, exchange: Exchange) -> None:
    fact, status, codes = REFUSED[exchange.step]
    code, body = _error(exchange)
    believed = f"HTTP {status}, code {' or '.join(codes[:2])}"
    if exchange.status in (429, 500, 502, 503):
        found.note(f"{exchange.step}: HTTP {exchange.status}, code {code}: try again later.")
        return
    if exchange.status == status and code in codes:
        found.holds(fact)
    else:
        came = "an answer" if exchange.status == 200 else f"HTTP {exchange.status}, code {code[:8] or 'none'}"
        found.differs(fact, believed, came)
    if exchange.status != 200:
        _shape(found, body)


def _shape(found: Findings, body: Any) -> None:
    if found.fields("platform.error", body, {"error": "object"}):
        found.fields("platform.error", body["error"], {"code": "text", "message": "text"}, where="error")


def _answered(found: Findings, exchange: Exchange) -> None:
    fact = {"platform models": "platform.models", "answer": "platform.answer", "stream": "platform.stream"}.get(
        exchange.step, "platform.tools"
    )
    code, body = _error(exchange)
    if exchange.status in (401, 429, 500, 502, 503):
        _shape(found, body)
        found.note(f"{exchange.step}: HTTP {exchange.status}, code {code}.")
        if exchange.status == 401:
            found.holds("platform.key")
        return
    if exchange.status != 200:
        found.differs(fact, f"it is answered ({exchange.step})", f"HTTP {exchange.status}, code {code[:8] or 'none'}")
        return
    if exchange.step == "platform models":
        if found.fields(fact, body, {"data": "list"}):
            for model in body["data"]:
                found.fields(fact, model, {"id": "text"}, where="a model")
            if MODEL not in [model.get("id") for model in body["data"] if isinstance(model, dict)]:
                found.differs(fact, f"{MODEL} is listed", "it is not")
    elif exchange.step == "stream":
        _stream(found, exchange)
    else:
        _message(found, exchange.step, body)


def _message(found: Findings, step: str, body: Any) -> None:
    kinds = {"id": "text", "model": "text", "choices": "list", "usage": "object"}
    if not found.fields("platform.answer", body, kinds) or not body["choices"]:
        return
    choice = body["choices"][0]
    if not found.fields("platform.answer", choice, {"finish_reason": "text", "message": "object"}, where="a choice"):
        return
    kinds = {"prompt_tokens": "number", "completion_tokens": "number", "total_tokens": "number"}
    found.fields("platform.answer", body["usage"], kinds, where="usage")
    message = choice["message"]
    if step == "answer":
        found.fields(
            "platform.answer", message, {"content": "text", "reasoning_content?": "text or null"}, where="message"
        )
        if choice["finish_reason"] not in ("stop", "length", "sensitive"):
            found.differs("platform.answer", "finish_reason stop", choice["finish_reason"][:20])
    elif message.get("tool_calls"):
        for call in message["tool_calls"]:
            if found.fields(
                "platform.tools", call, {"id": "text", "type": "text", "function": "object"}, where="a call"
            ):
                kinds = {"name": "text", "arguments": "text"}
                found.fields("platform.tools", call["function"], kinds, where="function")
        if choice["finish_reason"] != "tool_calls":
            found.differs("platform.tools", "finish_reason tool_calls", choice["finish_reason"][:20])


def _stream(found: Findings, exchange: Exchange) -> None:
    lines = [line.strip() for line in exchange.body.decode("utf-8", "replace").splitlines() if line.strip()]
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    chunks = [parsed(one.encode()) for one in data if one != "[DONE]"]
    if not chunks or not all(isinstance(one, dict) for one in chunks):
        found.differs("platform.stream", "data: lines of JSON", "others")
        return
    if data[-1] != "[DONE]":
        found.differs("platform.stream", "data: [DONE] at the end", "it is missing")
    for chunk in chunks:
        if not isinstance(chunk.get("choices"), list | None.__class__):
            found.differs("platform.stream", "choices is a list", f"it is {kind(chunk.get('choices'))}")
        for choice in chunk.get("choices") or ():
            if not isinstance(choice.get("delta"), dict):
                found.differs("platform.stream", "choices[].delta", "it is missing")
    if not isinstance(chunks[-1].get("usage"), dict):
        found.differs("platform.stream", "usage in the last chunk", "it is missing")
    if "platform.stream" not in found.different:
        found.holds("platform.stream")
