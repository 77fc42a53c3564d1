"""The real Codex at work, with the stand-ins as its model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.asking import sent_text
from tests.bundle import Bundle, serve
from tests.platforms.codex import KEY_FROM_ENVIRONMENT, Run, codex
from tests.upstream import LIMITED_MESSAGE, Account, Answer, Error, StandIn, Text, Think
from tests.wires.models import Call, Model, Turn, model

pytestmark = pytest.mark.platform

type Ask = Callable[..., Run]

PATCH = '*** Begin Patch\n*** Add File: hello.txt\n+hello "world"\n*** End Patch'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def ask(tmp_path: Path, work: Path, bundle: Bundle, account: Account) -> Ask:
    """Gives it a prompt, on the web service."""

    def asked(prompt: str, **options: str) -> Run:
        named = {"model": "glm-5.3", **options}
        return codex(tmp_path / "home", work, bundle.url, account.refresh_token, prompt, **named)

    return asked


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


@pytest.fixture
def agent(tmp_path: Path, work: Path, glm: Model) -> Ask:
    """Gives it a prompt, on either service."""

    def asked(prompt: str, **options: str) -> Run:
        return codex(tmp_path / "home", work, glm.bundle.url, glm.key, prompt, model="glm-5.3", **options)

    return asked


def test_it_answers(ask: Ask, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
    run = ask("Laugh.")
    assert (run.status, run.said) == (0, "ha ha haha")
    assert "Laugh." in sent_text(upstream)
    assert len(upstream.requests("chat")) == 1


def test_it_takes_the_list_of_models_without_a_warning(ask: Ask, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Fine.")))
    run = ask("Hello", model="glm-5.3-flash")
    assert run.said == "Fine."
    told = run.errors.replace("could not create PATH aliases", "")  # Of a home in a temporary folder.
    assert "Model metadata" not in told
    assert "ERROR" not in told
    assert "apply_patch" in sent_text(upstream)


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


def test_it_says_what_is_wrong_with_the_key(ask: Ask, account: Account) -> None:
    account.kill()
    run = ask("Hello")
    assert run.status == 1
    assert "Log in at chatglm.cn" in run.errors


def test_it_does_not_repeat_what_only_the_deployer_can_mend(tmp_path: Path, work: Path) -> None:
    with serve({"GLM_TOKENS": "token-without-access-keys"}) as misconfigured:
        run = codex(tmp_path / "home", work, misconfigured.url, "key", "Hello", model="glm-5.3")
        asked = [line for line in misconfigured.log() if line.get("path") == "/v1/responses"]
    assert run.status == 1
    assert "GLM_ACCESS_KEYS" in run.errors
    assert len(asked) < 10


def test_it_runs_a_command_applies_a_patch_and_answers(agent: Ask, glm: Model, work: Path) -> None:
    glm.play(
        Turn("I look first.", (Call("exec_command", {"cmd": "echo one; echo two"}),)),
        Turn(calls=(Call("apply_patch", {"input": PATCH}),)),
        Turn("All done."),
    )
    run = agent("Say hello.")
    assert (run.status, run.said) == (0, "All done."), run.errors
    assert (work / "hello.txt").read_text() == 'hello "world"\n'
    first, after_command, after_patch = glm.asked()
    assert "Say hello." in first
    assert "one" in after_command.rpartition("I look first.")[2]
    assert "A hello.txt" in after_patch


def test_it_works_without_the_list_of_models_too(agent: Ask, glm: Model) -> None:
    glm.play(Turn(calls=(Call("exec_command", {"cmd": "echo $((40 + 2))"}),)), Turn("It is 42."))
    run = agent("What is 40 + 2?", key_from=KEY_FROM_ENVIRONMENT)
    assert (run.status, run.said) == (0, "It is 42."), run.errors
    assert "42" in glm.asked()[1]


def test_a_tool_in_a_namespace(agent: Ask, glm: Model) -> None:
    glm.play(
        Turn(calls=(Call("multi_agent_v1__spawn_agent", {"message": "Count to three."}),)),
        *[Turn("One, two, three.")] * 2,
        Turn("Counted."),
    )
    run = agent("Let an agent count.")
    assert run.status == 0, run.errors
    assert any("agent_id" in asked for asked in glm.asked())
