"""The page's table of modes and efforts is read once, beside an answer, and gone by from then on."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.asking import ask, sent
from tests.bundle import Bundle, serve
from tests.upstream import Account, Answer, Gate, StandIn, Text


@pytest.fixture
def fresh(upstream: StandIn) -> Iterator[Bundle]:
    """A bundle that has not read the table yet."""
    upstream.change(strict_effort=False)
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        yield bundle


def listed(*pairs: tuple[Any, Any], name: str = "glm-5.3") -> dict[str, Any]:
    return {"selected_model": name, "reasoning_efforts": [{"effort": mode, "am_effort": one} for mode, one in pairs]}


def pairs_sent(bundle: Bundle, upstream: StandIn, account: Account) -> list[tuple[str, str]]:
    """What goes out for no effort, `high` and `max`, once the table has come beside an answer."""
    gate = Gate(after=2)
    upstream.script(Answer(Text("One, ", "two."), gate=gate))
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    stream = bundle.client(account.refresh_token).chat.completions.create(
        model="glm-5.3", messages=messages, stream=True
    )
    upstream.wait_for(lambda: any(call.done for call in upstream.requests("models")))
    gate.release()
    assert [chunk.choices[0].finish_reason for chunk in stream if chunk.choices][-1] == "stop"
    pairs = []
    for effort in ("low", "high", "max"):
        ask(bundle, account, model="glm-5.3", reasoning_effort=effort)
        meta_data = sent(upstream)["meta_data"]
        pairs.append((meta_data["chat_mode"], meta_data["reasoning_effort"]))
    assert len(upstream.requests("models")) == 1
    return pairs


OURS = [("", "low"), ("thinking", "high"), ("deep_thinking", "max")]


@pytest.mark.parametrize(
    ("models", "pairs"),
    [
        ([listed(*OURS)], OURS),
        (
            [listed(("", "low"), ("thinking", "max"), ("zero", "high"))],
            [("", "low"), ("thinking", "max"), ("thinking", "max")],
        ),
        ([listed(*OURS), listed(("", "high"), name="another")], OURS),
        ([listed(("zero", "high"))], [("", "low"), ("zero", "high"), ("deep_thinking", "max")]),
        (
            [listed((None, "low"), ("thinking", ["max"]), (["x"], None))],
            [("", "low"), ("thinking", "max"), ("thinking", "max")],
        ),
        ([{"selected_model": "glm-5.3", "reasoning_efforts": None}], OURS),
        ([{"selected_model": "glm-5.3", "reasoning_efforts": "low"}], OURS),
    ],
)
def test_the_table_is_gone_by(
    fresh: Bundle, upstream: StandIn, account: Account, models: list[Any], pairs: list[tuple[str, str]]
) -> None:
    upstream.change(models=models)
    assert pairs_sent(fresh, upstream, account) == pairs


@pytest.mark.parametrize("refusal", [{"status": 500}, {"status": 404}, {"status": 400, "code": 40012}, {"body": b"[]"}])
def test_where_it_cannot_be_had_ours_is_gone_by(
    fresh: Bundle, upstream: StandIn, account: Account, refusal: dict[str, Any]
) -> None:
    upstream.fail("models", **refusal)
    assert pairs_sent(fresh, upstream, account) == OURS
