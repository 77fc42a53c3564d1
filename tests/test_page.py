"""The page as files and as it is served; what it does in a browser is in `tests/browser`."""

import asyncio
import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

import lib.serving.page
from lib.errors import NotFound
from lib.serving.page import FOLDER
from lib.settings import VERSION
from tests.bundle import Bundle, serve
from tests.platforms import npm

WEB = FOLDER.parent / "web"
HTML = (FOLDER / "index.html").read_text()
ASSETS = sorted((FOLDER / "assets").iterdir())
MOST_BYTES = 200_000
"""Of all files, compressed: the page is loaded by phones, from functions that have just been started."""
MOST_FIRST_BYTES = 60_000
"""Of what is loaded before anything is seen."""
MOST_LINES = 300
"""Of a file of the sources."""


class Tags(HTMLParser):
    """All tags of a document with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page() -> Tags:
    return Tags(HTML)


def test_it_is_served(bundle: Bundle) -> None:
    answer = httpx.get(bundle.url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == HTML
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_its_assets_are_served_and_kept_for_ever(bundle: Bundle) -> None:
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    for path in ASSETS:
        answer = httpx.get(f"{bundle.url}/assets/{path.name}")
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"] == kinds[path.suffix]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["", "assets/"])
def test_it_is_compressed_for_those_who_take_that(bundle: Bundle, path: str) -> None:
    url = f"{bundle.url}/{path and path + ASSETS[0].name}"
    plain = httpx.get(url, headers={"Accept-Encoding": "br, gzip;q=0"})
    assert "content-encoding" not in plain.headers
    packed = httpx.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content)
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        *("assets/", "assets/none.js", "assets/..%2findex.html", "assets/..%2f..%2flib%2fsettings.py", "index.html"),
        *("assets/%2e%2e/index.html", "assets/page.js/..", "assets/%00", "robots.txt/../index.html", "assets"),
    ],
)
def test_nothing_else_is_served(bundle: Bundle, path: str) -> None:
    with httpx.Client() as client:
        request = client.build_request("GET", bundle.url)
        request.url = request.url.copy_with(raw_path=f"/{path}".encode())
        answer = client.send(request)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


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
    monkeypatch.setattr(lib.serving.page, "FOLDER", tmp_path)
    lib.serving.page._files.cache_clear()
    try:
        with pytest.raises(NotFound):
            asyncio.run(lib.serving.page.page(Request({"type": "http", "headers": []})))
    finally:
        lib.serving.page._files.cache_clear()


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "own-token"),
        ({"GLM_TOKENS": "a", "GLM_ACCESS_KEYS": "b"}, "access-key"),
        ({"GLM_TOKENS": "a"}, "misconfigured"),
        ({"GLM_MAX_FILE_MB": "many"}, "misconfigured"),
    ],
)
def test_the_ping_says_of_what_kind_and_version_the_deployment_is(environ: dict[str, str], kind: str) -> None:
    with serve(environ) as bundle:
        answer = httpx.get(f"{bundle.url}/ping")
    assert (answer.status_code, answer.text) == (200, "pong")
    assert (answer.headers["x-deployment"], answer.headers["x-version"]) == (kind, VERSION)


def test_it_is_small() -> None:
    compressed = {path.name: len(gzip.compress(path.read_bytes())) for path in (FOLDER / "index.html", *ASSETS)}
    assert sum(compressed.values()) < MOST_BYTES
    late = {name for name in compressed if name.startswith(("markdown", "highlight", "formulas"))}
    assert len(late) == 3
    at_once = set(re.findall(r"assets/([\w-]+\.\w+)", HTML))
    for name in sorted(at_once):
        at_once |= set(re.findall(r'from"\./([\w-]+\.js)"', (FOLDER / "assets" / name).read_text()))
    assert not at_once & late, "nothing waits for the renderer, the highlighter and the formulas"
    assert sum(compressed[name] for name in at_once) < MOST_FIRST_BYTES


def test_the_policy_allows_its_own_files_and_nothing_else(page: Tags) -> None:
    (policy,) = (attributes["content"] or "" for _, attributes in page.tags if "http-equiv" in attributes)
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["form-action"] == directives["base-uri"] == "'none'"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["trusted-types"] == "dompurify"


def test_it_loads_nothing_from_elsewhere(page: Tags) -> None:
    for tag, attributes in page.tags:
        for name in ("src", "href"):
            assert re.match(r"/assets/[\w-]+\.(js|css)$|data:", attributes.get(name) or "data:"), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert "<style" not in HTML
    for path in ASSETS:
        if path.suffix == ".css":
            assert not re.search(r"@import|url\(", path.read_text())


# --- The sources -----------------------------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    return (path for path in (WEB / "src").rglob("*") if path.is_file())


def words(language: str) -> dict[str, str]:
    text = (WEB / "src" / "words" / f"{language}.ts").read_text()
    return dict(re.findall(r'^  (\w+):\s+"((?:[^"\\]|\\.)*)",$', text, re.MULTILINE))


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[name])), name


def test_every_text_is_used() -> None:
    code = "\n".join(path.read_text() for path in sources() if path.parent.name != "words" and path.suffix != ".css")
    computed = ("error_", "effort_")
    assert [name for name in words("en") if not name.startswith(computed) and f'"{name}"' not in code] == []


def test_no_source_is_long() -> None:
    long = {path.name for path in sources() if len(path.read_text().splitlines()) > MOST_LINES}
    assert long <= {"en.ts", "zh.ts"}


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()


@pytest.mark.platform
def test_the_committed_files_are_what_the_sources_make(tmp_path: Path) -> None:
    """And their types are right. Run `scripts/page` where this fails."""
    try:
        modules = npm.install("web", WEB, optional=True) / "node_modules"
    except npm.Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"npm is needed on CI: {reason}")
        pytest.skip(f"the page cannot be built here: {reason}")
    web = tmp_path / "web"
    shutil.copytree(WEB, web, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(modules, web / "node_modules", symlinks=True)
    for script in (["check"], ["build", "--", "../public"]):
        done = subprocess.run(["npm", "run", *script], cwd=web, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
    made = {path.relative_to(tmp_path / "public") for path in (tmp_path / "public").rglob("*") if path.is_file()}
    committed = {path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file()} - {Path("robots.txt")}
    assert made == committed
    for path in made:
        assert (tmp_path / "public" / path).read_bytes() == (FOLDER / path).read_bytes(), path
