"""Files that go along with a message."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.asking import sent
from tests.browser.visitor import Visitor
from tests.upstream import Account, StandIn, media

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(user: Visitor, upstream: StandIn, account: Account, kind: str) -> None:
    picture = media.picture(1)
    user.message.focus()
    user.drop(("cat.jpg", "image/jpeg", picture), kind=kind)
    expect(user.panel.get_by_role("listitem").filter(has_text="cat.jpg")).to_be_visible()
    user.hear("What is this?")
    assert [upload.file.content for upload in upstream.uploads(account)] == [picture]
    assert sent(upstream)["messages"][0]["content"][1]["type"] == "image"
    expect(user.page.locator("article.you img")).to_be_visible()


def test_the_page_shows_where_a_file_may_be_dropped(user: Visitor) -> None:
    drag = """(kind) => {
        const data = new DataTransfer();
        data.items.add(new File(["a"], "a.txt"));
        document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
    }"""
    shown = "() => getComputedStyle(document.querySelector('[role=tabpanel]'), '::after').content"
    assert user.page.evaluate(shown) == "none"
    user.page.evaluate(drag, "dragenter")
    user.page.wait_for_function(f"({shown})() === '\"Drop files here\"'")
    user.page.evaluate(drag, "dragleave")
    user.page.wait_for_function(f"({shown})() === 'none'")


def test_a_document_is_picked(user: Visitor, upstream: StandIn, account: Account) -> None:
    user.pick("note.txt", "text/plain", b"Buy milk.")
    user.hear("What shall I buy?")
    (upload,) = upstream.uploads(account)
    assert (upload.file.content, upload.file.filename) == (b"Buy milk.", "note.txt")


def test_a_file_is_taken_back(user: Visitor, upstream: StandIn, account: Account) -> None:
    user.drop(("a.txt", "text/plain", b"a"), ("b.txt", "text/plain", b"b"))
    user.button("Remove a.txt").click()
    expect(user.message).to_be_focused()
    user.hear("Hello")
    assert [upload.file.content for upload in upstream.uploads(account)] == [b"b"]


def test_files_come_back_with_a_question_that_failed(user: Visitor, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", code=10001, message="内部错误")
    user.pick("note.txt", "text/plain", b"Buy milk.")
    user.ask("What shall I buy?")
    expect(user.error).to_be_visible()
    expect(user.button("Remove note.txt")).to_be_visible()
    user.button("Retry").click()
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.button("Remove note.txt")).to_have_count(0)
    assert {upload.file.content for upload in upstream.uploads(account)} == {b"Buy milk."}


def noise(width: int, height: int) -> bytes:
    written = BytesIO()
    Image.effect_noise((width, height), 80).save(written, "PNG")
    return written.getvalue()


def test_a_large_picture_is_made_smaller(user: Visitor, upstream: StandIn, account: Account) -> None:
    picture = noise(2400, 1600)
    user.pick("photo.png", "image/png", picture)
    expect(user.panel.get_by_text("photo.png was made smaller.")).to_be_visible()
    user.hear("What is this?")
    (upload,) = upstream.uploads(account)
    assert len(upload.file.content) < len(picture)
    assert Image.open(BytesIO(upload.file.content)).size == (2048, 1365)


@pytest.mark.parametrize(("header", "megabytes"), [("x-vercel-id", 3), ("x-amzn-requestid", 4)])
def test_a_file_that_the_platform_lets_not_through_is_refused_in_words(
    user: Visitor, header: str, megabytes: int
) -> None:
    def as_there(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, header: "1"})

    user.page.route("**/ping", as_there)
    user.open()
    user.pick("large.txt", "text/plain", b"x" * (megabytes * 1_000_000 + 600_000))
    expect(user.error).to_contain_text(f"large.txt is too large: all files of a chat together may have {megabytes} MB")
    expect(user.button("Remove large.txt")).to_have_count(0)
