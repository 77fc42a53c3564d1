"""What goes wrong is told in words, in the reader's language."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, StandIn, Text

pytestmark = pytest.mark.browser

CHAT = "**/v1/chat/completions"
PART = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"One "},"finish_reason":null}]}\n\n'


def test_the_api_says_why(visitor: Visitor, account: Account) -> None:
    visitor.bring(account)
    account.kill()
    visitor.ask("Hello")
    expect(visitor.error).to_contain_text("refuses this ChatGLM token")
    visitor.bring("sk-something-else")
    visitor.ask("Hello")
    expect(visitor.error).to_contain_text("token")


def test_the_api_says_when_to_try_again(user: Visitor) -> None:
    body = '{"error": {"message": "The account is busy.", "code": "account_busy"}}'
    user.page.route(CHAT, lambda route: route.fulfill(status=429, headers={"retry-after": "7"}, body=body))
    user.ask("Hello")
    expect(user.error).to_have_text("The account is busy. Try again in 7 s.")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "The request is too large."),
        (504, "It took too long."),
        (502, "The server answered with status 502."),
    ],
)
def test_the_platform_answers_without_saying_why(user: Visitor, status: int, words: str) -> None:
    user.page.route(CHAT, lambda route: route.fulfill(status=status, body="<h1>FUNCTION_INVOCATION_FAILED</h1>"))
    user.ask("Hello")
    expect(user.error).to_have_text(words)


def test_what_answers_is_no_api(user: Visitor) -> None:
    user.page.route("**/v1/images/generations", lambda route: route.fulfill(body="<h1>Welcome</h1>"))
    user.tab("Pictures")
    user.page.get_by_label("What to draw").fill("A cat")
    user.button("Draw").click()
    expect(user.error).to_have_text("The server answered with status 200.")


def test_there_is_no_connection(user: Visitor) -> None:
    user.page.context.set_offline(True)
    user.ask("Hello")
    expect(user.error).to_have_text("The deployment cannot be reached. Is this computer online?")


def test_the_connection_breaks(user: Visitor, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("One ", "two "), gate=gate))
    user.page.evaluate(
        """() => {
            const { read } = ReadableStreamDefaultReader.prototype;
            let reads = 0;
            ReadableStreamDefaultReader.prototype.read = function () {
                return reads++ ? Promise.reject(new TypeError("network error")) : read.call(this);
            };
        }"""
    )
    user.ask("Count")
    expect(user.error).to_have_text("The answer broke off.")
    expect(user.button("Go on")).to_be_visible()


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (PART, "The answer broke off."),
        (PART + 'data: {"error": {"message": "The service is tired."}}\n\n', "The service is tired."),
        (PART + "data: nonsense\n\n", "The answer broke off."),
        ("", "The answer broke off."),
    ],
)  # fmt: skip
def test_a_stream_that_does_not_end_in_order(user: Visitor, stream: str, words: str) -> None:
    user.page.route(CHAT, lambda route: route.fulfill(content_type="text/event-stream", body=stream))
    user.ask("Count")
    expect(user.error).to_have_text(words)
    expect(user.answer).to_have_text("One " if stream else "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_stream_is_read_as_the_standard_says(user: Visitor, end: str) -> None:
    """Comments, other fields, data on several lines, any end of line (WHATWG HTML, section 9.2.6)."""
    lines = [
        ": still here",
        "",
        "event: message",
        'data:{"choices":',
        'data: [{"delta":{"content":"One"},"finish_reason":null}]}',
        "",
        "",
        'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}',
        "",
        "data: [DONE]",
        "",
        "",
    ]
    user.page.route(CHAT, lambda route: route.fulfill(content_type="text/event-stream", body=end.join(lines)))
    user.ask("Count")
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.answer).to_have_text("One")


def test_the_models_cannot_be_had(user: Visitor) -> None:
    user.page.route(
        "**/v1/models", lambda route: route.fulfill(status=503, body='{"error": {"message": "Not set up."}}')
    )
    user.page.goto(user.url)
    expect(user.error).to_have_text("Not set up.")


def test_in_chinese_too(visit: Callable[..., Visitor], account: Account) -> None:
    visitor = visit(locale="zh-CN")
    account.kill()
    visitor.page.get_by_label("智谱清言的令牌").fill(account.refresh_token)
    message = visitor.page.get_by_label("消息")
    message.fill("你好")
    message.press("Enter")
    expect(visitor.error).to_contain_text("令牌被拒绝。")
    expect(visitor.error.locator("[lang=en]")).to_contain_text("refuses this ChatGLM token")
