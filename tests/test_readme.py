"""The READMEs and docs/: what in them can be run is run, against the bundle, and what can be checked is checked.

- `sh`, `python` and `js` blocks are run each by itself, with `URL` and `TOKEN` set. Python examples that use a client
  without making one begin as the first example does.
- A `json` or `text` block is the answer of the block before it: it has the same form.
- What cannot be run says why in a comment before it: `<!-- not run: … -->`.
- Each page has a Chinese one with the same blocks, which are run once.
"""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from lib.errors import Error
from lib.settings import Settings
from lib.types.aliases import DEFAULTS, SUFFIXES
from lib.upstreams.chatglm.chat import models
from lib.wires.shared.request import DEFAULT_MODEL
from scripts import demo
from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.endpoints import endpoints
from tests.platforms import npm, pypi
from tests.platforms.claude_code import PROGRAM as CLAUDE
from tests.platforms.codex_cli import PROGRAM as CODEX
from tests.upstream import Account, Answer, StandIn, Text, ToolCallText, Video, media

CHECKOUT = Path(__file__).parent.parent
README = "README.md"
API = "docs/api.md"
DEPLOY = "docs/deploy.md"
ENGLISH = (
    README,
    API,
    DEPLOY,
    "docs/accounts.md",
    "docs/agents.md",
    "docs/troubleshooting.md",
    "docs/migration.md",
)
OTHERS = (
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/protocol.md",
    "docs/performance.md",
    "docs/reliability.md",
    "docs/scale.md",
)
MAX_README_LINES = 250
"""Who wants to know whether this is for them reads no more; the rest has pages of its own."""

SCRIPT_SECONDS = 60.0
"""For one example: the slowest waits for a video."""
PLACEHOLDER = "https://example.com"
"""Where the examples have files; here the stand-in has them."""
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
COMMENTS = {"sh": "#", "python": "#", "nginx": "#", "toml": "#", "js": "//"}
ACCESS_KEY = "an-access-key"
PDF = b"%PDF-1.4\n% a report\n"
SAID = {
    "tools=tools": ([ToolCallText("weather", {"city": "Hangzhou"})], [Text("It is sunny.")]),
    "response_format=City": ([Text('{"name": "Hangzhou", "country": "China"}')],),
}
"""What the model has to say for an example that asks for a form, by what stands in it."""


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    file: str
    line: int
    section: str
    language: str
    code: str
    not_run: str | None
    """Why, if it is not."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def is_answer(self) -> bool:
        return self.language in {"json", "text"}

    @property
    def is_demo(self) -> bool:
        return self.code.startswith("scripts/serve --demo")

    @property
    def runs_agent(self) -> bool:
        return self.code.endswith(" claude") or self.language == "toml"

    def without_comments(self) -> list[str]:
        """The lines of the code, less what is said in words."""
        if (mark := COMMENTS.get(self.language)) is None:
            return self.code.splitlines()
        return [re.sub(rf"(^|\s+){mark} .*$", "", line) for line in self.code.splitlines()]


@dataclass(frozen=True)
class Page:
    """One of the files, read."""

    name: str
    text: str
    headings: list[tuple[int, str]]
    blocks: list[Block]
    prose: list[str]
    """The lines that are in no block."""

    def section(self, *titles: str) -> str:
        """The lines under the heading that is one of `titles`, those of its sub-headings included."""
        lines = iter(self.prose)
        level = next(len(line) - len(line.lstrip("#")) for line in lines if line.lstrip("# ") in titles)
        kept = []
        for line in lines:
            if re.match(rf"#{{1,{level}}} ", line):
                break
            kept.append(line)
        return "\n".join(kept)

    def tables(self) -> list[list[str]]:
        """The rows of each table."""
        return [list(rows) for is_row, rows in groupby(self.prose, key=lambda line: line.startswith("|")) if is_row]


def chinese(name: str) -> str:
    """The Chinese page beside an English one."""
    return name.removesuffix(".md") + ".zh-CN.md"


CHINESE = tuple(map(chinese, ENGLISH))
PAGES = (*ENGLISH, *CHINESE)
BOTH_API = (API, chinese(API))
BOTH_DEPLOY = (DEPLOY, chinese(DEPLOY))


@cache
def read(name: str) -> Page:
    """Read one of the files."""
    text = (CHECKOUT / name).read_text()
    headings: list[tuple[int, str]] = []
    blocks: list[Block] = []
    prose: list[str] = []
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if fence := re.fullmatch(r"```(\w*)", line):
            code = []
            for _, inner in lines:
                if inner == "```":
                    break
                code.append(inner)
            reason = NOT_RUN.fullmatch(prose[-1]) if prose else None
            section = headings[-1][1]
            blocks.append(Block(name, number, section, fence[1], "\n".join(code), reason and reason[1]))
            continue
        if heading := re.fullmatch(r"(#+) (.+)", line):
            headings.append((len(heading[1]), heading[2]))
        prose.append(line)
    return Page(name, text, headings, blocks, prose)


def examples() -> Iterator[Any]:
    """Every block that is run, with the answer that stands behind it, if one does."""
    for name in ENGLISH:
        blocks = read(name).blocks
        for block, after in zip(blocks, [*blocks[1:], None], strict=False):
            if block.is_answer or block.not_run or block.is_demo:
                continue
            answer = after if after is not None and after.is_answer else None
            tools = block.language == "js" or block.code.startswith("llm ") or block.runs_agent
            yield pytest.param(block, answer, id=block.place, marks=[pytest.mark.platform] if tools else [])


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files that the examples read."""
    (tmp_path / "report.pdf").write_bytes(PDF)
    return tmp_path


