"""Hostile requests, through the front door: each gets the status that is documented, fast, and harms nobody."""

import gzip
import json
import os
import re
import socket
import time
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest

from lib.wires.openai.chat_message import MAX_CALLS, MAX_PARTS
from lib.wires.shared.request import MAX_MESSAGES, MAX_NAME_LENGTH, MAX_STOP_LENGTH, MAX_STOPS
from tests.asking import sent_text
from tests.bundle import Bundle
from tests.raw_http import RawAnswer, compose, exchange
from tests.upstream import Account, Answer, StandIn, Text, media

CHAT, IMAGES, VIDEOS = "/v1/chat/completions", "/v1/images/generations", "/v1/videos/generations"
CHECK = "/token/check"

FAST = 3.0
"""Seconds of a processor that the worst of these may take; on an idle machine none takes one."""

LOG_SECONDS = 10.0

MB = 1_000_000
HI = [{"role": "user", "content": "Hi"}]

type Body = bytes | Callable[[], bytes]


def chat(messages: Any = HI, **fields: Any) -> bytes:
    return json.dumps({"messages": messages, **fields}).encode()


def said(content: Any) -> bytes:
    return chat([{"role": "user", "content": content}])


def raw(fields: str | bytes) -> bytes:
    """A chat that is fine but for these fields, written as they are."""
    text = fields.encode() if isinstance(fields, str) else fields
    return b'{"messages": [{"role": "user", "content": "Hi"}], ' + text + b"}"


@pytest.fixture
def faults(bundle: Bundle) -> Iterator[None]:
    """Whatever a request is, it is no fault of ours: none is logged, and the process lives on."""
    before = len(bundle.output)
    yield
    name = token_hex(16)
    assert exchange(bundle.url, compose("GET", "/ping", [("x-request-id", name)])).body == b"pong"
    logged(bundle, name)
    assert bundle.process.poll() is None
    assert not [line for line in bundle.output[before:] if '"level": "error"' in line or "Traceback" in line]


def logged(bundle: Bundle, request_id: str) -> dict[str, Any]:
    """What the log says of a request. What it says of earlier ones is then there too."""
    until = time.monotonic() + LOG_SECONDS
    while time.monotonic() < until:
        for line in bundle.output:
            if request_id in line and (found := json.loads(line))["message"] == "request":
                assert found["request_id"] == request_id
                return dict(found)
        time.sleep(0.005)
    raise TimeoutError("the request was not logged")


