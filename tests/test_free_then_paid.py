"""A free account and a key of the open platform in one request: who is asked, in which order, and what is told."""

from typing import Any

import httpx
import openai
import pytest

from tests import bigmodel
from tests.bigmodel import Platform
from tests.bundle import Bundle, serve
from tests.upstream import BUSY, BUSY_MESSAGE, Account, Answer, Cut, StandIn, Text

QUESTION: Any = [{"role": "user", "content": "Weather in Rome?"}]


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_the_free_account_is_asked_first_and_the_platform_where_it_is_busy(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform
) -> None:
    keys = f"{account.refresh_token},{platform.key()}"
    free = both.client(keys).chat.completions.create(model="glm-5.3", messages=QUESTION)
    assert "chatglm.cn" in str(free.choices[0].message.content)
    assert platform.record == []
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=None)
    paid = both.client(keys).chat.completions.create(model="glm-5.3", messages=QUESTION)
    assert "open platform" in str(paid.choices[0].message.content)


def test_being_busy_is_not_remembered_and_not_waited_for(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform
) -> None:
    client = both.client(f"{account.refresh_token},{platform.key()}")
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=2)
    answers = [client.chat.completions.create(model="glm-5.3", messages=QUESTION) for _ in range(3)]
    told = ["chatglm.cn" in str(answer.choices[0].message.content) for answer in answers]
    assert told == [False, False, True]
    assert len(upstream.requests("chat", account)) == 3


def test_services_are_asked_in_the_order_in_which_the_keys_first_name_them(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform
) -> None:
    poor, rich = platform.key(refuse=1113), platform.key()
    client = both.client(f"{poor},{account.refresh_token},{rich}")
    answer = client.chat.completions.create(model="glm-5.3", messages=QUESTION)
    assert "open platform" in str(answer.choices[0].message.content)
    assert upstream.requests("chat") == []
    assert len(platform.requests("chat", poor)) <= 1  # It is never tried again.


@pytest.mark.parametrize("held", [True, False])
def test_a_deployment_may_hold_keys_of_both(
    stand_in: StandIn, upstream: StandIn, platform: Platform, held: bool
) -> None:
    account = upstream.account(dead=True)
    environ = {
        "GLM_CHATGLM_URL": stand_in.url,
        "GLM_PLATFORM_URL": platform.url,
        "GLM_TOKENS": f"{account.refresh_token},{platform.key(refuse=None if held else 1113)}",
        "GLM_ACCESS_KEYS": "an-access-key",
    }
    with serve(environ) as bundle:
        answer = httpx.post(
            f"{bundle.url}/v1/chat/completions",
            json={"model": "glm-5.3", "messages": QUESTION},
            headers=headers("an-access-key"),
        )
        if held:
            assert "open platform" in answer.json()["choices"][0]["message"]["content"]
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_account_available")


CANNOT: list[tuple[dict[str, Any], str]] = [
    ({"model": "65940acff94777010aa6b796"}, "model"),
    ({"model": "glm-4-deepresearch"}, "model"),
    ({"conversation_id": "6593f1d1ed0d1e2b3c4d5e6f"}, "conversation_id"),
]
REFUSED: list[dict[str, Any]] = [{"code": 1211}, {"code": 1261}, {"code": 1220}, {"code": 1113}, {"status": 413}]


@pytest.mark.parametrize(("asked", "field"), CANNOT)
def test_what_a_key_cannot_serve_is_a_clear_400_and_hides_no_429(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform, asked: dict[str, Any], field: str
) -> None:
    upstream.fail("chat", "too often, HTTP 429", times=None)
    body = {"model": "glm-5.3", "messages": QUESTION, **asked}

    def error(key: str) -> tuple[int, dict[str, Any]]:
        answer = httpx.post(f"{both.url}/v1/chat/completions", json=body, headers=headers(key))
        return answer.status_code, answer.json()["error"]

    status, told = error(platform.key())
    assert (status, told["param"]) == (400, field)
    assert "open platform" in told["message"].lower() or "API key" in told["message"]
    status, told = error(f"{platform.key()},{account.refresh_token}")
    assert (status, told["code"]) == (429, "rate_limit_exceeded")
    assert platform.record == []


@pytest.mark.parametrize("refused", REFUSED)
def test_no_refusal_of_the_platform_hides_when_the_account_is_free(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform, refused: dict[str, Any]
) -> None:
    upstream.fail("chat", code=BUSY, message=BUSY_MESSAGE, times=None)
    platform.fail("chat", times=None, **refused)
    with pytest.raises(openai.RateLimitError) as caught:
        both.client(f"{account.refresh_token},{platform.key()}").chat.completions.create(
            model="glm-5.3", messages=QUESTION
        )
    assert caught.value.code == "account_busy"


@pytest.mark.parametrize("end", [{"cut": True}, {"error": 1302}, {"error": 1113}, {"finish": "network_error"}])
def test_a_failure_in_the_middle_is_told_and_nobody_else_is_asked(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform, end: dict[str, Any]
) -> None:
    platform.script(bigmodel.Answer(bigmodel.Text("Hel"), **end))
    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        list(
            both.client(f"{platform.key()},{platform.key()},{account.refresh_token}").chat.completions.create(
                model="glm-5.3", messages=QUESTION, stream=True
            )
        )
    assert upstream.requests("chat") == []
    assert len(platform.requests("chat")) == 1


def test_an_account_that_breaks_off_in_the_middle_is_not_followed_by_the_platform(
    both: Bundle, upstream: StandIn, account: Account, platform: Platform
) -> None:
    upstream.script(Answer(Text("Hel", "lo"), ending=Cut(1, resumes=False)))
    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        list(
            both.client(f"{account.refresh_token},{platform.key()}").chat.completions.create(
                model="glm-5.3", messages=QUESTION, stream=True
            )
        )
    assert platform.record == []


PATHS = {
    "/v1/chat/completions": {},
    "/v1/messages": {"max_tokens": 100},
    "/v1/responses": {},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("model", "by"),
    [
        ("glm-4.7", "bigmodel/glm-4.7"),
        ("glm-4.5-air", "bigmodel/glm-4.5-air"),
        ("glm-4-plus", "chatglm/moe_53f"),
        ("glm-ai-search", "chatglm/moe_53f"),
    ],
)
def test_a_model_that_one_service_alone_has_is_asked_of_that_one_and_the_answer_says_so(
    both: Bundle, account: Account, platform: Platform, model: str, by: str, path: str, stream: bool
) -> None:
    for keys in (f"{account.refresh_token},{platform.key()}", f"{platform.key()},{account.refresh_token}"):
        said = {"input": "Hello"} if "responses" in path else {"messages": QUESTION}
        body = {"model": model, "stream": stream, **said, **PATHS[path]}
        response = both.http.post(both.url + path, headers=headers(keys), json=body)
        assert (response.status_code, response.headers["x-answered-by"]) == (200, by)


def test_a_name_that_nobody_has_is_told_with_who_answered_or_refused_where_the_deployment_is_strict(
    both: Bundle, stand_in: StandIn, account: Account
) -> None:
    body = {"model": "no-such-model", "messages": QUESTION}
    lenient = both.http.post(f"{both.url}/v1/chat/completions", headers=headers(account.refresh_token), json=body)
    assert lenient.headers["x-answered-by"] == lenient.json()["system_fingerprint"] == "chatglm/moe_53f"
    with serve({"GLM_CHATGLM_URL": stand_in.url, "GLM_STRICT_MODELS": "1"}) as strict:
        refused = httpx.post(f"{strict.url}/v1/chat/completions", headers=headers(account.refresh_token), json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
