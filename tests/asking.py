"""Short ways to ask for an answer, as the official client does."""

from typing import Any

from tests.bundle import Bundle
from tests.upstream import Account, StandIn


def ask(bundle: Bundle, account: Account | str, *messages: dict[str, Any] | str, **options: Any) -> Any:
    """A whole answer: the client's own object. A message that is a text is the user's."""
    key = account if isinstance(account, str) else account.refresh_token
    turns = [{"role": "user", "content": turn} if isinstance(turn, str) else turn for turn in messages or ("Hello",)]
    return bundle.client(key).chat.completions.create(**{"model": "glm-4", "messages": turns, **options})


def sent(upstream: StandIn) -> dict[str, Any]:
    """The body of the last chat call that the service got."""
    body: dict[str, Any] = upstream.requests("chat")[-1].json
    return body


def sent_text(upstream: StandIn) -> str:
    """The text of that call's message."""
    text: str = sent(upstream)["messages"][0]["content"][0]["text"]
    return text


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    """A message."""
    return {"role": role, "content": content, **more}
