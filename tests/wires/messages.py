"""Short ways to ask for a message, as Anthropic's own client does."""

from typing import Any

import anthropic
from anthropic.types import Message

from tests.upstream import Account

HELLO: Any = [{"role": "user", "content": "Hello"}]


def client(url: str, key: Account | str, **options: Any) -> anthropic.Anthropic:
    """Anthropic's client, without retries of its own."""
    text = key if isinstance(key, str) else key.refresh_token
    return anthropic.Anthropic(base_url=url, api_key=text, **{"max_retries": 0, **options})


def ask(url: str, key: Account | str, **options: Any) -> Message:
    """A whole message."""
    with client(url, key) as official:
        made: Message = official.messages.create(**_fields(options))
        return made


def stream(url: str, key: Account | str, **options: Any) -> tuple[list[str], Message]:
    """What kinds of events came, and the message that they made."""
    with client(url, key) as official, official.messages.stream(**_fields(options)) as events:
        kinds: list[str] = [event.type for event in events]
        return kinds, events.get_final_message()


def text_of(message: Message) -> str:
    """Its words."""
    return "".join(block.text for block in message.content if block.type == "text")


def _fields(options: dict[str, Any]) -> dict[str, Any]:
    return {"model": "glm-5.3", "max_tokens": 1000, "messages": HELLO, **options}
