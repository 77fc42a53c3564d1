"""The bundle on AWS Lambda, whole answers: packaged by osls, run by AWS's own runtime client, called at its URLs."""

import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile, ZipInfo

import httpx
import openai
import pytest

from tests.platforms import aws
from tests.platforms.aws import ROOT, Function, Package
from tests.upstream import BUSY, BUSY_MESSAGE, Account, Answer, Error, Gate, StandIn, Text

pytestmark = pytest.mark.platform

ZIP_LIMIT = 6_400_000
"""Bytes of a zip that does without pictures."""


def files(folder: str, pattern: str) -> set[str]:
    """Return the files of a folder of the checkout."""
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern) if path.is_file()}


ENDPOINTS = {file.removesuffix(".py") for file in files("api", "*.py")}
WHOLE = {"stream", "index"}
"""The functions that have all endpoints."""
WITH_PICTURES = {"stream", "index", "videos", "jobs"}


@pytest.fixture(scope="module")
def package() -> Package:
    return aws.package()


# --- The template


def test_every_endpoint_has_a_function(package: Package) -> None:
    handlers = {package.function(name)["Handler"] for name in package.functions}
    through_index = {"api/v1/completions"}
    assert handlers == {f"{endpoint}.handler" for endpoint in {*ENDPOINTS} - through_index} | {"deploy/run.sh"}


