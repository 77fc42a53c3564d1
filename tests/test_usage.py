"""Token counts, estimated from the texts."""

from hypothesis import given
from hypothesis import strategies as st

from lib.types.usage import BYTES_PER_TOKEN, tokens, usage


@given(st.text())
def test_a_token_for_every_four_bytes_begun(text: str) -> None:
    size = len(text.encode())
    assert size <= tokens(text) * BYTES_PER_TOKEN < size + BYTES_PER_TOKEN


def test_no_text_is_no_token_and_any_text_is_at_least_one() -> None:
    assert tokens("") == 0
    assert tokens("a") == tokens("abcd") == 1
    assert tokens("abcde") == tokens("你好") == 2
    assert tokens("\ud800") == 1


@given(st.text(), st.text(), st.text())
def test_reasoning_counts_as_completion(prompt: str, completion: str, reasoning: str) -> None:
    counted = usage(prompt, completion, reasoning)
    assert counted == {
        "prompt_tokens": tokens(prompt),
        "completion_tokens": tokens(completion) + tokens(reasoning),
        "total_tokens": tokens(prompt) + tokens(completion) + tokens(reasoning),
        "completion_tokens_details": {"reasoning_tokens": tokens(reasoning)},
    }
