"""The id of a job that goes on when its request has ended: all that a fresh instance needs, kept by the client.

See `lib.accounts.signed_id`; its texts are job, conversation, sound, model and request_id.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from lib.accounts import signed_id
from lib.accounts.keys import Candidate
from lib.accounts.signed_id import Content
from lib.errors import BadRequest, NotFound, UpstreamFailed

MAX_CALLER_BYTES: Final = 100
"""Bytes that `sound` and `request_id`, which callers choose, may have together: this leaves 40 for each other id."""

_CONTEXT: Final = b"glm-functions poll id, key, 1"


def check_room(**texts: str) -> None:
    """Raise `BadRequest` where the texts that a caller chose, by field, would not fit into an id."""
    if sum(len(text.encode(errors="replace")) for text in texts.values()) > MAX_CALLER_BYTES:
        names = " and ".join(texts)
        raise BadRequest(
            f"{names} may have {MAX_CALLER_BYTES} bytes together: the job's id holds both.",
            param=max(texts, key=lambda name: len(texts[name])),
        )


class JobId(NamedTuple):
    """What an id says of its job."""

    job: str
    """The upstream's name of it."""
    conversation: str
    created: int
    """Unix time in seconds."""
    model: str
    sound: str = ""
    """The sound track to add when the job is done."""
    request_id: str = ""
    """The client's own name of it."""

    def sign(self, candidate: Candidate) -> str:
        """Write the id for whom `candidate` stands for. Raises `UpstreamFailed` where it would be too long."""
        texts = (self.job, self.conversation, self.sound, self.model, self.request_id)
        written = signed_id.sign(Content(self.created, texts), candidate, _CONTEXT)
        if not written:
            raise UpstreamFailed("The service names the job with more letters than an id has room for.")
        return written

    @classmethod
    def verify(cls, text: str, candidates: Sequence[Candidate]) -> "tuple[JobId, Candidate]":
        """Read an id, and find the one of `candidates` that it was made for.

        Raises `NotFound` for anything that is not, to the letter, an id made for one of them.
        """
        found = signed_id.verify(text, candidates, _CONTEXT)
        if found is None:
            raise NotFound("There is no such job for this account.", param="id")
        (created, texts), candidate = found
        job, conversation, sound, model, request_id = texts
        return cls(job, conversation, created, model, sound, request_id), candidate