def test_anyone_may_call_each_url(package: Package) -> None:
    arns = [{"Fn::GetAtt": [f"{name[0].upper()}{name[1:]}LambdaFunction", "Arn"]} for name in package.functions]
    urls = list(package.resources("AWS::Lambda::Url"))
    assert [url["TargetFunctionArn"] for url in urls] == arns
    assert {url["AuthType"] for url in urls} == {"NONE"}
    permissions = list(package.resources("AWS::Lambda::Permission"))
    for arn in arns:
        # Both are needed since October 2025: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        public = {"FunctionName": arn, "Principal": "*"}
        assert {**public, "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"} in permissions
        assert {**public, "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True} in permissions


@pytest.mark.parametrize(
    ("name", "timeout", "memory"),
    [
        ("stream", 900, 1024),
        ("index", 900, 1024),
        ("ping", 60, 512),
        ("tokenCheck", 60, 512),
        ("models", 10, 512),
        ("chat", 900, 1024),
        ("messages", 900, 1024),
        ("embeddings", 60, 1024),
        ("images", 300, 1024),
        ("videos", 900, 1024),
        ("openapi", 10, 512),
    ],
)
def test_time_and_memory(package: Package, name: str, timeout: int, memory: int) -> None:
    properties = package.function(name)
    assert (properties["Timeout"], properties["MemorySize"]) == (timeout, memory)
    assert properties["Runtime"] == "python3.12"
    assert properties["Architectures"] == [aws.ARCHITECTURE]


def test_runs_in_every_region_unless_told_otherwise() -> None:
    assert aws.configuration()["provider"]["architecture"] == "x86_64"
    assert aws.configuration("--param", "architecture=arm64")["provider"]["architecture"] == "arm64"


def test_whole_answers_need_no_layer(package: Package) -> None:
    for name in set(package.functions) - {"stream"}:
        assert "Layers" not in package.function(name)
        assert not [key for key in package.function(name)["Environment"]["Variables"] if key.startswith("AWS_")]


def test_by_default_there_are_the_functions_of_all_endpoints() -> None:
    assert set(aws.configuration()["functions"]) == WHOLE
    each = aws.configuration("--param", "functions=each")["functions"]
    assert set(each) > WHOLE
    assert {name: each[name]["handler"] for name in WHOLE} == {"stream": "deploy/run.sh", "index": "api/index.handler"}


def test_region_is_tokyo_unless_told_otherwise() -> None:
    assert aws.configuration()["provider"]["region"] == "ap-northeast-1"
    assert aws.configuration(AWS_REGION="eu-west-1")["provider"]["region"] == "eu-west-1"
    assert aws.configuration("--region", "us-west-2", AWS_REGION="eu-west-1")["provider"]["region"] == "us-west-2"


def test_settings_are_passed_on(package: Package) -> None:
    settings = set(re.findall(r"`(GLM_\w+)`", (ROOT / "lib" / "settings.py").read_text()))
    passed = package.function("chat")["Environment"]["Variables"]
    assert set(passed) == settings - {"GLM_MAX_DURATION", "GLM_ALLOW_PRIVATE_URLS", "GLM_REPORTS"}
    assert {name for name, value in passed.items() if value} == {"GLM_TOKEN_STORE"}


def test_template_is_valid(package: Package) -> None:
    cfn_lint = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([cfn_lint, package.template_file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


# --- The zips


def test_each_zip_has_its_own_code(package: Package) -> None:
    for name in package.functions:
        names = [file for file in ZipFile(package.zip(name)).namelist() if "/__pycache__/" not in file]
        endpoint, _, kind = package.function(name)["Handler"].partition(".")
        endpoints = {file.removesuffix(".py") for file in names if file.startswith("api/")}
        whole = endpoint in {"deploy/run", "api/index"}
        every = whole or endpoint == "api/openapi"  # Which describes all of them.
        assert endpoints == (ENDPOINTS if every else {endpoint}), name
        assert {file for file in names if file.startswith("public/")} == (files("public", "*") if whole else set()), (
            name
        )
        assert {file for file in names if file.startswith("lib/")} == files("lib", "*.py"), name
        assert ("deploy/run.sh" in names) == (kind == "sh"), name


PACKAGES = {
    "core": "annotated_types anyio certifi h11 httpcore httptools httpx idna mangum pydantic pydantic_core starlette "
    "typing_extensions.pyc typing_inspection",
    "encryption": f"nacl _cffi_backend.cpython-312-{platform.machine()}-linux-gnu.so",
    "pictures": "PIL pillow.libs",
    "schemas": "attr attrs jsonschema jsonschema_specifications referencing rpds",
    "server": "uvicorn click",
}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("ping", "core schemas encryption"),
        ("models", "core"),
        ("openapi", "core schemas encryption"),
        ("gemini", "core schemas encryption"),
        ("tokenCheck", "core schemas encryption"),
        ("chat", "core schemas encryption"),
        ("messages", "core schemas encryption"),
        ("images", "core schemas encryption"),
        ("videos", "core schemas encryption pictures"),
        ("index", "core schemas encryption pictures"),
        ("stream", "core schemas encryption pictures server"),
        ("embeddings", "core schemas encryption"),
    ],
)
def test_each_zip_has_the_packages_it_needs_and_no_others(package: Package, name: str, kinds: str) -> None:
    assert packages(package, name) == {entry for kind in kinds.split() for entry in PACKAGES[kind].split()}


def packages(package: Package, name: str) -> set[str]:
    """Return what lies at the top of a function's zip beside the bundle's own code."""
    top = {file.partition("/")[0] for file in ZipFile(package.zip(name)).namelist()}
    return top - {"api", "lib", "public", "deploy"}


def test_no_zip_has_what_no_function_reads(package: Package) -> None:
    unwanted = re.compile(r"(^|/)(tests?|testing|__pycache__|scripts|bench)/|\.(pyi|pyx|c|h)$|\.dist-info/|^bin/")
    own_byte_code = re.compile(r"(api|lib)/([^/]+/)*__pycache__/\w+\.cpython-312\.pyc")
    for name in package.functions:
        names = ZipFile(package.zip(name)).namelist()
        assert not [file for file in names if unwanted.search(file) and not own_byte_code.fullmatch(file)]


def test_packages_are_compiled_and_the_bundle_can_be_read(package: Package) -> None:
    for name in package.functions:
        names = ZipFile(package.zip(name)).namelist()
        own = {PurePosixPath(file) for file in names if file.startswith(("api/", "lib/"))}
        sources = {path for path in own if path.suffix == ".py"}
        assert own - sources == {path.parent / "__pycache__" / f"{path.stem}.cpython-312.pyc" for path in sources}
        assert not [file for file in names if file.endswith(".py") and PurePosixPath(file) not in sources]
        assert "starlette/applications.pyc" in names


def test_zips_without_pictures_are_small(package: Package) -> None:
    sizes = {name: package.zip(name).stat().st_size for name in set(package.functions) - WITH_PICTURES}
    assert {name: size for name, size in sizes.items() if size > ZIP_LIMIT} == {}


EVERYTHING = """
import importlib, pathlib, sys
paths = set(pathlib.Path(sys.argv[1]).rglob("*.py")) - {pathlib.Path("lib/store/redis.py")}
for path in sorted(paths):
    importlib.import_module(".".join(path.with_suffix("").parts))
"""
STORE = """
import lib.store.dynamodb
from lib.store.seal import Sealer
assert Sealer("token").open(Sealer("token").seal(b"x")) == b"x"
"""
SCHEMAS = """
from lib.structured import schema
assert schema.Checker({"type": "integer"}).fault("one")
"""
PICTURES = """
import io
from PIL import Image
for kind in "AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP":
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, kind)
    assert Image.open(file).resize((32, 24), Image.Resampling.LANCZOS).size == (32, 24), kind
"""


@pytest.mark.parametrize(
    ("name", "folder", "more"),
    [
        ("ping", "api", ""),
        ("models", "api", ""),
        ("openapi", "api", STORE + SCHEMAS),
        ("tokenCheck", "api", STORE + SCHEMAS),
        ("chat", "api", STORE + SCHEMAS),
        ("messages", "api", STORE + SCHEMAS),
        ("images", "api", STORE + SCHEMAS),
        ("videos", "lib", STORE + SCHEMAS + PICTURES),
        ("index", "lib", STORE + SCHEMAS + PICTURES),
        ("stream", "api", STORE + SCHEMAS + PICTURES),
        ("embeddings", "api", STORE + SCHEMAS),
    ],
)
def test_all_that_a_function_may_come_to_can_be_imported(package: Package, name: str, folder: str, more: str) -> None:
    """What packing leaves out is missed by nobody."""
    command = [str(package.python), "-c", EVERYTHING + more, folder]
    environ = package.environment(name) | {"PYTHONPATH": ""}
    done = subprocess.run(command, cwd=package.unpack(name), env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_packs_for_the_other_architecture_and_always_the_same(tmp_path: Path) -> None:
    other, machine = ("x86_64", 0x3E) if aws.ARCHITECTURE == "arm64" else ("arm64", 0xB7)
    packed = [tmp_path / "1.zip", tmp_path / "2.zip"]
    packing = []
    for target in packed:
        with ZipFile(target, "w") as archive:
            archive.writestr(ZipInfo("api/ping.py"), "")
        command = [str(aws.packing_python()), "scripts/pack.py", "requirements/core.txt", other, str(target)]
        packing.append(subprocess.Popen(command, cwd=ROOT))
    assert [process.wait() for process in packing] == [0, 0]
    assert packed[0].read_bytes() == packed[1].read_bytes()
    with ZipFile(packed[0]) as archive:
        libraries = [archive.read(name) for name in archive.namelist() if name.endswith(".so")]
    assert {struct.unpack_from("<H", library, 18)[0] for library in libraries} == {machine}  # of ELF's header


# --- The functions at work


@pytest.fixture(scope="module")
def chat(package: Package, stand_in: StandIn) -> Iterator[Function]:
    """The function of one endpoint."""
    with Function(package, "chat", GLM_CHATGLM_URL=stand_in.url) as function:
        yield function


@pytest.fixture(scope="module")
def index(package: Package, stand_in: StandIn) -> Iterator[Function]:
    """The function of all endpoints."""
    with Function(package, "index", GLM_CHATGLM_URL=stand_in.url) as function:
        yield function


def ask(function: Function, account: Account, text: str = "Hello") -> str | None:
    """Return the words of a whole answer."""
    completion = function.client(account.refresh_token).chat.completions.create(
        model="glm-5.3", messages=[{"role": "user", "content": text}]
    )
    return completion.choices[0].message.content


def ask_streamed(function: Function, account: Account, text: str = "Hello") -> tuple[str, str | None]:
    """Return the words of a streamed answer, joined, and why it ended."""
    chunks = function.client(account.refresh_token).chat.completions.create(
        model="glm-5.3", messages=[{"role": "user", "content": text}], stream=True
    )
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    return "".join(choice.delta.content or "" for choice in choices), choices[-1].finish_reason


@pytest.mark.parametrize("name", ["chat", "index"])
def test_chat_whole(name: str, upstream: StandIn, account: Account, request: pytest.FixtureRequest) -> None:
    upstream.script(Answer(Text("Good ", "morning, ", "世界")))
    assert ask(request.getfixturevalue(name), account, "你好") == "Good morning, 世界"
    # Nothing is left to do after the answer: Lambda freezes the function then.
    assert upstream.conversations(account) == []


def test_a_stream_arrives_whole(upstream: StandIn, account: Account, chat: Function) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "ha ", "haha"), gate=gate))
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.post, **streamed(chat, account))
        gate.wait_sent()
        assert not answer.done()
        gate.release()
        assert answer.result().headers["content-type"].startswith("text/event-stream")
        assert answer.result().text.endswith("data: [DONE]\n\n")
    upstream.script(Answer(Text("ha ", "ha ", "haha")))
    assert ask_streamed(chat, account) == ("ha ha haha", "stop")


