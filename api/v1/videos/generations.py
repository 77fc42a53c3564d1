"""`/v1/videos/generations`: videos from words and pictures. They take minutes: what is answered at once is a job's id.

    curl https://…/v1/videos/generations -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "cogvideox", "prompt": "一只猫走在花丛中"}'
    curl https://…/v1/videos/generations/$ID -H "Authorization: Bearer $TOKEN" -H "Prefer: wait=60"
    curl -X DELETE https://…/v1/videos/generations/$ID -H "Authorization: Bearer $TOKEN"

`GET /v1/async-result/{id}`, where Zhipu's client asks, is the same as `GET /v1/videos/generations/{id}`.
"""

import time
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.accounts import keys as credentials
from lib.accounts.job_id import PollId
from lib.runtime import prefer
from lib.runtime.app import LambdaHandler, body_of, function
from lib.types.old_videos import VideoState
from lib.wires.zhipu import video_response

RETRY_AFTER = 5
"""Seconds after which a client may ask how far its video is: it takes minutes."""


async def create(request: Request) -> JSONResponse:
    """Start what the body describes."""
    from lib.upstreams.chatglm import pictures, videos
    from lib.wires.openai.request import parse
    from lib.wires.zhipu.video_request import VideoRequest

    tokens = credentials.tokens(request)
    wanted = parse(VideoRequest, await body_of(request)).check()
    order = wanted.order()
    if (drawing := wanted.drawing()) is not None:
        drawn = await credentials.fail_over_call(tokens, partial(pictures.draw, drawing))
        order = order._replace(first_frame=drawn[0])

    async def start(token: str, *, patient: bool) -> tuple[PollId, str]:
        job = await videos.create(order, token, patient=patient)
        poll_id = PollId(
            job=job.id,
            conversation=job.conversation_id,
            created=int(time.time()),
            model=wanted.made_by,
            sound=wanted.audio_id or "",
            request_id=wanted.request_id or "",
        )
        return poll_id, token

    poll_id, token = await credentials.fail_over_call(tokens, start, generates=False)
    return await _answer(request, poll_id, token, VideoState("working"))


async def poll(request: Request) -> JSONResponse:
    """Say how far a job is."""
    poll_id, token = _find(request)
    return await _answer(request, poll_id, token)


async def delete(request: Request) -> JSONResponse:
    """Remove a job and its video."""
    from lib.upstreams.chatglm import videos

    poll_id, token = _find(request)
    await videos.delete(poll_id.job, token)
    return JSONResponse(video_response.deleted(request.path_params["id"]))


def _find(request: Request) -> tuple[PollId, str]:
    """The job that the path names, and the token of its account. Raises `NotFound`."""
    poll_id, token = PollId.open(request.path_params["id"], credentials.tokens(request))
    credentials.note(token)
    return poll_id, token


async def _answer(request: Request, poll_id: PollId, token: str, state: VideoState | None = None) -> JSONResponse:
    """How far the job is, after the time that the client would rather wait. `state`: what is known already."""
    from lib.upstreams.chatglm import videos

    look = partial(videos.look, poll_id.job, token, sound=poll_id.sound)
    state = state or await look()
    headers = {}
    seconds = prefer.wait(request.headers.getlist("prefer"))
    if seconds is not None:
        state = await prefer.wait_until(lambda state: state.status != "working", state, look, seconds)
        headers["Preference-Applied"] = f"wait={seconds}"
    if state.status == "working":
        headers["Retry-After"] = str(RETRY_AFTER)
    return JSONResponse(video_response.task(poll_id.seal(token), poll_id, state), headers=headers)


routes = [
    Route("/v1/videos/generations", create, methods=["POST"]),
    Route("/v1/videos/generations/{id}", poll),
    Route("/v1/videos/generations/{id}", delete, methods=["DELETE"]),
    Route("/v1/async-result/{id}", poll),
]
app = function(*routes)
handler = LambdaHandler(app)
