"""Videos: jobs of the service that take minutes (protocol, "Videos": [sure])."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

from lib.errors import BadRequest, NotFound, UpstreamFailed, UpstreamRefused, UpstreamUncertain
from lib.files import images
from lib.invocation.retry import retry
from lib.invocation.within_deadline import within_deadline
from lib.store.entry import Entry
from lib.types.chat import FilePart
from lib.types.images import DrawnImage
from lib.types.videos import Video, VideoJob, VideoRequest, VideoState
from lib.upstreams.chatglm.chat import models
from lib.upstreams.chatglm.media.video_options import base_parameters, check_words
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.session.account import Account
from lib.upstreams.chatglm.session.refusal import MAX_WORDS, Unknown
from lib.upstreams.chatglm.session.token import Token

COMPOSED_FOR: Final = 24 * 3600.0
"""Seconds for which it is remembered where a video with its sound track is. Nobody has seen whether the service makes
it again when it is asked again: who asks within a day gets the same answer on every instance that shares the store."""
COMPOSE_TIMEOUT: Final = 30.0
"""Seconds for which others who ask wait while a sound track is added; after that they ask for it themselves."""

MAX_ID: Final = 40
"""Letters of a conversation's id that fit into a job's id; the service's own have 24. The job does without it."""

_JOBS: Final = "/chatglm/video-api/v1/chat"
_STATUS: Final = "/chatglm/video-api/v1/chat/status/"
_UPLOAD: Final = "/chatglm/video-api/v1/static/upload"
_COMPOSE: Final = "/chatglm/video-api/v1/static/composite_video"

_FAILED: Final = ("fail", "failed", "error", "rejected", "canceled", "cancelled", "intervene", "timeout")
"""Statuses of a job that has failed; one that nobody knows means that it is at work."""
_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.\d+)?\s*%?")


@within_deadline()
async def create(request: VideoRequest, key: str) -> VideoJob:
    """Have the service take an order, once: what may have been delivered is not ordered again.

    Raises `BadRequest`, which names the field, for a first frame that is not a picture or cannot be had.
    """
    check_words(request)
    account = Account(key)
    body: dict[str, Any] = {
        "conversation_id": request.conversation_id if models.is_id(request.conversation_id) else "",
        "prompt": request.prompt,
        "advanced_parameter_extra": {
            "emotional_atmosphere": request.atmosphere,
            "mirror_mode": request.motion,
            "video_style": request.style,
        },
    }
    if (parameters := base_parameters(request)) is not None:
        body["base_parameter_extra"] = parameters
    if request.frames:
        body["source_list"] = [await _source(request.frames[0], account)]
    result = await _call(account, "POST", _JOBS, body)
    job_id = lenient.text(result.get("chat_id")) or lenient.text(result.get("id"))
    if not job_id:
        raise UpstreamUncertain("The service took the order without naming the job.")
    conversation_id = lenient.text(result.get("conversation_id"))
    return VideoJob(job_id, conversation_id if len(conversation_id) <= MAX_ID else "")


@within_deadline()
async def look(job_id: str, key: str, *, sound: str = "") -> VideoState:
    """How far the job is. Once it is done, its sound track (`<key>-<audio id>`) is added, where it is to have one.

    Raises `NotFound` for a job that the service does not know, or does not know any more.
    """
    account = Account(key)
    try:
        result = await _call(account, "GET", _STATUS + quote(job_id, safe=""))
    except Unknown as error:
        raise NotFound("The service does not know this job. Has it been deleted?", param="id") from error
    state = _state(result)
    if state.status == "done" and state.video is None:
        state = _state(await _details(job_id, account))
        if state.video is None:
            raise UpstreamFailed("The service says that the video is done, but not where it is.")
    if state.video is None or not sound:
        return state
    try:
        url = await _composed(job_id, account, sound)
    except UpstreamRefused as error:
        return VideoState("failed", video=state.video, reason=f"The sound track could not be added. {error.message}")
    return VideoState("done", state.progress, state.video._replace(url=url))


@within_deadline()
async def delete(job_id: str, key: str) -> None:
    """Remove the job and its video from the account. One that is gone already is fine."""
    account = Account(key)
    with suppress(Unknown):
        await _call(account, "DELETE", _JOBS + "/" + quote(job_id, safe=""))


