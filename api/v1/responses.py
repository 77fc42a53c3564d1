"""`POST /v1/responses`: OpenAI's Responses, for Codex and the newer clients.

    curl https://…/v1/responses -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "glm-5.3", "input": "你好"}'
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lib.accounts import failover, keys, response_id
from lib.errors import NotFound
from lib.serving.app import function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.sse import EventStream
from lib.upstreams import choose
from lib.wires.responses.request import ResponseRequest
from lib.wires.responses.response import COPIES, ResponseEncoder, StreamWire, whole
from lib.wires.responses.wire import WIRE
from lib.wires.shared.request import parse


async def create(request: Request) -> EventStream | JSONResponse:
    """Answer the conversation that the body holds, or goes on with."""
    brought = keys.from_request(request, choose)
    body = (await parse(ResponseRequest, await body_of(request))).check()
    conversation = None
    if body.previous_response_id:
        conversation, owner = response_id.find(body.previous_response_id, brought)
        brought = [owner]
    wanted = body.chat_request(conversation)
    events = failover.answer(brought, wanted, signed=True)
    if body.stream:
        encoder = ResponseEncoder(body, wanted)
        return EventStream(events, encoder, StreamWire(encoder), copies=COPIES)
    return JSONResponse(await whole(body, wanted, events))


async def refuse(request: Request) -> Response:
    """Say why there is nothing to fetch, to delete or to cancel."""
    raise NotFound(
        "Responses are not stored here. previous_response_id goes on from one whose request said store: true.",
        param="id",
        code="response_not_stored",
    )


routes = [
    Route("/v1/responses", create, methods=["POST"]),
    Route("/v1/responses/{id:path}", refuse, methods=["GET", "DELETE", "POST"]),
]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
