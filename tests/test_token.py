"""What a token says of itself, and what is no token."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.errors import Unauthorized
from lib.upstreams.chatglm.session.token import Token
from tests.upstream import Account, StandIn


def encode(payload: Any, head: str = "e30", signature: str = "c2ln") -> str:
    """A token with this payload: an object, or JSON as it stands."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f"{head}.{urlsafe_b64encode(text.encode()).decode().rstrip('=')}.{signature}"


def payload(**more: Any) -> dict[str, Any]:
    return {"type": "refresh", "exp": time.time() + 100, "iat": time.time() - 100, **more}


def test_the_services_own_tokens(upstream: StandIn, account: Account) -> None:
    refresh, access = Token.read(account.refresh_token), Token.read(account.access_token())
    assert (refresh.kind, access.kind) == ("refresh", "access")
    assert refresh.text == account.refresh_token
    assert refresh.account_id == access.account_id == account.uid
    assert refresh.device_id == access.device_id == account.device_id
    assert refresh.lifetime == 180 * 86400
    assert access.lifetime == 86400
    assert refresh.check() is refresh


@given(st.sampled_from(["refresh", "access"]), st.integers(0, 10**10), st.integers(0, 10**10), st.text(), st.text())
def test_what_a_payload_says(kind: str, expires_at: int, issued_at: int, account_id: str, other: str) -> None:
    text = encode({"type": kind, "exp": expires_at, "iat": issued_at, "uid": account_id, "sub": other})
    token = Token.read(text)
    assert (token.text, token.kind) == (text, kind)
    assert (token.expires_at, token.lifetime) == (expires_at, expires_at - issued_at)
    assert token.account_id == account_id


@pytest.mark.parametrize(
    "device_id", [None, 5, "", "x" * 32, "0" * 31, "0" * 33, "a\r\nX-Injected: yes", "é" * 32, "٣" * 32]
)
def test_a_device_that_cannot_be_one_is_left_out(device_id: Any) -> None:
    assert Token.read(encode(payload(device_id=device_id))).device_id == ""


@pytest.mark.parametrize("issued_at", ["-1", "NaN", "1e999", "9" * 400, '"yesterday"', "null"])
def test_a_time_of_issue_that_cannot_be_one_is_left_out(issued_at: str) -> None:
    assert Token.read(encode(f'{{"type": "access", "exp": 5, "iat": {issued_at}}}')).lifetime == 0


def test_what_a_payload_may_leave_out() -> None:
    token = Token.read(encode({"type": "access", "exp": 5.5}))
    assert (token.expires_at, token.lifetime, token.device_id, token.account_id) == (5.5, 0, "", "")


def test_an_expired_token_is_known_without_a_call() -> None:
    token = Token.read(encode(payload(exp=time.time() - 1)))
    assert token.expired()
    with pytest.raises(Unauthorized, match="expired"):
        token.check()


def test_a_margin_before_the_expiry() -> None:
    token = Token.read(encode(payload(exp=time.time() + 100)))
    assert not token.expired()
    assert not token.expired(90)
    assert token.expired(110)


@given(st.text() | st.from_regex(r"[\w=-]*\.[\w=-]*\.[\w=-]*", fullmatch=True))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Unauthorized):
        Token.read(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "exp", "uid", "device_id"]), inner),
        max_leaves=6,
    )
)
def test_a_payload_of_another_kind_is_refused(value: Any) -> None:
    assume(not isinstance(value, dict) or value.get("type") not in ("refresh", "access"))
    with pytest.raises(Unauthorized):
        Token.read(encode(json.dumps(value, default=str)))


@pytest.mark.parametrize(
    "text",
    [
        encode(payload(type="guest")),
        encode(payload(type=None)),
        encode(payload(type=["refresh"])),
        encode(payload(exp=None)),
        encode(payload(exp="tomorrow")),
        encode({"type": "refresh"}),
        encode("[" * 100_000),
        encode("{}"),
        encode("[]"),
        encode("null"),
        encode('{"type": "refresh", "exp": ' + "9" * 5000 + "}"),
        encode('{"type": "refresh", "exp": ' + "9" * 400 + "}"),
        encode('{"type": "refresh", "exp": NaN}'),
        encode('{"type": "refresh", "exp": 1e999}'),
        encode('{"type": "refresh", "exp": -1}'),
        encode(payload(), signature="é"),
        encode(payload(), signature="a b"),
        encode(payload(), signature="a\r\nX-Injected: yes"),
        encode(payload(), signature="\ud800"),
        encode(payload(), signature=""),
        encode(payload(), head=""),
        encode(payload(), head="é"),
        encode(payload()) + "\n",
        encode(payload())[: -len(".c2ln")],
        encode(payload()) + ".x",
        "e30." + urlsafe_b64encode(b'\xff{"type"').decode() + ".x",
        "e30.e30e3.x",
    ],
)
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(Unauthorized):
        Token.read(text)
