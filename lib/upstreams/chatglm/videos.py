"""Videos: jobs of the service that take minutes (protocol, "Videos": [sure])."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from lib.errors import (
    AccountBusy,
    BadRequest,
    NotFound,
    UpstreamFailed,
    UpstreamRefused,
    UpstreamUnavailable,
)
from lib.store.entry import Entry
from lib.types.old_chat import Attachment
from lib.types.old_images import DrawnPicture
from lib.types.old_videos import Video, VideoJob, VideoOrder, VideoState
from lib.upstreams.chatglm import models, pictures
from lib.upstreams.chatglm.account import Account
from lib.upstreams.chatglm.in_time import in_time
from lib.upstreams.chatglm.retry import again
from lib.upstreams.chatglm.token import Token

COMPOSED_FOR = 24 * 3600.0
"""Seconds for which it is remembered where a video with its sound track is. Nobody has seen whether the service makes
it again when it is asked again: who asks within a day gets the same answer on every instance that shares the store."""
COMPOSE_TIMEOUT = 30.0
"""Seconds for which others who ask wait while a sound track is added; after that they ask for it themselves."""
MAX_REASON = 200
"""Letters of the service's own words that are passed on: a sentence or two."""

_JOBS: Final = "/chatglm/video-api/v1/chat"
_STATUS: Final = "/chatglm/video-api/v1/chat/status/"
_UPLOAD: Final = "/chatglm/video-api/v1/static/upload"
_COMPOSE: Final = "/chatglm/video-api/v1/static/composite_video"

_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.\d+)?\s*%?")


@in_time()
async def create(order: VideoOrder, token: str, *, patient: bool) -> VideoJob:
    """Have the service take an order. `patient` waits a little for an account that is busy.

    Raises `BadRequest`, which names the field, for a first frame that is not a picture or cannot be had.
    """
    account = Account(token)
    body: dict[str, Any] = {
        "conversation_id": order.conversation_id if models.is_id(order.conversation_id) else "",
        "prompt": order.prompt,
        "advanced_parameter_extra": {
            "emotional_atmosphere": order.atmosphere,
            "mirror_mode": order.motion,
            "video_style": order.style,
        },
    }
    if order.first_frame is not None:
        body["source_list"] = [await _source(order.first_frame, account)]
    result = await _call(account, "POST", _JOBS, body, patient=patient)
    job_id = str(result.get("chat_id") or "")
    if not job_id:
        raise UpstreamFailed("The service took the order without naming the job.")
    return VideoJob(job_id, str(result.get("conversation_id") or ""))


@in_time()
async def look(job_id: str, token: str, *, sound: str = "") -> VideoState:
    """How far the job is. Once it is done, its sound track (`<key>-<audio id>`) is added, where it is to have one.

    Raises `NotFound` for a job that the service does not know, or does not know any more.
    """
    account = Account(token)
    result = await _status(job_id, account)
    if result is None:
        raise NotFound("The service does not know this job. Has it been deleted?", param="id")
    state = _state(result)
    if state.video is None or not sound:
        return state
    try:
        url = await _composed(job_id, account, sound)
    except UpstreamRefused as error:
        return VideoState("failed", video=state.video, reason=f"The sound track could not be added. {error.message}")
    return VideoState("done", state.progress, state.video._replace(url=url))


@in_time()
async def delete(job_id: str, token: str) -> None:
    """Remove the job and its video from the account. One that is gone already is fine."""
    account = Account(token)
    try:
        await _call(account, "DELETE", _JOBS + "/" + quote(job_id, safe=""))
    except UpstreamRefused:
        # The refusal does not say whether the job is gone or stays.
        if await _status(job_id, account) is not None:
            raise


async def _status(job_id: str, account: Account) -> dict[str, Any] | None:
    """What the service says of the job; None where it knows of none."""
    try:
        return await _call(account, "GET", _STATUS + quote(job_id, safe=""))
    except UpstreamRefused:
        return None


