"""`scripts/verify` names each difference and nothing else, leaves nothing behind, and writes nothing of anybody."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from lib import settings
from lib.http.clients import service_client
from lib.invocation.reports import Redactor
from lib.upstreams.chatglm.session.refusal import PHRASES
from scripts.verification import platform
from scripts.verification.calls import MOST_CALLS, Calls
from scripts.verification.checks import check
from scripts.verification.exchange import Exchange, Recorder
from scripts.verification.facts import CONSEQUENCES, Findings, all_facts, consequence
from scripts.verification.replay import played
from tests.bundle import serve
from tests.server import Server
from tests.upstream import Answer, Cut, Finish, NativeCall, Search, Source, StandIn, Text, Think, ToolCallText, Unknown

CHECKOUT = Path(__file__).parents[1]
CHAT = "/chatglm/backend-api/assistant/stream"

type Change = Callable[[str, bytes], bytes]


class Differing:
    """The stand-in, but what it says is changed, paths have moved, or a call is refused."""

    def __init__(self, stand_in: StandIn) -> None:
        self.app = stand_in.service.app
        self.change: Change = lambda path, body: body
        self.moved: dict[str, str] = {}
        self.refused: dict[str, tuple[int, int, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path in self.moved:
            scope = {**scope, "path": self.moved[path]}
        if path in self.refused:
            status, code, words = self.refused[path]
            body = json.dumps({"status": code, "message": words, "result": {}, "rid": ""}).encode()
            await send(
                {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
            )
            await send({"type": "http.response.body", "body": body})
            return

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                message = {**message, "headers": kept}
            elif message.get("body"):
                message = {**message, "body": self.change(path, message["body"])}
            await send(message)

        await self.app(scope, receive, changed)


@pytest.fixture
def differing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[StandIn, Differing]]:
    with StandIn() as stand_in:
        app = Differing(stand_in)
        server = Server(app)
        stand_in.service.settle(server.url)
        server.start()
        monkeypatch.setenv("GLM_CHATGLM_URL", server.url)
        settings.configured.cache_clear()
        yield stand_in, app
        server.stop()
    settings.configured.cache_clear()


def verified(token: str) -> tuple[Findings, Recorder, str]:
    async def run() -> tuple[Findings, Recorder, str]:
        async with service_client() as client:
            recorder = Recorder(client, MOST_CALLS, 0.0)
            why = await Calls(token, recorder).run()
            return check(recorder.exchanges), recorder, why

    return asyncio.run(run())


def replacing(old: str, new: str, path: str = "") -> Callable[[StandIn, Differing], None]:
    def change(stand_in: StandIn, app: Differing) -> None:
        app.change = lambda where, body: body if path not in where else re.sub(old.encode(), new.encode(), body)

    return change


def moving(path: str) -> Callable[[StandIn, Differing], None]:
    return lambda stand_in, app: app.moved.update({path: "/elsewhere"})


def refusing(path: str, *how: Any) -> Callable[[StandIn, Differing], None]:
    return lambda stand_in, app: app.refused.update({path: how})


def scripting(*parts: Any, **options: Any) -> Callable[[StandIn, Differing], None]:
    def change(stand_in: StandIn, app: Differing) -> None:
        stand_in.script(Answer(*parts, **options), times=None)

    return change


DIFFERENT: dict[str, tuple[Callable[[StandIn, Differing], None], set[str]]] = {
    "nothing": (lambda stand_in, app: None, set()),
    "snapshots, as the flag says": (scripting(Think("Hm", " hm"), Text("a ", "b ", "c"), dialect="snapshots"), set()),
    "a call in the text": (scripting(Text("Well. "), ToolCallText("find_room", {"person": "Ada"})), set()),
    "a native call": (scripting(NativeCall("find_room", {"person": "Ada"}, next_try=None)), set()),
    "a cited search": (
        scripting(Search("a", Source("https://a.example", "A", "a")), Text("It is so【turn0search0】.")),
        set(),
    ),
    "a renamed token": (replacing('"refresh_token"', '"new_refresh_token"', "/refresh"), {"refresh.answer"}),
    "points as a number": (replacing('"left_score":"([0-9.]+)"', r'"left_score":\1'), {"user.points"}),
    "another model": (
        lambda stand_in, app: stand_in.change(models=[{"selected_model": "glm-5.4", "reasoning_efforts": []}]),
        {"chat.models"},
    ),
    "another effort": (replacing('"am_effort":"max"', '"am_effort":"ultra"'), {"chat.pairs"}),
    "a part's id has another name": (replacing('"logic_id"', '"part_id"', CHAT), {"events.fields"}),
    "the flag lies": (scripting(Text("a ", "b ", "c"), dialect="snapshots", increase_push=True), {"events.dialect"}),
    "there is no flag": (scripting(Text("a ", "b ", "c"), increase_push=None), {"events.dialect"}),
    "the whole is another": (scripting(Text("a ", "b ", snapshot="b a c")), {"events.deltas"}),
    "text under another name": (replacing('"type":"text","text":', '"type":"text","value":', CHAT), {"events.texts"}),
    "a new type of content": (scripting(Text("a"), Unknown("hologram", depth=3)), {"events.silent"}),
    "another end": (
        scripting(Text("a "), ending=Finish("completed")),
        {"events.ends"},
    ),
    "a [DONE]": (replacing('(?s)("status":"finish","last_error".*)$', r"\1data: [DONE]\n\n", CHAT), {"events.sse"}),
    "other sources": (replacing('"search_results"', '"results"', CHAT), {"events.sources"}),
    "a moved way to delete": (moving("/chatglm/mainchat-api/conversation/bulk_delete"), {"delete.bulk"}),
    "a moved way to stop": (moving("/chatglm/mainchat-api/stream/stop_stream"), {"stop"}),
    "moved uploads": (moving("/chatglm/productivity-api/file/chat_upload"), {"upload.path"}),
    "a moved user": (moving("/chatglm/user-api/user/info"), {"user.info"}),
    "an upload without its address": (replacing('"file_url"', '"url"', "chat_upload"), {"upload.answer"}),
    "a new refusal of chats": (refusing(CHAT, 400, 40077, "something new"), {"chat.request", "chat.made-up"}),
    "a stricter header": (refusing(CHAT, 400, 40001, "X-Trace-Id is missing"), {"headers.page"}),
    "another secret": (refusing("/chatglm/user-api/user/refresh", 400, 40011, "sign"), {"sign.md5"}),
    "another envelope": (lambda stand_in, app: stand_in.change(envelopes="code"), {"envelope"}),
    "other cookies": (lambda stand_in, app: setattr(stand_in.firewall, "bare", True), set()),
    "fewer videos": (replacing('"video_times"', '"times_left"'), {"video.left"}),
    "no word of the model": (scripting(Text("a ", "b"), model=None), {"events.model"}),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_names_each_difference_and_nothing_else(case: str, differing: tuple[StandIn, Differing]) -> None:
    stand_in, app = differing
    account = stand_in.account()
    change, expected = DIFFERENT[case]
    change(stand_in, app)
    findings, recorder, _ = verified(account.refresh_token)
    assert set(findings.different) == expected, findings.different
    assert stand_in.conversations(account) == []
    written = [one.written(Redactor(PHRASES)) for one in recorder.exchanges]
    again = check([Exchange.read(one) for one in json.loads(json.dumps(written))])
    assert set(again.different) == expected, again.different


def test_stops_for_good_at_the_first_sign_of_risk_control(differing: tuple[StandIn, Differing]) -> None:
    stand_in, _ = differing
    stand_in.risk_control.begin(after=3)
    findings, recorder, why = verified(stand_in.account().refresh_token)
    assert "Risk control" in why
    assert len(recorder.exchanges) == 4
    assert "refusal.risk" in findings.held
    assert not findings.different


def test_command_asks_first_and_writes_nothing_of_the_accounts(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with StandIn() as stand_in:
        account = stand_in.account()
        command = [sys.executable, "-m", "scripts.verification", "--token", account.refresh_token, "--pause", "0"]
        command += ["--report", str(report)]
        environ = {"GLM_CHATGLM_URL": stand_in.url, "PATH": "/usr/bin:/bin"}

        def run(answer: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command, env=environ, cwd=CHECKOUT, input=answer, capture_output=True, text=True, check=False
            )

        refused = run("n\n")
        assert refused.returncode == 2
        assert "at most 14 calls" in refused.stdout
        assert not stand_in.record
        done = run("y\n")
        assert done.returncode == 0, done.stdout + done.stderr
        assert len([one for one in stand_in.record if one.name]) <= 14
        secrets = {account.uid, account.device_id, account.refresh_token, account.newest_refresh_token, "用户_"}
        secrets |= {one.headers.get("Authorization", "").removeprefix("Bearer ") or "-" * 99 for one in stand_in.record}
        secrets |= {
            value.partition("=")[2] or "-" * 99
            for one in stand_in.record
            for value in one.headers.get("Cookie", "").split("; ")
        }
        secrets |= {
            word for one in stand_in.record if one.json for word in re.findall(r"[0-9a-f]{24,}", json.dumps(one.json))
        }
        written = report.read_text() + done.stdout + done.stderr
        assert not [secret for secret in secrets - {"65940acff94777010aa6b796"} if secret in written]
        assert "65940acff94777010aa6b796" not in report.read_text()
        assert not re.search(r"story|Beijing|stand-in for|note of|127\.0\.0\.1", report.read_text())


@pytest.mark.parametrize("report", sorted((CHECKOUT / "tests" / "reports").glob("*.json")), ids=lambda path: path.stem)
def test_reports_play_as_they_did(report: Path) -> None:
    """A report says what differs (`differs`) and what of it fails in the bundle (`errors`, by step)."""
    written = json.loads(report.read_text())
    exchanges = [Exchange.read(one) for one in written["exchanges"]]
    checked = platform.check(exchanges) if written["service"] == "platform" else check(exchanges)
    assert set(checked.different) == set(written.get("differs", ()))
    if written["service"] != "platform":
        assert {one.partition(":")[0] for one in played(exchanges)} == set(written.get("errors", ()))


def test_redaction_keeps_the_shape_and_nothing_else() -> None:
    text = "Dear Zoë,\r\n\n# 标题 one\n- **meet** me at 10:45 in Würzburg; см. файл `a_b.txt` 🙂\n"
    shown = Redactor().text(text)
    assert len(shown) == len(text)
    for one, other in zip(text, shown, strict=True):
        assert one == other if not one.isalnum() else one != other
        assert (one.isupper(), one.isdigit(), one.isspace()) == (other.isupper(), other.isdigit(), other.isspace())
    assert not re.search("Dear|meet|标题|файл|rzburg", shown)


def test_redaction_leaves_no_secret() -> None:
    secrets = [
        "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiJzM2NyM3QtdWlkIn0.c2lnbmF0dXJl",
        "s3cr3t-uid",
        "0123456789abcdef01234567",
        "alice@example.org",
        "https://files.example.org/private/plan.pdf",
        "13800138000",
        "王小明",
        "hunter2-password",
    ]
    body = {
        "result": {secret: secret for secret in secrets},
        "list": secrets,
        "n": 13800138000,
        "deep": [{"text": " ".join(secrets)}],
        "message": "用户 王小明 请求过于频繁",
        "status": 10061,
    }
    raw = json.dumps(body, ensure_ascii=False).encode()
    stream = (
        b"event:message\ndata: "
        + raw
        + b"\n\ndata: "
        + json.dumps(
            {
                "parts": [
                    {"logic_id": secrets[2], "content": [{"type": "text", "text": secrets[-1][:6]}]},
                    {"logic_id": secrets[2], "content": [{"type": "text", "text": secrets[-1]}]},
                ]
            }
        ).encode()
    )
    for shown in (Redactor(PHRASES).body(raw), Redactor(PHRASES).stream(stream), Redactor(PHRASES).body(b"<p>" + raw)):
        assert not [secret for secret in [*secrets, "private", "alice", "hunter"] if secret in shown]
    assert "请求" not in Redactor(()).body(raw)
    assert "频繁" in Redactor(PHRASES).body(raw)


def test_every_fact_has_a_name_and_a_consequence() -> None:
    facts = all_facts()
    assert len(facts) > 120
    checked = re.findall(
        r'"((?:[a-z]+\.)[a-z0-9-]+|envelope|stop|continue)"', (CHECKOUT / "scripts/verification/checks.py").read_text()
    )
    assert {fact for fact in checked if fact in facts}
    assert all(consequence(fact) for fact in checked if fact in facts)
    assert all(any(fact.startswith(name) for fact in facts) for name, _ in CONSEQUENCES)


def test_local_server_keeps_what_it_could_not_understand(tmp_path: Path) -> None:
    with StandIn() as stand_in, serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_REPORTS": str(tmp_path)}) as run:
        account = stand_in.account()
        stand_in.script(Answer(Text("My secret plan"), ending=Cut(after=1, clean=True, resumes=False)), times=None)
        asked = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Tell me the secret plan"}]}
        done = httpx.post(
            f"{run.url}/v1/chat/completions",
            json=asked,
            timeout=30.0,
            headers={"Authorization": f"Bearer {account.refresh_token}"},
        )
        assert done.status_code == 502
        (report,) = tmp_path.glob("report-*.json")
        written = report.read_text()
        assert '"step": "search"' in written
        assert not re.search(f"secret|plan|{account.uid}|eyJ|127.0.0.1", written)
        assert "events.ends" in check([Exchange.read(one) for one in json.loads(written)["exchanges"]]).different
