"""`/v1/videos/generations`: what clients get. The old server's fields, and those that Zhipu's own client reads."""

from typing import Any, Final, NamedTuple

from lib.errors import UpstreamFailed
from lib.types.videos import VideoState
from lib.wires.openai.wire import error_object

_TASK_STATUS: Final = {"working": "PROCESSING", "done": "SUCCESS", "failed": "FAIL"}


class Task(NamedTuple):
    """What a client knows its job by."""

    id: str
    created: int
    """Unix time in seconds."""
    model: str
    request_id: str
    conversation_id: str


def task_object(task: Task, state: VideoState) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": task.id,
        "object": "video",
        "created": task.created,
        "model": task.model,
        "request_id": task.request_id,
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
                "conversation_id": task.conversation_id,
                "cover_url": video.cover_url,
                "video_url": video.url,
                "video_duration": video.duration,
                "resolution": video.resolution,
            }
        ]
    return answer


def deleted_object(task_id: str) -> dict[str, Any]:
    return {"id": task_id, "object": "video", "deleted": True}
