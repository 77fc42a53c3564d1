"""Videos (protocol: "Videos")."""

import threading
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import Response

from . import media
from .accounts import Account
from .call import Call, Reply
from .conversations import Conversations
from .envelope import bad_body, success, unknown
from .files import picture_size, uploaded

WIDEST, HIGHEST = 1440, 960
CHOICES = {
    "emotional_atmosphere": {"", "温馨和谐", "生动活泼", "紧张刺激", "凄凉寂寞"},
    "mirror_mode": {"", "水平", "垂直", "推近", "拉远"},
    "video_style": {"", "卡通3D", "黑白老照片", "油画", "电影感"},
}

BASE_CHOICES: dict[str, set[int]] = {
    "generation_pattern": {1, 2},
    "resolution": {0, 1, 2},
    "fps": {0, 1},
    "duration": {1, 2},
    "generation_ai_audio": {0, 1},
    "label_watermark": {0, 1},
    "activity_type": {0},
}


@dataclass
class Video:
    """How a job goes: how often it is asked for before it is done, and what comes of it.

    The first answer is `init`, those until `polls` are `processing`, later ones the end: `finished`, or `outcome` with
    `message`. `polls` None: it is processing until a test calls `release()`. `working`: what it says while it is made,
    in place of `processing`. `url`: where the video's address is: with the status when it is done, in the job's
    "details" alone, "nowhere", or "always", whatever the status says.
    """

    polls: int | None = 2
    outcome: str = "finished"
    message: str = ""
    working: str = "processing"
    url: Literal["done", "details", "nowhere", "always"] = "done"

    def release(self) -> None:
        """The next answer is the end."""
        self.polls = 0


@dataclass
class Job:
    """A job of an account."""

    account: Account
    video: Video
    request: dict[str, Any]
    chat_id: str
    conversation_id: str
    asked: int = 0
    sound: tuple[str, str] | None = None

    @property
    def status(self) -> str:
        if self.video.polls is not None and self.asked > self.video.polls:
            return self.video.outcome
        return "init" if self.asked <= 1 and self.video.working == "processing" else self.video.working