async def _details(job_id: str, account: Account) -> dict[str, Any]:
    """What the service says of the job itself [once]; nothing where it does not."""
    try:
        return {"status": "finished", **await _call(account, "GET", _JOBS + "/" + quote(job_id, safe=""))}
    except UpstreamRefused:
        return {"status": "finished"}


def _state(result: dict[str, Any]) -> VideoState:
    """How far a job is. An address means that it is done; a status that nobody knows, that it is at work."""
    status = lenient.text(result.get("status")).lower()
    percent = _PERCENT.fullmatch(lenient.text(result.get("plan")).strip())
    progress = min(100, int(percent[1])) if percent else None
    url = lenient.url(result.get("video_url"))
    if url:
        video = Video(
            url=url,
            cover_url=lenient.url(result.get("cover_url")),
            duration=lenient.text(result.get("video_duration")),
            resolution=lenient.text(result.get("resolution")),
        )
        return VideoState("done", progress, video)
    if status in ("finished", "finish", "success", "done"):
        return VideoState("done", progress)
    if status in _FAILED:
        reason = lenient.text(result.get("msg")) or "The service gives no reason."
        return VideoState("failed", reason=reason[:MAX_WORDS])
    if status not in ("init", "processing"):
        lenient.note_unknown("a video's status", status)
    return VideoState("working", progress)


async def _composed(job_id: str, account: Account, sound: str) -> str:
    """Where the video with its sound track is."""
    entry = Entry(account.store, f"{account.token.text} {job_id} {sound}")
    known = await entry.get()
    if known is None:
        async with entry.lock(wait=COMPOSE_TIMEOUT):
            known = await entry.get() or await _compose(job_id, account, sound)
            await entry.set(known, COMPOSED_FOR)
    return known.decode()


async def _compose(job_id: str, account: Account, sound: str) -> bytes:
    track, _, audio_id = sound.partition("-")
    result = await _call(account, "POST", _COMPOSE, {"chat_id": job_id, "key": track, "audio_id": audio_id})
    url = lenient.url(result.get("url"))
    if not url:
        raise UpstreamFailed("The service added the sound track, but does not say where the video is.")
    return url.encode()


async def _call(account: Account, method: str, path: str, body: Any = None) -> dict[str, Any]:
    return await _use(account, lambda token: account.service.call(method, path, token, json=body))


async def _use(account: Account, attempt: Callable[[Token], Awaitable[Any]]) -> dict[str, Any]:
    """The result of a call: an object, or nothing where the service says nothing more."""
    return next(iter(lenient.mappings(await retry(lambda: account.use(attempt)))), {})


async def _source(frame: FilePart | DrawnImage, account: Account) -> str:
    """Hand over a first frame; the service's name for it."""
    from lib.files.media_type import FileType
    from lib.files.remote_file import RemoteFile
    from lib.upstreams.chatglm.session.uploads import send_file

    await account.access()  # Nothing is fetched for somebody whom the service does not let in.
    content = await _frame(frame, account)

    async def attempt(token: Token) -> Any:
        file = RemoteFile("pictures.jpg", FileType.JPEG, len(content), content, _nothing())
        return await send_file(account, token, _UPLOAD, file, {})

    source_id = lenient.text((await _use(account, attempt)).get("source_id"))
    if not source_id:
        raise UpstreamFailed("The service took the first frame without naming it.")
    return source_id


async def _frame(frame: FilePart | DrawnImage, account: Account) -> bytes:
    """The picture, in the form that the service takes."""
    from lib.files.fetch import Limits
    from lib.files.pictures import fit_in_turn

    if isinstance(frame, DrawnImage):
        content = await images.content(account.service.files, frame, Limits.configured())
    else:
        content = await _content(frame, account)
    try:
        return await fit_in_turn(content)
    except ValueError as error:
        if isinstance(frame, DrawnImage):
            raise UpstreamFailed(f"The picture that the service drew {error}.") from error
        raise BadRequest(f"The file at {frame.field} {error}.", param=frame.field) from error


async def _content(part: FilePart, account: Account) -> bytes:
    from lib.files.fetch import Limits, open_file

    async with open_file(account.service.files, part.url, field=part.field, limits=Limits.configured()) as file:
        if not file.is_picture:
            raise BadRequest(f"The file at {part.field} is not a picture.", param=part.field)
        return await file.read()


async def _nothing() -> AsyncIterator[bytes]:
    """What comes after the head of a file that is all there."""
    return
    yield b""
