"""What tools cost: reading an answer that may hold calls, and making a prompt of what Claude Code sends."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

from bench.client import ask
from bench.floors import processor_time
from bench.processes import BUNDLE, server, tokens, upstream, used
from bench.streams import FAST, SLOWLY, WARM_UP
from bench.table import Figure, compared
from bench.upstream import CALL, Order
from lib.upstreams.chatglm.chat import prompt
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.shared.request import parse
from tests import captures

CODING_REQUEST: Final = 90_000
"""Bytes of what Claude Code sends with its own tools alone; most of it is what they are for."""

_WRITE: Final = {
    "type": "function",
    "function": {
        "name": "write",
        "description": "Writes a file.",
        "parameters": {"type": "object", "properties": {"content": {"type": "string"}}},
    },
}
_IN_A_CALL: Final = Order("call", 200, 4)


def tools(rounds: int) -> Iterator[Figure]:
    """CPU of the server for an answer with a tool declared and without, and of making a long prompt."""
    section = "Tools: CPU of the server for one answer, against the same stream without tools"
    kinds = [
        ("200 deltas of text, 10 ms apart, 20 at once", SLOWLY, 20),
        ("200 deltas of text, as fast as they come, 8 at once", FAST, 8),
        ("200 deltas of a call, as fast as they come, 8 at once", _IN_A_CALL, 8),
    ]
    with upstream() as behind, server(BUNDLE, behind) as url:
        for name, order, at_once in kinds:
            with_tools, without = _in_turn(url, order, at_once, rounds)
            yield compared(section, name, "ms", with_tools, "ms", without, 1.25)
    section = "Tools: CPU of reading a request and making its prompt"
    yield Figure(section, "90 KB of Claude Code's", _prompt_time(rounds), "ms", at_most=8)


def _in_turn(url: str, order: Order, at_once: int, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of CPU for one answer with a tool and without, round by round."""
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(WARM_UP + rounds):
        for times, fields in zip(spent, ({"tools": [_WRITE]}, {}), strict=True):
            milliseconds = asyncio.run(_spent(url, order, at_once, fields))
            if turn >= WARM_UP:
                times.append(milliseconds)
    return spent


async def _spent(url: str, order: Order, at_once: int, fields: dict[str, Any]) -> float:
    """Raises ValueError where an answer is not the one that was ordered, to the letter."""
    before = await used(url)
    answers = await asyncio.gather(*(ask(url, token, str(order), **fields) for token in tokens(at_once)))
    after = await used(url)
    expected = "".join(order.deltas)
    for answer in answers:
        if order.dialect == "call":
            found = json.loads(answer.arguments)["content"] if fields else answer.text[len(CALL[0]) : -len(CALL[1])]
        else:
            found = answer.text
        if found != expected:
            raise ValueError(f"an answer is wrong: {found!r}")
    return (after["cpu"] - before["cpu"]) / at_once * 1000


def _prompt_time(rounds: int) -> float:
    body = coding_request()
    return processor_time(lambda: asyncio.run(_prompt(body)), rounds + WARM_UP)


async def _prompt(body: bytes) -> str:
    wanted = (await parse(MessageRequest, body)).check().chat_request()
    return prompt.merge(prompt.conversation(wanted))


def coding_request() -> bytes:
    """A request of Claude Code after a call, with its tools' descriptions filled up to `CODING_REQUEST` bytes."""
    body = captures.load("claude-code-after-tool", "").body
    missing = CODING_REQUEST - len(json.dumps(body))
    for tool in body["tools"]:
        tool["description"] += "Use it with care.\n" * (missing // len(body["tools"]) // len("Use it with care.\\n"))
    return json.dumps(body).encode()
