"""Who plays the model behind the bundle: each of the services, saying what a test has written down."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import pytest

from tests.bundle import Bundle, serve
from tests.upstream import Answer, Instead, StandIn, Text
from tests.upstream.ending import Ending, Finish

TOO_LONG = json.dumps({"status": 10040, "message": "model response context exceeded", "result": {}}).encode()


class Call(NamedTuple):
    """A call of a tool."""

    name: str
    arguments: Mapping[str, str]


class Turn(NamedTuple):
    """What the model does when it is asked: it says something, calls tools, or finds the prompt too long."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    too_long: bool = False


class Model(Protocol):
    """A service that plays a model."""

    bundle: Bundle
    key: str

    def play(self, *turns: Turn) -> None:
        """Do this, one after the other, when asked."""

    def asked(self) -> list[str]:
        """All texts of each request so far."""


class WebModel:
    """The chatglm.cn web service, which writes its calls into the text."""

    def __init__(self, stand_in: StandIn, bundle: Bundle) -> None:
        self.bundle = bundle
        self.key = stand_in.account().refresh_token
        self._stand_in = stand_in

    def play(self, *turns: Turn) -> None:
        """See `Model.play`."""
        for turn in turns:
            ending: Ending = Instead(200, TOO_LONG, "application/json") if turn.too_long else Finish()
            text = turn.text + "".join(map(_written, turn.calls))
            self._stand_in.script(Answer(Text(*_pieces(text)), ending=ending))

    def asked(self) -> list[str]:
        """See `Model.asked`."""
        return [one.json["messages"][0]["content"][0]["text"] for one in self._stand_in.requests("chat")]


class PlatformModel:
    """The open platform, which has tools of its own."""

    def __init__(self, stand_in: Any, platform: Any, bundle: Bundle) -> None:
        self.bundle = bundle
        self.key = platform.key()
        self._parts = stand_in
        self._platform = platform

    def play(self, *turns: Turn) -> None:
        """See `Model.play`."""
        left = iter([turn for turn in turns if not turn.too_long])
        fails_after = {
            len([one for one in turns[:at] if not one.too_long]) for at, turn in enumerate(turns) if turn.too_long
        }
        answered = 0

        def answer(body: Any) -> Any:
            nonlocal answered
            answered += 1
            turn = next(left)
            if answered in fails_after:
                self._platform.fail("chat", code=1261)
            calls = [self._parts.Call(call.name, dict(call.arguments)) for call in turn.calls]
            return self._parts.Answer(*([self._parts.Text(*_pieces(turn.text))] if turn.text else []), *calls)

        self._platform.play(answer)

    def asked(self) -> list[str]:
        """See `Model.asked`."""
        return [json.dumps(one.json, ensure_ascii=False) for one in self._platform.requests("chat")]


@contextmanager
def model(kind: str, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    """One of them, `chatglm` or `bigmodel`. Skips the test where tools are not there yet."""
    if kind == "chatglm":
        pytest.importorskip("lib.toolcalls.reader")
        yield WebModel(upstream, bundle)
    else:
        pytest.importorskip("lib.upstreams.bigmodel")
        stand_in = pytest.importorskip("tests.bigmodel")
        with stand_in.Platform() as platform, serve({"GLM_PLATFORM_URL": platform.url}) as own:
            yield PlatformModel(stand_in, platform, own)


def _written(call: Call) -> str:
    """A call in the form that GLM is trained on (protocol, "The form GLM is trained on")."""
    arguments = "".join(
        f"<arg_key>{key}</arg_key><arg_value>{value}</arg_value>" for key, value in call.arguments.items()
    )
    return f"<tool_call>{call.name}{arguments}</tool_call>"


def _pieces(text: str) -> list[str]:
    return [text[at : at + 9] for at in range(0, len(text), 9)]
