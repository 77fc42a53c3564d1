"""Token counts, estimated: the service counts nothing.

A token for every four bytes of UTF-8 is close to what current tokenizers make of English (four letters a token) and of
Chinese (a bit more than one sign a token).
"""

from lib.types.events import Usage

BYTES_PER_TOKEN = 4


def tokens(text: str) -> int:
    """About how many tokens `text` has; at least 1 unless it is empty."""
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def estimate(prompt: str, answer: str, reasoning: str) -> Usage:
    """The usage of an answer. Reasoning counts as completion, as with OpenAI."""
    reasoning_tokens = tokens(reasoning)
    return Usage(tokens(prompt), tokens(answer) + reasoning_tokens, reasoning_tokens, estimated=True)
