"""Chat: an answer as it is written, stopped, taken up again, asked anew, and when it fails."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.asking import sent, sent_text
from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Cut, Gate, Intervene, Search, Source, StandIn, Text, Think

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


def test_examples_stand_where_nothing_was_asked_yet(user: Visitor, upstream: StandIn) -> None:
    for tab, first in (("Video", "A paper boat"), ("Pictures", "A lighthouse"), ("Chat", "Plan two days")):
        user.tab(tab)
        examples = user.panel.get_by_role("listitem")
        assert examples.count() in (3, 4)
        examples.first.get_by_role("button").click()
        expect(user.composer).to_be_focused()
        assert user.composer.input_value().startswith(first)
    user.message.press("Enter")
    expect(user.status).to_have_text("The answer is complete.")
    assert sent_text(upstream) == "Plan two days in Hangzhou with children"
    expect(user.page.get_by_text("What would you like to know?")).to_have_count(0)


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_an_answer_is_stopped(user: Visitor, upstream: StandIn, account: Account, way: str) -> None:
    gate = Gate(after=2)
    upstream.script(Answer(Text("One ", "two ", "three."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One two ")
    if way == "button":
        user.button("Stop").click()
    else:
        user.page.keyboard.press("Escape")
    expect(user.status).to_have_text("Stopped.")
    upstream.wait_for(lambda: upstream.requests("stop", account))
    upstream.wait_for(lambda: not upstream.conversations(account))
    expect(user.answer).to_have_text("One two ")
    expect(user.button("Send")).to_be_enabled()


def test_escape_closes_what_is_open_before_it_stops_anything(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("One ", "two."), gate=gate))
    user.ask("Count")
    expect(user.answer).to_have_text("One ")
    opened = user.options()
    user.page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    gate.release()
    expect(user.answer).to_have_text("One two.")


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
    expect(user.answers.last.get_by_role("alert")).to_have_text("The service failed, or cannot be reached.")
    expect(user.answer).to_have_text("One two ")
    expect(user.message).to_have_value("")
    upstream.script(Answer(Text("three.")))
    user.button("Go on").click()
    expect(user.answer).to_have_text("One two three.")
    expect(user.error).to_have_count(0)


def test_a_question_that_failed_comes_back_and_is_asked_again(user: Visitor, upstream: StandIn) -> None:
    upstream.fail("chat", code=10001, message="内部错误")
    user.ask("Hello")
    failed = user.answers.last
    expect(failed.get_by_role("alert")).to_have_text("The service failed, or cannot be reached.")
    failed.get_by_text("Details").click()
    expect(failed).to_contain_text("内部错误")
    expect(user.message).to_have_value("Hello")
    upstream.script(Answer(Text("Hello to you.")))
    failed.get_by_role("button", name="Retry").click()
    expect(user.answer).to_have_text("Hello to you.")
    expect(user.message).to_have_value("")
    assert sent_text(upstream) == "Hello"


def test_a_question_that_failed_is_mended_and_sent(user: Visitor, upstream: StandIn) -> None:
    upstream.fail("chat", code=10001, message="内部错误")
    user.ask("Helo")
    expect(user.message).to_have_value("Helo")
    user.hear("Hello")
    assert sent_text(upstream) == "Hello"
    expect(user.page.locator("article.you")).to_have_count(1)


def test_an_answer_is_asked_for_anew(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Heads.")))
    user.hear("Toss a coin")
    upstream.script(Answer(Text("Tails.")))
    user.button("Regenerate").click()
    expect(user.answer).to_have_text("Tails.")
    expect(user.answers).to_have_count(1)
    assert sent_text(upstream) == "Toss a coin"


def test_an_earlier_question_is_edited_and_sent_again(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Text("Hello Ann.")))
    user.hear("I am Ann")
    user.hear("Who am I?")
    user.button("Edit").first.click()
    expect(user.message).to_be_focused()
    expect(user.message).to_have_value("I am Ann")
    user.button("Cancel").click()
    expect(user.message).to_have_value("")

    user.button("Edit").first.click()
    upstream.script(Answer(Text("Hello Bob.")))
    user.hear("I am Bob")
    expect(user.answers).to_have_count(1)
    assert sent_text(upstream) == "I am Bob"


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
    expect(user.message).to_be_focused()
    user.hear("Who am I?")
    assert sent_text(upstream) == "Who am I?"


def test_a_system_prompt_goes_before_every_question(user: Visitor, upstream: StandIn) -> None:
    user.options().get_by_label("System prompt").fill("Answer in rhyme.")
    user.page.keyboard.press("Escape")
    user.hear("Hello")
    assert "Answer in rhyme." in sent_text(upstream)
    user.hear("And again")
    assert sent_text(upstream).count("Answer in rhyme.") == 1


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
    user.page.get_by_role("button", name="Model: glm-5.3-flash").click()
    choice = user.page.get_by_role("group", name="Model: ")
    lines = choice.locator("label:has([type=radio])").all_inner_texts()
    assert len(lines) in (3, 4)
    assert all(len(line.splitlines()) == 2 for line in lines), "each has a line"
    others = choice.get_by_label("Other models").locator("option").all_inner_texts()
    assert "glm-4-think" in others
    assert not any(name.startswith("cog") for name in others)
    user.page.keyboard.press("Escape")

    user.choose_model("glm-4-plus")
    user.choose_model("glm-5.3")
    user.hear("Hello")
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3"


def test_thinking_and_search_are_switched_and_remembered(user: Visitor, upstream: StandIn) -> None:
    expect(user.button("Search")).to_have_attribute("aria-pressed", "true")
    user.button("Search").click()
    user.button("Think").click()
    user.page.get_by_label("Effort").select_option("maximum")
    user.choose_model("glm-5.3")
    with user.page.expect_request("**/v1/chat/completions") as request:
        user.hear("Hello")
    asked = json.loads(request.value.post_data or "")
    assert (asked["model"], asked["reasoning_effort"], asked["web_search"]) == ("glm-5.3", "max", False)

    user.open()
    expect(user.button("Search")).to_have_attribute("aria-pressed", "false")
    expect(user.button("Think")).to_have_attribute("aria-pressed", "true")
    expect(user.page.get_by_label("Effort")).to_have_value("max")
    expect(user.page.get_by_role("button", name="Model: glm-5.3")).to_be_visible()


def test_a_chat_is_kept_only_where_that_is_asked(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Search("x", Source("A page", "https://x.example/")), Text("Hello **Ann**.")))
    user.hear("I am Ann")
    assert user.page.evaluate("Object.keys(localStorage).length") == 0
    options = user.options()
    options.get_by_label("Keep my chats in this browser").check()
    user.open()
    expect(user.answer.locator("strong")).to_have_text("Ann")
    expect(user.answers.get_by_role("link", name="A page")).to_be_visible()
    expect(user.page.locator("article.you")).to_contain_text("I am Ann")

    user.options().get_by_label("Keep my chats in this browser").uncheck()
    assert user.page.evaluate("Object.keys(localStorage).length") == 0


def test_a_chat_is_exported_as_markdown(user: Visitor, upstream: StandIn) -> None:
    upstream.script(Answer(Search("x", Source("A page", "https://x.example/")), Text("Hello **Ann**.")))
    user.hear("I am Ann")
    options = user.options()
    with user.page.expect_download() as download:
        options.get_by_role("button", name="Export as Markdown").click()
    assert download.value.suggested_filename == "chat.md"
    assert Path(download.value.path()).read_text() == (
        "# Chat\n\n## You\n\nI am Ann\n\n## chatglm/moe_53f\n\nHello **Ann**.\n\n"
        "### Sources\n\n1. [A page](<https://x.example/>)\n"
    )
