"""`/v1/videos/generations`: videos from words and pictures. They take minutes: what is answered at once is a job's id.

    curl https://…/v1/videos/generations -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "cogvideox", "prompt": "一只猫走在花丛中"}'
    curl https://…/v1/videos/generations/$ID -H "Authorization: Bearer $TOKEN" -H "Prefer: wait=60"
    curl -X DELETE https://…/v1/videos/generations/$ID -H "Authorization: Bearer $TOKEN"

`GET /v1/async-result/{id}`, where Zhipu's client asks, is the same as `GET /v1/videos/generations/{id}`.
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.accounts import job_id, keys, video_jobs
from lib.accounts.failover import fail_over_call
from lib.accounts.job_id import JobId
from lib.accounts.keys import Candidate
from lib.serving import prefer
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.types.images import DrawnImage
from lib.types.upstream import Draws, Films, Tries, Upstream, cannot
from lib.types.videos import VideoState
from lib.upstreams import choose
from lib.wires.openai.wire import WIRE
from lib.wires.shared.request import parse
from lib.wires.zhipu.video_request import VideoRequest
from lib.wires.zhipu.video_response import Task, deleted_object, task_object

RETRY_AFTER = 5
"""Seconds after which a client may ask how far its video is: it takes minutes."""


async def create(request: Request) -> JSONResponse:
    """Start what the body describes."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(VideoRequest, await body_of(request))).check()
    job_id.check_room(audio_id=body.audio_id or "", request_id=body.request_id or "")
    wanted = body.video_request()
    brought = keys.having(brought, wanted.model)
    if (drawing := body.drawing()) is not None:

        async def draw(upstream: Upstream, key: str, tries: Tries) -> list[DrawnImage]:
            if not isinstance(upstream, Draws):
                raise cannot(upstream, "Pictures")
            return await upstream.draw(drawing, key, tries)

        wanted = wanted._replace(frames=((await fail_over_call(brought, draw))[0],))

    made, upstream, owner = await video_jobs.order(brought, wanted, body.request_id or "")
    return await _answer(request, made, upstream, owner, VideoState("working"))


async def poll(request: Request) -> JSONResponse:
    """Say how far a job is."""
    return await _answer(request, *_find(request))


async def delete(request: Request) -> JSONResponse:
    """Remove a job and its video."""
    found, upstream, owner = _find(request)
    await upstream.delete_video(found.job, owner.key.text)
    return JSONResponse(deleted_object(request.path_params["id"]))


def _find(request: Request) -> tuple[JobId, Films, Candidate]:
    return video_jobs.find(request.path_params["id"], keys.from_request(WIRE.credentials(request), choose))


async def _answer(
    request: Request, found: JobId, upstream: Films, owner: Candidate, state: VideoState | None = None
) -> JSONResponse:
    """How far the job is, after the time that the client would rather wait. `state`: what is known already."""
    look = partial(upstream.video, found.job, owner.key.text, sound=found.sound)
    state = state or await look()
    headers = {}
    seconds = prefer.wait(request.headers.getlist("prefer"))
    if seconds is not None:
        state = await prefer.wait_until(lambda state: state.status != "working", state, look, seconds)
        headers["Preference-Applied"] = f"wait={seconds}"
    if state.status == "working":
        headers["Retry-After"] = str(RETRY_AFTER)
    task = Task(found.sign(owner), found.created, found.model, found.request_id or found.job, found.conversation)
    return JSONResponse(task_object(task, state), headers=headers)


routes = [
    Route("/v1/videos/generations", create, methods=["POST"]),
    Route("/v1/videos/generations/{id}", poll),
    Route("/v1/videos/generations/{id}", delete, methods=["DELETE"]),
    Route("/v1/async-result/{id}", poll),
]
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N` holds the answer for up to N seconds, until the video is done (RFC 7240).",
    "schema": {"type": "string"},
}
_DOCUMENTED = Described("https://docs.bigmodel.cn/", parameters=[_PREFER])
described = {create: _DOCUMENTED._replace(request=VideoRequest), poll: _DOCUMENTED}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
