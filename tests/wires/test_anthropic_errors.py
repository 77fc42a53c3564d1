"""What goes wrong, as Anthropic's client sees it: the right exception, in the right shape, with words that help."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import anthropic
import httpx
import pytest
from starlette.types import Message

from lib import errors
from lib.errors import ContextLengthExceeded
from lib.invocation import context
from lib.invocation.context import Invocation
from lib.serving.sse import HEAD_AFTER, EventStream
from lib.types.events import Event, Finish, Start, Text, TurnTaken
from lib.wires.anthropic.message_request import MessageRequest
from lib.wires.anthropic.message_response import MessageEncoder
from lib.wires.anthropic.wire import WIRE, error_event
from lib.wires.shared.encoding import sse
from tests.bundle import Bundle, serve
from tests.clock import Loop
from tests.upstream import BUSY, BUSY_MESSAGE, LIMITED_MESSAGE, Account, Answer, Cut, Error, StandIn
from tests.upstream import Text as Words
from tests.wires.messages import HELLO, ask, client, stream, text_of

TOO_LONG = 10040
BANNED, BANNED_MESSAGE = 40301, "账号已被封禁"
RISK = 40012


def error_of(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    error: dict[str, Any] = body["error"]
    assert set(error) == {"type", "message"}
    return error


def post(bundle: Bundle, key: str, content: str, path: str = "/v1/messages") -> httpx.Response:
    return httpx.post(f"{bundle.url}{path}", content=content, headers={"x-api-key": key} if key else {}, timeout=30)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "JSON"),
        ("{}", "messages"),
        ('{"messages": []}', "messages"),
        ('{"messages": [{"role": "king", "content": "Hi"}]}', "messages[0].role"),
        ('{"messages": [{"role": "user", "content": [{"type": "text"}]}]}', "messages[0].content[0].text"),
        ('{"messages": [{"role": "user", "content": ""}]}', "messages"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "tool_choice": {"type": "tool", "name": "x"}}', "tool"),
        ('{"messages": [{"role": "user", "content": "Hi"}], "stream": "perhaps"}', "stream"),
    ],
)
def test_a_wrong_request(bundle: Bundle, upstream: StandIn, account: Account, body: str, field: str) -> None:
    for path in ("/v1/messages", "/v1/messages/count_tokens")[: 1 if "stream" in body else 2]:
        response = post(bundle, account.refresh_token, body, path)
        assert response.status_code == 400
        error = error_of(response)
        assert error["type"] == "invalid_request_error"
        assert field in error["message"]
    assert upstream.requests("chat") == []


@pytest.mark.parametrize("key", ["", "no-token", "sk-ant-api03-x"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_a_key_that_is_none(bundle: Bundle, key: str, path: str) -> None:
    response = post(bundle, key, '{"messages": [{"role": "user", "content": "Hi"}]}', path)
    assert response.status_code == 401
    assert error_of(response)["type"] == "authentication_error"
    assert response.headers["x-should-retry"] == "false"


def test_paths_and_methods_that_are_not_there(bundle: Bundle) -> None:
    missing = httpx.post(f"{bundle.url}/v1/messages/batches")
    assert (missing.status_code, error_of(missing)["type"]) == (404, "not_found_error")
    wrong = httpx.get(f"{bundle.url}/v1/messages")
    assert (wrong.status_code, error_of(wrong)["type"]) == (405, "invalid_request_error")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/v1/v1/messages", "/v1/v1/messages/count_tokens", "/v1/v1/messages?beta=true"])
def test_a_base_url_that_ends_in_v1(bundle: Bundle, path: str) -> None:
    """A 400, since Claude Code takes a 404 for a wrong model name and says so in place of the words."""
    response = httpx.post(f"{bundle.url}{path}", json={"messages": HELLO})
    assert response.status_code == 400
    assert "must not end in /v1" in error_of(response)["message"]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    ("failure", "exception", "status", "kind", "words"),
    [
        ({"code": BANNED, "message": BANNED_MESSAGE}, anthropic.PermissionDeniedError, 403, "permission_error", "封禁"),
        ({"code": 1, "message": LIMITED_MESSAGE}, anthropic.RateLimitError, 429, "rate_limit_error", "slow down"),
        ({"code": 1, "message": "今日次数已达上限"}, anthropic.APIStatusError, 402, "billing_error", "used up"),
        ({"status": 503, "times": 8}, anthropic.InternalServerError, 529, "overloaded_error", "fault of its own"),
        ({"code": 77, "message": "奇怪"}, anthropic.InternalServerError, 502, "api_error", "奇怪"),
    ],
)
def test_what_the_service_refuses(
    bundle: Bundle,
    upstream: StandIn,
    account: Account,
    streamed: bool,
    failure: dict[str, Any],
    exception: type[anthropic.APIStatusError],
    status: int,
    kind: str,
    words: str,
) -> None:
    upstream.fail("chat", **failure)
    with pytest.raises(exception) as raised:
        (stream if streamed else ask)(bundle.url, account)
    assert (raised.value.status_code, raised.value.type) == (status, kind)
    assert words in str(raised.value.api_message)
    assert raised.value.request_id
    may_help = status in (429, 529, 502)
    assert (raised.value.response.headers.get("x-should-retry") != "false") is may_help
    assert ("retry-after" in raised.value.response.headers) is (status == 429)


@pytest.mark.parametrize("streamed", [True, False])
def test_risk_control_is_told_and_not_repeated(stand_in: StandIn, account: Account, streamed: bool) -> None:
    stand_in.fail("chat", code=RISK)
    with serve({"GLM_CHATGLM_URL": stand_in.url}) as bundle:
        for _ in range(2):
            with pytest.raises(anthropic.PermissionDeniedError, match="Risk control") as raised:
                (stream if streamed else ask)(bundle.url, account)
            assert raised.value.response.headers["x-should-retry"] == "false"
    assert len(stand_in.requests("chat")) == 1


def test_a_busy_account_is_told_when_to_ask_again(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=None)
    with pytest.raises(anthropic.RateLimitError) as raised:
        ask(bundle.url, account)
    assert raised.value.response.headers["retry-after"] == "5"


@pytest.mark.parametrize("streamed", [True, False])
def test_a_prompt_that_is_too_long_is_told_in_the_words_that_make_clients_compact(
    bundle: Bundle, upstream: StandIn, account: Account, streamed: bool
) -> None:
    upstream.fail("chat", code=TOO_LONG, message="context exceeded")
    long: Any = [{"role": "user", "content": "word " * 2000}]
    with pytest.raises(anthropic.BadRequestError) as raised:
        (stream if streamed else ask)(bundle.url, account, messages=long)
    found = re.match(r"prompt is too long: (\d+) tokens > (\d+) maximum", str(raised.value.api_message))
    assert found
    assert 1000 < int(found[2]) < int(found[1]) < 5000


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"tokens": 250_000, "limit": 200_000}, "prompt is too long: 250000 tokens > 200000 maximum"),
        ({"tokens": 150_000, "limit": 200_000}, "prompt is too long: 200001 tokens > 200000 maximum"),
        ({"tokens": 100_000}, "prompt is too long: 100000 tokens > 80000 maximum"),
        ({"tokens": 1}, "prompt is too long: 1 tokens > 0 maximum"),
        ({}, "prompt is too long"),
    ],
)
def test_how_long_is_too_long(told: dict[str, int], expected: str) -> None:
    body = json.loads(WIRE.error_body(ContextLengthExceeded("Compact it.", **told), "r1"))
    assert body["error"]["message"].startswith(expected)
    assert "Compact it." in body["error"]["message"]


@pytest.mark.parametrize("ending", [Error(message="generator exit"), Cut(1, resumes=False)])
def test_an_answer_that_breaks_off_raises_the_services_own_words(
    bundle: Bundle, upstream: StandIn, account: Account, ending: Any
) -> None:
    upstream.script(Answer(Words("Half an ", "answer"), ending=ending))
    with pytest.raises(anthropic.APIStatusError) as raised:
        stream(bundle.url, account)
    assert raised.value.type in ("api_error", "overloaded_error")
    assert "broke the" in str(raised.value.api_message)


def test_a_client_that_asks_again_gets_its_answer(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", code=1, message=LIMITED_MESSAGE, status=429, headers={"Retry-After": "1"})
    upstream.script(Answer(Words("At last")))
    with client(bundle.url, account, max_retries=1) as official:
        message = official.messages.create(model="glm-5.3", max_tokens=100, messages=HELLO)
    assert text_of(message) == "At last"


def test_every_failure_has_a_type_of_anthropics() -> None:
    kinds = {
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "rate_limit_error",
        "api_error",
        "overloaded_error",
        "timeout_error",
        "billing_error",
    }
    failures = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.Error)]
    for failure in failures:
        event = sse(error_event(failure("Words."), "r1"), "error")
        assert event.startswith(b"event: error\ndata: {")
        assert event.endswith(b"}\n\n")
        told = json.loads(event.partition(b"data: ")[2])
        assert told["error"]["type"] in kinds
        assert 400 <= WIRE.error_status(failure("Words.")) < 600


def test_the_head_goes_out_in_time_and_pings_come_after_it() -> None:
    """Claude Code gives a stream up that is silent for too long."""

    async def answer() -> AsyncGenerator[list[Event]]:
        yield [TurnTaken()]
        await asyncio.sleep(HEAD_AFTER + 12)
        yield [Start("c1"), Text("Hi")]
        yield [Finish("stop")]

    body = MessageRequest.model_validate({"messages": HELLO})
    sent: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        context.begin(Invocation())

        async def send(message: Message) -> None:
            names = re.findall(r"event: (\w+)", message.get("body", b"").decode())
            sent.extend((round(loop.time() - began), name) for name in names)

        async def receive() -> Message:
            raise AssertionError("the response does not read")

        await EventStream(answer(), MessageEncoder(body, body.chat_request()), WIRE)({"type": "http"}, receive, send)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
    assert sent[:4] == [(10, "message_start"), (10, "ping"), (15, "ping"), (20, "ping")]
    assert sent[4:6] == [(22, "content_block_start"), (22, "content_block_delta")]
    assert sent[-1] == (22, "message_stop")
