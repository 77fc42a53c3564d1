"""The id of a response whose conversation is kept: the service's own conversation, and whose it is.

See `lib.accounts.signed_id`; its texts are the upstream's name, the conversation, and some random
letters, since each response has an id of its own. The ids of
responses that are not kept are no such ids, and cannot be gone on from.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from secrets import token_hex
from typing import Final, NamedTuple

from lib.accounts import signed_id
from lib.accounts.keys import Candidate
from lib.accounts.signed_id import Content
from lib.errors import BadRequest
from lib.types.events import Event, Start

PREFIX: Final = "resp_"
_CONTEXT: Final = b"glm-functions response id, key, 1"
_NONCE_BYTES: Final = 6
"""Enough to tell the responses of one conversation in one second apart."""


class Kept(NamedTuple):
    """A conversation that the service keeps."""

    conversation: str
    """The upstream's name of it."""
    candidate: Candidate
    """Whose it is."""


def sign(conversation: str, candidate: Candidate) -> str:
    """The id of a response in this conversation; empty where there is none, so that nothing is kept."""
    if not conversation:
        return ""
    written = signed_id.sign(
        Content(int(time.time()), (candidate.upstream.name, conversation, token_hex(_NONCE_BYTES))), candidate, _CONTEXT
    )
    return PREFIX + written if written else ""


async def signed(answer: AsyncGenerator[list[Event]], candidate: Candidate) -> AsyncGenerator[list[Event]]:
    """The answer itself, with the id in place of its conversation."""
    async with aclosing(answer):
        async for events in answer:
            yield [
                event._replace(conversation_id=sign(event.conversation_id, candidate))
                if isinstance(event, Start)
                else event
                for event in events
            ]


def find(response_id: str, candidates: Sequence[Candidate]) -> Kept:
    """What an id stands for. Raises `BadRequest` for one that was not kept, or that is of another key."""
    found = signed_id.verify(response_id.removeprefix(PREFIX), candidates, _CONTEXT)
    if found is not None:
        (_, (upstream, conversation, _)), candidate = found
        if candidate.upstream.name == upstream:
            return Kept(conversation, candidate)
    raise BadRequest(
        "previous_response_id names no response that is kept for this key. A response is kept where the chatglm.cn web "
        "service answers and its request says store: true. Otherwise send all items in input.",
        param="previous_response_id",
        code="previous_response_not_found",
    )
