"""The bundle on Vercel: built by its command line tool, run by its Python runtime, reached by its route table."""

import json
import re
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import source_hash
from pathlib import Path, PurePosixPath

import httpx
import openai
import pytest
from openai import OpenAI, Stream
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from packaging.requirements import Requirement

from api.index import ENDPOINTS
from tests.platforms import npm
from tests.platforms.vercel import Build, Deployment, Routes, StartFailed, build, serve
from tests.platforms.vercel.build import copy, environment
from tests.platforms.vercel.function import Function
from tests.redis_server import free_port
from tests.upstream import Account, Answer, Cut, Gate, StandIn, Text, Think

pytestmark = pytest.mark.platform

CHECKOUT = Path(__file__).parents[1]
FUNCTIONS_ON_HOBBY = 12
SECONDS_ON_HOBBY = 300
DEV_SECONDS = 60.0
SIGTERM_SECONDS = 2.0
"""Half a second on the platform. This machine may have other things to do."""
POLL_ID = "v1.eyJqb2IiOiIxIn0"
ALL = "python"
"""The builder's name of the one function."""


@pytest.fixture(scope="module")
def built() -> Build:
    npm.need("vercel", "vercel")
    return build()


@pytest.fixture(scope="module")
def deployment(built: Build, stand_in: StandIn) -> Iterator[Deployment]:
    with Deployment(built, {"GLM_CHATGLM_URL": stand_in.url}) as running:
        yield running


@pytest.fixture
def client(deployment: Deployment, account: Account) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{deployment.url}/v1", api_key=account.refresh_token, max_retries=0) as official:
        yield official


def ask(client: OpenAI) -> ChatCompletion:
    return client.chat.completions.create(model="glm-4-plus", messages=[{"role": "user", "content": "Tell me."}])


def stream(client: OpenAI) -> Stream[ChatCompletionChunk]:
    return client.chat.completions.create(
        model="glm-4-plus", messages=[{"role": "user", "content": "Tell me."}], stream=True
    )


def texts(chunks: Iterable[ChatCompletionChunk]) -> Iterator[str]:
    """The answer's text, piece by piece."""
    return (choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content)


def pinned(requirements: str = "requirements.txt") -> dict[str, str]:
    """The packages of a compiled requirements file, for the functions' Python and system."""
    text = re.sub(r"\\\n\s*", "", (CHECKOUT / requirements).read_text())
    lines = [re.sub(r"\s+(--hash|#).*", "", line) for line in text.splitlines() if not line.startswith((" ", "#"))]
    found = [Requirement(line) for line in filter(None, lines)]
    return {
        requirement.name: str(requirement.specifier).removeprefix("==")
        for requirement in found
        if requirement.marker is None or requirement.marker.evaluate()
    }


# --- What the builder makes of the checkout --------------------------------------------------------------------------


def test_only_the_public_folder_is_published(built: Build) -> None:
    public = CHECKOUT / "public"
    assert set(built.static) == {path.relative_to(public).as_posix() for path in public.rglob("*") if path.is_file()}
    assert built.static


def test_all_endpoints_are_one_function(built: Build) -> None:
    assert set(built.functions) == {ALL}


def test_functions_run_as_long_as_the_free_plan_lets_them_and_may_stream(built: Build) -> None:
    for function in built.functions.values():
        assert function.config["maxDuration"] == SECONDS_ON_HOBBY
        assert function.config["supportsResponseStreaming"] is True
        assert function.config["supportsCancellation"] is True
        assert function.config["runtime"] == "python3.12"


def test_functions_hold_the_code_and_nothing_else_of_the_checkout(built: Build) -> None:
    code = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in ("api", "lib")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for function in built.functions.values():
        own = {path for path in function.own_files if not path.endswith(".pyc")}
        assert own == code | {"vc__handler__python.py"}


def test_functions_carry_their_byte_code(built: Build) -> None:
    for function in built.functions.values():
        modules = {PurePosixPath(path) for path in function.files if path.endswith(".py") and "/" in path}
        compiled = {f"{path.parent}/__pycache__/{path.stem}.cpython-312.pyc" for path in modules}
        # The first function's runtime may lack what only the builder's version has: see scripts/install-on-vercel.
        missing = {path for path in compiled - function.files.keys() if "_vendor/vercel_runtime" not in path}
        assert not missing


def test_the_byte_code_is_of_the_very_source_that_is_beside_it(built: Build) -> None:
    for function in built.functions.values():
        for module in ("lib/serving/app.py", "_vendor/starlette/routing.py"):
            path = PurePosixPath(module)
            compiled = function.files[f"{path.parent}/__pycache__/{path.stem}.cpython-312.pyc"].read_bytes()
            flags, hashed = struct.unpack_from("<4xI8s", compiled)  # PEP 552
            assert flags == 0b11, "checked by hash"
            assert hashed == source_hash(function.files[module].read_bytes())