def busy(bundle: Bundle) -> float:
    """How many seconds the bundle has kept a processor busy: what others do on this machine does not count."""
    try:
        after_name = Path(f"/proc/{bundle.process.pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # No Linux.
        return time.monotonic()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def door(bundle: Bundle, upstream: StandIn, account: Account, faults: None) -> "Door":
    upstream.script(Answer(Text("Hello.")), times=None)
    return Door(bundle, account)


class Door:
    """The front door: what comes back is looked at before it is handed on."""

    def __init__(self, bundle: Bundle, account: Account) -> None:
        self._bundle = bundle
        self.key = ("Authorization", f"Bearer {account.refresh_token}")

    def send(self, request: bytes) -> RawAnswer:
        """The answer, which came fast."""
        began = busy(self._bundle)
        answer = exchange(self._bundle.url, request)
        assert busy(self._bundle) - began < FAST
        return answer

    def ask(self, method: str, target: str | bytes, *headers: tuple[str, str | bytes], body: bytes = b"") -> RawAnswer:
        """The bundle's own answer: it has an id, and its errors have OpenAI's shape."""
        answer = self.send(compose(method, target, headers, body))
        assert re.fullmatch(r"[\w.:=-]{1,128}", answer.headers["x-request-id"], re.ASCII)
        if answer.status >= 400 and method != "HEAD":
            assert_is_error(answer)
        return answer


def assert_is_error(answer: RawAnswer) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert 0 < len(error["message"]) < 1000
    assert error["code"] != "internal_error"


# --- Bodies ----------------------------------------------------------------------------------------------------------

BODIES: dict[str, tuple[int, Body]] = {
    # Encodings
    "UTF-16 with its mark": (400, chat().decode().encode("utf-16")),
    "UTF-16 without": (400, chat().decode().encode("utf-16-le")),
    "UTF-32": (400, chat().decode().encode("utf-32")),
    "a byte order mark": (200, b"\xef\xbb\xbf" + chat()),
    "compressed": (400, gzip.compress(chat())),
    "a bomb, compressed": (400, lambda: gzip.compress(said("a" * 50 * MB))),
    "Latin-1": (400, b'{"messages": [{"role": "user", "content": "\xe9"}]}'),
    "a letter cut in two": (400, b'{"messages": [{"role": "user", "content": "\xe4\xbd"}]}'),
    "an overlong letter": (400, b'{"messages": [{"role": "user", "content": "\xc0\xaf"}]}'),
    "half a pair, as bytes": (400, b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}'),
    "the first half of a pair": (200, b'{"messages": [{"role": "user", "content": "\\ud800"}]}'),
    "the second half of a pair": (200, b'{"messages": [{"role": "user", "content": "\\udc00"}]}'),
    "a pair the wrong way round": (200, b'{"messages": [{"role": "user", "content": "\\udc00\\ud800"}]}'),
    "half a pair in a name": (200, raw(r'"\ud800": 1')),
    "a whole pair": (200, said("\U0001f600")),
    "NUL as a byte": (400, b'{"messages": [{"role": "user", "content": "\x00"}]}'),
    "NUL, escaped": (200, said("\x00")),
    "NUL in a name": (200, raw(r'"\u0000": 1')),
    "control characters as bytes": (400, b'{"messages": [{"role": "user", "content": "\x1b[31m\x07"}]}'),
    "control characters, escaped": (200, said("\x1b[31m\x07\r\n\x85\u2028\u202e")),
    "not a letter": (200, said("\uffff\ufffe\ufeff")),
    "letters that pile up": (200, said("a" + "\u0301" * 100_000)),
    # Shapes
    "nothing": (400, b""),
    "white space": (400, b" \n\t"),
    "NULs": (400, b"\x00" * 1000),
    "null": (400, b"null"),
    "a number": (400, b"0"),
    "two documents": (400, chat() * 2),
    "something after it": (400, chat() + b";"),
    "a comment": (400, b"/**/" + chat()),
    "single quotes": (400, b"{'messages': []}"),
    "a trailing comma": (400, raw("")),
    "cut off": (400, chat()[:-2]),
    "a form": (400, b"messages=Hi&model=glm-4"),
    "a form of parts": (400, b'--x\r\nContent-Disposition: form-data; name="messages"\r\n\r\nHi\r\n--x--\r\n'),
    "XML": (400, b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
    "a pickle": (400, b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."),
    "a name twice": (200, b'{"messages": 5, "messages": [{"role": "user", "content": "Hi"}]}'),
    "a name twice, wrong at last": (400, raw('"messages": 5')),
    "names of Python's": (200, raw('"__class__": 1, "__proto__": {}, "model_config": {}, "self": 1, "check": 1')),
    "100,000 names": (200, lambda: chat(**{f"x{number}": 1 for number in range(100_000)})),
    "a name of 1 MB": (200, lambda: chat(**{"x" * MB: 1})),
    # Depth
    "arrays 100,000 deep": (400, b"[" * 100_000 + b"]" * 100_000),
    "objects 100,000 deep": (400, b'{"x":' * 100_000 + b"1" + b"}" * 100_000),
    "arrays 100,000 deep, open": (400, b"[" * 100_000),
    "arrays 100,000 deep, where nobody looks": (400, raw('"x": ' + "[" * 100_000 + "]" * 100_000)),
    "arrays 100,000 deep as messages": (400, b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "an array 100 deep, where nobody looks": (200, raw('"x": ' + "[" * 100 + "]" * 100)),
    # Numbers
    "an infinite number": (400, raw('"temperature": 1e999')),
    "NaN": (400, raw('"temperature": NaN')),
    "Infinity": (400, raw('"temperature": -Infinity')),
    "a number of 4 MB": (400, lambda: raw('"temperature": ' + "9" * 4 * MB)),
    "a fraction of 4 MB": (200, lambda: raw('"temperature": 0.' + "9" * 4 * MB)),
    "max_tokens: 0": (200, chat(max_tokens=0)),
    "max_tokens: -1": (200, chat(max_tokens=-1)),
    "max_tokens: 1.5": (400, chat(max_tokens=1.5)),
    "max_tokens: NaN": (400, raw('"max_tokens": NaN')),
    "max_tokens: Infinity": (400, raw('"max_tokens": Infinity')),
    "max_tokens: 1e999": (400, raw('"max_tokens": 1e999')),
    "max_tokens of 4000 digits": (200, raw('"max_tokens": ' + "9" * 4000)),
    "max_tokens of 5000 digits": (400, raw('"max_tokens": ' + "9" * 5000)),
    "max_tokens as text": (400, chat(max_tokens="all")),
    "max_tokens as text of 5000 digits": (400, chat(max_tokens="9" * 5000)),
    "n of 40 digits": (400, raw('"n": ' + "9" * 40)),
    "stream: 2": (400, chat(stream=2)),
    # Messages
    "messages: an object": (400, chat({"role": "user", "content": "Hi"})),
    "messages: nulls": (400, chat([None, None])),
    "messages: arrays": (400, chat([[]])),
    "a role of 1 MB": (400, lambda: chat([{"role": "user" * (MB // 4), "content": "Hi"}])),
    "a role that is an object": (400, chat([{"role": {}, "content": "Hi"}])),
    "a content that is an object": (200, said({"text": "Hi"})),
    "parts that are texts": (200, said(["Hi"])),
    "a part of no type": (400, said([{}])),
    "a text that is a number": (400, said([{"type": "text", "text": 5}])),
    "nothing but white space": (400, said(" \n\u3000\u00a0")),
    "a message of 4 MB": (200, lambda: said("a" * 4 * MB)),
    "a message of 4 MB in Chinese": (200, lambda: said("你" * (4 * MB // 3))),
    "as many messages as may be": (200, lambda: chat([{"role": "user", "content": "a"}] * MAX_MESSAGES)),
    "more messages": (400, lambda: chat([{"role": "user", "content": "a"}] * (MAX_MESSAGES + 1))),
    "600,000 messages": (400, lambda: chat([{"role": "user", "content": "a"}] * 600_000)),
    "as many parts as may be": (200, lambda: said([{"type": "text", "text": "a"}] * MAX_PARTS)),
    "more parts": (400, lambda: said([{"type": "text", "text": "a"}] * (MAX_PARTS + 1))),
    "as many calls as may be": (200, lambda: chat([*HI, {"role": "assistant", "tool_calls": [{}] * MAX_CALLS}])),
    "more calls": (400, lambda: chat([*HI, {"role": "assistant", "tool_calls": [{}] * (MAX_CALLS + 1)}])),
    "calls in all messages": (400, lambda: chat([{"role": "user", "tool_calls": [{}] * MAX_CALLS}] * MAX_MESSAGES)),
    "32 MB": (413, lambda: b'{"messages": "' + b"a" * 33 * MB),
    # What is cut on our side
    "as many stop sequences as may be": (200, chat(stop=[str(number) for number in range(MAX_STOPS)])),
    "more stop sequences": (400, chat(stop=["a"] * (MAX_STOPS + 1))),
    "100,000 stop sequences": (400, lambda: chat(stop=[str(number) for number in range(100_000)])),
    "a stop sequence as long as may be": (200, chat(stop="a" * MAX_STOP_LENGTH)),
    "a longer stop sequence": (400, chat(stop="a" * (MAX_STOP_LENGTH + 1))),
    "a stop sequence of 1 MB": (400, lambda: chat(stop="a" * MB)),
    "empty stop sequences": (200, chat(stop=["", ""])),
    "stop sequences that are none": (400, chat(stop=["a", 5, None])),
    # Names
    "a model of 100 KB": (400, lambda: chat(model="g" * 100_000)),
    "a model with a suffix 10,000 times": (400, lambda: chat(model="glm-4" + "-think" * 10_000)),
    "a model with all suffixes that fit": (200, chat(model=("-silent" * 99)[-MAX_NAME_LENGTH:])),
    "a model of no letters": (200, chat(model="")),
    "a model of control characters": (200, chat(model="\x00\r\n\x1b[31m\u202e")),
    "a model that is a path": (200, chat(model="../../etc/passwd")),
    "a model that is a number": (400, chat(model=4)),
    "a model that is an array": (400, chat(model=["glm-4"])),
    "a conversation that is a number": (400, chat(conversation_id=5)),
    "a conversation that is an object": (400, chat(conversation_id={})),
    "a conversation that is true": (400, chat(conversation_id=True)),
    "a conversation of control characters": (200, chat(conversation_id="\x00\r\n")),
    "a conversation of 1 MB that is none": (200, lambda: chat(conversation_id="A" * MB)),
    "a conversation of nobody's": (502, chat(conversation_id="a" * 24)),
    "an effort of 1 MB": (400, lambda: chat(reasoning_effort="high" * (MB // 4))),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body(door: Door, upstream: StandIn, name: str) -> None:
    status, body = BODIES[name]
    answer = door.ask("POST", CHAT, door.key, body=body if isinstance(body, bytes) else body())
    assert answer.status == status
    assert len(upstream.requests("chat")) == (0 if status in (400, 413) else 1)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/json; charset=x", ""]
)
def test_a_body_is_what_it_is_whatever_it_is_called(door: Door, content_type: str) -> None:
    assert door.ask("POST", CHAT, door.key, ("Content-Type", content_type), body=chat()).status == 200


KILLERS = [
    "![",
    "![](",
    "![x](y",
    "![x](y)",
    "[[",
    "<",
    "<|",
    "<|aaaa",
    "<|user|>",
    "<|" + "a" * 40,
    "/mnt/data/",
    "/mnt/",
    "`",
    "\n",
    "|>",
]


@pytest.mark.parametrize(("piece", "role"), list(zip(KILLERS, cycle(["user", "assistant", "tool"]), strict=False)))
def test_a_text_that_keeps_a_pattern_busy(door: Door, upstream: StandIn, role: str, piece: str) -> None:
    text = piece * (MB // len(piece))
    assert door.ask("POST", CHAT, door.key, body=chat([{"role": role, "content": text}, *HI])).status == 200
    marks = re.findall(r"<\|[^|<>]+\|>", sent_text(upstream))
    assert marks == ["<|user|>" if role == "tool" else f"<|{role}|>", "<|user|>", "<|assistant|>"]


def test_a_long_answer_full_of_beginnings_of_a_stop_sequence(door: Door, upstream: StandIn) -> None:
    upstream.reset()
    account = upstream.account()
    upstream.script(Answer(Text(*["a" * 1000] * 300)))
    stops = ["a" * (MAX_STOP_LENGTH - 1) + chr(ord("b") + number) for number in range(MAX_STOPS)]
    answer = door.ask("POST", CHAT, ("x-api-key", account.refresh_token), body=chat(stop=stops))
    assert answer.json()["choices"][0]["message"]["content"] == "a" * 300_000


# --- Other endpoints' bodies -----------------------------------------------------------------------------------------


def png(width: int, height: int) -> str:
    """A picture that says it is so large, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    return data_url(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)))


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"


OTHER_BODIES: dict[str, tuple[int, str, dict[str, Any]]] = {
    "a token that is a number": (400, CHECK, {"token": 5}),
    "a token that is an array": (400, CHECK, {"token": ["a.b.c"]}),
    "an empty token": (400, CHECK, {"token": ""}),
    "a token of 1 MB": (200, CHECK, {"token": "a" * MB}),
    "a token of dots": (200, CHECK, {"token": "." * 100_000}),
    "a token of control characters": (200, CHECK, {"token": "\x00.\r\n.\x1b"}),
    "a prompt that is an array": (400, IMAGES, {"prompt": ["a cat"]}),
    "a prompt of white space": (400, IMAGES, {"prompt": " \n"}),
    "a prompt of 1 MB": (200, IMAGES, {"prompt": "cat " * (MB // 4)}),
    "no pictures": (400, IMAGES, {"prompt": "x", "n": 0}),
    "five pictures": (400, IMAGES, {"prompt": "x", "n": 5}),
    "pictures of no size": (400, IMAGES, {"prompt": "x", "size": "0x0"}),
    "pictures of a negative size": (400, IMAGES, {"prompt": "x", "size": "-1x1"}),
    "pictures of a size of 6 digits": (400, IMAGES, {"prompt": "x", "size": "999999x1"}),
    "pictures of a size of 1 MB": (400, IMAGES, {"prompt": "x", "size": "1" * MB + "x1"}),
    "pictures of a size of spaces": (400, IMAGES, {"prompt": "x", "size": " " * MB + "x"}),
    "pictures in an unknown form": (400, IMAGES, {"prompt": "x", "response_format": "pickle"}),
    "a style of 1 MB": (400, IMAGES, {"prompt": "x", "style": "a" * MB}),
    "a video in an unknown style": (400, VIDEOS, {"prompt": "x", "video_style": "卡通"}),
    "a video from two pictures": (400, VIDEOS, {"prompt": "x", "image_url": ["data:,a", "data:,b"]}),
    "a video from an object": (400, VIDEOS, {"prompt": "x", "image_url": {"url": 5}}),
    "a video from a text": (400, VIDEOS, {"prompt": "x", "image_url": "data:,hello"}),
    "a video from nothing": (400, VIDEOS, {"prompt": "x", "image_url": "data:,"}),
    "a video from broken base64": (400, VIDEOS, {"prompt": "x", "image_url": "****"}),
    "a video from half a picture": (400, VIDEOS, {"prompt": "x", "image_url": data_url(media.picture(1)[:400])}),
    "a video from a bomb": (400, VIDEOS, {"prompt": "x", "image_url": png(50_000, 50_000)}),
    "a video from a smaller bomb": (400, VIDEOS, {"prompt": "x", "image_url": png(10_000, 10_000)}),
    "a video from a picture of no size": (400, VIDEOS, {"prompt": "x", "image_url": png(0, 0)}),
    "a sound that is none": (400, VIDEOS, {"prompt": "x", "audio_id": "x"}),
    "a sound of 1 MB": (400, VIDEOS, {"prompt": "x", "audio_id": "a-" + "b" * MB}),
    "a request of 1 MB": (400, VIDEOS, {"prompt": "x", "request_id": "b" * MB}),
    "a video in a conversation that is a number": (400, VIDEOS, {"prompt": "x", "conversation_id": 5}),
}


@pytest.mark.parametrize("name", OTHER_BODIES)
def test_a_hostile_body_elsewhere(door: Door, upstream: StandIn, name: str) -> None:
    upstream.reset()
    status, path, fields = OTHER_BODIES[name]
    key = ("x-api-key", upstream.account().refresh_token)
    answer = door.ask("POST", path, key, body=json.dumps(fields).encode())
    assert answer.status == status
    if path == CHECK and status == 200:
        assert answer.json()["live"] is False


@pytest.mark.parametrize(
    "name",
    ["x", "..", "%00", "%ff", "a" * 300, "a" * 8000, "AQAAAAA", "%e4%bd%a0", "AQ==", "a%0d%0ab", "-._~", "%2e%2e%2f"],
)
@pytest.mark.parametrize("path", [VIDEOS, "/v1/async-result"])
def test_a_job_that_is_none(door: Door, path: str, name: str) -> None:
    assert door.ask("GET", f"{path}/{name}", door.key).status == 404
    if path == VIDEOS:
        assert door.ask("DELETE", f"{path}/{name}", door.key).status == 404


# --- Keys ------------------------------------------------------------------------------------------------------------


def token(payload: str | bytes, *, head: str = "e30", signature: str = "c2ln") -> str:
    """A token that says this of itself. Nobody has signed it."""
    data = payload.encode() if isinstance(payload, str) else payload
    return f"{head}.{urlsafe_b64encode(data).decode().rstrip('=')}.{signature}"


KEYS: dict[str, tuple[int, tuple[str, str | bytes]]] = {
    "no scheme": (401, ("Authorization", "a.b.c")),
    "a scheme alone": (401, ("Authorization", "Bearer")),
    "another scheme": (401, ("Authorization", "Basic YTpi")),
    "white space": (401, ("Authorization", "Bearer \t ")),
    "commas": (401, ("Authorization", "Bearer ,,, ,")),
    "15 KB": (401, ("Authorization", "Bearer " + "a" * 15_000)),
    "letters of two bytes": (401, ("Authorization", "Bearer é.é.é")),
    "bytes that are no letters": (401, ("Authorization", b"Bearer \xff\xfe.\x80.\xc0")),
    "no letters in x-api-key": (401, ("x-api-key", b"\xff" * 100)),
    "100 keys": (401, ("Authorization", "Bearer " + ",".join(f"{number}.b.c" for number in range(100)))),
    "101 keys": (400, ("Authorization", "Bearer " + ",".join(f"{number}.b.c" for number in range(101)))),
    "5000 keys": (400, ("Authorization", "Bearer " + ",".join(map(str, range(2500))))),
    "the same key 1000 times": (401, ("Authorization", "Bearer " + ",".join(["a.b.c"] * 1000))),
    "dots": (401, ("Authorization", "Bearer " + "." * 10_000)),
    "a payload that is null": (401, ("Authorization", f"Bearer {token('null')}")),
    "a payload that is deep": (401, ("Authorization", f"Bearer {token('[' * 9000)}")),
    "a payload that is UTF-16": (401, ("Authorization", f"Bearer {token('{}'.encode('utf-16'))}")),
    "a payload without an expiry": (401, ("Authorization", f"Bearer {token('{"type": "refresh"}')}")),
    "an expiry that is true": (401, ("Authorization", f"Bearer {token('{"type": "refresh", "exp": true}')}")),
    "an expiry that is an array": (401, ("Authorization", f"Bearer {token('{"type": "refresh", "exp": []}')}")),
    "an expiry of 5000 digits": (
        401,
        ("Authorization", f"Bearer {token('{"type": "refresh", "exp": ' + '9' * 5000)}}}"),
    ),
}


FORGED: dict[str, str] = {
    "an expiry of 400 digits": token('{"type": "refresh", "exp": ' + "9" * 400 + "}"),
    "an expiry that is no number": token('{"type": "refresh", "exp": NaN}'),
    "an expiry without end": token('{"type": "access", "exp": 1e999}'),
    "an issue of 400 digits": token('{"type": "refresh", "exp": 9999999999, "iat": ' + "9" * 400 + "}"),
    "a device that ends its line": token(
        r'{"type": "refresh", "exp": 9999999999, "device_id": "a\r\nX-Injected: yes"}'
    ),
    "a device of two bytes": token('{"type": "refresh", "exp": 9999999999, "device_id": "é"}'),
    "a device of 5000 letters": token(f'{{"type": "refresh", "exp": 9999999999, "device_id": "{"a" * 5000}"}}'),
    "an account that is half a letter": token(r'{"type": "refresh", "exp": 9999999999, "uid": "\ud800"}'),
    "a signature of two bytes": token('{"type": "refresh", "exp": 9999999999}', signature="é"),
    "a signature of two words": token('{"type": "refresh", "exp": 9999999999}', signature="a b"),
    "a signature of 9000 letters": token('{"type": "refresh", "exp": 9999999999}', signature="a" * 9000),
    "a head that is quoted": token('{"type": "refresh", "exp": 9999999999}', head='"e30"'),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token(door: Door, upstream: StandIn, name: str) -> None:
    assert door.ask("POST", CHAT, ("Authorization", f"Bearer {FORGED[name]}"), body=chat()).status == 401
    answer = door.ask("POST", CHECK, body=json.dumps({"token": FORGED[name]}).encode())
    assert (answer.status, answer.json()["live"]) == (200, False)
    assert {"x-injected"}.isdisjoint(header.lower() for call in upstream.record for header in call.headers)


def test_a_token_that_ends_its_line_is_none(door: Door, upstream: StandIn) -> None:
    forged = token('{"type": "refresh", "exp": 9999999999}', signature="a\r\nX-Injected: yes")
    assert door.ask("POST", CHECK, body=json.dumps({"token": forged}).encode()).json()["live"] is False
    assert upstream.record == []


@pytest.mark.parametrize("name", KEYS)
def test_a_hostile_key(door: Door, upstream: StandIn, name: str) -> None:
    status, header = KEYS[name]
    assert door.ask("POST", CHAT, header, body=chat()).status == status
    assert upstream.record == []


def test_a_key_that_ends_its_line(door: Door, upstream: StandIn) -> None:
    answer = door.ask("POST", CHAT, ("Authorization", "Bearer a.b.c\r\nX-Injected: yes"), body=chat())
    assert answer.status == 401
    assert "x-injected" not in answer.headers
    assert upstream.record == []


def test_keys_in_the_wrong_place_are_not_looked_for(door: Door, account: Account) -> None:
    for target in (f"{CHAT}?api_key={account.refresh_token}", f"{CHAT}?access_token={account.refresh_token}"):
        assert door.ask("POST", target, body=chat()).status == 401
    assert door.ask("POST", CHAT, ("Cookie", f"token={account.refresh_token}"), body=chat()).status == 401


# --- Methods, paths, headers -----------------------------------------------------------------------------------------


METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "X" * 1000, "!"]


@pytest.mark.parametrize(
    ("method", "path"), [*zip(METHODS, cycle([CHAT, IMAGES, CHECK]), strict=False), ("GET", IMAGES), ("GET", CHECK)]
)
def test_a_method_that_is_not_taken(door: Door, method: str, path: str) -> None:
    answer = door.ask(method, path)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


PATHS: dict[str | bytes, int] = {
    "//v1/models": 200,
    "/v1//models": 200,
    "/v1/models/": 200,
    "/v1/chat/completions/": 405,
    "/./v1/models": 404,
    "/v1/models/../models": 404,
    "/v1/models/..": 404,
    "/v1/models/%2e%2e": 404,
    "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd": 404,
    "/v1/models/%00": 404,
    "/v1/models/%ff": 404,
    "/v1/models/%ed%a0%80": 404,
    "/v1/models/%zz": 404,
    "/v1/models/%": 404,
    "/v1/models/" + "x-" * 3500: 404,
    "/v1/models;x=1": 404,
    "/V1/Models": 404,
    "/v1\\models": 404,
    "/v1/models%0d%0aX-Injected:%20yes": 404,
    "/../../etc/passwd": 404,
    "/lib/settings.py": 404,
    "/public/../lib/settings.py": 404,
    "/.env": 404,
    "/.git/config": 404,
    "*": 404,
    "v1/models": 404,
    "http://evil.example/v1/models": 200,
    "//evil.example/%2e%2e": 404,
    "/%76%31/models": 200,
    "/v1%2fmodels": 200,
    "/v1/models?": 200,
    "/v1/models?x=%": 200,
    "/v1/models?x=%ff%00%0d%0a": 200,
    "/v1/models?" + "&".join(f"x{number}=" for number in range(1000)): 200,
    "/v1/models?token=secret&__proto__[x]=1&$where=1": 200,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_with_a_trick(door: Door, path: str) -> None:
    answer = door.ask("GET", path)
    assert answer.status == PATHS[path]
    assert "x-injected" not in answer.headers
    assert "location" not in answer.headers


REQUEST_IDS: list[str | bytes] = [
    "",
    "a b",
    'a"b',
    "a\\b",
    '{"level": "error"}',
    "<script>",
    "x" * 129,
    "x" * 10_000,
    "\x1b[31m",
    "\t\t",
    "é",
    b"\xe9",
    b"\xaa",
    b"\x85",
    b"\xff\xfe",
    "%0d%0aX-Injected: yes",
    "٣",
    "a,b",
]


@pytest.mark.parametrize("given", REQUEST_IDS)
def test_a_request_id_is_taken_only_as_plain_as_it_should_be(door: Door, bundle: Bundle, given: str | bytes) -> None:
    made = door.ask("GET", "/v1/models", ("x-request-id", given)).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_every_line_of_the_log_is_one_request(door: Door, bundle: Bundle) -> None:
    before = len(bundle.output)
    forged = '%0a{"level":"error","forged":true}%0d%e2%80%a8%c2%85%1b[31m'
    name = f"plain.id:1=2-3_{token_hex(4)}"
    answers = [door.ask("GET", f"/v1/models/{forged}", ("x-request-id", name)), door.ask("X" * 2000, "/v1/models")]
    assert answers[0].headers["x-request-id"] == name
    assert logged(bundle, name)["path"].startswith("/v1/models/\n{")
    assert logged(bundle, answers[1].headers["x-request-id"])["status"] == 405
    lines = bundle.output[before:]
    assert {json.loads(line)["message"] for line in lines} == {"request"}
    assert all(len(line) < 1000 for line in lines)


HEADERS: dict[str, tuple[str, str | bytes]] = {
    "a host with a path": ("Host", "evil.example/x"),
    "an origin of 8 KB": ("Origin", "https://" + "a" * 8000),
    "an origin that is none": ("Origin", b"\xff\x80"),
    "a range": ("Range", "bytes=0-0,1-1," + "2-2," * 500),
    "a preference of 8 KB": ("Prefer", "wait=" * 1600),
    "another method": ("X-HTTP-Method-Override", "DELETE"),
    "another path": ("X-Original-URL", "/admin"),
    "another address": ("X-Forwarded-For", "127.0.0.1"),
    "a deadline": ("x-vercel-internal-deadline", "2000-01-01T00:00:00Z"),
    "a context": ("x-amzn-lambda-context", '{"deadline": 1}'),
    "an upgrade": ("Upgrade", "h2c"),
    "a cookie of 8 KB": ("Cookie", "a=" * 4000),
    "another encoding": ("Accept-Encoding", "x, *;q=0"),
    "another type": ("Accept", "text/html;q=1.0"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_changes_nothing(door: Door, name: str) -> None:
    answer = door.ask("POST", CHAT, door.key, HEADERS[name], body=chat())
    assert answer.status == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Hello."


def test_a_preflight_with_a_header_of_its_own_making(door: Door) -> None:
    asked = [("Origin", "https://a"), ("Access-Control-Request-Method", "POST")]
    request = compose("OPTIONS", CHAT, [*asked, ("Access-Control-Request-Headers", "x\t\xa0, " + "y" * 8000)])
    assert door.send(request).status in (200, 400)


# What is not HTTP never gets to the bundle: its web server refuses it, in words of its own.
NOT_HTTP: dict[str, bytes] = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /v1/models\r\n\r\n",
    "a target with a space": b"GET /v1/ models HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target of bytes": compose("GET", b"/v1/models/\xff"),
    "NUL in a header": compose("GET", "/v1/models", [("x-request-id", "a\x00b")]),
    "a lone CR in a header": compose("GET", "/v1/models", [("x-request-id", "a\rX-Injected: yes")]),
    "a space before the colon": b"GET /v1/models HTTP/1.1\r\nHost : a\r\n\r\n",
    "two lengths": compose("POST", CHAT, [("Content-Length", "5")], chat()),
    "a negative length": b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a length of letters": b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    "a chunk of no length": b"POST /ping HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an unknown transfer": b"POST /ping HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http(door: Door, upstream: StandIn, name: str) -> None:
    answer = door.send(NOT_HTTP[name])
    assert answer.status == 400
    assert "x-injected" not in answer.headers
    assert upstream.record == []


def test_a_client_that_breaks_off_in_the_middle_of_its_body(door: Door, bundle: Bundle, upstream: StandIn) -> None:
    request = compose("POST", CHAT, [door.key, ("x-request-id", name := token_hex(16))], chat())
    address = urlsplit(bundle.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(request[:-5])
    assert logged(bundle, name)["status"] == 499
    assert upstream.requests("chat") == []