class Videos:
    """The video endpoints."""

    def __init__(self, conversations: Conversations) -> None:
        self.conversations = conversations
        self.site = ""
        self.ordered: list[Job] = []
        """Every order that was ever taken, whatever has become of it."""
        self._lock = threading.Lock()
        self._scripts: deque[tuple[Video, str | None]] = deque()
        self._jobs: dict[str, Job] = {}
        self._sources: dict[str, Account] = {}
        self._conversations: dict[str, Account] = {}

    def script(self, video: Video, account: Account | None) -> None:
        with self._lock:
            self._scripts.append((video, account.uid if account else None))

    def of(self, account: Account) -> list[Job]:
        return [job for job in list(self._jobs.values()) if job.account is account]

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()
            self._jobs.clear()
            self.ordered.clear()
            self._sources.clear()
            self._conversations.clear()

    async def create(self, call: Call) -> Reply:
        body = call.json
        self._check(body, call.account)
        conversation_id = body["conversation_id"] or uuid.uuid4().hex[:24]
        self._conversations[conversation_id] = call.account
        job = Job(call.account, self._next(call.account), body, uuid.uuid4().hex[:24], conversation_id)
        self._jobs[job.chat_id] = job
        self.ordered.append(job)
        return success({"chat_id": job.chat_id, "conversation_id": conversation_id}, call.rid)

    async def status(self, call: Call) -> Reply:
        job = self._job(call, call.path_params["chat_id"])
        job.asked += 1
        return success(self._look(job, ("done", "always")), call.rid)

    async def details(self, call: Call) -> Reply:
        """The job itself: what its status leaves out."""
        job = self._job(call, call.path_params["chat_id"])
        extra = job.request.get("base_parameter_extra", {})
        look = self._look(job, ("done", "details", "always"))
        return success({"chat_id": job.chat_id, "prompt": job.request["prompt"], **look, **extra}, call.rid)

    def _look(self, job: Job, with_url: tuple[str, ...]) -> dict[str, Any]:
        done = job.status == "finished"
        has_url = job.video.url in with_url and (done or job.video.url == "always")
        return {
            "status": job.status,
            "msg": "" if done or job.status in ("init", job.video.working) else job.video.message,
            "plan": f"{100 * job.asked // (job.video.polls + 1)}%" if job.video.polls else "",
            "cover_url": f"{self.site}/video/{job.chat_id}.jpg" if done else "",
            "video_url": f"{self.site}/video/{job.chat_id}.mp4" if has_url else "",
            "video_duration": "6s" if done else "",
            "resolution": "1440 × 960" if done else "",
        }

    async def delete(self, call: Call) -> Reply:
        job = self._job(call, call.path_params["chat_id"])
        del self._jobs[job.chat_id]
        return success({}, call.rid)

    async def upload(self, call: Call) -> Reply:
        """Take a first frame: a picture of at most 1440 x 960."""
        size = picture_size(uploaded(call).content)
        if size is None:
            raise bad_body("the file is no picture")
        if size[0] > WIDEST or size[1] > HIGHEST:
            raise bad_body(f"the picture is larger than {WIDEST} x {HIGHEST}")
        source_id = uuid.uuid4().hex[:24]
        self._sources[source_id] = call.account
        return success({"source_id": source_id, "width": size[0], "height": size[1]}, call.rid)

    async def compose(self, call: Call) -> Reply:
        """Add a sound track to a finished video."""
        match call.json:
            case {"chat_id": str(chat_id), "key": str(key), "audio_id": str(audio_id)} if key and audio_id:
                job = self._job(call, chat_id)
            case _:
                raise bad_body("chat_id, key or audio_id is missing")
        if job.status != "finished":
            raise unknown("a finished video of this chat_id")
        job.sound = (key, audio_id)
        return success({"url": f"{self.site}/video/{chat_id}-{audio_id}.mp4"}, call.rid)

    async def download(self, call: Call) -> Reply:
        name = call.path_params["name"]
        if name.partition(".")[0].partition("-")[0] not in self._jobs:
            return Response("not found", 404, media_type="text/html")
        if name.endswith(".jpg"):
            return Response(media.picture(5, 144, 96), media_type="image/jpeg")
        return Response(media.VIDEO, media_type="video/mp4")

    def _check(self, body: dict[str, Any], account: Account) -> None:
        match body:
            case {
                "conversation_id": str(conversation_id),
                "prompt": str(prompt),
                "advanced_parameter_extra": {**extra},
            }:
                pass
            case _:
                raise bad_body("conversation_id, prompt or advanced_parameter_extra is missing")
        if not prompt:
            raise bad_body("prompt is empty")
        of_chat = self.conversations.find(account, conversation_id) is not None
        if conversation_id and not of_chat and self._conversations.get(conversation_id) is not account:
            raise unknown("conversation_id")
        for name, choices in CHOICES.items():
            if extra.get(name) not in choices:
                raise bad_body(f"{name} is missing or unknown")
        sources = body.get("source_list", [])
        if not isinstance(sources, list) or any(self._sources.get(source) is not account for source in sources):
            raise bad_body("source_list names a source that this account has not uploaded")
        _check_base_parameters(body.get("base_parameter_extra", {}))

    def _job(self, call: Call, chat_id: str) -> Job:
        job = self._jobs.get(chat_id)
        if job is None or job.account is not call.account:
            raise unknown("chat_id")
        return job

    def _next(self, account: Account) -> Video:
        with self._lock:
            for index, (video, uid) in enumerate(self._scripts):
                if uid in (None, account.uid):
                    del self._scripts[index]
                    return video
        return Video()


def _check_base_parameters(extra: Any) -> None:
    """Refuse values that the page never sends; whether the service would is not known."""
    if not isinstance(extra, dict):
        raise bad_body("base_parameter_extra is not an object")
    for name, value in extra.items():
        if name in BASE_CHOICES:
            known = type(value) is int and value in BASE_CHOICES[name]
        elif name in ("generation_ratio_width", "generation_ratio_height"):
            known = type(value) is int and value > 0
        elif name == "generation_type":
            known = value in ("", "reference_img")
        else:
            known = name == "prompt" and isinstance(value, str)
        if not known:
            raise bad_body(f"base_parameter_extra.{name} is unknown, or its value")
