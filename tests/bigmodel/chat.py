"""`POST /chat/completions` and `POST /tokenizer`."""

import asyncio
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.upstream.call import Call, Reply

from . import checks, demo
from .answer import Answer, Raw, Reasoning, Text, WebSearch, counted, deltas, search
from .answer import Call as ToolCall
from .errors import Refusal, bad, body

type Model = Callable[[dict[str, Any]], Answer]
"""Takes the body of a chat call, and says what to answer."""

LIMIT = 200_000
"""Tokens of the longest prompt."""
LETTERS_PER_TOKEN = 4


class Chat:
    """The chat endpoints."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.clear()

    def clear(self) -> None:
        self._lock = threading.Lock()
        self._scripts: list[tuple[Answer, str | None, int | None]] = []
        self.model: Model | None = None
        self.limit = LIMIT
        self._numbers = itertools.count(1)

    def script(self, answer: Answer, key: str | None, times: int | None) -> None:
        with self._lock:
            self._scripts.append((answer, key, times))

    async def complete(self, call: Call) -> Reply:
        asked = call.json
        checks.chat(asked)
        prompt = prompt_tokens(asked)
        if prompt > self.limit:
            raise Refusal(1261)
        answer = (self._next(call.recorded.account) or self._improvised(asked)).fitted(asked)
        name = f"2026112510000{next(self._numbers):04d}"
        if asked.get("stream"):
            return Stream(call, answer, self._chunks(answer, asked, name, prompt))
        if not await call.pause(answer.before):
            return Stream(call, answer, iter(()))
        return JSONResponse(_completion(answer, asked, name, prompt))

    async def tokenize(self, call: Call) -> Reply:
        checks.tokenizer(call.json)
        count = prompt_tokens(call.json)
        usage = {"prompt_tokens": count, "image_tokens": 0, "video_tokens": 0, "total_tokens": count}
        return JSONResponse({"id": "20261125", "created": int(time.time()), "request_id": "1", "usage": usage})

    def _next(self, key: str | None) -> Answer | None:
        with self._lock:
            for place, (answer, only, times) in enumerate(self._scripts):
                if only in (None, key):
                    self._scripts[place : place + 1] = (
                        [(answer, only, times and times - 1)] if times is None or times > 1 else []
                    )
                    return answer
        return None

    def _improvised(self, asked: dict[str, Any]) -> Answer:
        return self.model(asked) if self.model else demo.answer(asked, self.delay)

    def _chunks(self, answer: Answer, asked: dict[str, Any], name: str, prompt: int) -> Iterator[bytes]:
        head = {"id": name, "created": int(time.time()), "model": asked["model"]}
        if not answer.bare:
            head["object"] = "chat.completion.chunk"
        line_end = b"\r\n" if answer.crlf else b"\n"

        def event(fields: dict[str, Any]) -> bytes:
            written = json.dumps({**head, **fields}, ensure_ascii=False, separators=(",", ":"))
            return b"data: " + written.encode() + line_end * 2

        if answer.empty_choices:
            yield event({"choices": []})
        for delta in deltas(answer, pieces=bool(asked.get("tool_stream"))):
            if isinstance(delta, Raw):
                yield delta.data
            elif "web_search" in delta:
                yield event({"choices": [], **delta})
            else:
                yield event({"choices": [{"index": 0, "delta": delta}]})
        if answer.cut:
            return
        if answer.error is not None:
            yield b"data: " + json.dumps(body(answer.error), ensure_ascii=False).encode() + line_end * 2
            return
        usage = counted(answer, prompt)
        told = {"usage": usage.body()} if usage else {}
        last = {"index": 0, "finish_reason": answer.finish_reason, "delta": {"role": "assistant", "content": ""}}
        yield event({"choices": [last], **({} if answer.usage_apart else told)})
        if answer.usage_apart:
            yield event({"choices": [], **told})
        if answer.done and not answer.stays_open:
            yield b"data: [DONE]" + line_end * 2


def prompt_tokens(asked: dict[str, Any]) -> int:
    """Return how many tokens the prompt of a chat call has."""
    prompt = json.dumps([asked["messages"], asked.get("tools")], ensure_ascii=False)
    prompt = re.sub(r'"url": "[^"]*"', "", prompt)  # Pictures cost by their size, not by letters.
    return len(prompt) // LETTERS_PER_TOKEN


def _completion(answer: Answer, asked: dict[str, Any], name: str, prompt: int) -> dict[str, Any]:
    """Return a whole answer."""
    if answer.error is not None:
        raise Refusal(answer.error)
    if answer.cut:
        raise bad("an answer that is cut has no whole form")
    said = {
        "content": "".join("".join(part.deltas) for part in answer.parts if isinstance(part, Text)),
        "reasoning_content": "".join("".join(part.deltas) for part in answer.parts if isinstance(part, Reasoning)),
    }
    message: dict[str, Any] = {"role": "assistant", **said}
    calls = [part for part in answer.parts if isinstance(part, ToolCall)]
    if calls:
        made = [delta for delta in deltas(Answer(*calls), pieces=False) if not isinstance(delta, Raw)]
        message["tool_calls"] = [call for delta in made for call in delta["tool_calls"]]
    found = [one for part in answer.parts if isinstance(part, WebSearch) for one in search(part)]
    usage = counted(answer, prompt)
    return {
        "id": name,
        "request_id": name,
        "created": int(time.time()),
        "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": answer.finish_reason, "message": message}],
        **({"usage": usage.body()} if usage else {}),
        **({"web_search": found} if found else {}),
    }


class Stream:
    """The response that carries an answer's chunks: pace, gate, cut."""

    def __init__(self, call: Call, answer: Answer, chunks: Iterator[bytes]) -> None:
        self._call = call
        self._answer = answer
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call, answer = self._call, self._answer
        call.watch()
        headers = [(b"content-type", b"text/event-stream;charset=UTF-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._play(send)
        while answer.stays_open and await call.pause(0.1):
            await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})
        gone = call.halt.done() and call.halt.result() == "gone"
        if gone:
            call.finish()
        elif call.halt.done() or (answer.cut and not answer.clean):
            await call.drop()
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _play(self, send: Send) -> None:
        call, answer = self._call, self._answer
        if not await call.pause(answer.before):
            return
        for number, chunk in enumerate(self._chunks):
            if number and answer.delay and not await call.pause(answer.delay):
                return
            if answer.gate is not None:
                await answer.gate.admit(call.halt)
            await asyncio.sleep(0)  # Let other streams have their turn.
            if call.halt.done():
                return
            if b"[DONE]" in chunk:
                call.recorded.done = True
            call.recorded.first_sent = call.recorded.first_sent or time.monotonic()
            if answer.gate is not None:
                answer.gate.passed()
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            call.record.changed()
