"""`POST /v1/responses`: OpenAI's Responses, for Codex and the newer clients.

    curl https://…/v1/responses -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "glm-5.3", "input": "你好"}'
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import failover, keys, response_id
from lib.accounts.compaction import Compactions
from lib.errors import NotFound
from lib.serving.app import STREAM, Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.sse import EventStream
from lib.upstreams import choose
from lib.wires.responses.request import CompactRequest, ResponseRequest
from lib.wires.responses.response import ResponseAnswer, ResponseEncoder
from lib.wires.responses.wire import WIRE
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import json_response
from lib.wires.shared.request import parse


async def create(request: Request) -> EventStream | Response:
    """Answer the conversation that the body holds, or goes on with."""
    return await _answer(request, ResponseRequest)


async def compact(request: Request) -> EventStream | Response:
    """Give one item of type `compaction`, which stands for the input from then on; only this deployment can read it."""
    return await _answer(request, CompactRequest)


async def _answer(request: Request, asked: type[ResponseRequest]) -> EventStream | Response:
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(asked, await body_of(request))).check()
    compactions = Compactions(brought)
    conversation = None
    if body.previous_response_id:
        conversation, owner = response_id.find(body.previous_response_id, brought)
        brought = [owner]
    wanted = body.chat_request(conversation, compactions.open)
    events = failover.answer(brought, wanted, signed=True)
    if body.stream and not isinstance(body, CompactRequest):
        return EventStream(events, ResponseEncoder(body, wanted, compactions.seal), WIRE)
    return json_response(await collect(lambda: ResponseAnswer(body, wanted, compactions.seal), events))


async def refuse(request: Request) -> Response:
    """Say why there is nothing to fetch, to delete or to cancel."""
    raise NotFound(
        "Responses are not stored here. previous_response_id goes on from one whose request said store: true.",
        param="id",
        code="response_not_stored",
    )


routes = [
    Route("/v1/responses", create, methods=["POST"]),
    Route("/v1/responses/compact", compact, methods=["POST"]),
    Route("/v1/responses/{id:path}", refuse, methods=["GET", "DELETE", "POST"]),
]
described = {
    create: Described("https://platform.openai.com/docs/api-reference/responses/object", ResponseRequest, STREAM),
    compact: Described("https://platform.openai.com/docs/api-reference/responses/compact", CompactRequest),
}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
