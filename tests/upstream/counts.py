"""What the service is doing just now, account by account: cheap to ask, however much it has been asked before."""

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import Service


def count(service: "Service") -> list[dict[str, Any]]:
    """Return an object per account, as JSON.

    `running`: history ids of what it generates; `conversations`: those that were not deleted, with `idle`, the seconds
    since anything happened in them (0 while an answer is generated); `videos`: jobs that were not deleted; the rest as
    in `Account`.
    """
    return [_of(service, account.uid) for account in service.accounts.all()]


def _of(service: "Service", uid: str) -> dict[str, Any]:
    account, now = service.accounts.get(uid), time.monotonic()
    running = service.conversations.running(account)
    at_work = {one.conversation.id for one in running}
    return {
        "uid": uid,
        "running": [one.history_id for one in running],
        "max_running": account.max_running,
        "generated": account.generated,
        "refused_busy": account.refused_busy,
        "conversations": [
            {"id": one.id, "idle": 0.0 if one.id in at_work else round(now - one.active_at, 3)}
            for one in service.conversations.left(account)
        ],
        "videos": [job.chat_id for job in service.videos.of(account)],
    }
