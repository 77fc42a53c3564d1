"""Job ids: what goes in comes out, for the account that it was made for, and nothing else does."""

import string
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.accounts.job_id import MAX_CALLER_BYTES, JobId
from lib.accounts.keys import Candidate, Key
from lib.accounts.signed_id import MAX_LENGTH
from lib.errors import NotFound, UpstreamFailed
from lib.upstreams.bigmodel.upstream import Bigmodel
from lib.upstreams.chatglm.upstream import ChatGLM
from tests.upstream import jwt


def of(token: str, access_key: str = "") -> Candidate:
    return Candidate(Key(token), ChatGLM(), access_key)


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiI2NWEyMzJjMDgyZmYifQ.c2lnbmF0dXJl"
ID = JobId("65a232c082ff90a2ad2f15e2", "668d03b2e99d661ed3c32516", 1_790_732_179, "cogvideox", "key-audio", "mine")
KNOWN = (
    "Amq8Z5MYNjVhMjMyYzA4MmZmOTBhMmFkMmYxNWUyGDY2OGQwM2IyZTk5ZDY2MWVkM2MzMjUxNglrZXktYXVkaW8JY29ndmlkZW94"
    "BG1pbmXNWHIdH69HuJEhOxc5gZIc"
)
"""Of version 2."""
FIRST = (
    "AWq8Z5MYNjVhMjMyYzA4MmZmOTBhMmFkMmYxNWUyGDY2OGQwM2IyZTk5ZDY2MWVkM2MzMjUxNglrZXktYXVkaW8JY29ndmlkZW94BG1pbmU"
    "oBPR7-xa1GAvYhJdJZc7r"
)
"""Of version 1, which knew of no access keys."""
LETTERS = string.ascii_letters + string.digits + "-_"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: len(text.encode()) <= 40)
job_id = st.builds(
    JobId,
    job=texts,
    conversation=texts,
    created=st.integers(0, 2**32 - 1),
    model=st.sampled_from(["cogvideox", "cogvideox-pro"]),
    sound=texts,
    request_id=texts,
)
tokens = st.text(min_size=1, max_size=80)


@given(job_id, tokens, st.lists(tokens, max_size=5))
def test_the_right_token_is_found_and_everything_comes_out(job_id: JobId, token: str, others: list[str]) -> None:
    text = job_id.sign(of(token))
    assert set(text) <= set(LETTERS)
    assert len(text) <= MAX_LENGTH < 300
    rest = [of(other) for other in others if other != token]
    assert JobId.verify(text, [*rest, of(token)])[0] == job_id
    with pytest.raises(NotFound):
        JobId.verify(text, rest)


@given(job_id, tokens, st.data())
def test_every_single_character_change_is_not_found(job_id: JobId, token: str, data: st.DataObject) -> None:
    text = job_id.sign(of(token))
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.one_of(st.sampled_from(LETTERS), st.characters()).filter(lambda letter: letter != text[place]))
    for changed in (
        text[:place] + other + text[place + 1 :],
        text[:place] + text[place + 1 :],
        text[:place] + other + text[place:],
    ):
        if changed != text:
            with pytest.raises(NotFound):
                JobId.verify(changed, [of(token)])


@pytest.mark.parametrize("sound", ["", "a", "ab"])  # Each length leaves another number of bits unused at the end.
def test_no_other_letter_will_do_at_any_place(sound: str) -> None:
    text = JobId("job", "conversation", 1, "cogvideox", sound).sign(of(TOKEN))
    for place, letter in enumerate(text):
        for other in set(string.printable) - {letter}:
            with pytest.raises(NotFound):
                JobId.verify(text[:place] + other + text[place + 1 :], [of(TOKEN)])


@given(st.text(max_size=310))
def test_what_is_made_up_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        JobId.verify(text, [of(TOKEN)])


def test_padding_and_white_space_are_no_part_of_an_id() -> None:
    text = ID.sign(of(TOKEN))
    for changed in (text + "=", text + "==", text + "\n", " " + text, text + "%", ""):
        with pytest.raises(NotFound):
            JobId.verify(changed, [of(TOKEN)])


def test_the_format_stays_what_it_is() -> None:
    """Ids in clients' hands must outlive a new deployment."""
    assert ID.sign(of(TOKEN)) == KNOWN
    for known in (KNOWN, FIRST):
        assert JobId.verify(known, [of(TOKEN, "somebody's")] if known is FIRST else [of(TOKEN)])[0] == ID


def test_nothing_of_the_token_is_in_it() -> None:
    data = urlsafe_b64decode((text := ID.sign(of(TOKEN))) + "=" * (-len(text) % 4))
    assert not any(TOKEN[place : place + 6].encode() in data for place in range(len(TOKEN) - 6))


def test_there_is_room_for_all_that_a_caller_may_choose() -> None:
    job, conversation = "j" * 40, "c" * 40
    for sound in ("", "s" * 50, "s" * MAX_CALLER_BYTES):
        request_id = "r" * (MAX_CALLER_BYTES - len(sound))
        text = JobId(job, conversation, 2**32 - 1, "cogvideox-pro", sound, request_id).sign(of(TOKEN))
        assert len(text) <= MAX_LENGTH


def test_what_has_no_room_is_said() -> None:
    with pytest.raises(UpstreamFailed, match="more letters"):
        JobId("j" * 300, "c", 1, "cogvideox").sign(of(TOKEN))


def token(uid: str, number: int) -> str:
    return jwt.encode(
        {"uid": uid, "type": "refresh", "exp": 2_000_000_000, "jti": str(number)}, b"a key of the service's"
    )


def test_a_token_that_is_renewed_keeps_its_ids_and_so_does_a_new_secret_of_an_api_key() -> None:
    text = ID.sign(of(token("ada", 1)))
    assert JobId.verify(text, [of(token("bob", 1)), of(token("ada", 2))])[0] == ID
    with pytest.raises(NotFound):
        JobId.verify(text, [of(token("bob", 2))])
    old, new = (Candidate(Key(f"0123456789abcdef.{secret}"), Bigmodel()) for secret in ("old-secret", "new-secret"))
    assert JobId.verify(ID.sign(old), [new])[0] == ID


def test_those_who_share_an_account_do_not_share_its_ids() -> None:
    text = ID.sign(of(TOKEN, "the key of Ada"))
    assert JobId.verify(text, [of(TOKEN, "the key of Ada")])[0] == ID
    for other in ("", "the key of Bob", "the key of Ada "):
        with pytest.raises(NotFound):
            JobId.verify(text, [of(TOKEN, other)])
