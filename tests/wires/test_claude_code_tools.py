"""The real Claude Code with its tools: on the web service, which writes calls, and on the open platform."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bundle import Bundle
from tests.platforms.claude_code import Run, claude
from tests.upstream import StandIn
from tests.wires.models import Call, Model, Turn, model

pytestmark = pytest.mark.platform

type Ask = Callable[..., Run]


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def ask(tmp_path: Path, work: Path, glm: Model) -> Ask:
    def asked(prompt: str, *options: str, **environ: str) -> Run:
        named = ("--model", "claude-opus-4-8", *options)
        return claude(tmp_path / "home", work, glm.bundle.url, glm.key, prompt, *named, **environ)

    return asked


def test_it_reads_a_file_runs_a_command_and_edits_a_file(ask: Ask, glm: Model, work: Path) -> None:
    poem = work / "poem.txt"
    poem.write_text("Roses are red.\n")
    glm.play(
        Turn("I read it first.", (Call("Read", {"file_path": str(poem)}),)),
        Turn(calls=(Call("Bash", {"command": "echo violets > more.txt; wc -c more.txt", "description": "Count"}),)),
        Turn("Now the change.", (Call("Edit", {"file_path": str(poem), "old_string": "red", "new_string": "blue"}),)),
        Turn("All done."),
    )
    run = ask("Change the poem.")
    assert (run.status, run.said) == (0, "All done.")
    assert poem.read_text() == "Roses are blue.\n"
    first, after_read, after_command, after_edit = glm.asked()
    assert "Change the poem." in first
    assert "Roses are red." in after_read
    assert "8 more.txt" in after_command
    assert "poem.txt" in after_edit.rpartition("more.txt")[2]


def test_it_does_several_things_at_once(ask: Ask, glm: Model, work: Path) -> None:
    for name in ("one", "two"):
        (work / name).write_text(f"This is {name}.\n")
    glm.play(
        Turn("Both.", (Call("Read", {"file_path": str(work / "one")}), Call("Read", {"file_path": str(work / "two")}))),
        Turn("All done."),
    )
    run = ask("Read both files.")
    assert (run.status, run.said) == (0, "All done.")
    assert all(f"This is {name}." in glm.asked()[1] for name in ("one", "two"))


def test_a_tool_that_it_finds_first(ask: Ask, glm: Model) -> None:
    glm.play(
        Turn(calls=(Call("ToolSearch", {"query": "select:TaskStop"}),)),
        Turn("It is there."),
    )
    run = ask("Find the tool.")
    assert (run.status, run.said) == (0, "It is there.")
    before, after = glm.asked()
    assert "task_id" not in before, "an argument of the tool that is to be found"
    assert "task_id" in after
    assert "DeferredToolPlaceholder" not in after


def test_an_agent_of_its_own(ask: Ask, glm: Model) -> None:
    task = {"description": "Count", "prompt": "Count to three.", "subagent_type": "general-purpose"}
    glm.play(
        Turn(calls=(Call("Agent", {**task, "run_in_background": "false"}),)), Turn("One, two, three."), Turn("Counted.")
    )
    run = ask("Let an agent count.")
    assert (run.status, run.said) == (0, "Counted.")
    assert "Count to three." in glm.asked()[1]
    assert "One, two, three." in glm.asked()[2]


def test_a_session_that_grows_too_long_is_compacted_and_goes_on(ask: Ask, glm: Model) -> None:
    def count(start: int) -> Turn:
        return Turn(calls=(Call("Bash", {"command": f"seq {start} {start + 4000}", "description": "Count"}),))

    glm.play(
        *map(count, (10_000, 20_000, 30_000, 40_000)),
        Turn(too_long=True),
        Turn("<analysis>So far.</analysis><summary>Numbers were counted up to 44000.</summary>"),
        Turn("Went on."),
    )
    run = ask("Count to 44000.")
    assert (run.status, run.said) == (0, "Went on.")
    asked = glm.asked()
    assert "Numbers were counted up to 44000." in asked[-1]
    assert len(asked[-1]) < len(asked[3])
