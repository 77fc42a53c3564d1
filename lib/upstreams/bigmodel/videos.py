"""Videos: `POST /videos/generations`, `GET /async-result/{id}`. Jobs that take minutes, and cost money."""

import math
from typing import Any, Final
from urllib.parse import quote

from lib.errors import BadRequest, NotFound, UpstreamFailed, UpstreamUncertain
from lib.invocation import context
from lib.invocation.retry import ORDER, retry
from lib.invocation.within_deadline import within_deadline
from lib.types.images import DrawnImage
from lib.types.videos import Video, VideoJob, VideoRequest, VideoState
from lib.upstreams.bigmodel import files, models, service
from lib.upstreams.bigmodel.errors import MAX_WORDS

_CREATE: Final = "/videos/generations"
_RESULT: Final = "/async-result/"

DEFAULT: Final = "cogvideox-3"
"""The model where the caller names none of the platform's."""
_OLD_NAMES: Final = frozenset({"cogvideox", "cogvideox-pro"})
"""Names that the web service has."""

MAX_PROMPT: Final = 512
"""Letters."""
MAX_FRAMES: Final = 2
"""The first and the last picture."""
_SIZES: Final = (
    (1280, 720),
    (720, 1280),
    (1024, 1024),
    (1920, 1080),
    (1080, 1920),
    (2048, 1080),
    (3840, 2160),
)
_DURATIONS: Final = (5, 10)
_FPS: Final = (30, 60)
"""What cogvideox-3 has [documented]; of anything else the nearest is ordered."""

_FAILED: Final = frozenset({"FAIL", "FAILED", "ERROR"})


async def create(request: VideoRequest, key: str) -> VideoJob:
    """Have the platform take an order. It is repeated only where the platform surely has not taken it.

    Style, atmosphere and motion are words of the web service's, and have no effect. Raises `BadRequest`, which names
    the field, for what the platform does not do.
    """
    platform = service.of_key(key)
    async with within_deadline():
        body = _body(request)
        context.current().answered_by = body["model"]
        frames = [await _frame(frame, platform) for frame in request.frames]
        if frames:
            body["image_url"] = frames[0] if len(frames) == 1 else frames
        told = await retry(lambda: platform.call("POST", _CREATE, key, body=body, order=True), ORDER)
    job_id = str(told.get("id") or told.get("task_id") or "")
    if not job_id:
        raise UpstreamUncertain("The open platform took the order without naming the job.")
    return VideoJob(job_id)


async def look(job_id: str, key: str) -> VideoState:
    """How far the job is. Raises `NotFound` for a job that the platform does not know, or does not know any more."""
    platform = service.of_key(key)
    path = _RESULT + quote(job_id, safe="")
    try:
        async with within_deadline():
            told = await retry(lambda: platform.call("GET", path, key))
    except (BadRequest, NotFound) as error:  # The id is all that a request for a result says.
        if type(error) not in (BadRequest, NotFound):
            raise
        raise NotFound("The open platform does not know this job.", param="id") from error
    return _state(told)


def model(name: str) -> str:
    """The model that a name means: the platform's own and those of its families, else the default."""
    name = models.plain(name)
    ours = name in models.VIDEOS or name.startswith(("cogvideox-", "vidu"))
    return name if ours and name not in _OLD_NAMES else DEFAULT


def _body(request: VideoRequest) -> dict[str, Any]:
    if len(request.prompt) > MAX_PROMPT:
        raise BadRequest(f"The prompt may have {MAX_PROMPT} letters with an API key.", param="prompt")
    if len(request.frames) > MAX_FRAMES:
        raise BadRequest("The open platform takes two pictures: the first and the last.", param="image_url")
    if request.sound:
        raise BadRequest("Use with_audio: the open platform adds no sound tracks of others.", param="audio_id")
    name = model(request.model)
    body: dict[str, Any] = {"model": name}
    if name.startswith("vidu"):  # What it takes of sizes and durations is one of each.
        return {**body, **request.vendor, **({"prompt": request.prompt} if request.prompt else {})}
    if request.prompt:
        body["prompt"] = request.prompt
    if request.quality:
        body["quality"] = request.quality
    if request.with_audio is not None:
        body["with_audio"] = request.with_audio
    if request.size is not None and min(request.size) > 0:
        width, height = _nearest_size(*request.size)
        body["size"] = f"{width}x{height}"
    if request.fps is not None:
        body["fps"] = min(_FPS, key=lambda fps: abs(fps - (request.fps or 0)))
    if request.duration is not None:
        body["duration"] = (
            min(_DURATIONS, key=lambda seconds: abs(seconds - (request.duration or 0)))
            if name.startswith("cogvideox")
            else request.duration
        )
    return body


def _nearest_size(width: int, height: int) -> tuple[int, int]:
    """Of the sizes with the nearest ratio, the nearest in pixels."""

    def distance(size: tuple[int, int]) -> tuple[float, float]:
        ratio = abs(math.log(width * size[1] / (height * size[0])))
        return round(ratio, 2), abs(math.log(width * height / (size[0] * size[1])))

    return min(_SIZES, key=distance)


async def _frame(frame: Any, platform: service.Service) -> str:
    return frame.url if isinstance(frame, DrawnImage) else await files.picture(frame, platform)


def _state(told: dict[str, Any]) -> VideoState:
    """A video is done where there is one, and works as long as nobody says that it has failed."""
    results = told.get("video_result")
    result = results[0] if isinstance(results, list) and results else results
    url = result.get("url") if isinstance(result, dict) else None
    if isinstance(url, str) and url:
        cover = result.get("cover_image_url") if isinstance(result, dict) else None
        return VideoState("done", video=Video(url, cover_url=str(cover or "")))
    status = str(told.get("task_status") or "").upper()
    if status in _FAILED:
        return VideoState("failed", reason=_reason(told))
    if status == "SUCCESS":
        raise UpstreamFailed("The open platform says that the video is done, but not where it is.")
    return VideoState("working")


def _reason(told: dict[str, Any]) -> str:
    error = told.get("error")
    words = error.get("message") if isinstance(error, dict) else error or told.get("message")
    return str(words or "The open platform gives no reason.")[:MAX_WORDS]