def test_functions_hold_exactly_the_pinned_packages(built: Build) -> None:
    for function in built.functions.values():
        packages = dict(function.packages)
        assert packages.pop("vercel-runtime")
        assert packages == pinned()


def test_what_is_built_from_is_uploaded(built: Build) -> None:
    needed = {
        path
        for function in built.functions.values()
        for path in function.own_files
        if path.endswith(".py") and "/" in path
    }
    needed |= {f"public/{path}" for path in built.static}
    needed |= {"vercel.json", "pyproject.toml", "requirements.txt", ".python-version", "scripts/install-on-vercel"}
    assert ignored_by_vercel(needed) == set()
    assert ignored_by_vercel(secrets := {".env", ".git/config", "tests/upstream/jwt.py"}) == secrets


def ignored_by_vercel(paths: set[str]) -> set[str]:
    command = ["git", "-c", "core.excludesFile=.vercelignore", "check-ignore", "--no-index", "--stdin"]
    done = subprocess.run(command, cwd=CHECKOUT, input="\n".join(paths), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.splitlines())


def test_lock_files_name_no_registry() -> None:
    locks = list((CHECKOUT / "tests" / "platforms").glob("*/package-lock.json"))
    assert locks
    for lock in locks:
        assert '"resolved"' not in lock.read_text()


# --- The route table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ping", "/v1/chat/completions", "/v1//models/", "/lib/settings.py", "/.env", "/api"])
def test_what_is_no_file_of_the_page_reaches_the_function(built: Build, path: str) -> None:
    assert built.route(path, "POST").function == ALL


def test_the_root_is_the_page(built: Build) -> None:
    target = built.route("/")
    assert target.static == "index.html"
    assert target.headers["X-Content-Type-Options"] == "nosniff"


def test_the_assets_of_the_page_are_kept_for_ever(built: Build) -> None:
    assets = [path for path in built.static if path.startswith("assets/")]
    assert assets
    for path in assets:
        target = built.route(f"/{path}")
        assert target.static == path
        assert target.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert target.headers["X-Content-Type-Options"] == "nosniff"


def test_a_route_that_is_not_understood_is_refused() -> None:
    table = [{"src": "^/a$", "dest": "/b", "has": [{"type": "host", "value": "x"}]}]
    with pytest.raises(ValueError, match="not modelled: has"):
        Routes(table, [], [])
    with pytest.raises(ValueError, match=r"not modelled: .*request\.path"):
        Routes([{"src": "^/a$", "dest": "/b", "transforms": [{"type": "request.path"}]}], [], [])
    with pytest.raises(ValueError, match="adds a query"):
        Routes([{"handle": "filesystem"}, {"src": "^/a/(.*)$", "dest": "/b?id=$1"}], [], []).resolve("/a/1")


# --- A function for each endpoint, which only those get who ask for it ------------------------------------------------


def rewritten(path: str) -> str:
    """The function that vercel.each.json sends a path to, without headers that say more."""
    rewrites = json.loads((CHECKOUT / "vercel.each.json").read_text())["rewrites"]
    return next(str(one["destination"]) for one in rewrites if "has" not in one and re.fullmatch(one["source"], path))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_an_endpoint_has_a_rewrite_to_its_file(path: str) -> None:
    below = f"{path}/x" if path == "/v1/async-result" else path
    assert rewritten(below) == "/" + ENDPOINTS[path].replace(".", "/")


ODD_PATHS = (
    *("/ping/", "//ping", "/v1", "/v1/", "/v1/models/", "/v1//models/glm-5.3", "/v1/models/glm-5.3/", "/v2/models"),
    *("/v1/chat/completions/", "/v1/chat", "/v1/messages/count_tokens/", "/v1/v1/messages", "/v1/v1/models"),
    *("/v1/responses/x/cancel", f"/v1/videos/generations/{POLL_ID}/", "/v1/videos/generations//x", "/models/glm-5.3"),
    *("/chat/completions", "/token/check/", "/token/send", "/v1/moderations", "/lib/settings.py", "/api/v1/models"),
    *("/v1/models/glm-5.3:generateContent", "/v1beta/models/glm-5.3:generateContent", "/v1/models/a%2Fb", "/.env"),
)


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.anyio
async def test_an_odd_path_is_answered_alike(path: str, method: str) -> None:
    answers = []
    for module in ("api.index", rewritten(path).removeprefix("/").replace("/", ".")):
        app = httpx.ASGITransport(import_module(module).app)
        async with httpx.AsyncClient(transport=app) as client:
            answers.append(await client.request(method, f"https://glm{path}", headers={"x-request-id": "1"}))
    one, each = answers
    assert (one.status_code, one.content) == (each.status_code, each.content)


