"""`/v1/videos`: videos as OpenAI's clients order them and fetch them; `/v1/videos/generations` in another form.

curl https://…/v1/videos -H "Authorization: Bearer $TOKEN" -F prompt="一只猫走在花丛中" -F seconds=5
curl https://…/v1/videos/$ID -H "Authorization: Bearer $TOKEN"
curl -L https://…/v1/videos/$ID/content -H "Authorization: Bearer $TOKEN" -o cat.mp4
curl -X DELETE https://…/v1/videos/$ID -H "Authorization: Bearer $TOKEN"
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from lib.accounts import keys, video_jobs
from lib.accounts.job_id import JobId
from lib.accounts.keys import Candidate
from lib.errors import BadRequest, NotFound, UpstreamFailed
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.types.upstream import Films
from lib.types.videos import VideoState
from lib.upstreams import choose
from lib.wires.openai.videos import VideoBody, video_object
from lib.wires.openai.wire import WIRE, error_object
from lib.wires.shared import multipart
from lib.wires.shared.encoding import encode
from lib.wires.shared.request import parse

POLL_AFTER = "5000"
"""Milliseconds after which a client may ask how far its video is: it takes minutes."""

_VARIANTS = ("video", "thumbnail", "spritesheet")


async def create(request: Request) -> JSONResponse:
    """Order what the body describes."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body, content_type = await body_of(request), request.headers.get("content-type", "")
    if multipart.is_form(content_type):
        form = multipart.fields(content_type, body)
        body = encode({name: values[0] for name, values in form.items() if values[0] != ""})
    asked = (await parse(VideoBody, body)).check()
    wanted = asked.video_request()
    made, _, owner = await video_jobs.order(keys.having(brought, wanted.model), wanted)
    return _told(video_object(made.sign(owner), made.created, made.model, VideoState("working"), asked))


async def look(request: Request) -> JSONResponse:
    """Say how far a job is."""
    found, upstream, owner = _find(request)
    state = await upstream.video(found.job, owner.key.text, sound=found.sound)
    return _told(video_object(request.path_params["id"], found.created, found.model, state))


async def content(request: Request) -> Response:
    """Lead to the file."""
    found, upstream, owner = _find(request)
    variant = request.query_params.get("variant") or "video"
    if variant not in _VARIANTS:
        raise BadRequest(f"The variant is one of {', '.join(_VARIANTS)}.", param="variant")
    state = await upstream.video(found.job, owner.key.text, sound=found.sound)
    if state.status == "failed":
        raise UpstreamFailed(state.reason, code="video_failed")
    if state.video is None or state.status != "done":
        raise NotFound("The video is not finished yet.", param="id")
    url = {"video": state.video.url, "thumbnail": state.video.cover_url}.get(variant)
    if not url:
        raise NotFound(f"There is no {variant} of this video.", param="variant")
    return RedirectResponse(url, 302)


async def delete(request: Request) -> JSONResponse:
    """Remove a job and its video."""
    found, upstream, owner = _find(request)
    await upstream.delete_video(found.job, owner.key.text)
    return JSONResponse({"id": request.path_params["id"], "object": "video.deleted", "deleted": True})


async def refuse(request: Request) -> JSONResponse:
    """Say what there is not."""
    keys.from_request(WIRE.credentials(request), choose)
    what = "A video cannot be made anew from another one" if "id" in request.path_params else "Videos are not listed"
    words = f"{what}: this deployment keeps nothing. Keep the ids, and ask for each at /v1/videos/{{id}}."
    return JSONResponse({"error": error_object(BadRequest(words, code="not_offered"))}, 501)


def _find(request: Request) -> tuple[JobId, Films, Candidate]:
    return video_jobs.find(request.path_params["id"], keys.from_request(WIRE.credentials(request), choose))


def _told(video: dict[str, object]) -> JSONResponse:
    waits = {"openai-poll-after-ms": POLL_AFTER} if video["status"] in ("queued", "in_progress") else {}
    return JSONResponse(video, headers=waits)


routes = [
    Route("/v1/videos", create, methods=["POST"]),
    Route("/v1/videos", refuse, methods=["GET"]),
    Route("/v1/videos/{id}", look),
    Route("/v1/videos/{id}", delete, methods=["DELETE"]),
    Route("/v1/videos/{id}/content", content),
    Route("/v1/videos/{id}/remix", refuse, methods=["POST"]),
]
_DOCUMENTED = Described("https://platform.openai.com/docs/api-reference/videos/object")
described = {
    create: _DOCUMENTED._replace(request=VideoBody),
    **dict.fromkeys((look, content, delete, refuse), _DOCUMENTED),
}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