def _state(result: dict[str, Any]) -> VideoState:
    status = result.get("status")
    percent = _PERCENT.fullmatch(str(result.get("plan") or "").strip())
    progress = min(100, int(percent[1])) if percent else None
    if status in ("init", "processing"):
        return VideoState("working", progress)
    if status != "finished":
        return VideoState("failed", reason=str(result.get("msg") or "The service gives no reason.")[:MAX_REASON])
    if not result.get("video_url"):
        raise UpstreamFailed("The service says that the video is done, but not where it is.")
    video = Video(
        url=str(result["video_url"]),
        cover_url=str(result.get("cover_url") or ""),
        duration=str(result.get("video_duration") or ""),
        resolution=str(result.get("resolution") or ""),
    )
    return VideoState("done", progress, video)


async def _composed(job_id: str, account: Account, sound: str) -> str:
    """Where the video with its sound track is."""
    entry = Entry(account.store, f"{account.token.text} {job_id} {sound}")
    known = await entry.get()
    if known is None:
        async with entry.lock(COMPOSE_TIMEOUT, wait=COMPOSE_TIMEOUT):
            known = await entry.get() or await _compose(job_id, account, sound)
            await entry.set(known, COMPOSED_FOR)
    return known.decode()


async def _compose(job_id: str, account: Account, sound: str) -> bytes:
    key, _, audio_id = sound.partition("-")
    result = await _call(account, "POST", _COMPOSE, {"chat_id": job_id, "key": key, "audio_id": audio_id})
    url = str(result.get("url") or "")
    if not url:
        raise UpstreamFailed("The service added the sound track, but does not say where the video is.")
    return url.encode()


async def _call(account: Account, method: str, path: str, body: Any = None, *, patient: bool = False) -> dict[str, Any]:
    return await _use(account, lambda token: account.service.call(method, path, token, json=body), patient=patient)


async def _use(
    account: Account, attempt: Callable[[Token], Awaitable[Any]], *, patient: bool = False
) -> dict[str, Any]:
    """The result of a call, which is an object."""
    on = (UpstreamUnavailable, AccountBusy) if patient else UpstreamUnavailable
    result = await again(lambda: account.use(attempt), on=on)
    if not isinstance(result, dict):
        raise UpstreamFailed("The service answered with something else than was asked for.")
    return result


async def _source(first_frame: Attachment | DrawnPicture, account: Account) -> str:
    """Hand over a first frame; the service's name for it."""
    from lib.files.fetch import RemoteFile
    from lib.files.media_type import FileType
    from lib.upstreams.chatglm.files import send_file

    await account.access()  # Nothing is fetched for somebody whom the service does not let in.
    frame = await _frame(first_frame, account)

    async def attempt(token: Token) -> Any:
        file = RemoteFile("first_frame.jpg", FileType.JPEG, len(frame), frame, _nothing())
        return await send_file(account, token, _UPLOAD, file, {})

    result = await _use(account, attempt)
    source_id = result.get("source_id")
    if not source_id:
        raise UpstreamFailed("The service took the first frame without naming it.")
    return str(source_id)


async def _frame(first_frame: Attachment | DrawnPicture, account: Account) -> bytes:
    """The picture, in the form that the service takes."""
    from lib.files.first_frame import fit

    if isinstance(first_frame, DrawnPicture):
        [content] = await pictures.fetch([first_frame])
    else:
        content = await _content(first_frame, account)
    try:
        return await asyncio.to_thread(fit, content)
    except ValueError as error:
        if isinstance(first_frame, DrawnPicture):
            raise UpstreamFailed(f"The picture that the service drew {error}.") from error
        raise BadRequest(f"The file at {first_frame.field} {error}.", param=first_frame.field) from error


async def _content(attachment: Attachment, account: Account) -> bytes:
    from lib.files.fetch import open_file
    from lib.upstreams.chatglm.files import limits

    async with open_file(account.service.files, attachment.url, field=attachment.field, limits=limits()) as file:
        if not file.is_picture:
            raise BadRequest(f"The file at {attachment.field} is not a picture.", param=attachment.field)
        return await file.read()


async def _nothing() -> AsyncIterator[bytes]:
    """What comes after the head of a file that is all there."""
    return
    yield b""
