"""Chat: an answer as it is written, stopped, taken up again, with files, with sources, and when it fails."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.asking import sent, sent_text
from tests.browser.visitor import Visitor
from tests.upstream import (
    Account,
    Answer,
    Cut,
    Gate,
    Intervene,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    media,
)

pytestmark = pytest.mark.browser

GO_ON = "Go on exactly where your answer stopped."


def test_an_answer_grows(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("One ", "two ", "three."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One ")
    expect(user.status).to_have_text("Writing…")
    gate.release(1)
    expect(user.answer).to_have_text("One two ")
    gate.release()
    expect(user.answer).to_have_text("One two three.")
    expect(user.status).to_have_text("The answer is complete.")


def test_markdown_is_shown_as_it_is_written(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("# Cats\n\nThey **pu", "rr**:\n\n", "- by day\n", "- by night"), gate=gate))
    user.ask("Cats?")
    expect(user.answer.get_by_role("heading", name="Cats")).to_be_visible()
    expect(user.answer.locator("strong")).to_have_text("purr")
    gate.release()
    expect(user.answer.get_by_role("listitem")).to_have_text(["by day", "by night"])


def test_the_reasoning_is_folded_away(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Think("Let me see."), Text("It is so."), gate=gate))
    user.ask("Is it so?")
    expect(user.status).to_have_text("Thinking…")
    gate.release()
    expect(user.answer).to_have_text("It is so.")
    thoughts = user.page.get_by_text("Let me see.")
    expect(thoughts).to_be_hidden()
    user.page.get_by_text("Reasoning").click()
    expect(thoughts).to_be_visible()


def test_sources_are_links(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Search("cats", Source("All of cats", "https://cats.example/all")), Text("Cats.")))
    user.hear("Cats?")
    source = user.answers.last.get_by_role("link", name="All of cats")
    expect(source).to_have_attribute("href", "https://cats.example/all")
    expect(source).to_have_attribute("rel", "noopener")


def test_an_answer_is_stopped(user: Visitor, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("One ", "two ", "three."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One two ")
    user.button("Stop").click()
    expect(user.status).to_have_text("Stopped.")
    upstream.wait_for(lambda: upstream.requests("stop", account))
    upstream.wait_for(lambda: not upstream.conversations(account))
    expect(user.answer).to_have_text("One two ")
    expect(user.button("Send")).to_be_enabled()


def test_a_stopped_answer_goes_on(user: Visitor, upstream: StandIn, account: Account) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("One ", "two ", "three."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One two ")
    user.button("Stop").click()
    upstream.wait_for(lambda: not upstream.conversations(account))

    upstream.script(Answer(Text("three.")))
    user.button("Go on").click()
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.answers).to_have_count(1)
    expect(user.answer).to_have_text("One two three.")
    assert sent_text(upstream).startswith("<|user|>\nCount\n<|assistant|>\nOne two \n<|user|>\n" + GO_ON)
    expect(user.button("Go on")).to_be_hidden()

    user.hear("And then?")
    assert sent_text(upstream).startswith("<|user|>\nCount\n<|assistant|>\nOne two three.\n<|user|>\nAnd then?")


def test_an_answer_that_breaks_off_says_so_and_goes_on(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("One ", "two ", "three."), ending=Cut(after=2, resumes=False)))
    user.ask("Count")
    expect(user.error).to_contain_text("broke")
    expect(user.answer).to_have_text("One two ")
    upstream.script(Answer(Text("three.")))
    user.button("Go on").click()
    expect(user.answer).to_have_text("One two three.")
    expect(user.error).to_be_hidden()


def test_a_question_that_failed_is_asked_again(user: Visitor, upstream: StandIn) -> None:
    upstream.fail("chat", code=10001, message="内部错误")
    user.ask("Hello")
    expect(user.error).to_contain_text("内部错误")
    upstream.script(Answer(Text("Hello to you.")))
    user.button("Try again").click()
    expect(user.answer).to_have_text("Hello to you.")
    assert sent_text(upstream) == "Hello"


def test_the_filter_ends_an_answer(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Well, "), ending=Intervene("换个话题吧")))
    user.ask("Something else")
    expect(user.status).to_have_text("The service’s filter ended the answer.")
    expect(user.answer).to_contain_text("换个话题吧")
    expect(user.button("Go on")).to_be_hidden()


def test_a_chat_remembers_what_was_said_and_a_new_one_does_not(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Hello Ann.")))
    user.hear("I am Ann")
    user.hear("Who am I?")
    assert "I am Ann\n<|assistant|>\nHello Ann.\n<|user|>\nWho am I?" in sent_text(upstream)
    user.button("New chat").click()
    expect(user.answers).to_have_count(0)
    user.hear("Who am I?")
    assert sent_text(upstream) == "Who am I?"


def test_shift_enter_begins_a_new_line(user: Visitor, upstream: StandIn) -> None:
    user.message.fill("one")
    user.message.press("Shift+Enter")
    user.message.press_sequentially("two")
    user.message.press("Enter")
    expect(user.status).to_have_text("The answer is complete.")
    assert sent_text(upstream) == "one\ntwo"


def test_enter_that_ends_the_writing_of_a_chinese_word_sends_nothing(user: Visitor, upstream: StandIn) -> None:
    user.message.fill("ni hao")
    user.message.evaluate(
        "node => node.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))"
    )
    expect(user.message).to_have_value("ni hao")
    assert upstream.requests("chat") == []


def test_an_empty_message_is_not_sent(user: Visitor, upstream: StandIn) -> None:
    user.ask("  ")
    expect(user.error).to_have_text("Write something first.")
    assert upstream.requests("chat") == []


def test_the_models_are_those_of_the_deployment(user: Visitor, upstream: StandIn) -> None:
    choice = user.panel.get_by_label("Model")
    offered = choice.locator("option").all_inner_texts()
    assert "glm-5.3" in offered
    assert "glm-4-think" in offered
    assert not any(name.startswith("cog") for name in offered)
    choice.select_option("glm-5.3-flash-think")
    user.hear("Hello")
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3-flash"
    assert sent(upstream)["meta_data"]["chat_mode"] == "thinking"


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


def noise(width: int, height: int) -> bytes:
    written = BytesIO()
    Image.effect_noise((width, height), 80).save(written, "PNG")
    return written.getvalue()


def test_a_large_picture_is_made_smaller(user: Visitor, upstream: StandIn, account: Account) -> None:
    picture = noise(2400, 1600)
    user.pick("photo.png", "image/png", picture)
    expect(user.status).to_have_text("photo.png was made smaller.")
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

    user.page.route("**/v1/models", as_there)
    user.open()
    user.pick("large.txt", "text/plain", b"x" * (megabytes * 1_000_000 + 600_000))
    expect(user.error).to_contain_text(f"large.txt is too large: all files of a chat together may have {megabytes} MB")
    expect(user.panel.get_by_role("listitem")).to_have_count(0)


def test_pictures_in_an_answer_are_loaded_when_asked_for(user: Visitor, upstream: StandIn) -> None:
    pictures = [upstream.site(f"/{name}.jpg", media.picture(1), "image/jpeg") for name in ("a", "b")]
    upstream.script(Answer(Text(*(f"![Cat {url[-5]}]({url}?words=of+the+chat)\n\n" for url in pictures))))
    user.hear("Show me cats")
    assert user.elsewhere() == []

    user.may_ask = (upstream.url,)
    user.page.get_by_role("button", name="Show pictures from 127.0.0.1").first.click()
    for name in ("Cat a", "Cat b"):
        picture = user.answer.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        user.page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())


def test_the_form_stays_in_sight_while_an_answer_grows(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("Begin\n\n", *(f"line {number}\n\n" for number in range(80))), gate=gate))
    user.message.scroll_into_view_if_needed()
    user.ask("Write much")
    expect(user.answer).to_have_text("Begin")
    gate.release()
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.button("Send")).to_be_in_viewport()
