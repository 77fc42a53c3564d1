"""Other models' names: what they mean, and how they are listed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.types import aliases

OWN = (("claude-opus*", "glm-4-plus"), ("gpt-4o", "glm-5.3"), ("gpt-*-mini", "glm-5.3-flash"), ("tiny-think", "glm-4"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-opus-4-8", "glm-5.3"),
        ("claude-sonnet-4-5-20250929", "glm-5.3"),
        ("claude-haiku-4-5", "glm-5.3-flash"),
        ("claude-3-5-haiku-20241022", "glm-5.3-flash"),
        ("claude-3-7-sonnet-latest", "glm-5.3"),
        ("claude-fable-1", "glm-5.3"),
        ("claude", "glm-5.3"),
        ("gemini-3-pro-preview", "glm-5.3"),
        ("gemini-3.5-flash-lite", "glm-5.3-flash"),
        ("gemini-embedding-001", "embedding-3"),
        (" Anthropic/Claude-Opus-4.1 ", "glm-5.3"),
        ("claude-opus-4-8-think", "glm-5.3-think"),
        ("claude-haiku-4-5-silent-think", "glm-5.3-flash-silent-think"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "glm-5.3"),
        ("anthropic.claude-haiku-4-5-v1", "glm-5.3-flash"),
        ("sonnet", "glm-5.3"),
        ("haiku[1m]", "glm-5.3-flash"),
        ("gpt-6.2-sol", "glm-5.3"),
        # Marks around a name are no part of it.
        ("glm-5.3[1m]", "glm-5.3"),
        ("glm-5.3:latest", "glm-5.3"),
        ("z-ai/glm-4.7:free", "z-ai/glm-4.7"),
        ("glm-5.3@OpenAI", "glm-5.3"),
        ("glm-5.3-thinking", "glm-5.3-think"),
        ("glm-4.1v-thinking-flash", "glm-4.1v-thinking-flash"),
        # No alias: as it was asked for.
        ("glm-5.3", "glm-5.3"),
        ("openai/GLM-5.3-think", "openai/GLM-5.3-think"),
        ("gpt-4o", "gpt-4o"),
        ("a1b2c3d4e5f6a7b8c9d0e1f2", "a1b2c3d4e5f6a7b8c9d0e1f2"),
        ("", ""),
    ],
)
def test_what_a_name_means_without_settings(name: str, expected: str) -> None:
    assert aliases.resolve(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-opus-4-8", "glm-4-plus"),
        ("claude-haiku-4-5", "glm-5.3-flash"),
        ("gpt-4o", "glm-5.3"),
        ("gpt-4o-offline", "glm-5.3-offline"),
        ("gpt-4o-mini", "glm-5.3-flash"),
        ("gpt-4o-audio", "gpt-4o-audio"),
        ("tiny-think", "glm-4"),
    ],
)
def test_the_deployers_own_come_first(name: str, expected: str) -> None:
    assert aliases.resolve(name, OWN) == expected


def test_each_is_listed_once_under_a_name_that_means_the_same() -> None:
    listed = aliases.names(aliases.DEFAULTS)
    assert {"claude-opus", "claude-haiku", "claude", "gemini-flash", "gemini"} <= set(listed)
    assert {aliases.resolve(name) for name in listed} == {"glm-5.3", "glm-5.3-flash", "embedding-3"}
    assert aliases.names((("*", "glm-4"), ("gpt-*-mini", "glm-4"), ("o3", "glm-4"))) == ["gpt-mini", "o3"]


@given(st.text(max_size=40), st.lists(st.tuples(st.text("ab*-.", min_size=1, max_size=6), st.just("glm")), max_size=4))
def test_any_name_and_any_pattern(name: str, own: list[tuple[str, str]]) -> None:
    assert aliases.resolve(name, own)[:3] == "glm" or aliases.resolve(name, own) in name + "think"
