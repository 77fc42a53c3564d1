"""The real Gemini CLI at work, with the stand-ins as its model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bundle import Bundle
from tests.platforms.gemini_cli import Run, gemini
from tests.upstream import LIMITED_MESSAGE, Account, Answer, Cut, StandIn, Text, media
from tests.wires.models import Call, Model, Turn, model

pytestmark = pytest.mark.platform

type Ask = Callable[..., Run]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


@pytest.fixture
def agent(tmp_path: Path, work: Path, glm: Model) -> Ask:
    return lambda prompt, **options: gemini(tmp_path / "home", work, glm.bundle.url, glm.key, prompt, **options)


def test_a_session_of_ten_turns(agent: Ask, glm: Model, work: Path) -> None:
    """On a small repository: it looks, reads, writes, replaces and runs what it wrote."""
    (work / "README.md").write_text("A project of foxes.\n")
    (work / "p.png").write_bytes(media.picture(1, 30, 30, "PNG"))
    script = str(work / "count.py")
    glm.play(
        Turn("I look.", (Call("list_directory", {"dir_path": str(work)}),)),
        Turn("", (Call("read_file", {"file_path": str(work / "README.md")}),)),
        Turn("", (Call("glob", {"pattern": "*.md"}),)),
        Turn("", (Call("grep_search", {"pattern": "foxes"}),)),
        Turn("I write.", (Call("write_file", {"file_path": script, "content": "print(6 * 7)\n"}),)),
        Turn("", (Call("run_shell_command", {"command": "python3 count.py", "description": "Run it"}),)),
        Turn(
            "",
            (
                Call(
                    "replace",
                    {"file_path": script, "instruction": "Add", "old_string": "6 * 7", "new_string": "6 * 7 + 1"},
                ),
            ),
        ),
        Turn("", (Call("run_shell_command", {"command": "python3 count.py", "description": "Again"}),)),
        Turn("", (Call("read_file", {"file_path": str(work / "p.png")}),)),
        Turn("It counts to 43."),
    )
    run = agent("Count.")
    assert run.status == 0, run.errors
    assert run.said.endswith("It counts to 43.")
    assert (work / "count.py").read_text() == "print(6 * 7 + 1)\n"
    asked = glm.asked()
    assert len(asked) == 10
    for number, words in [(1, "README.md"), (2, "A project of foxes."), (6, "42"), (8, "43")]:
        assert words in asked[number]


def test_its_own_names_of_models_are_answered(agent: Ask, glm: Model) -> None:
    """It asks a small model which one to take, by a schema."""
    glm.play(Turn('{"complexity_reasoning": "Small.", "complexity_score": 5}'), Turn("Fine."))
    run = agent("Hello", model="auto")
    assert run.status == 0, run.errors
    assert "Fine." in run.said


def test_it_asks_again_where_that_can_help(
    tmp_path: Path, work: Path, bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    upstream.fail("chat", status=429, body={"status": 1, "message": LIMITED_MESSAGE}, headers={"Retry-After": "1"})
    upstream.script(Answer(Text("Half an ", "answer"), ending=Cut(after=2, resumes=False)))
    upstream.script(Answer(Text("At last.")))
    run = gemini(tmp_path / "home", work, bundle.url, account.refresh_token, "Wait.")
    assert run.status == 0, run.errors
    assert run.said.endswith("At last.")


def test_it_says_what_is_wrong_with_the_key(tmp_path: Path, work: Path, bundle: Bundle, account: Account) -> None:
    account.kill()
    run = gemini(tmp_path / "home", work, bundle.url, account.refresh_token, "Hello")
    assert run.status != 0
    assert "Log in at chatglm.cn" in run.errors