@pytest.mark.minutes
@pytest.mark.parametrize("builder", ["vercel", "vercel-newest"])
def test_a_function_for_each_endpoint(builder: str, stand_in: StandIn) -> None:
    npm.need(builder, "vercel")
    built = build("vercel.each.json", builder)
    endpoints = {path.relative_to(CHECKOUT).with_suffix("").as_posix() for path in (CHECKOUT / "api").rglob("*.py")}
    assert set(built.functions) == {name for name in endpoints if not Path(name).name.startswith("_")}
    assert ("Hobby plan takes 12" in built.log) == (len(built.functions) > FUNCTIONS_ON_HOBBY)
    assert built.route("/").static == "index.html"
    with Deployment(built, {"GLM_CHATGLM_URL": stand_in.url}) as deployment:
        for path in ("/ping", "/v1/models/", "/openapi.json"):
            assert httpx.get(deployment.url + path).status_code == 200
        assert set(deployment.instances) == {"api/ping", "api/index", "api/openapi"}


@pytest.mark.minutes
def test_the_newest_builder_makes_the_same(built: Build) -> None:
    npm.need("vercel-newest", "vercel")
    newest = build(builder="vercel-newest")
    assert set(newest.functions) == {ALL}
    assert newest.functions[ALL].own_files == built.functions[ALL].own_files
    with serve(newest.functions[ALL]) as instance:
        assert httpx.get(f"{instance.url}/v1/models").status_code == 200


