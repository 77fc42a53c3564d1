"""Video jobs, whichever wire asks: ordered once, and found again by the signed ids that clients hold."""

import time
from collections.abc import Sequence

from lib.accounts.failover import fail_over_call
from lib.accounts.job_id import JobId
from lib.accounts.keys import Candidate
from lib.types.upstream import Films, Tries, Upstream, cannot
from lib.types.videos import VideoRequest


async def order(
    brought: Sequence[Candidate], wanted: VideoRequest, request_id: str = ""
) -> tuple[JobId, Films, Candidate]:
    """Have the first account that can take the order."""
    by_key = {one.key.text: one for one in brought}

    async def start(upstream: Upstream, key: str, tries: Tries) -> tuple[JobId, Films, Candidate]:
        if not isinstance(upstream, Films):
            raise cannot(upstream, "Videos")
        job = await upstream.create_video(wanted, key)
        made = JobId(
            job=job.id,
            conversation=job.conversation_id,
            created=int(time.time()),
            model=wanted.model,
            sound=wanted.sound,
            request_id=request_id,
        )
        return made, upstream, by_key[key]

    return await fail_over_call(brought, start, generates=False)


def find(text: str, brought: Sequence[Candidate]) -> tuple[JobId, Films, Candidate]:
    """The job that a client names, and whose it is. Raises `NotFound`."""
    found, owner = JobId.verify(text, brought)
    owner.note("asked")
    if not isinstance(owner.upstream, Films):
        raise cannot(owner.upstream, "Videos")
    return found, owner.upstream, owner
