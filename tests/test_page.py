"""The page as a file and as it is served; what it does in a browser is in `tests/browser`."""

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

import lib.runtime.page
from lib.errors import NotFound
from scripts.page import PAGE, hashed
from tests.bundle import Bundle

MOST_BYTES = 60_000
"""The page is loaded by phones, from functions that have just been started."""
NOT_TRANSLATED = {
    *("Authorization", "Content-Type", "Content-Type: application/json", "Enter", "Files", "True", "English"),
    *("Hello", "A cat", "A running cat"),  # Examples, which are other ones in Chinese.
}
HTML = PAGE.read_text()
SCRIPT = HTML.partition("<script>")[2].partition("</script>")[0]


class Tags(HTMLParser):
    """All tags of a document with their attributes, and the texts that are to be translated."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._translated = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._translated = "data-t" in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._translated:
            self.texts.append(data)
        self._translated = False


@pytest.fixture(scope="module")
def page() -> Tags:
    return Tags(HTML)


def test_it_is_served(bundle: Bundle) -> None:
    answer = httpx.get(bundle.url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == PAGE.read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_policy_of_the_page_is_sent_along_and_forbids_framing(bundle: Bundle, page: Tags) -> None:
    (policy,) = (attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes)
    assert httpx.get(bundle.url).headers["content-security-policy"] == f"{policy}; frame-ancestors 'none'"


def test_it_is_sent_once_and_then_confirmed(bundle: Bundle) -> None:
    first = httpx.get(bundle.url)
    assert first.headers["cache-control"] == "no-cache"
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = httpx.get(bundle.url, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert httpx.get(bundle.url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_is_answered_without_it(bundle: Bundle) -> None:
    answer = httpx.head(bundle.url)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_package_without_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lib.runtime.page, "FILE", tmp_path / "index.html")
    with pytest.raises(NotFound):
        asyncio.run(lib.runtime.page.page(Request({"type": "http", "headers": []})))


def test_it_is_small() -> None:
    assert len(PAGE.read_bytes()) < MOST_BYTES


def test_the_policy_names_the_script_and_the_style_that_are_there() -> None:
    assert hashed(HTML) == HTML, "the page was changed: run python -m scripts.page"


def test_the_policy_allows_nothing_else(page: Tags) -> None:
    (policy,) = (attributes["content"] or "" for _, attributes in page.tags if "http-equiv" in attributes)
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch("'sha256-[A-Za-z0-9+/]{43}='", directives["script-src"])
    assert re.fullmatch("'sha256-[A-Za-z0-9+/]{43}='", directives["style-src"])
    assert directives["connect-src"] == "'self'"
    assert directives["form-action"] == directives["base-uri"] == "'none'"


def test_it_is_one_file(page: Tags) -> None:
    for tag, attributes in page.tags:
        assert not attributes.get("src")
        assert tag != "link" or (attributes["href"] or "").startswith("data:")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert not re.search(
        r"\b(import\(|importScripts|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\()", SCRIPT
    )
    assert not re.search(r"@import|[\s:]url\(", HTML)


def chinese() -> dict[str, str]:
    table = SCRIPT.partition("const CHINESE = {")[2].partition("\n};")[0]
    return dict(re.findall(r'^  (?:"([^"]+)"):\s+"([^"]+)"', table, re.MULTILINE))


def test_every_text_is_there_in_chinese(page: Tags) -> None:
    options = {text for text in page.texts if f" data-t>{text}</option>" in HTML}
    code = SCRIPT.partition("\n};")[2]
    sentences = {
        text for text in re.findall(r'"((?:[A-Z]|\{name\} )[^"\\]*[a-z…}][.?)…]?)"', code) if not text.isupper()
    }
    used = (sentences - NOT_TRANSLATED) | (set(page.texts) - options)
    assert used - chinese().keys() == set()
    assert chinese().keys() - used - {"Any"} == set()


def test_the_same_places_are_filled_in_both_languages() -> None:
    for english, translation in chinese().items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", translation))
