"""The signature of a call to the service."""

import time

from hypothesis import given
from hypothesis import strategies as st

from lib.settings import SIGN_SECRET
from lib.upstreams.chatglm.session import signature

milliseconds = st.integers(1_000_000_000_000, 9_999_999_999_999)


def test_the_protocols_vector() -> None:
    stamp, nonce = "1790732179905", "75988225830f4d93b6702dcd0a2e9baf"
    assert signature.sign(stamp, nonce, SIGN_SECRET) == "a32ee7a2876ad44e6658475f0a7c69eb"
    # Any clock that reads the same but for the last digit but one gives this stamp.
    assert {signature.timestamp(1790732179900 + 10 * tens + 5) for tens in range(10)} == {stamp}


@given(milliseconds)
def test_a_timestamp_is_the_clock_with_a_check_digit(clock: int) -> None:
    stamp = signature.timestamp(clock)
    digits = str(clock)
    assert len(stamp) == 13
    assert (stamp[:-2], stamp[-1]) == (digits[:-2], digits[-1])
    assert int(stamp[-2]) == (sum(map(int, digits)) - int(digits[-2])) % 10


@given(milliseconds, milliseconds)
def test_a_signature_is_of_its_time_its_nonce_and_its_secret(one: int, other: int) -> None:
    made = signature.sign(str(one), "n", "s")
    assert (made == signature.sign(str(other), "n", "s")) is (one == other)
    assert made != signature.sign(str(one), "m", "s")
    assert made != signature.sign(str(one), "n", "t")


def test_each_call_is_signed_for_its_time_and_with_a_nonce_of_its_own() -> None:
    now = int(time.time() * 1000)
    calls = [signature.headers("secret", now) for _ in range(100)]
    assert len({call["X-Nonce"] for call in calls}) == 100
    for call in calls:
        assert call["X-Sign"] == signature.sign(call["X-Timestamp"], call["X-Nonce"], "secret")
        assert len(call["X-Nonce"]) == 32
        assert set(call["X-Nonce"]) <= set("0123456789abcdef")
        assert call["X-Timestamp"] == signature.timestamp(now)
