"""Model names: what they mean to the service, and how clients find them."""

from typing import Any

import openai
import pytest

from lib.upstreams.chatglm.chat import models
from tests.asking import ask, sent
from tests.bundle import Bundle
from tests.upstream import Account, StandIn

PLAIN, DRAWING = "65940acff94777010aa6b796", "65a232c082ff90a2ad2f15e2"


@pytest.mark.parametrize(
    ("name", "assistant", "expected"),
    [
        ("glm-4", PLAIN, {"chat_mode": "", "is_networking": True}),
        ("glm-4-plus", PLAIN, {"chat_mode": ""}),
        ("glm-4v", PLAIN, {"chat_mode": ""}),
        ("gpt-4o-mini", PLAIN, {"chat_mode": "", "is_networking": True}),
        ("glm-4-zero", PLAIN, {"chat_mode": "thinking", "reasoning_effort": "high"}),
        ("glm-4-think", PLAIN, {"chat_mode": "thinking", "reasoning_effort": "high"}),
        ("unheard-of-think-offline", PLAIN, {"chat_mode": "thinking", "is_networking": False}),
        ("glm-4-deepresearch", PLAIN, {"chat_mode": "deep_research"}),
        ("glm-5.3", PLAIN, {"selected_model": "glm-5.3"}),
        ("glm-5.3-flash-offline-think", PLAIN, {"selected_model": "glm-5.3-flash", "is_networking": False}),
        ("cogview-3-plus", DRAWING, {"is_networking": False}),
        ("a1b2c3d4e5f6a7b8c9d0e1f2", "a1b2c3d4e5f6a7b8c9d0e1f2", {"is_networking": True}),
        ("A1B2C3D4E5F6A7B8C9D0E1F2", PLAIN, {}),
    ],
)
def test_what_a_name_means(
    bundle: Bundle, upstream: StandIn, account: Account, name: str, assistant: str, expected: dict[str, Any]
) -> None:
    assert ask(bundle, account, model=name).model == name
    body = sent(upstream)
    assert body["assistant_id"] == assistant
    assert expected.items() <= body["meta_data"].items()


@pytest.mark.parametrize(
    ("effort", "mode", "upstream_effort"),
    [
        ("none", "", "low"),
        ("minimal", "", "low"),
        ("low", "", "low"),
        ("medium", "thinking", "high"),
        ("high", "thinking", "high"),
        ("xhigh", "deep_thinking", "max"),
        ("max", "deep_thinking", "max"),
    ],
)
def test_the_effort_that_a_client_asks_for(
    bundle: Bundle, upstream: StandIn, account: Account, effort: Any, mode: str, upstream_effort: str | None
) -> None:
    ask(bundle, account, model="glm-5.3", reasoning_effort=effort)
    meta_data = sent(upstream)["meta_data"]
    assert meta_data["chat_mode"] == mode
    assert meta_data.get("reasoning_effort") == upstream_effort


def test_the_web_is_searched_unless_a_client_says_no(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    ask(bundle, account, extra_body={"web_search": False})
    assert sent(upstream)["meta_data"]["is_networking"] is False
    ask(bundle, account, model="glm-4-offline", extra_body={"web_search": True})
    assert sent(upstream)["meta_data"]["is_networking"] is True


def test_clients_find_the_names(bundle: Bundle) -> None:
    client = bundle.client("any")
    names = [model.id for model in client.models.list()]
    assert {"glm-4", "glm-4-plus", "glm-4v", "glm-4-zero", "glm-4-deepresearch", "glm-5.3", "glm-5.3-flash"} <= {*names}
    assert {"cogview-3", "cogvideox", "cogvideox-pro", "glm-4-think"} <= {*names}
    assert [client.models.retrieve(name).id for name in names] == names
    assert client.models.retrieve("a1b2c3d4e5f6a7b8c9d0e1f2").object == "model"
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("gpt-17")
    assert raised.value.code == "model_not_found"


def test_every_listed_name_means_something_of_its_own() -> None:
    assert all(
        name in models.TABLE or models.find(name) != models.Model()
        for name in (model.name for model in models.listed())
    )
