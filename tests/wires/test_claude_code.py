"""The real Claude Code at work, with the stand-in as its model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.asking import sent_text
from tests.bundle import Bundle
from tests.platforms.claude_code import Run, claude
from tests.upstream import LIMITED_MESSAGE, Account, Answer, Error, StandIn, Text, Think

pytestmark = pytest.mark.platform

type Ask = Callable[..., Run]


@pytest.fixture
def ask(tmp_path: Path, bundle: Bundle, account: Account) -> Ask:
    """Gives it a prompt, with options."""

    def asked(prompt: str, *options: str, model: str = "claude-opus-4-8", **environ: str) -> Run:
        return claude(
            tmp_path / "home",
            tmp_path / "work",
            bundle.url,
            account.refresh_token,
            prompt,
            *("--model", model),
            *options,
            **environ,
        )

    return asked


@pytest.mark.parametrize("model", ["claude-opus-4-8", "glm-5.3-think", "haiku"])
def test_it_answers(ask: Ask, upstream: StandIn, model: str) -> None:
    upstream.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
    run = ask("Laugh.", model=model)
    assert (run.status, run.said) == (0, "ha ha haha")
    assert "Laugh." in sent_text(upstream)
    assert len(upstream.requests("chat")) == 1


def test_it_asks_again_when_it_was_told_to_slow_down(ask: Ask, upstream: StandIn) -> None:
    upstream.fail("chat", status=429, body={"status": 1, "message": LIMITED_MESSAGE}, headers={"Retry-After": "1"})
    upstream.script(Answer(Text("At last.")))
    run = ask("Wait.")
    assert (run.status, run.said) == (0, "At last.")
    assert len(upstream.requests("chat")) == 2


def test_it_asks_again_when_an_answer_broke_off(ask: Ask, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Half an ", "answer"), ending=Error()))
    upstream.script(Answer(Text("A whole answer.")))
    run = ask("Go on.")
    assert (run.status, run.said) == (0, "A whole answer.")


def test_it_says_at_once_what_is_wrong_with_the_key(ask: Ask, upstream: StandIn, account: Account) -> None:
    account.kill()
    run = ask("Hello")
    assert run.status == 1
    assert "Log in at chatglm.cn" in run.said


def test_it_says_that_its_base_url_is_wrong(tmp_path: Path, bundle: Bundle, account: Account) -> None:
    run = claude(tmp_path / "home", tmp_path / "work", f"{bundle.url}/v1", account.refresh_token, "Hello")
    assert run.status == 1
    assert "must not end in /v1" in run.said