@pytest.mark.minutes
@pytest.mark.parametrize("builder", ["vercel", "vercel-newest"])
def test_vercel_dev_serves_it(builder: str, tmp_path: Path) -> None:
    vercel, port = npm.need(builder, "vercel"), free_port()
    copy(root := tmp_path / "checkout")
    command = [str(vercel), "dev", "--yes", "--local", "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen([*command, "--global-config", str(tmp_path / "config")], cwd=root, env=environment()) as dev:
        try:
            url = f"http://127.0.0.1:{port}"
            answers(f"{url}/ping")
            assert httpx.get(f"{url}/v1/models", timeout=30).status_code == 200
            assert "<html" in httpx.get(url).text
        finally:
            dev.terminate()


def answers(url: str) -> None:
    """Wait until a server is there, and has answered."""
    give_up = time.monotonic() + DEV_SECONDS
    while True:
        try:
            assert httpx.get(url, timeout=30).status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < give_up
            time.sleep(0.1)


# --- One function ----------------------------------------------------------------------------------------------------


def test_a_function_starts_by_itself(built: Build) -> None:
    with serve(built.functions[ALL]) as instance:
        assert httpx.get(f"{instance.url}/ping").text == "pong"
        assert 0 < instance.user_init_duration <= instance.init_duration
        instance.wait_ended(1)


def test_a_function_that_does_not_start_says_why(built: Build, tmp_path: Path) -> None:
    ping = built.functions[ALL]
    (tmp_path / "broken.func").mkdir()
    (tmp_path / "broken.func" / ".vc-config.json").write_text((ping.folder / ".vc-config.json").read_text())
    (tmp_path / "broken.func" / "vc__handler__python.py").write_text("raise SystemExit('no such luck')")
    broken = Function(ping.name, tmp_path / "broken.func", ping.root)
    with pytest.raises(StartFailed, match="no such luck"), serve(broken):
        pass


# --- The deployment, with the official client ------------------------------------------------------------------------


def test_ping_answers(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.url}/ping").text == "pong"


def test_the_models_are_listed(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert "glm-4-plus" in names
    assert client.models.retrieve("glm-4-plus").id == "glm-4-plus"


def test_a_token_is_checked(deployment: Deployment, account: Account) -> None:
    answer = httpx.post(f"{deployment.url}/token/check", json={"token": account.refresh_token}, timeout=30)
    assert answer.json()["live"] is True


def test_an_answer_comes_while_it_is_written(client: OpenAI, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=3)
    upstream.script(Answer(Think("Hm."), Text("Once ", "upon ", "a time"), gate=gate))
    pieces = texts(stream(client))
    first = next(pieces)
    assert gate.sent == 3  # The fourth frame, and all that follow, are still held.
    gate.release()
    assert first + "".join(pieces) == "Once upon a time"
    upstream.wait_for(lambda: upstream.requests("delete", account))
    assert upstream.conversations(account) == []


def test_an_answer_comes_whole(client: OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Once ", "upon ", "a time")))
    answer = ask(client)
    assert answer.choices[0].message.content == "Once upon a time"
    assert answer.choices[0].finish_reason == "stop"


def test_an_answer_fits_the_callers_schema(client: OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text('{"count": "three"}')))
    upstream.script(Answer(Text('{"count": 3}')))
    schema: dict[str, object] = {"properties": {"count": {"type": "integer"}}, "required": ["count"]}
    completion = client.chat.completions.create(
        model="glm-4-plus",
        messages=[{"role": "user", "content": "Count."}],
        response_format={"type": "json_schema", "json_schema": {"name": "counted", "schema": schema}},
    )
    assert json.loads(completion.choices[0].message.content or "") == {"count": 3}


def test_an_unreadable_token_is_an_authentication_error(client: OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask(client.with_options(api_key="nonsense"))


def test_a_dead_token_is_an_authentication_error(client: OpenAI, upstream: StandIn) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask(client.with_options(api_key=upstream.account(dead=True).refresh_token))


def test_a_request_without_messages_is_a_bad_request(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="glm-4-plus", messages=[])
    assert caught.value.param == "messages"


def test_an_unknown_path_is_a_not_found_error(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.moderations.create(input="x")
    assert caught.value.type == "invalid_request_error"


def test_a_broken_stream_is_an_error_after_what_had_come(client: OpenAI, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Once ", "upon ", "a time"), ending=Cut(after=2, resumes=False)))
    pieces: list[str] = []
    with pytest.raises(openai.APIError):
        pieces.extend(texts(stream(client)))
    assert "".join(pieces) == "Once upon "


def test_a_client_that_leaves_takes_the_conversation_with_it(
    client: OpenAI, upstream: StandIn, account: Account
) -> None:
    upstream.script(Answer(Text("Once ", "upon ", "a time"), gate=Gate(after=2), lingers=True))
    answer = stream(client)
    assert next(texts(answer)).startswith("Once ")
    answer.close()
    upstream.wait_for(lambda: not upstream.running(account) and not upstream.conversations(account))


def test_an_answer_ends_in_order_before_the_platform_would_cut_it(built: Build, upstream: StandIn) -> None:
    account = upstream.account()
    upstream.script(Answer(Text("Once ", "upon ", "a time"), gate=Gate(after=2)))
    with (
        Deployment(built, {"GLM_CHATGLM_URL": upstream.url}, max_duration=4) as short,
        OpenAI(base_url=f"{short.url}/v1", api_key=account.refresh_token, max_retries=0) as client,
    ):
        chunks = list(stream(client))
    assert "".join(texts(chunks)) == "Once upon "
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "length"


def test_an_answer_ends_in_order_when_the_platform_ends_the_instance(built: Build, upstream: StandIn) -> None:
    account = upstream.account()
    upstream.script(Answer(Text("Once ", "upon ", "a time"), gate=Gate(after=2), lingers=True))
    with (
        Deployment(built, {"GLM_CHATGLM_URL": upstream.url}) as deployment,
        OpenAI(base_url=f"{deployment.url}/v1", api_key=account.refresh_token, max_retries=0) as client,
    ):
        chunks = stream(client)
        assert next(texts(chunks)).startswith("Once ")
        deployment.instances[ALL].terminate()
        told = time.monotonic()
        reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
        assert time.monotonic() - told < SIGTERM_SECONDS
        assert reasons[-1] == "length"
        upstream.wait_for(lambda: not upstream.running(account))


def test_a_client_cannot_set_the_deadline(deployment: Deployment, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("Once upon a time")))
    answer = httpx.post(
        f"{deployment.url}/v1/chat/completions",
        headers={
            "Authorization": f"Bearer {account.refresh_token}",
            "x-vercel-internal-deadline": "2000-01-01T00:00:00Z",
        },
        json={"model": "glm-4-plus", "messages": [{"role": "user", "content": "Tell me."}]},
    )
    assert answer.json()["choices"][0]["message"]["content"] == "Once upon a time"


def test_a_body_larger_than_the_platform_takes_is_refused(deployment: Deployment) -> None:
    answer = httpx.post(f"{deployment.url}/v1/chat/completions", content=b"x" * 4_600_000)
    assert answer.status_code == 413


def test_the_request_is_logged_under_the_platforms_id(deployment: Deployment) -> None:
    answer = httpx.get(f"{deployment.url}/v1/models")
    assert answer.headers["x-request-id"].startswith("iad1::")
    deployment.instances[ALL].wait_logged(answer.headers["x-request-id"])
