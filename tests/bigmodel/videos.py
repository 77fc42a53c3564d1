"""`POST /videos/generations`, `GET /async-result/{id}`, and the videos themselves."""

import itertools
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.responses import JSONResponse, Response

from tests.upstream import media
from tests.upstream.call import Call, Reply

from . import checks, models
from .errors import Refusal, bad

MAX_PROMPT = 512
MAX_FRAMES = 2
SIZES = ("1280x720", "720x1280", "1024x1024", "1920x1080", "1080x1920", "2048x1080", "3840x2160")


@dataclass
class Video:
    """How a job goes: it works while it is asked `polls` times (None: until `release`), then it is done or fails."""

    polls: int | None = 1
    outcome: Literal["SUCCESS", "FAIL"] = "SUCCESS"
    message: str = ""
    status: str = "PROCESSING"
    """What the platform calls it while it works."""

    def release(self) -> None:
        self.polls = 0


@dataclass
class Job:
    """An order."""

    id: str
    key: str | None
    body: dict[str, Any]
    video: Video = field(default_factory=Video)
    asked: int = 0


class Videos:
    """The endpoints."""

    def __init__(self) -> None:
        self.site = ""
        self.clear()

    def clear(self) -> None:
        self._lock = threading.Lock()
        self._scripts: list[Video] = []
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)

    def script(self, video: Video) -> None:
        with self._lock:
            self._scripts.append(video)

    def all(self) -> list[Job]:
        """Every order so far."""
        return list(self._jobs.values())

    def of(self, key: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.key == key]

    async def create(self, call: Call) -> Reply:
        body = call.json
        _check(body)
        with self._lock:
            video = self._scripts.pop(0) if self._scripts else Video()
            job = Job(f"7150{next(self._numbers):010d}-8123456789", call.recorded.account, body, video)
            self._jobs[job.id] = job
        return JSONResponse(
            {"id": job.id, "request_id": job.id[:14], "model": body["model"], "task_status": "PROCESSING"}
        )

    async def result(self, call: Call) -> Reply:
        job = self._jobs.get(call.path_params["id"])
        if job is None or job.key != call.recorded.account:
            raise bad("id is of no job", 1214)
        answer: dict[str, Any] = {"model": job.body["model"], "request_id": job.id[:14]}
        if job.video.polls is None or job.asked < job.video.polls:
            job.asked += 1
            return JSONResponse({**answer, "task_status": job.video.status})
        if job.video.outcome == "FAIL":
            error = {"code": "1301", "message": job.video.message}
            return JSONResponse({**answer, "task_status": "FAIL", **({"error": error} if job.video.message else {})})
        film = {"url": f"{self.site}/videos/{job.id}.mp4", "cover_image_url": f"{self.site}/pictures/1-cover.png"}
        return JSONResponse({**answer, "task_status": "SUCCESS", "video_result": [film]})

    async def download(self, call: Call) -> Reply:
        """A video that was made; public."""
        return Response(media.VIDEO, media_type="video/mp4")


def _check(body: dict[str, Any]) -> None:
    optional = {
        "prompt": checks.long(1, MAX_PROMPT),
        "quality": checks.one_of("speed", "quality"),
        "with_audio": checks.flag,
        "watermark_enabled": checks.flag,
        "image_url": lambda value: checks.text(value) or (checks.filled(value) and len(value) <= MAX_FRAMES),
        "size": checks.text,
        "fps": checks.one_of(30, 60),
        "style": checks.text,  # This and what follows are for Vidu's models.
        "aspect_ratio": checks.text,
        "movement_amplitude": checks.text,
        "off_peak": checks.flag,
        "sensitive_word_check": lambda value: isinstance(value, dict),
        "duration": checks.between(4, 10, whole=True),
        **checks.IDS,
    }
    checks.known(body, {"model": checks.text, **optional}, set(optional))
    name = body["model"]
    if not models.VIDEOS.fullmatch(name):
        raise Refusal(1211)
    if not body.get("prompt") and not body.get("image_url"):
        raise bad("neither prompt nor image_url", 1213)
    if name == "cogvideox-3" and body.get("size") not in (None, *SIZES):
        raise bad("size is none that cogvideox-3 has", 1214)
    if name == "cogvideox-3" and body.get("duration") not in (None, 5, 10):
        raise bad("duration is none that cogvideox-3 has", 1214)
    frames = body.get("image_url") or []
    for frame in [frames] if isinstance(frames, str) else frames:
        checks.frame(frame)
