"""Token counts, estimated from the texts."""

import json
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.tokens import Counter, estimate, tokens
from lib.types.events import Usage
from tests import tokens as measured
from tests.platforms import npm

# Every kind of character that costs differently, and lone surrogates.
texts = st.text(st.sampled_from("abZ09 \t\n.,#的一国，。あ한éλжشहếกะ—🎉\ud800") | st.characters(), max_size=40)


@pytest.mark.parametrize("sample", measured.samples(), ids=lambda sample: f"{sample.kind}-{sample.text[:12]!r}")
def test_estimates_are_within_a_tenth_of_what_tokenizers_count(sample: measured.Sample) -> None:
    assert tokens(sample.text) == pytest.approx(sample.tokens, rel=0.1)


@pytest.mark.platform
def test_the_tokenizers_still_count_what_is_written_down() -> None:
    try:
        folder = npm.install("tokenizers")
    except npm.Unavailable as reason:
        pytest.skip(f"The tokenizers are not available: {reason}")
    samples = measured.samples()
    counted = subprocess.run(
        ["node", str(measured.FOLDER / "count.mjs"), str(folder)],
        input=json.dumps([{"tokenizer": measured.TOKENIZERS[sample.kind], "text": sample.text} for sample in samples]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(counted.stdout) == [sample.tokens for sample in samples]


def test_no_text_is_no_token_and_any_text_is_at_least_one() -> None:
    assert tokens("") == 0
    assert tokens("a") == tokens("word") == tokens("\ud800") == tokens("的") == 1


@given(st.lists(texts, max_size=6))
def test_the_count_does_not_depend_on_how_a_text_is_cut(pieces: list[str]) -> None:
    at_once, now_and_then = Counter(), Counter()
    for number, piece in enumerate(pieces):
        at_once.add(piece)
        now_and_then.add(piece)
        assert number % 2 or now_and_then.tokens == tokens("".join(pieces[: number + 1]))
    assert at_once.tokens == now_and_then.tokens == tokens("".join(pieces))


@given(texts, st.integers(0, 20))
def test_the_cut_is_the_longest_beginning_with_so_many_tokens(text: str, limit: int) -> None:
    shown = Counter().take(text, limit)
    assert text.startswith(shown)
    assert tokens(shown) <= limit
    assert shown == text or tokens(text[: len(shown) + 1]) > limit


@given(st.lists(texts, max_size=6), st.integers(0, 20))
def test_pieces_are_cut_as_the_whole_is(pieces: list[str], limit: int) -> None:
    counter, shown = Counter(), ""
    for piece in pieces:
        fits = counter.take(piece, limit)
        shown += fits
        if fits != piece:
            break
    assert shown == Counter().take("".join(pieces), limit)


@given(texts, texts)
def test_more_text_is_never_fewer_tokens(text: str, more: str) -> None:
    assert tokens(text) <= tokens(text + more)


@given(texts, texts, texts)
def test_reasoning_counts_as_completion(prompt: str, answer: str, reasoning: str) -> None:
    reasoning_tokens = tokens(reasoning)
    assert estimate(prompt, answer, reasoning) == Usage(
        tokens(prompt), tokens(answer) + reasoning_tokens, reasoning_tokens, cached_tokens=0, estimated=True
    )


@pytest.mark.parametrize("kind", measured.TOKENIZERS)
def test_a_long_prompt_is_counted_at_once(kind: str) -> None:
    text = "".join(sample.text for sample in measured.samples() if sample.kind == kind)
    text = (text * 50).encode()[:90_000].decode(errors="ignore")

    def seconds() -> float:
        start = time.process_time()
        tokens(text)
        return time.process_time() - start

    # 3 ms on a machine of its own; the rest is for one that is shared.
    assert min(seconds() for _ in range(10)) < 0.01