def streamed(function: Function, account: Account) -> dict[str, Any]:
    """Return the plain request of a streamed answer."""
    return {
        "url": f"{function.url}/v1/chat/completions",
        "headers": {"authorization": f"Bearer {account.refresh_token}"},
        "json": {"model": "glm-5.3", "messages": [{"role": "user", "content": "Laugh."}], "stream": True},
    }


def test_one_url_serves_all(index: Function, account: Account) -> None:
    assert httpx.get(f"{index.url}/ping").text == "pong"
    assert "glm-5.3" in [model.id for model in index.client(account.refresh_token).models.list()]
    assert httpx.post(f"{index.url}/token/check", json={"token": account.refresh_token}).json()["live"] is True


@pytest.mark.parametrize(("name", "path"), [("ping", "/ping"), ("models", "/v1/models")])
def test_small_functions(package: Package, name: str, path: str) -> None:
    with Function(package, name) as function:
        assert httpx.get(function.url + path).status_code == 200


def test_token_check(package: Package, account: Account, upstream: StandIn) -> None:
    with Function(package, "tokenCheck", GLM_CHATGLM_URL=upstream.url) as function:
        answer = httpx.post(f"{function.url}/token/check", json={"token": account.refresh_token})
        assert answer.json()["live"] is True


def test_a_deep_ping(package: Package, account: Account, upstream: StandIn) -> None:
    held = {"GLM_TOKENS": account.refresh_token, "GLM_ACCESS_KEYS": "letmein"}
    with Function(package, "ping", GLM_CHATGLM_URL=upstream.url, **held) as function:
        answer = httpx.get(f"{function.url}/ping?deep=1", headers={"authorization": "Bearer letmein"})
        assert answer.json()["live"] is True


