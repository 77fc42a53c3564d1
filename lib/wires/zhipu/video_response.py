"""`/v1/videos/generations`: what clients get. The old server's fields, and those that Zhipu's own client reads."""

from typing import Any, Final

from lib.accounts.job_id import PollId
from lib.errors import UpstreamFailed
from lib.types.old_videos import VideoState
from lib.wires.openai.errors import error_object

_TASK_STATUS: Final = {"working": "PROCESSING", "done": "SUCCESS", "failed": "FAIL"}


def task(text: str, poll_id: PollId, state: VideoState) -> dict[str, Any]:
    """How far a job is. `text` is its id as the client knows it."""
    answer: dict[str, Any] = {
        "id": text,
        "object": "video",
        "created": poll_id.created,
        "model": poll_id.model,
        "request_id": poll_id.request_id or poll_id.job,
        "task_status": _TASK_STATUS[state.status],
        "video_result": [],
    }
    if state.progress is not None:
        answer["progress"] = state.progress
    if state.status == "failed":
        answer["error"] = error_object(UpstreamFailed(state.reason, code="video_failed"))
    if (video := state.video) is not None:
        answer["video_result"] = [{"url": video.url, "cover_image_url": video.cover_url}]
        answer["data"] = [
            {
                "conversation_id": poll_id.conversation,
                "cover_url": video.cover_url,
                "video_url": video.url,
                "video_duration": video.duration,
                "resolution": video.resolution,
            }
        ]
    return answer


def deleted(text: str) -> dict[str, Any]:
    """The answer to a deletion."""
    return {"id": text, "object": "video", "deleted": True}
