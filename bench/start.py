"""How long the built functions take to start, by the platforms' own runtimes, and how large they are."""

import asyncio
import py_compile
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median

import httpx

from bench.client import ask
from bench.processes import tokens, upstream
from bench.table import Figure, compared
from bench.upstream import Order
from tests.platforms import aws
from tests.platforms import vercel as platform
from tests.platforms.vercel.function import Function

ENTRY = "api/index"
SHORT = Order("deltas", 20, 4)
"""What a start is followed by."""
BYTE_CODE = {
    "as deployed: with byte code, against a baseline without": (True, False, 0.45),
    "both with byte code": (True, True, 1.0),
    "both without byte code": (False, False, None),
}
"""Vercel compiles nothing, so a plain function has no byte code there. Ours ships it."""
CORE_AT_MOST, ZIP_AT_MOST, LARGEST_AT_MOST = 5.0, 6.4, 12.5
"""Megabytes of a zip: of a function that asks nobody; of one with accounts and callers' schemas; and of one with
Pillow, for a video's first frame. docs/performance.md says what they are made of."""
_OF_ZIP = {
    **dict.fromkeys(("models",), CORE_AT_MOST),
    **dict.fromkeys(("index", "stream", "videos"), LARGEST_AT_MOST),
}

PLAIN = """
from mangum import Mangum
from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    role: str
    content: str | list[dict] | None = None


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="allow")
    model: str
    messages: list[Message]
    stream: bool = False
    temperature: float | None = None
    max_tokens: int | None = None


handler = Mangum(app, lifespan="off")
"""
"""What makes a function of the plain proxy."""


@dataclass(frozen=True)
class Variant(Function):
    """A built function with other code in the place of its own, or without byte code."""

    source: Path | None = None
    byte_code: bool = True

    @cached_property
    def files(self) -> dict[str, Path]:
        files = dict(Function(self.name, self.folder, self.root).files)
        if self.source is not None:
            files[f"{ENTRY}.py"] = self.source
            folder, _, name = ENTRY.rpartition("/")
            files[f"{folder}/__pycache__/{name}.{sys.implementation.cache_tag}.pyc"] = _compiled(self.source)
        if not self.byte_code:
            files = {path: source for path, source in files.items() if not path.endswith(".pyc")}
        return files


def _compiled(source: Path) -> Path:
    target = str(source.with_suffix(".pyc"))
    py_compile.compile(str(source), target, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH, doraise=True)
    return Path(target)


def vercel(rounds: int) -> Iterator[Figure]:
    """Milliseconds from starting the process to the first byte of the first streamed answer."""
    (chat,) = platform.build().functions.values()
    with tempfile.TemporaryDirectory() as scratch, upstream() as behind:
        plain = Path(scratch, "plain.py")
        plain.write_text(Path(__file__).with_name("naive.py").read_text() + PLAIN)
        for how, (ours_compiled, theirs_compiled, at_most) in BYTE_CODE.items():
            bundle = _variant(chat, byte_code=ours_compiled)
            proxy = replace(_variant(chat, byte_code=theirs_compiled), source=plain)
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(_first_byte(bundle, behind))
                theirs.append(_first_byte(proxy, behind))
            name = "from starting the process to the first byte of a stream"
            yield compared(f"Vercel: starting, {how}", name, "ms", ours, "ms", theirs, at_most)


def visit(rounds: int) -> Iterator[Figure]:
    """Milliseconds to the first byte of the first question: of who opened the page before, against a cold start."""
    (function,) = platform.build().functions.values()
    opened, cold = [], []
    with upstream() as behind:
        for _ in range(rounds):
            cold.append(_first_byte(function, behind))
            (token,) = tokens(1)
            with platform.serve(function, {"GLM_CHATGLM_URL": behind}) as instance:
                for path in ("/ping", "/v1/models"):
                    httpx.get(instance.url + path).raise_for_status()
                httpx.post(f"{instance.url}/token/check", json={"token": token}, timeout=30).raise_for_status()
                asked = time.monotonic()
                received = asyncio.run(ask(instance.url, token, str(SHORT)))
                opened.append((received.first_text[0] - asked) * 1000)
    name = "the first question after the page, to its first byte"
    yield compared("Vercel: a visit", name, "ms", opened, "ms", cold, 0.15)


def _variant(function: Function, *, byte_code: bool) -> Variant:
    return Variant(function.name, function.folder, function.root, byte_code=byte_code)


def _first_byte(function: Function, upstream_url: str) -> float:
    (token,) = tokens(1)
    with platform.serve(function, {"GLM_CHATGLM_URL": upstream_url}) as instance:
        received = asyncio.run(ask(instance.url, token, str(SHORT)))
        return (received.first_text[0] - instance.started) * 1000


def on_lambda(rounds: int) -> Iterator[Figure]:
    """Milliseconds from starting the process to the first answer."""
    package = aws.package()
    section = "Lambda: from starting the process to the first answer"
    with upstream() as behind:
        name = "stream, the first byte, through its web server"
        yield Figure(section, name, median(_streamed(package, behind) for _ in range(rounds)), "ms")
        name = "chat, the whole answer, through Mangum"
        yield Figure(section, name, median(_whole(package, behind) for _ in range(rounds)), "ms")


def _streamed(package: aws.Package, upstream_url: str) -> float:
    (token,) = tokens(1)
    with aws.Server(package, GLM_CHATGLM_URL=upstream_url) as server:
        ready = time.monotonic()
        received = asyncio.run(ask(server.url, token, str(SHORT)))
        return (server.ready_seconds + received.first_text[0] - ready) * 1000


def _whole(package: aws.Package, upstream_url: str) -> float:
    (token,) = tokens(1)
    with aws.Function(package, "chat", GLM_CHATGLM_URL=upstream_url) as function:
        ready = time.monotonic()
        asyncio.run(ask(function.url, token, str(SHORT), stream=False))
        return (function.init_seconds + time.monotonic() - ready) * 1000


def package(rounds: int) -> Iterator[Figure]:
    """Megabytes of what is deployed."""
    packed = aws.package()
    for name in packed.functions:
        size = packed.zip(name).stat().st_size / 1e6
        yield Figure("The package: Lambda's zips", name, size, "MB", at_most=_OF_ZIP.get(name, ZIP_AT_MOST))
    built = platform.build()
    for name, function in built.functions.items():
        own = sum(function.files[path].stat().st_size for path in function.own_files) / 1e6
        yield Figure(
            "The package: Vercel's functions, unpacked: all, and our own files",
            name,
            function.size / 1e6,
            "MB",
            "MB",
            own,
        )
