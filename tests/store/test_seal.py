"""Names and encryption: what lies in a shared store opens with its token alone, and gives nothing away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.store.entry import Entry
from lib.store.seal import Sealer, name_of, turn_name
from tests.store.backend import Backend
from tests.store.cases import DAY, opened

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXBlIjoicmVmcmVzaCIsInVpZCI6IjEyMzQ1In0.c2lnbmF0dXJlLXdpdGgtZW50cm9weQ"
VALUE = b'{"refresh":"eyJhbGciOiJIUzI1NiJ9.bmV3LXJlZnJlc2g.c2VjcmV0","access":"eyJhbGciOiJIUzI1NiJ9.YWNjZXNz.c2VjcmV0"}'

tokens = st.text(min_size=1, max_size=400)


@settings(deadline=None)  # A busy machine is no failure.
@given(token=tokens, value=st.binary(max_size=3000))
def test_what_was_sealed_opens_again_and_looks_different_each_time(token: str, value: bytes) -> None:
    sealer = Sealer(token)
    once, again = sealer.seal(value), sealer.seal(value)
    assert Sealer(token).open(once) == value == sealer.open(again)
    assert once != again


@settings(deadline=None)
@given(value=st.binary(max_size=60), change=st.integers(1, 255))
def test_a_seal_with_any_byte_changed_or_an_end_cut_off_or_a_byte_added_does_not_open(
    value: bytes, change: int
) -> None:
    sealer = Sealer("token")
    sealed = sealer.seal(value)
    assert sealer.open(sealed) == value
    for at in range(len(sealed)):
        assert sealer.open(sealed[:at] + bytes([sealed[at] ^ change]) + sealed[at + 1 :]) is None
        assert sealer.open(sealed[:at]) is None
    assert sealer.open(sealed + bytes([change])) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_was_never_sealed_does_not_open(junk: bytes) -> None:
    assert Sealer("token").open(junk) is None
    assert Sealer("token").open(b"\x01" + junk) is None


@settings(deadline=None)
@given(token=tokens, other=tokens)
def test_names_and_keys_differ_with_the_token(token: str, other: str) -> None:
    if token != other:
        assert name_of(token) != name_of(other)
        assert Sealer(other).open(Sealer(token).seal(b"value")) is None
    assert len(name_of(token)) == 64


def test_what_earlier_versions_stored_is_still_found_and_still_opens() -> None:
    assert name_of("eyJ0.eyJ1.c2ln") == "691ab5f6d7270069edbdcc52c3fc0794deea3d7d36c9f7c9129bbb248fc7efe1"
    sealed = bytes.fromhex(
        "01c66940d19db96ee3589b50c11880614432a879423e6c1c71da96195f39885d60075c4171c91fbb2b81dff5390fa060"
    )
    assert Sealer("eyJ0.eyJ1.c2ln").open(sealed) == b"a value"


def test_an_accounts_turn_has_a_name_that_does_not_tell_it() -> None:
    assert len(turn_name("account")) == 64
    assert len({turn_name("account"), turn_name("other"), name_of("account")}) == 3
    assert turn_name("half \ud83d") == turn_name("half \ud83d")


def pieces(text: bytes) -> set[bytes]:
    return {text[at : at + 12] for at in range(len(text) - 11)}


@pytest.mark.anyio
async def test_the_store_alone_gives_nothing_away(backend: Backend) -> None:
    async with opened(backend) as store:
        entry = Entry(store, TOKEN)
        await entry.set(VALUE, DAY)
        async with entry.lock(0), store.lease(turn_name("a-users-account"), 0):
            names, raw = backend.names(), backend.raw()
        assert await entry.get() == VALUE
    assert len(names) == 3
    assert name_of(TOKEN).encode() in raw
    secrets = pieces(TOKEN.encode()) | pieces(VALUE) | pieces(b"a-users-account")
    assert not [piece for piece in secrets if piece in raw]


@pytest.mark.anyio
async def test_values_that_were_exchanged_count_as_missing(backend: Backend) -> None:
    async with opened(backend) as writer, opened(backend) as reader:
        for token in ("one", "two"):
            await Entry(writer, token).set(token.encode(), DAY)
        backend.exchange(f"glm:{name_of('two')}", f"glm:{name_of('one')}")
        assert [await Entry(reader, token).get() for token in ("one", "two")] == [None, b"two"]


@pytest.mark.anyio
@pytest.mark.parametrize("junk", [b"", b"junk", b"9" * 12, b"0" * 13 + b"junk", bytes(100), b"x" * 5000])
async def test_junk_counts_as_missing_and_is_replaced(backend: Backend, junk: bytes) -> None:
    backend.spoil(f"glm:{name_of('token')}", junk)
    async with opened(backend) as one, opened(backend) as two:
        assert await Entry(one, "token").get() is None
        await Entry(one, "token").set(b"value", DAY)
        assert await Entry(one, "token").get() == b"value"
        assert await Entry(two, "token").get() == b"value"
