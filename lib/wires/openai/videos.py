"""`/v1/videos`: what OpenAI's clients send and get. It is another form of `/v1/videos/generations`."""

import re
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest, UpstreamFailed
from lib.types import videos
from lib.types.chat import FilePart
from lib.wires.openai.wire import error_object
from lib.wires.shared.data_url import as_url
from lib.wires.shared.request import Model, ModelName
from lib.wires.shared.size import parse_size

MODEL: Final = "cogvideox"
"""The model of an order that names none, or one of OpenAI's."""
SHORTEST, LONGEST = 1, 10
"""Seconds of a video: the services make five or ten, and the nearest is made."""

_STATUS: Final = {"working": "in_progress", "done": "completed", "failed": "failed"}
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def _reference(value: Any) -> Any:
    """A picture: a text, or an object that holds its address."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, dict):
        value = value.get("image_url") or value.get("url") or value
    return value.get("url", value) if isinstance(value, dict) else value


def _seconds(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class VideoBody(Model):
    """The body."""

    prompt: Annotated[str, Field(min_length=1)]
    model: ModelName | None = None
    seconds: Annotated[int | None, Field(ge=SHORTEST, le=LONGEST), BeforeValidator(_seconds)] = None
    size: str | None = None
    input_reference: Annotated[str | None, BeforeValidator(_reference)] = None
    """The picture to begin with: an http, https or data URL, or a file."""

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty.", param="prompt")
        return self

    def video_request(self) -> videos.VideoRequest:
        model = self.model or MODEL
        picture = self.input_reference
        return videos.VideoRequest(
            prompt=self.prompt,
            model=MODEL if model.lower().startswith("sora") else model,
            frames=(FilePart(as_url(picture), "input_reference", is_image=True),) if picture else (),
            size=parse_size(self.size),
            duration=self.seconds,
        )


def video_object(
    job_id: str, created: int, model: str, state: videos.VideoState, asked: VideoBody | None = None
) -> dict[str, Any]:
    """A job. `asked`: what it was ordered by; else its length and size are known once it is done."""
    done = state.video if state.status == "done" else None
    length = _NUMBER.match(done.duration) if done else None
    size = "x".join(_NUMBER.findall(done.resolution)) if done else ""
    return {
        "id": job_id,
        "object": "video",
        "created_at": created,
        "completed_at": None,
        "expires_at": None,
        "model": model,
        "status": "queued" if asked else _STATUS[state.status],
        "progress": 100 if done else state.progress or 0,
        "seconds": length[0] if length else str(asked.seconds) if asked and asked.seconds else None,
        "size": size or (asked.size if asked else None),
        "prompt": asked.prompt if asked else None,
        "remixed_from_video_id": None,
        "error": error_object(UpstreamFailed(state.reason, code="video_failed")) if state.status == "failed" else None,
    }