@pytest.mark.parametrize(("block", "answer"), [*examples()])
def test_it_does_what_it_says(
    block: Block, answer: Block | None, desk: Path, bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    if "$ACCESS_KEY" in block.code:
        held = {"GLM_TOKENS": f"work={account.refresh_token}", "GLM_ACCESS_KEYS": ACCESS_KEY}
        with serve({"GLM_CHATGLM_URL": upstream.url, **held}) as owned:
            try_out(block, answer, desk, owned, upstream, account)
    else:
        try_out(block, answer, desk, bundle, upstream, account)


def try_out(
    block: Block, answer: Block | None, desk: Path, bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    """Run an example, and see what it shows."""
    upstream.site("/report.pdf", PDF, "application/pdf")
    upstream.site("/picture.png", media.picture(1, kind="PNG"), "image/png")
    upstream.video(Video(polls=1))
    for parts in SAID.get(what_it_needs(block.code), ()):
        upstream.script(Answer(*parts))
    code = block.code.replace(PLACEHOLDER, upstream.url)
    keys = {"TOKEN": account.refresh_token, "ACCESS_KEY": ACCESS_KEY}
    keys |= {f"TOKEN{number}": upstream.account().refresh_token for number in (1, 2, 3)}
    environ = {**os.environ, "URL": bundle.url, **keys, "LLM_USER_PATH": str(desk)}
    if block.runs_agent:
        environ |= without_terminal(desk)
    files = set(desk.iterdir())
    done = run(block.language, code, desk, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    if answer is not None:
        check_answer(answer.code, done.stdout)
    else:
        assert done.stdout.strip() or set(desk.iterdir()) - files, "it shows nothing"
        assert not re.search(r'"error": ?\{', done.stdout)


def what_it_needs(code: str) -> str:
    """What stands in an example that asks for a form; empty where it takes any answer."""
    return next((mark for mark in SAID if mark in code), "")


def run(language: str, code: str, desk: Path, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run an example as its reader would."""
    if language == "sh":
        if code.startswith("llm "):
            environ["PATH"] = f"{pypi.need('llm', 'llm').parent}:{environ['PATH']}"
        command = ["sh", "-e", "-c", code]
    elif language == "python":
        if "client." in code and "client = " not in code:
            code = beginning() + code
        command = [sys.executable, "-c", code]
    elif language == "toml":
        (desk / "home" / "config.toml").write_text(code.replace("http://127.0.0.1:8000", environ["URL"]))
        command = ["codex"]
    elif language == "js":
        (desk / "node_modules").symlink_to(node_packages("openai") / "node_modules")
        (desk / "example.mjs").write_text(code)
        command = ["node", "example.mjs"]
    else:
        raise AssertionError(f"nobody knows how to run {language!r}")
    return subprocess.run(
        command, cwd=desk, env=environ, capture_output=True, text=True, timeout=SCRIPT_SECONDS, check=False
    )


def without_terminal(desk: Path) -> dict[str, str]:
    """The environment in which `claude` and `codex` are asked one question, with a home of their own and no network."""
    folder, home = desk / "bin", desk / "home"
    for made in (folder, home):
        made.mkdir()
    for name, program, options in (
        ("claude", CLAUDE, "-p"),
        ("codex", CODEX, "exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox"),
    ):
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec "{node_packages(name) / program}" {options} "Hello! Who are you?"\n')
        command.chmod(0o755)
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1",
    }


def node_packages(name: str) -> Path:
    """The folder with a set of Node.js packages; skips the test where they cannot be had."""
    try:
        return npm.install(name)
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the package {name} is needed on CI: {reason}")
        pytest.skip(f"the package {name} is not available: {reason}")


def beginning() -> str:
    """The statements that every Python example begins with: those of the first, up to its client."""
    first = next(block for block in read(API).blocks if block.language == "python")
    return first.code[: first.code.index("\n", first.code.index("client = ")) + 1]


def check_answer(documented: str, given: str) -> None:
    """See that an answer has the documented form: the same fields at the same places."""
    if documented.startswith("data: "):
        events = [form(event) for event in given.split("\n\n") if event]
        assert given.endswith("data: [DONE]\n\n")
        for event in documented.split("\n\n"):
            assert form(event) in events
    elif documented.startswith("{"):
        assert form(given) == form(documented)
    else:
        assert given.strip() == documented


def form(text: str) -> Any:
    """What an answer is made of: of a list, that of its first value; of a value, its type."""
    data = text.removeprefix("data: ")
    return data if data == "[DONE]" else _form(json.loads(data))


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _form(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_form(inner) for inner in value[:1]]
    return type(value).__name__


def test_the_demo_does_what_the_first_screen_says(unused_port: int) -> None:
    block = next(block for block in read(README).blocks if block.is_demo)
    made, pinned = CHECKOUT / ".venv" / "dev.txt", CHECKOUT / "requirements" / "dev.txt"
    # Else the command would make the environment anew that this test runs in.
    assert made.read_text() == pinned.read_text(), "run scripts/setup first"
    command = block.without_comments()[0].split()
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env={**os.environ, "PORT": str(unused_port)}, stdout=subprocess.PIPE, text=True
    )
    killer = threading.Timer(SCRIPT_SECONDS, process.kill)
    killer.start()
    assert process.stdout is not None
    with process:
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith("Stop with"):
                break
        page = httpx.get(f"http://127.0.0.1:{unused_port}").text
        printed = "".join(output)
        token, api_key = (
            re.search(rf"^{look}$", printed, re.MULTILINE) for look in (r"http://\S+/#key=(eyJ\S+)", r"(\w{32}\.\w+)")
        )
        assert token
        assert api_key
        served_by = [served(f"http://127.0.0.1:{unused_port}", key[1]) for key in (token, api_key)]
        process.send_signal(signal.SIGTERM)
    killer.cancel()
    assert f"export URL=http://127.0.0.1:{unused_port}" in printed
    assert re.search(r"^Answer: \S", printed, re.MULTILINE)
    assert f"export TOKEN={token[1]}\n" in printed
    assert ["chatglm.cn" in words for words in served_by] == [True, False]
    assert ["open platform" in words for words in served_by] == [False, True]
    assert "<html" in page


def test_the_demo_keeps_its_keys_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "KEPT", tmp_path / "demo.json")
    given = set()
    for _ in range(2):
        with StandIn() as upstream, Platform() as platform:
            given.add(demo.keys(upstream, platform))
            with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
                answer = httpx.post(f"{bundle.url}/token/check", json={"token": next(iter(given))[0]}, timeout=30)
                assert answer.json()["live"] is True
    assert len(given) == 1


def served(url: str, key: str) -> str:
    """What the demo answers to a key."""
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    return str(answer.json()["choices"][0]["message"]["content"])


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# --- Both say the same


@pytest.mark.parametrize("name", ENGLISH)
def test_headings_are_the_same(name: str) -> None:
    mine, other = ([level for level, _ in read(page).headings] for page in (name, chinese(name)))
    assert mine == other


@pytest.mark.parametrize("name", ENGLISH)
def test_blocks_are_the_same_but_for_their_comments(name: str) -> None:
    english, other = (
        [(block.language, block.without_comments(), bool(block.not_run)) for block in read(page).blocks]
        for page in (name, chinese(name))
    )
    for mine, its in zip(english, other, strict=True):
        assert mine == its


@pytest.mark.parametrize("name", ENGLISH)
def test_tables_have_the_same_rows(name: str) -> None:
    english, other = read(name).tables(), read(chinese(name)).tables()
    assert len(english) == len(other)
    for mine, its in zip(english, other, strict=True):
        assert [row.count("|") for row in mine] == [row.count("|") for row in its], mine[0]


@pytest.mark.parametrize("name", ENGLISH)
def test_names_and_links_are_the_same(name: str) -> None:
    """Words differ; what is written as code does not, nor where links lead to outside."""
    for pattern in (r"`([^`]+)`", r"\]\((https?://[^)]+)\)"):
        english, other = (set(re.findall(pattern, "\n".join(read(page).prose))) for page in (name, chinese(name)))
        assert english == other


@pytest.mark.parametrize("name", [README, chinese(README)])
def test_the_readme_is_short(name: str) -> None:
    assert len(read(name).text.splitlines()) <= MAX_README_LINES


# --- What they say is so


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_links_lead_somewhere(name: str) -> None:
    prose = "\n".join(read(name).prose)
    for link in re.findall(r"\]\(([^)]+)\)", prose) + re.findall(r'src="([^"]+)"', prose):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        assert ((CHECKOUT / name).parent / file).exists(), link
        if anchor:
            page = (CHECKOUT / name).parent / file if file else CHECKOUT / name
            headings = read(str(page.resolve().relative_to(CHECKOUT))).headings
            assert anchor in {slug(title) for _, title in headings}, link


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_places_in_the_code_are_there(name: str) -> None:
    for file, definition in re.findall(r"`((?:api|lib|tests)/[\w/]+\.py)(?::(\w+))?`", read(name).text):
        assert (CHECKOUT / file).is_file(), file
        if definition:
            assert definition in definitions(CHECKOUT / file), f"{file} has no {definition}"


def test_every_path_of_the_service_is_in_the_protocol() -> None:
    used = {
        node.value
        for file in (CHECKOUT / "lib").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/chatglm/")
    }
    assert used
    assert not [path for path in used if path not in read("docs/protocol.md").text]


def definitions(file: Path) -> set[str]:
    """The names that stand at the top level of a module."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def slug(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("pages", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_blocks_set_the_variables_that_they_use(pages: tuple[str, ...]) -> None:
    code = [block.code for name in pages for block in read(name).blocks]
    used = {match for one in code for match in re.findall(r"\$\{?([A-Z_]+)", one)}
    set_here = {match for one in code for match in re.findall(r"(?:^|export )([A-Z_]+)=", one)}
    assert used - {"TOKEN1", "TOKEN2", "TOKEN3"} <= set_here


@pytest.mark.parametrize("name", BOTH_DEPLOY)
def test_every_setting_is_there_and_no_other(name: str) -> None:
    section = read(name).section("Settings", "配置")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|", section, re.MULTILINE))
    assert sorted(rows) == sorted([*known_settings(), "PORT"])
    for variable, default in rows.items():
        if value := re.fullmatch(r"`(.+)`", default.strip()):
            assert Settings.read({variable: value[1]}) == Settings(), f"the default of {variable} is another"


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_no_setting_is_named_that_is_none(name: str) -> None:
    assert set(re.findall(r"\bGLM_[A-Z_]+", read(name).text)) <= known_settings()


def known_settings() -> set[str]:
    """The variables that `lib/settings.py` reads."""
    return set(re.findall(r"`(GLM_\w+)`", (CHECKOUT / "lib" / "settings.py").read_text()))


@pytest.mark.parametrize("name", BOTH_API)
def test_every_endpoint_is_there_and_no_other(name: str) -> None:
    documented = set(re.findall(r"`((?:GET|POST|DELETE) /[^` ]*)`", "\n".join(map("\n".join, read(name).tables()))))
    served = {f"{method} {path}" for method, path in endpoints()}
    assert documented == {*served, "GET /"}


@pytest.mark.parametrize("name", BOTH_API)
def test_every_error_is_there_and_no_other(name: str) -> None:
    table = read(name).section("Errors", "错误")
    rows = {(int(status), code) for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", table, re.MULTILINE)}
    documented = {code for _, code in rows}
    assert codes() <= documented
    sources = "".join(file.read_text() for folder in ("api", "lib") for file in (CHECKOUT / folder).rglob("*.py"))
    assert not [code for code in documented if f'"{code}"' not in sources]
    assert {(error.status, error.code) for error in subclasses(Error)} <= rows


def subclasses(error: type[Error]) -> Iterator[type[Error]]:
    """`error` and all that are made from it."""
    yield error
    for child in error.__subclasses__():
        yield from subclasses(child)


def codes() -> set[str]:
    """Every code that the source names: in a class of an error, or where one is raised."""
    found = {str(error.code) for error in subclasses(Error)}
    for folder in ("api", "lib"):
        for file in (CHECKOUT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                    found.add(str(node.value.value))
    return found


@pytest.mark.parametrize("name", BOTH_API)
def test_every_model_is_there_and_no_other(name: str) -> None:
    table = read(name).section("Models", "模型")
    ours = re.findall(r"^\| (`[^|]+) \|", table.partition("| `claude")[0], re.MULTILINE)
    documented = {model for row in ours for model in re.findall(r"`([^`]+)`", row)}
    assert documented == set(models.TABLE)
    assert f"`{DEFAULT_MODEL}`" in table
    assert all(f"`{suffix}`" in table for suffix in SUFFIXES)


@pytest.mark.parametrize("name", BOTH_API)
def test_every_alias_is_there(name: str) -> None:
    section = read(name).section("Models", "模型")
    rows = re.findall(
        r"^\| ((?:any other |其他 )?`(?:claude|gemini|opus)[^|]+) \| `([^`]+)` \|$", section, re.MULTILINE
    )
    documented = {(pattern, means) for names, means in rows for pattern in re.findall(r"`([^`]+)`", names)}
    assert documented == set(DEFAULTS)


@pytest.mark.parametrize("name", BOTH_DEPLOY)
def test_the_functions_on_lambda_are_as_said(name: str) -> None:
    service = yaml.safe_load((CHECKOUT / "serverless.yml").read_text())
    row = re.compile(r"^\| `(\w+)` \| [^|]+ \| (\d+) s \| (\d+) MB \| (\S+) \|$", re.MULTILINE)
    documented = {
        function: (int(timeout), int(memory), streams in {"yes", "是"})
        for function, timeout, memory, streams in row.findall(read(name).text.replace(" 秒 |", " s |"))
    }
    assert documented == {
        function: (
            facts["timeout"],
            facts.get("memorySize", service["provider"]["memorySize"]),
            facts["url"] is not True and facts["url"]["invokeMode"] == "RESPONSE_STREAM",
        )
        for function, facts in lambda_functions(service).items()
    }
    known = set(re.findall(r"param:(\w+)", (CHECKOUT / "serverless.yml").read_text()))
    assert set(re.findall(r"--param (\w+)=", read(name).text)) == known


def lambda_functions(service: dict[str, Any]) -> dict[str, Any]:
    """Every function that may be deployed: those that are named, and those that a parameter adds."""
    named = service["functions"]
    if isinstance(named, dict):
        return named
    added = service["custom"]["functions"].values()
    return {
        name: facts
        for some in [*filter(lambda one: isinstance(one, dict), named), *added]
        for name, facts in some.items()
    }


@pytest.mark.parametrize("name", BOTH_DEPLOY)
def test_the_functions_on_vercel_are_as_said(name: str) -> None:
    settings = json.loads((CHECKOUT / "vercel.json").read_text())
    [functions] = settings["functions"].values()
    section = read(name).section("On Vercel", "部署到 Vercel")
    assert str(functions["maxDuration"]) in section
    assert settings["regions"] == ["hkg1"]
    assert "Hong Kong" in section or "香港" in section


@pytest.mark.parametrize("name", ENGLISH)
def test_what_is_not_run_is_what_cannot_be(name: str) -> None:
    """Nothing that calls the bundle is passed over, and every answer has its question."""
    for block, after in pairwise(read(name).blocks):
        assert not after.is_answer or not (block.is_answer or block.not_run), after.place
    skipped = [block for block in read(name).blocks if block.not_run]
    assert not [block.place for block in skipped if '"$URL' in block.code]


def test_the_tools_are_here() -> None:
    assert shutil.which("curl"), "the examples need curl"
