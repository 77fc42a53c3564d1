"""Token counts, estimated: the service counts nothing.

A token for every four bytes of UTF-8 is close to what current tokenizers make of English (four letters a token) and of
Chinese (a bit more than one sign a token).
"""

BYTES_PER_TOKEN = 4


def tokens(text: str) -> int:
    """About how many tokens `text` has; at least 1 unless it is empty."""
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def usage(prompt: str, completion: str, reasoning: str) -> dict[str, object]:
    """The `usage` object of an answer. Reasoning counts as completion, as with OpenAI."""
    prompt_tokens = tokens(prompt)
    reasoning_tokens = tokens(reasoning)
    completion_tokens = tokens(completion) + reasoning_tokens
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "completion_tokens_details": {"reasoning_tokens": reasoning_tokens},
    }
