"""What goes wrong is told in words, in the reader's language."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.upstream import Account, Answer, Gate, StandIn, Text

pytestmark = pytest.mark.browser

CHAT = "**/v1/chat/completions"
PART = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"One "},"finish_reason":null}]}\n\n'
TIRED = 'data: {"error": {"message": "The service is tired.", "code": "tired"}}\n\n'
FILTERED = 'data: {"error": {"message": "换个话题吧", "code": "content_policy_violation"}}\n\n'


def fail(visitor: Visitor, status: int, code: str, message: str = "The server’s own words.", **headers: str) -> None:
    """Let the next question fail like this, and ask it."""
    body = {"error": {"message": message, "type": "x", "code": code}}
    visitor.page.unroute_all()
    visitor.page.route(
        CHAT, lambda route: route.fulfill(status=status, json=body, headers={"x-request-id": "r1", **headers})
    )
    visitor.composer.fill("Hello")
    visitor.composer.press("Enter")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "en-GB",
            {
                "invalid_api_key": "The key is refused",
                "account_busy": "The account is writing another answer.",
                "rate_limit_exceeded": "Too many questions",
                "insufficient_quota": "no quota left",
                "risk_control": "refuses this deployment’s network",
                "account_banned": "closed this account",
                "no_account_available": "No account of this deployment works",
                "context_length_exceeded": "too long for the model",
                "content_policy_violation": "The service’s filter refuses this.",
                "upstream_error": "The service failed",
                "deadline_exceeded": "It took too long.",
                "misconfigured": "settings of this deployment",
                "request_too_large": "The request is too large.",
            },
        ),
        (
            "zh-CN",
            {
                "invalid_api_key": "密钥被拒绝",
                "account_busy": "该账号正在生成另一个回答",
                "rate_limit_exceeded": "请求过多",
                "insufficient_quota": "额度已用完",
                "risk_control": "上游服务暂时拒绝本服务所在的网络",
                "account_banned": "已被上游服务封禁",
                "no_account_available": "本服务的账号目前都不可用",
                "context_length_exceeded": "长度限制",
                "content_policy_violation": "上游服务的过滤规则",
                "upstream_error": "上游服务出错",
                "deadline_exceeded": "等待超时",
                "misconfigured": "本服务的配置有误",
                "request_too_large": "请求过大",
            },
        ),
    ],
)
def test_the_page_words_each_code_itself(
    visit: Callable[..., Visitor], account: Account, locale: str, words: dict[str, str]
) -> None:
    visitor = visit(locale=locale)
    visitor.key.locator("input[type=password]").fill(account.refresh_token)
    for code, sentence in words.items():
        fail(visitor, 418, code)
        failed = visitor.answers.last
        expect(failed.get_by_role("alert")).to_contain_text(sentence)
        expect(failed.get_by_role("alert")).not_to_contain_text("The server’s own words.")
        failed.locator(".failure summary").click()
        expect(failed).to_contain_text("The server’s own words.")
        expect(failed).to_contain_text("r1")
        expect(visitor.answers).to_have_count(1)


def test_what_the_page_does_not_know_is_told_in_the_servers_words(user: Visitor) -> None:
    fail(user, 400, "something_new", "Something new: use the other thing.")
    expect(user.error).to_have_text("Something new: use the other thing.")


def test_it_says_when_to_try_again(user: Visitor) -> None:
    user.page.clock.install()
    fail(user, 429, "account_busy", **{"retry-after": "7"})
    said = user.panel.locator(".failure .again")
    expect(said).to_have_text("Try again in 7 s.")
    user.page.clock.run_for(3000)
    expect(said).to_have_text("Try again in 4 s.")
    user.page.clock.run_for(5000)
    expect(said).to_have_count(0)
    fail(user, 429, "rate_limit_exceeded", **{"retry-after": "900"})
    expect(said).to_have_text("Try again in 15 min.")


@pytest.mark.parametrize("code", ["risk_control", "account_banned", "insufficient_quota"])
def test_nobody_is_led_to_try_again_what_that_would_prolong(user: Visitor, code: str) -> None:
    fail(user, 429, code, **{"retry-after": "7"})
    expect(user.error).to_be_visible()
    expect(user.button("Retry")).to_have_count(0)
    expect(user.panel.locator(".again")).to_have_count(0)
    fail(user, 502, "upstream_error")
    expect(user.button("Retry")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "The request is too large. Leave out files, or make them smaller."),
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
    expect(user.error).to_have_text("The connection ended before the answer did.")


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (PART, "The connection ended before the answer did."),
        (PART + TIRED, "The service is tired."),
        (PART + FILTERED, "The service’s filter refuses this. Put it in other words."),
        (PART + "data: nonsense\n\n", "The connection ended before the answer did."),
        ("", "The connection ended before the answer did."),
    ],
)
def test_a_stream_that_does_not_end_in_order(user: Visitor, stream: str, words: str) -> None:
    user.page.route(CHAT, lambda route: route.fulfill(content_type="text/event-stream", body=stream))
    user.ask("Count")
    expect(user.error).to_have_text(words)
    expect(user.answer).to_have_text("One " if stream else "")
    expect(user.button("Go on" if stream else "Retry")).to_be_visible()


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
        'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
        "",
        "data: [DONE]",
        "",
        "",
    ]
    user.page.route(CHAT, lambda route: route.fulfill(content_type="text/event-stream", body=end.join(lines)))
    user.ask("Count")
    expect(user.status).to_have_text("The answer is complete.")
    expect(user.answer).to_have_text("One")
    expect(user.answers.last).to_contain_text("3 + 4 tokens")


def test_the_models_cannot_be_had(user: Visitor) -> None:
    body = {"error": {"message": "Not set up."}}
    user.page.route("**/v1/models", lambda route: route.fulfill(status=503, json=body))
    user.page.goto(user.url)
    expect(user.error).to_have_text("Not set up.")
