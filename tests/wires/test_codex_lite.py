"""The real Codex with models of its own: the newest in the lite form, and a compaction at the server."""

import json
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


OPENAIS_OWN = """\
model = "gpt-5.5"
openai_base_url = "{url}/v1"
check_for_update_on_startup = false
model_auto_compact_token_limit = 300

[analytics]
enabled = false
#{model}{key}
"""


def test_openais_own_provider_compacts_here(
    tmp_path: Path, upstream: StandIn, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codex_cli, "CONFIG", OPENAIS_OWN)
    home = tmp_path / "home"
    home.mkdir()
    with model("chatglm", upstream, bundle) as glm:
        (home / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": glm.key}))
        glm.play(Turn(calls=(Call("exec_command", {"cmd": "echo hi"}),)), Turn("We said hi."), Turn("Done at last."))
        run = codex(home, tmp_path / "work", bundle.url, glm.key, "Say hi.", model="", key_from="")
        assert (run.status, run.said) == (0, "Done at last."), run.errors
        assert "context compacted" in run.errors
        assert "A summary of this conversation so far" in glm.asked()[-1]
        assert "We said hi." in glm.asked()[-1]
        assert run.errors.count("failed to connect to Responses WebSocket") <= 1
