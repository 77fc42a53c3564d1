"""The real Codex without a model of ours: its own newest one, in the lite form, whose tools stand in the input."""

from pathlib import Path

import pytest

from tests.bundle import Bundle
from tests.platforms import codex_cli
from tests.platforms.codex_cli import codex
from tests.upstream import StandIn
from tests.wires.models import Call, Turn, model

pytestmark = pytest.mark.platform


def test_its_own_newest_model_runs_a_program(
    tmp_path: Path, upstream: StandIn, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codex_cli, "CONFIG", codex_cli.CONFIG.replace('model = "{model}"\n', ""))
    program = 'const r = await tools.exec_command({cmd: "echo $((40 + 2))"});\ntext(r.output);'
    with model("chatglm", upstream, bundle) as glm:
        glm.play(Turn(calls=(Call("functions__exec", {"input": program}),)), Turn("It is 42."))
        key_from = codex_cli.KEY_FROM_ENVIRONMENT
        run = codex(tmp_path / "home", tmp_path / "work", bundle.url, glm.key, "Add.", model="", key_from=key_from)
        assert (run.status, run.said) == (0, "It is 42."), run.errors
        assert "42" in glm.asked()[1].rpartition("exec_command")[2]
