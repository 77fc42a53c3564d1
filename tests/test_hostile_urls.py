"""Files at hostile URLs, through the front door: each is refused, the place of it is named, and nobody is reached."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest

from tests import private_network
from tests.bundle import Bundle, serve
from tests.raw_http import RawAnswer, compose, exchange
from tests.upstream import Account, StandIn

ADDRESSES = [
    # The machine itself, in every spelling
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "0177.0x0.1",
    "00000177.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127.0.0.1%00",
    "127.0.0.1%2f.example.com",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "0.0.0.0",
    "0",
    "0x0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%25lo]",
    # IPv4 inside of IPv6
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[::ffff:169.254.169.254]",
    # Clouds' own
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.170.2",
    "[fe80::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    # Private networks, and what is no host's
    "10.0.0.1",
    "10.255.255.255",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.65535",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[fc00::1]",
    "[fdff:ffff::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
]

URLS = [
    # No URL of a file
    "",
    " ",
    "x",
    "/etc/passwd",
    "\\\\127.0.0.1\\share",
    "//127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1/",
    "http:///127.0.0.1/",
    "http://",
    "https://",
    "http://?",
    "http://#",
    "http://:80/",
    "http://[",
    "http://[::1",
    "http://[::1]]/",
    "http://[1.2.3.4]/",
    "http://%/",
    "http://a b/",
    "http://\x00/",
    "http://127.0.0.1\x00.example.com/",
    "http://127.0.0.1\r\nHost: evil.example/",
    "http://127.0.0.1/\r\nX-Injected: yes\r\n\r\n",
    "http://\U000e0001/",
    "http://xn--/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 200 + "example/",
    "http://" + "a" * 1_000_000 + "/",
    "http://127.0.0.1/" + "a" * 1_000_000,
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "javascript:alert(1)",
    "jar:http://127.0.0.1!/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "blob:https://example.com/x",
    "view-source:http://127.0.0.1/",
    # Ports and names that hide something
    "http://127.0.0.1:22/",
    "http://{public}:22/",
    "http://{public}:6379/",
    "http://{public}:0/",
    "http://{public}:65536/",
    "http://{public}:99999999999999999999/",
    "http://{public}:-80/",
    "http://{public}:80x/",
    "http://{public}:８０８０/",
    "http://user@{public}/",
    "http://user:password@{public}/",
    "http://{public}@127.0.0.1/",
    "http://{public}:80@127.0.0.1/",
    "http://127.0.0.1#@{public}/",
    "http://127.0.0.1\\@{public}/",
    "http://127.0.0.1?@{public}/",
    "http://{public}\\@127.0.0.1/",
]

DATA_URLS = [
    "data:",
    "data:,",
    "data:;base64,",
    "data:;base64",
    "data:text/plain",
    "data:text/plain;base64",
    "data:image/png;base64,****",
    "data:image/png;base64,A",
    "data:image/png;base64,AAAAA",
    "data:image/png;base64,AAAA=AAA",
    "data:image/png;base64,AAA====",
    "data:image/png;base64,====",
    "data:image/png;base64,\x00\x00",
    "data:image/png;base64,AA\x00A",
    "data:image/png;base64,你好",
    "data:image/png;base64,%zz%zz",
    "data:" + "a" * 10_000 + ",x",
    "data:" + ";" * 1_000_000,
    "data:" + ";base64" * 100_000,
    "data:;base64," + "=" * 1_000_000,
    "data:;base64," + " " * 1_000_000,
    "data:;base64," + "%" * 1_000_000,
    " " * 1_000_000 + "data:",
    "data:;base64," + b64encode(bytes(1_100_000)).decode(),
    "data:," + "a" * 1_100_000,
    "data:," + "%41" * 1_100_000,
]
"""Broken, empty, or larger than the megabyte that the bundle of these tests takes."""

FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "file_url": (".file_url.url", {"type": "file", "file_url": {"url": "{url}"}}),
    "image_url": (".image_url.url", {"type": "image_url", "image_url": "{url}"}),
    "file.file_url": (".file.file_url", {"type": "file", "file": {"file_url": "{url}"}}),
}


@pytest.fixture(scope="module")
def guarded(stand_in: StandIn) -> Iterator[Bundle]:
    """A bundle as it is deployed, but that files may have a megabyte at most."""
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_MAX_FILE_MB": "1"}) as bundle:
        yield bundle


@pytest.fixture
def unreached() -> Iterator[int]:
    """Listens on this machine, at a free port and, where that is allowed, at 80 and 443. In the end nobody has come."""
    with ExitStack() as stack:
        listeners = []
        for port in (0, 80, 443):
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                try:
                    listener = stack.enter_context(socket.create_server((host, port), family=family))
                except OSError:  # Not allowed, taken, or no IPv6.
                    continue
                listener.setblocking(False)
                listeners.append(listener)
        yield listeners[0].getsockname()[1]
        for listener in listeners:
            with pytest.raises(BlockingIOError):
                listener.accept()


def ask(bundle: Bundle, account: Account, url: str, form: str = "file_url") -> tuple[RawAnswer, str]:
    """The answer, and the place of the URL in the request."""
    place, part = FORMS[form]
    written = json.dumps(part).replace('"{url}"', json.dumps(url))
    body = b'{"messages": [{"role": "user", "content": [%s]}]}' % written.encode()
    key = ("Authorization", f"Bearer {account.refresh_token}")
    return exchange(bundle.url, compose("POST", "/v1/chat/completions", [key], body)), f"messages[0].content[0]{place}"


def assert_refused(answer: RawAnswer, place: str) -> None:
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert place.startswith(error["param"])
    assert len(error["message"]) < 500


@pytest.mark.parametrize("host", ADDRESSES)
def test_an_address_that_is_not_public(
    guarded: Bundle, upstream: StandIn, account: Account, unreached: int, host: str
) -> None:
    for url in (f"http://{host}/", f"https://{host}/", f"HTTP://{host}:80/", f"http://{host}:{unreached}/"):
        assert_refused(*ask(guarded, account, url))
    assert {one.name for one in upstream.record} <= {"refresh"}


@pytest.mark.parametrize(
    ("url", "form"), list(zip(URLS, cycle(FORMS), strict=False)), ids=lambda value: repr(value[:40])
)
def test_a_url_that_is_none_or_hides_something(
    guarded: Bundle, upstream: StandIn, account: Account, unreached: int, url: str, form: str
) -> None:
    assert_refused(*ask(guarded, account, url.format(public="127.0.0.1"), form))
    assert {one.name for one in upstream.record} <= {"refresh"}


@pytest.mark.parametrize("url", DATA_URLS, ids=lambda url: repr(url[:40]))
def test_a_data_url_that_is_broken(guarded: Bundle, upstream: StandIn, account: Account, url: str) -> None:
    assert_refused(*ask(guarded, account, url))
    assert "chat" not in {one.name for one in upstream.record}
    assert exchange(guarded.url, compose("GET", "/ping")).body == b"pong"


def test_a_video_or_a_picture_is_fetched_by_the_same_rules(
    guarded: Bundle, upstream: StandIn, account: Account, unreached: int
) -> None:
    key = ("Authorization", f"Bearer {account.refresh_token}")
    for url in (f"http://127.0.0.1:{unreached}/", "http://127.0.0.1/", "http://[::ffff:127.0.0.1]/"):
        body = json.dumps({"prompt": "a cat", "image_url": url}).encode()
        answer = exchange(guarded.url, compose("POST", "/v1/videos/generations", [key], body))
        assert answer.status == 400
        assert answer.json()["error"]["param"] == "image_url"


# --- In a network where every address leads to a server --------------------------------------------------------------


def led_to(url: str) -> str:
    """A public URL that leads to `url`."""
    return f"http://{{public}}/to/{quote(url, safe='')}"


REACHABLE = ["http://{public}/file", "http://{public}:80/file", "http://[2606:4700::1]/file", "http://8.8.8.8/file"]
NAMELESS = [host for host in ADDRESSES if not host.lower().startswith(("l", "ｌ"))]  # Nobody knows names there.


@pytest.mark.skipif(not private_network.is_possible(), reason="needs `unshare`, and a system that allows it")
def test_nothing_connects_to_an_address_that_is_not_public_even_where_somebody_listens() -> None:
    control = [*REACHABLE, led_to("http://8.8.4.4/file"), led_to("/file"), led_to("//8.8.4.4/file")]
    redirected = [led_to(f"http://{host}/") for host in NAMELESS]
    redirected += [led_to(f"https://{host}/") for host in NAMELESS]
    redirected += [
        led_to(url) for url in ("file:///etc/passwd", "ftp://8.8.8.8/", "data:,x", "//127.0.0.1/", "//[::1]/")
    ]
    redirected += [led_to(url) for url in ("http://8.8.8.8:6379/", "http://a:b@8.8.8.8/", "http://", "http://[")]
    redirected += [led_to(led_to("http://127.0.0.1/").replace("{public}", private_network.PUBLIC))]
    direct = [f"{scheme}://{host}/" for scheme in ("http", "https") for host in NAMELESS]
    hostile = direct + [url for url in URLS if len(url) < 1000] + redirected
    found = private_network.ask(control + hostile)
    statuses = [status for status, _ in found["answers"]]
    assert statuses[: len(control)] == [200] * len(control)
    refused = dict(zip(control + hostile, statuses, strict=True))
    assert {url: status for url, status in refused.items() if url in hostile and status != 400} == {}
    reached = {(address, port) for address, port in found["reached"]}
    assert reached == {(address, 80) for address in (private_network.PUBLIC, "2606:4700::1", "8.8.8.8", "8.8.4.4")}
