"""Field reports 8 to 14: accounts. Crowds (8, 9) are in test_crowds.py, clients that leave (11) in test_leaving.py.

Elsewhere: a stream has no head before its turn (10, tests/test_chat_errors.py, test_an_account_that_stays_busy, and
tests/test_sse.py); a store that stalls during an exchange (14, tests/store/test_outage.py).
"""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import openai
import pytest

from tests.asking import ask, turn
from tests.bundle import Bundle, serve
from tests.upstream import REFUSALS, Account, Answer, StandIn, Text, deltas, media


@pytest.fixture
def fresh(upstream: StandIn) -> Iterator[Bundle]:
    """A bundle that has learnt nothing yet."""
    with serve({"GLM_CHATGLM_URL": upstream.url}) as bundle:
        yield bundle


def post(bundle: Bundle, key: str, path: str = "/v1/chat/completions", **body: Any) -> httpx.Response:
    body = {"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}], **body}
    response: httpx.Response = bundle.http.post(
        bundle.url + path, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60
    )
    return response


def key(*accounts: Account) -> str:
    return ",".join(account.refresh_token for account in accounts)


# 8. An account that fails in any way is passed over, and what a single one's failure means.

LIMITS: Final = {"too often", "too often, HTTP 429", "queued", "limited", "limited, HTTP 429", "too fast", "wait"} | {
    "at once", "Server busy", "system busy", "crowded"
}  # fmt: skip
QUOTAS: Final = {"daily quota", "quota", "visitor's quota", "membership"}
TOKENS: Final = {"40101", "token refused", "not logged in"}
BANS: Final = {"banned, HTTP 403", "banned"}
ADDRESS: Final = {"risk control", "slide page", "visit page", "firewall, HTTP 403", "firewall, HTTP 405"}
"""What refuses the address, whatever account is asked."""
FAULTS: Final = {"internal", "HTTP 500", "HTTP 502", "HTTP 503"}
UNCERTAIN: Final = {"HTTP 504", "dropped", "dropped when done", "HTTP 504 when done"}
"""What may have been delivered, and so is never asked again."""
OTHERS: Final = {
    "busy": (429, "account_busy"),
    "busy, HTTP 429": (429, "account_busy"),
    "bad signature": (502, "upstream_error"),
    "bad timestamp": (502, "upstream_error"),
    "unknown conversation": (400, "invalid_request"),
    "context exceeded": (400, "context_length_exceeded"),
}
STAYS_BUSY: Final = {"busy", "busy, HTTP 429"}
"""These are waited for, for 25 seconds: tests/test_chat_errors.py."""


def meaning(refusal: str) -> tuple[int, str]:
    """Status and code that a caller gets with one key."""
    table = (
        (LIMITS, (429, "rate_limit_exceeded")),
        (QUOTAS, (429, "insufficient_quota")),
        (TOKENS, (401, "invalid_api_key")),
        (BANS, (403, "account_banned")),
        (ADDRESS, (403, "risk_control")),
        (FAULTS | UNCERTAIN, (502, "upstream_error")),
    )
    return OTHERS.get(refusal) or next(means for names, means in table if refusal in names)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("refusal", sorted(set(REFUSALS) - STAYS_BUSY))
def test_field_08_what_a_refusal_means_with_one_key(
    fresh_if_risky: Bundle, upstream: StandIn, account: Account, refusal: str, streamed: bool
) -> None:
    upstream.fail("chat", refusal, times=None)
    response = post(fresh_if_risky, account.refresh_token, stream=streamed)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == meaning(refusal)
    if response.status_code == 429 and refusal in LIMITS:
        assert int(response.headers["retry-after"]) > 0
    if refusal in QUOTAS | BANS | ADDRESS | TOKENS:
        assert response.headers["x-should-retry"] == "false"
    assert len(error["message"]) < 500


@pytest.fixture
def fresh_if_risky(request: pytest.FixtureRequest, bundle: Bundle) -> Bundle:
    """A bundle of its own for what stops an instance from asking at all for some time."""
    found: Bundle = request.getfixturevalue("fresh") if request.node.callspec.params["refusal"] in ADDRESS else bundle
    return found


@pytest.mark.parametrize("refusal", sorted(set(REFUSALS) - ADDRESS - UNCERTAIN - {"context exceeded"}))
def test_field_08_an_account_that_fails_is_passed_over(bundle: Bundle, upstream: StandIn, refusal: str) -> None:
    failing, well = upstream.account(), upstream.account()
    upstream.fail("chat", refusal, account=failing, times=None)
    outcomes = [post(bundle, key(failing, well)).status_code for _ in range(6)]
    assert outcomes == [200] * 6
    # It is remembered, but for being busy, which is over at once, and for what is no fault of the account's.
    if refusal not in STAYS_BUSY | {"unknown conversation"}:
        tries = 2 if refusal in TOKENS else 1  # A token that is refused is renewed once.
        assert len(upstream.requests("chat", failing)) <= tries


@pytest.mark.parametrize("refusal", ["HTTP 504", "dropped"])
def test_field_08_an_account_that_is_lost_is_remembered(bundle: Bundle, upstream: StandIn, refusal: str) -> None:
    failing, well = upstream.account(), upstream.account()
    upstream.fail("chat", refusal, account=failing, times=None)
    outcomes = [post(bundle, key(failing, well)).status_code for _ in range(8)]
    assert outcomes.count(200) >= 7
    assert len(upstream.requests("chat", failing)) <= 1


@pytest.mark.parametrize("look", ["40012", "slide", "visit"])
def test_field_08_risk_control_refuses_the_address(fresh: Bundle, upstream: StandIn, look: Any) -> None:
    accounts = [upstream.account() for _ in range(3)]
    upstream.risk_control.begin(look)
    for _ in range(3):
        response = post(fresh, key(*accounts), stream=True)
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (403, "risk_control")
        assert response.headers["x-should-retry"] == "false"
        assert "retry-after" not in response.headers
        assert "chatglm.cn in a browser" in error["message"]
        assert "prolongs it" in error["message"]
    # The first refusal set cookies, with which it is asked once more; a page is never answered.
    assert upstream.risk_control.asked == (2 if look == "40012" else 1)


def test_field_08_the_most_useful_error_is_told(bundle: Bundle, upstream: StandIn) -> None:
    banned, limited = upstream.account(blocked=True), upstream.account()
    upstream.fail("chat", "limited, HTTP 429", account=limited, times=None)
    response = post(bundle, key(banned, limited))
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_field_08_a_conversation_is_looked_for_with_every_key(bundle: Bundle, upstream: StandIn) -> None:
    upstream.change(unknown_conversation="refused")
    accounts = [upstream.account() for _ in range(3)]
    first = ask(bundle, accounts[1], extra_body={"conversation_id": ""})
    for _ in range(3):
        again = ask(bundle, key(*accounts), extra_body={"conversation_id": first.id})
        assert again.id == first.id
    with pytest.raises(openai.BadRequestError) as raised:
        ask(bundle, key(*accounts), extra_body={"conversation_id": "0" * 24})
    assert raised.value.param == "conversation_id"


def test_field_08_a_clock_that_is_off_is_asked_for_once(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    url = f"data:image/jpeg;base64,{base64.b64encode(media.picture(1, 64, 48)).decode()}"
    picture = {"type": "image_url", "image_url": {"url": url}}
    for ahead in (65.0, -65.0, 0.0):
        upstream.change(clock_ahead=ahead, clock_tolerance=30.0)
        asked = ["Hello", [{"type": "text", "text": "What is this?"}, picture]]
        for content in asked if ahead > 0 else reversed(asked):  # An upload is refused, too.
            assert post(fresh, account.refresh_token, messages=[turn("user", content)]).status_code == 200
    assert len(upstream.requests("clock")) == 3
    assert upstream.conversations(account) == []


def test_field_08_a_wait_is_rounded_up(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    headers = {"Retry-After": "7.2"}
    upstream.fail("chat", "limited, HTTP 429", headers=headers)
    assert post(bundle, account.refresh_token).headers["retry-after"] == "8"


# 9. Keys of one account are one account.


def test_field_09_the_queue_goes_by_the_account(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    tokens = [account.refresh_token, account.access_token(), account.access_token()]
    upstream.script(deltas(5, delay=0.02), times=None)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda token: post(bundle, token).status_code, tokens))
    assert answers == [200] * 3
    assert account.max_running == 1
    assert account.refused_busy == 0


# 11. A client that leaves before anything has come.


@pytest.mark.parametrize("opening", [False, True])
def test_field_11_a_client_that_leaves_before_the_first_event(
    bundle: Bundle, upstream: StandIn, account: Account, opening: bool
) -> None:
    upstream.script(deltas(50, before=0.5, delay=0.05, lingers=True, opening=opening))
    with pytest.raises(openai.APITimeoutError):
        ask(bundle, account, stream=True, timeout=0.3)
    upstream.wait_for(lambda: upstream.requests("stop") and upstream.requests("delete", account))
    upstream.wait_for(lambda: not upstream.running(account) and not upstream.conversations(account))


# 12. Nothing that may have been delivered is sent twice.


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("refusal", ["dropped when done", "HTTP 504 when done"])
def test_field_12_a_chat_that_may_have_been_delivered(
    bundle: Bundle, upstream: StandIn, refusal: str, streamed: bool
) -> None:
    accounts = [upstream.account() for _ in range(3)]
    upstream.fail("chat", refusal, times=None)
    assert post(bundle, key(*accounts), stream=streamed).status_code == 502
    assert sum(account.generated for account in accounts) == 1


def test_field_12_a_refused_chat_is_repeated_once(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("chat", "HTTP 503")
    assert post(bundle, account.refresh_token).status_code == 200
    upstream.fail("chat", "HTTP 503", times=None)
    assert post(bundle, account.refresh_token).status_code == 502
    assert len(upstream.requests("chat")) == 4


def test_field_12_or_moved_to_another_key(bundle: Bundle, upstream: StandIn) -> None:
    accounts = [upstream.account(), upstream.account()]
    upstream.fail("chat", "HTTP 503", times=None)
    assert post(bundle, key(*accounts)).status_code == 502
    assert [len(upstream.requests("chat", account)) for account in accounts] == [1, 1]


ORDERS: Final = {
    "picture": ("chat", "/v1/images/generations"),
    "video": ("video", "/v1/videos/generations"),
}
LOST: Final[dict[str, dict[str, Any]]] = {
    "dropped": {"drop": True},
    "HTTP 504": {"status": 504},
    "HTTP 503": {"status": 503},
    "HTTP 502": {"status": 502},
    "HTTP 500": {"status": 500},
    "a page": {"body": "<html>done</html>"},
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("order", ORDERS)
def test_field_12_an_order_that_may_have_been_delivered(
    bundle: Bundle, upstream: StandIn, order: str, lost: str
) -> None:
    accounts = [upstream.account(), upstream.account()]
    endpoint, path = ORDERS[order]
    upstream.fail(endpoint, works=True, times=None, **LOST[lost])
    assert post(bundle, key(*accounts), path, model="", prompt="A cat").status_code == 502
    made = sum(account.generated for account in accounts), sum(len(upstream.videos(one)) for one in accounts)
    assert sum(made) == 1


@pytest.mark.parametrize("order", ORDERS)
def test_field_12_an_order_without_a_name_is_not_ordered_again(bundle: Bundle, upstream: StandIn, order: str) -> None:
    accounts = [upstream.account(), upstream.account()]
    endpoint, path = ORDERS[order]
    upstream.fail("video", result={}, works=True, times=None)
    upstream.script(Answer(Text("")), times=None)
    assert post(bundle, key(*accounts), path, model="", prompt="A cat").status_code == 502
    assert sum(len(upstream.videos(one)) for one in accounts) <= 1
    assert len(upstream.requests(endpoint)) == 1


@pytest.mark.parametrize("refusal", ["internal", "system busy", "limited", "banned"])
@pytest.mark.parametrize("order", ORDERS)
def test_field_12_an_order_that_was_refused_goes_to_the_next_key(
    bundle: Bundle, upstream: StandIn, order: str, refusal: str
) -> None:
    failing, well = upstream.account(), upstream.account()
    endpoint, path = ORDERS[order]
    upstream.fail(endpoint, refusal, account=failing, times=None)
    for _ in range(4):
        assert post(bundle, key(failing, well), path, model="", prompt="A cat").status_code == 200


# 13. The deployment's own accounts are dead.


@pytest.mark.parametrize(
    "how", [{"dead": True}, {"blocked": True}, {"guest": "refused"}, {"guest": "answered"}], ids=str
)
def test_field_13_a_dead_account_of_the_deployment_is_no_fault_of_the_callers(
    upstream: StandIn, how: dict[str, Any]
) -> None:
    accounts = [upstream.account(**how), upstream.account(**how)]
    tokens = f"work={accounts[0].refresh_token},home={accounts[1].refresh_token}"
    environ = {"GLM_CHATGLM_URL": upstream.url, "GLM_TOKENS": tokens, "GLM_ACCESS_KEYS": "good"}
    with serve(environ) as bundle:
        for streamed in (False, True):
            response = post(bundle, "good", stream=streamed)
            assert (response.status_code, response.json()["error"]["code"]) == (503, "no_account_available")
            assert response.headers["x-should-retry"] == "false"
        tried = bundle.logged(response.headers["x-request-id"])["tried"]
        assert sorted(one["account"].split()[0] for one in tried) == ["home", "work"]
        assert all(one["outcome"] in ("invalid_api_key", "account_banned") for one in tried)
    assert not any(account.refresh_token in line for account in accounts for line in bundle.output)


# 14. The token check.


def check(bundle: Bundle, token: str) -> httpx.Response:
    return httpx.post(f"{bundle.url}/token/check", json={"token": token}, timeout=60)


@pytest.mark.parametrize("refusal", ["busy", "limited", "quota", "system busy", "HTTP 404"])
def test_field_14_whoever_was_let_in_is_live(bundle: Bundle, upstream: StandIn, account: Account, refusal: str) -> None:
    how: dict[str, Any] = {"status": 404} if refusal == "HTTP 404" else {"refusal": refusal}
    upstream.fail("user_info", times=None, **how)
    for token in (account.refresh_token, account.access_token()):
        assert check(bundle, token).json()["live"] is True


def test_field_14_under_risk_control_nobody_knows(fresh: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.risk_control.begin()
    for token in (account.access_token(), account.refresh_token):
        response = check(fresh, token)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "risk_control")


def test_field_14_one_key_that_cannot_be_checked_does_not_hide_another(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    failing = upstream.account()
    upstream.fail("refresh", status=503, times=None, account=failing)
    upstream.fail("user_info", status=503, times=None, account=failing)
    assert check(bundle, f"{failing.access_token()},{account.refresh_token}").json()["live"] is True
    assert check(bundle, failing.access_token()).status_code == 502


def test_field_14_a_banned_account_is_not_live(bundle: Bundle, upstream: StandIn) -> None:
    assert check(bundle, upstream.account(blocked=True).refresh_token).json()["live"] is False
