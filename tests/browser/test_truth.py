"""The page says what is so: whose models there are, who wrote an answer, what it waits for, what costs money."""

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.test_access import EVERYTHING
from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, StandIn, Text, Think

pytestmark = pytest.mark.browser

API_KEY = "0123456789abcdef.secret"
DONE = 'data: {"model":"glm-4.7","choices":[{"delta":{"content":"One"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
COUNTED = DONE.replace("data: [DONE]", 'data: {"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]')


def test_the_models_are_those_of_the_key(visitor: Visitor, account: Account) -> None:
    offered = []

    def listed() -> list[str]:
        visitor.page.get_by_role("button", name="Model: ").click()
        choice = visitor.page.get_by_role("group", name="Model: ")
        names = choice.get_by_label("Other models").locator("option").all_inner_texts()
        visitor.page.keyboard.press("Escape")
        return names

    offered.append(listed())
    with visitor.page.expect_response("**/v1/models") as answer:
        visitor.bring(account)
    assert answer.value.request.headers["authorization"] == f"Bearer {account.refresh_token}"
    answer.value.finished()
    assert "glm-4.7" in offered[0]
    visitor.page.wait_for_timeout(0)
    assert "glm-4.7" not in listed()
    with visitor.page.expect_response("**/v1/models") as answer:
        visitor.bring(API_KEY)
    assert answer.value.request.headers["authorization"] == f"Bearer {API_KEY}"


def test_an_agents_id_can_be_typed(user: Visitor, upstream: StandIn) -> None:
    agent = "65940acff94777010aa6b796"
    user.page.get_by_role("button", name="Model: ").click()
    user.page.get_by_label("Or an agent’s ID").fill(agent)
    user.page.keyboard.press("Escape")
    with user.page.expect_request("**/v1/chat/completions") as request:
        user.hear("Hello")
    assert json.loads(request.value.post_data or "")["model"] == agent


def test_an_answer_is_headed_by_who_wrote_it(user: Visitor) -> None:
    def answer(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=DONE, headers={"x-answered-by": by})

    user.page.route("**/v1/chat/completions", answer)
    head = user.answers.last.get_by_role("heading", level=2)
    by = "chatglm/moe_53f"
    user.hear("Hello")
    expect(head).to_have_text("chatglm/moe_53f · asked for: glm-5.3-flash")
    by = "bigmodel/glm-5.3-flash"
    user.hear("Hello")
    expect(head).to_have_text("bigmodel/glm-5.3-flash")
    by = ""
    user.hear("Hello")
    expect(head).to_have_text("glm-4.7 · asked for: glm-5.3-flash")


def test_think_off_is_off(user: Visitor) -> None:
    with user.page.expect_request("**/v1/chat/completions") as request:
        user.hear("Hello")
    assert json.loads(request.value.post_data or "")["reasoning_effort"] == "none"


def test_what_costs_money_says_so_before_the_click(visitor: Visitor) -> None:
    cost = visitor.panel.locator(".cost")
    visitor.tab("Pictures")
    expect(visitor.page.get_by_label("How many")).to_have_value("1")
    expect(cost).to_have_count(0)
    visitor.bring(API_KEY)
    expect(cost).to_have_text("Paid for each picture: 1 in this order.")
    visitor.page.get_by_label("How many").select_option("3")
    expect(cost).to_contain_text("3 in this order")
    visitor.tab("Video")
    expect(cost).to_contain_text("charges for each video")
    visitor.tab("Chat")
    expect(cost).to_have_count(0)
    visitor.drop(("a.txt", "text/plain", b"Buy milk."))
    expect(visitor.panel.locator(".files li")).to_have_count(1)
    expect(cost).to_have_count(0)
    visitor.drop(("a.pdf", "application/pdf", b"%PDF-1.4"))
    expect(cost).to_contain_text("each page of a document")


def test_what_was_counted_is_told_as_counted(user: Visitor) -> None:
    figures = user.answers.last.locator(".figures")

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=COUNTED, headers={"x-answered-by": answered_by.pop(0)})

    answered_by = ["bigmodel/glm-5.3", "chatglm/moe_53f"]
    user.page.route("**/v1/chat/completions", answer)
    for told in (" · 3 + 4 tokens", " · about 3 + 4 tokens"):
        user.hear("Hello")
        expect(figures).to_contain_text(told)


def test_it_says_what_it_waits_for(user: Visitor) -> None:
    held: list[Any] = []
    user.page.clock.install()
    user.page.route("**/v1/chat/completions", lambda route: held.append(route))
    user.ask("Hello")
    waiting = user.answers.last.locator(".waiting")
    expect(waiting).to_have_text("Thinking…")
    user.page.clock.run_for(3500)
    expect(waiting).to_have_text("Waiting for the account’s turn, 3 s")
    user.page.clock.run_for(2000)
    expect(waiting).to_have_text("Waiting for the account’s turn, 5 s")
    held[0].fulfill(content_type="text/event-stream", body=DONE)
    expect(user.answer).to_have_text("One")


def test_the_console_is_silent_through_a_long_answer(user: Visitor, upstream: StandIn) -> None:
    """Any refusal of the page's own policy would be a fault of the visitor's (see the fixture `visit`)."""
    user.may_ask = (upstream.url,)
    gate = Gate(after=40)
    aligned = "\n\n| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |\n\n"
    upstream.script(Answer(Think("Hm."), Text(*(EVERYTHING + aligned).splitlines(keepends=True)), gate=gate))
    user.ask("Everything")
    gate.release()
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.answer.locator("math")).to_have_count(2)
    cells = user.answer.locator("table").last.locator("td")
    sides = cells.evaluate_all("(cells) => cells.map((cell) => getComputedStyle(cell).textAlign)")
    assert sides == ["left", "center", "right"]
    user.tab("Pictures")
    user.composer.fill("A cat")
    user.page.get_by_label("Shape").select_option("16:9")
    user.button("Draw").click()
    expect(user.page.locator(".drawing img")).to_have_count(1)
    styled = "[...document.querySelectorAll('[style]')].filter((one) => !one.closest('math')).length"
    assert user.page.evaluate(styled) == 0