def test_errors_are_the_clients_own(upstream: StandIn, account: Account, chat: Function) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat.client("no-token").chat.completions.create(
            model="glm-5.3", messages=[{"role": "user", "content": "Hello"}]
        )
    with pytest.raises(openai.BadRequestError) as bad:
        chat.client(account.refresh_token).chat.completions.create(model="glm-5.3", messages=[])
    assert bad.value.param == "messages"
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=None)
    with pytest.raises(openai.RateLimitError) as busy:
        ask(chat, account)
    assert int(busy.value.response.headers["retry-after"]) > 0
    upstream.reset()
    upstream.script(Answer(Text("Half an "), ending=Error(), delay=0.5))
    with pytest.raises(openai.APIError) as broken:
        ask_streamed(chat, upstream.account())
    assert not isinstance(broken.value, openai.APIStatusError)  # it came after the first words, inside the stream


def test_a_body_in_base64(upstream: StandIn, account: Account, chat: Function) -> None:
    upstream.script(Answer(Text("Hello")))
    answer = httpx.post(
        f"{chat.url}/v1/chat/completions",
        content='{"model": "glm-5.3", "messages": [{"role": "user", "content": "你好"}]}'.encode(),
        headers={"authorization": f"Bearer {account.refresh_token}", "content-type": "application/octet-stream"},
    )
    assert answer.json()["choices"][0]["message"]["content"] == "Hello"
    assert "你好" in str(upstream.requests("/chatglm/backend-api/assistant/stream")[-1].json)


def test_bytes_that_are_no_text(account: Account, chat: Function) -> None:
    with pytest.raises(openai.BadRequestError):
        chat.client(account.refresh_token).post("/chat/completions", cast_to=object, content=b"\xff\x00")


def test_lambda_takes_6_mb_and_no_more(account: Account, chat: Function) -> None:
    assert ask(chat, account, "x" * 5_900_000)
    with pytest.raises(openai.APIStatusError) as refused:
        ask(chat, account, "x" * 6_300_000)
    assert refused.value.status_code == 413


def test_an_answer_over_6_mb_is_a_413_and_the_next_one_is_fine(
    upstream: StandIn, account: Account, chat: Function
) -> None:
    upstream.script(Answer(Text(*["x" * 100_000] * 65)))
    with pytest.raises(openai.APIStatusError) as refused:
        ask(chat, account)
    assert refused.value.status_code == 413
    assert "this platform lets 6.0 MB through" in refused.value.message
    upstream.script(Answer(Text("Fine")))
    assert ask(chat, upstream.account()) == "Fine"


def test_a_long_stream_arrives_whole(upstream: StandIn, account: Account, chat: Function) -> None:
    pieces = [f"{number} " for number in range(31_000)]
    upstream.script(Answer(Text(*pieces)))
    assert ask_streamed(chat, account) == ("".join(pieces), "stop")


def test_a_stream_over_6_mb_ends_in_order(upstream: StandIn, account: Account, chat: Function) -> None:
    upstream.script(Answer(Text(*["界" * 30_000] * 75)))
    said, reason = ask_streamed(chat, account)
    assert reason == "length"
    assert 5_000_000 < len(said.encode()) < 6_000_000


def test_the_answer_ends_before_lambda_ends_the_function(package: Package, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("The first words", "the last words"), gate=Gate(after=1)))
    with Function(package, "chat", GLM_CHATGLM_URL=upstream.url) as function:
        function.seconds = 6
        assert ask_streamed(function, account) == ("The first words", "length")
