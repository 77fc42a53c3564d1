"""AWS Lambda without AWS: the bundle packaged by `osls`, unpacked, and run as Lambda runs it.

- `package()` is the packed bundle: its template and its zips.
- `Function` runs one function's zip under AWS's own runtime client, and gives it a function URL.
- `Server` runs the streaming function's zip as the layer of the Lambda Web Adapter runs it.
"""

import contextlib
import functools
import hashlib
import http.client
import json
import os
import platform
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self
from zipfile import ZipFile

import openai
import pytest

from . import npm, shared
from .downloads import DOWNLOADS
from .function_url import FunctionUrl
from .runtime_api import RuntimeApi

ROOT = Path(__file__).parent.parent.parent
RUNTIME = "python3.12"
INIT_SECONDS = 10
"""Lambda lets a function start for so long: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""

ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), "x86_64")
"""Lambda's name of this machine's architecture: what is packed for it can be run here."""

NOBODY = "http://127.0.0.1:9"
"""Where nobody listens."""

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".env*", ".venv", ".cache", ".*_cache", ".hypothesis", "__pycache__", "node_modules"
)


@dataclass(frozen=True)
class Package:
    """What `osls package` made."""

    folder: Path
    """`.serverless` of the packed copy."""
    python: Path
    """A Python of the functions' version that has no packages of its own."""

    @functools.cached_property
    def template(self) -> dict[str, Any]:
        """The CloudFormation template."""
        template: dict[str, Any] = json.loads(self.template_file.read_text())
        return template

    @property
    def template_file(self) -> Path:
        return self.folder / "cloudformation-template-update-stack.json"

    def resources(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the properties of the template's resources of one kind."""
        for resource in self.template["Resources"].values():
            if resource["Type"] == kind:
                yield resource["Properties"]

    @property
    def functions(self) -> list[str]:
        """The names of the functions."""
        return [properties["FunctionName"].rpartition("-")[2] for properties in self.resources("AWS::Lambda::Function")]

    def function(self, name: str) -> dict[str, Any]:
        """Return the template's properties of a function."""
        properties: dict[str, Any] = self.template["Resources"][f"{_logical(name)}LambdaFunction"]["Properties"]
        return properties

    def zip(self, name: str) -> Path:
        """Return the zip that the template gives to a function."""
        key: str = self.function(name)["Code"]["S3Key"]
        return self.folder / key.rpartition("/")[2]

    def unpack(self, name: str) -> Path:
        """Return the folder with a function's files, as they lie in `/var/task`."""
        folder = self.folder / "task" / name
        with shared.lock(self.folder / f"{name}.lock"):
            if not folder.is_dir():
                with ZipFile(self.zip(name)) as archive:
                    for entry in archive.infolist():
                        Path(archive.extract(entry, folder)).chmod(entry.external_attr >> 16)
        return folder

    def environment(self, name: str) -> dict[str, str]:
        """Return what a function finds in its environment, and no more."""
        properties = self.function(name)
        return {
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(self.unpack(name)),
            "LAMBDA_RUNTIME_DIR": str(runtime_client(self.python)),
            "PYTHONPATH": str(runtime_client(self.python)),
            "PYTHONDONTWRITEBYTECODE": "1",  # /var/task cannot be written to: each start compiles
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN": "a-session-token",
            "AWS_ENDPOINT_URL": NOBODY,  # There is no AWS here.
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "AWS_LAMBDA_FUNCTION_NAME": properties["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{properties['FunctionName']}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
            "_HANDLER": properties["Handler"],
            **properties["Environment"]["Variables"],
        }


class Function:
    """One instance of a function. Its URL answers one request after another, as one instance does."""

    def __init__(self, package: Package, name: str, **environ: str) -> None:
        """`environ` is put over the function's environment."""
        self.init_seconds = 0.0
        """From starting the process to its asking for the first event."""
        self.seconds: float = package.function(name)["Timeout"]
        """How long an invocation may take."""
        self._clients = ExitStack()
        self._package = package
        self._name = name
        self._environ = environ
        self._process: Process | None = None
        self._turn = threading.Lock()
        self._instance = ExitStack()

    def __enter__(self) -> Self:
        self._start()
        self._url = FunctionUrl(self.invoke)
        self._url.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clients.close()
        self._url.__exit__(kind, error, traceback)
        self._instance.close()

    @property
    def url(self) -> str:
        """The function URL, without a slash at the end."""
        return self._url.url

    @property
    def log(self) -> str:
        """What the present instance has written."""
        return self._process.log if self._process else ""

    def client(self, key: str) -> openai.OpenAI:
        """Return the official client, without retries of its own."""
        return self._clients.enter_context(_client(self.url, key))

    def invoke(self, event: dict[str, Any]) -> Any:
        """Return the answer to an event. Raises FunctionError, and TimeoutError after the function's time."""
        with self._turn:
            # The runtime ends when its answer is refused; Lambda then starts a new one.
            while not self._api.idle.wait(0.05):
                if self._process is None or self._process.ended:
                    self._start()
            return self._api.invoke(event, self.seconds)

    def _start(self) -> None:
        self._instance.close()
        self._api = self._instance.enter_context(RuntimeApi())
        environ = self._package.environment(self._name) | {"AWS_LAMBDA_RUNTIME_API": self._api.address} | self._environ
        command = [str(self._package.python), "-m", "awslambdaric", environ["_HANDLER"]]
        started = time.monotonic()
        self._process = self._instance.enter_context(Process(command, self._package.unpack(self._name), environ))
        if not self._api.ready.wait(INIT_SECONDS):
            raise TimeoutError(f"the function did not start in {INIT_SECONDS} s: {self._process.log}")
        if self._api.init_error:
            raise self._api.init_error
        self.init_seconds = self._api.ready_at - started


class Server:
    """The streaming function's web server, started as the adapter's layer starts it; `url` is where it listens.

    The adapter calls it over plain HTTP, with the invocation's context in a header: see `context`.
    """

    def __init__(self, package: Package, name: str = "stream", **environ: str) -> None:
        """`environ` is put over the function's environment."""
        self._clients = ExitStack()
        self._folder = package.unpack(name)
        self._environ = package.environment(name) | {"PORT": str(_free_port())} | environ
        self.url = f"http://127.0.0.1:{self._environ['PORT']}"
        self.ready_seconds = 0.0
        """From starting the script to the first answer at the readiness path."""

    def __enter__(self) -> Self:
        # /opt/bootstrap of the layer does no more: exec -- "${LAMBDA_TASK_ROOT}/${_HANDLER}"
        script = f"{self._environ['LAMBDA_TASK_ROOT']}/{self._environ['_HANDLER']}"
        started = time.monotonic()
        self.process = Process([script], self._folder, self._environ)
        self.process.__enter__()
        while not self._is_ready():
            if self.process.ended or time.monotonic() > started + INIT_SECONDS:
                self.process.__exit__(None, None, None)
                raise TimeoutError(f"the server did not get ready: {self.process.log}")
            time.sleep(0.01)  # the adapter's pace
        self.ready_seconds = time.monotonic() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clients.close()
        self.process.__exit__(kind, error, traceback)

    def client(self, key: str) -> openai.OpenAI:
        """Return the official client, without retries of its own."""
        return self._clients.enter_context(_client(self.url, key))

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", int(self._environ["PORT"]), timeout=INIT_SECONDS)
        try:
            connection.request("GET", self._environ["AWS_LWA_READINESS_CHECK_PATH"])
            return connection.getresponse().status < 500  # healthy, by the adapter's default: 100-499
        except ConnectionError:
            return False
        finally:
            connection.close()


class Process:
    """A process that ends with the block, and what it wrote."""

    def __init__(self, command: list[str], folder: Path, environ: dict[str, str]) -> None:
        self._command = command
        self._folder = folder
        self._environ = environ

    def __enter__(self) -> Self:
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self.pid = self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._last = self.log
        self._output.close()

    @property
    def ended(self) -> bool:
        """It has ended by itself."""
        return self._process.poll() is not None

    @property
    def log(self) -> str:
        """What it has written to stdout and stderr."""
        if self._output.closed:
            return self._last
        return os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0).decode(errors="replace")


def context(seconds: float) -> dict[str, str]:
    """Return the header in which the adapter passes on an invocation's context; it may run for so many `seconds`.

    Its JSON is the `Context` of AWS's Rust runtime: `deadline` is a time, in Unix milliseconds.
    """
    invocation = {
        "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        "deadline": int((time.time() + seconds) * 1000),
        "invoked_function_arn": "arn:aws:lambda:us-east-1:123456789012:function:glm-functions-dev-stream",
        "xray_trace_id": None,
        "client_context": None,
        "identity": None,
        "env_config": {
            "function_name": "glm-functions-dev-stream",
            "memory": 1024,
            "version": "$LATEST",
            "log_stream": "",
            "log_group": "",
        },
    }
    return {"x-amzn-lambda-context": json.dumps(invocation)}


@functools.cache
def package(*only: str, store: str = "dynamodb", **environ: str) -> Package:
    """Package a copy of the checkout for this machine, once per run. Skips the test where that cannot be.

    `only`: these functions, not all. `store`: the parameter of that name. `environ`: what the deployer has set.
    """
    if sys.platform != "linux":
        unavailable("Lambda's packages run on Linux only")
    osls = npm.need("lambda", "osls")
    python = packing_python()

    def pack(scratch: Path) -> None:
        bundle = scratch / "bundle"
        shutil.copytree(ROOT, bundle, ignore=NOT_COPIED, symlinks=True)
        if only:
            service = configuration("--param", f"store={store}", "--param", "functions=each", **environ)
            service["functions"] = {name: service["functions"][name] for name in only}
            del service["package"]["artifactsS3KeyDirname"]  # printed, but not accepted
            (bundle / "serverless.yml").write_text(json.dumps(service))
        parameters = {"architecture": ARCHITECTURE, "store": store, "functions": "each"}
        command = [str(osls), "package", *(f"--param={name}={value}" for name, value in parameters.items())]
        search_path = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            command, cwd=bundle, env=_deployer() | search_path | environ, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, done.stdout + done.stderr
        # No packages of the machine's: what a function lacks in its zip, it lacks.
        subprocess.run([python, "-m", "venv", "--without-pip", scratch / "python"], check=True)

    of_what = hashlib.sha256(json.dumps([only, store, environ]).encode()).hexdigest()[:16]
    packed = shared.once(f"lambda-{of_what}", pack)
    return Package(packed / "bundle" / ".serverless", packed / "python" / "bin" / RUNTIME)


def configuration(*options: str, **environ: str) -> dict[str, Any]:
    """Return `serverless.yml` as osls understands it with these `options`, and `environ` set."""
    command = [str(npm.need("lambda", "osls")), "print", "--format", "json", *options]
    done = subprocess.run(command, cwd=ROOT, env=_deployer() | environ, capture_output=True, text=True, check=True)
    configuration: dict[str, Any] = json.loads(done.stdout)
    return configuration


def osls(
    *arguments: str, folder: Path = ROOT, environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `osls` in a folder, with `environ` set, and return what it wrote."""
    command = [str(npm.need("lambda", "osls")), *arguments]
    settings = _deployer() | dict(environ or {})
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=120)


def _deployer() -> dict[str, str]:
    """Return this process's environment without what a deployer could have set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GLM_", "AWS_", "SLS_"))}


@functools.cache
def runtime_client(python: Path) -> Path:
    """Return a folder with AWS's runtime client, apart from all other packages, as `/var/runtime` is."""
    pins = (ROOT / "requirements/dev.txt").read_text()
    requirements = "".join(
        block[0]
        for name in ("awslambdaric", "simplejson", "snapshot-restore-py")
        for block in re.finditer(rf"^{name}==.*\n(?:    --hash.*\n)+", pins, re.MULTILINE)
    )
    folder = DOWNLOADS / "awslambdaric" / hashlib.sha256(requirements.encode()).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with shared.lock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _install(requirements, folder)
    return folder


def _install(requirements: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        pinned = Path(scratch) / "requirements.txt"
        pinned.write_text(requirements)
        command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--require-hashes"]
        command += ["--python-version=3.12", "--only-binary=:all:"]
        command += ["--target", f"{scratch}/client", "-r", str(pinned)]
        subprocess.run(command, check=True)
        Path(scratch, "client").rename(folder)


def packing_python() -> Path:
    """Return a Python of the functions' version that has pip, which packing needs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [Path(sys.executable).parent / RUNTIME, *pyenv.glob(f"3.12*/bin/{RUNTIME}")]
    if on_path := shutil.which(RUNTIME):
        candidates.append(Path(on_path))
    python = next(filter(_has_pip, candidates), None)
    if python is None:
        unavailable(f"{RUNTIME} with pip was not found: packing for Lambda needs the version that runs there")
    return python


def _has_pip(python: Path) -> bool:
    try:
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"needed on CI: {reason}")
    pytest.skip(reason)


def _logical(name: str) -> str:
    return name[0].upper() + name[1:]


def _client(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)


def _free_port() -> int:
    """Return a port that nobody is given who asks for any: one below those that the system hands out."""
    while True:
        port = random.randint(20_000, 29_999)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
