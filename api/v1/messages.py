"""`POST /v1/messages`, `POST /v1/messages/count_tokens`: Anthropic's Messages, for its SDKs and Claude Code.

    curl https://…/v1/messages -H "x-api-key: $TOKEN" -H "anthropic-version: 2023-06-01" \\
        -d '{"model": "glm-5.3", "max_tokens": 1024, "messages": [{"role": "user", "content": "你好"}]}'
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import failover, keys
from lib.errors import BadRequest
from lib.serving.app import STREAM, Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.sse import EventStream
from lib.upstreams import choose
from lib.wires.anthropic.message_request import CountRequest, MessageRequest
from lib.wires.anthropic.message_response import MessageAnswer, MessageEncoder, measured
from lib.wires.anthropic.wire import WIRE
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import json_response
from lib.wires.shared.request import parse


async def create(request: Request) -> EventStream | Response:
    """Answer the conversation that the body holds."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(MessageRequest, await body_of(request))).check()
    wanted = body.chat_request()
    events = measured(wanted, failover.answer(brought, wanted))
    if body.stream:
        return EventStream(events, MessageEncoder(body, wanted), WIRE)
    return json_response(await collect(lambda: MessageAnswer(body, wanted), events))


async def refuse(request: Request) -> Response:
    """Refuse what clients ask for whose base URL ends in `/v1`: they add it themselves.

    Not with 404: Claude Code takes that for a wrong model name, and does not show the words.
    """
    raise BadRequest("The base URL must not end in /v1: ANTHROPIC_BASE_URL is the address of the deployment alone.")


async def count_tokens(request: Request) -> Response:
    """Tell how many tokens the prompt has. Generates nothing, and waits for nobody's turn."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    wanted = (await parse(CountRequest, await body_of(request))).check().chat_request()
    counted = await failover.count_tokens(brought, wanted)
    return json_response({"input_tokens": max(1, counted)})


routes = [
    Route("/v1/messages", create, methods=["POST"]),
    Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
]
described = {
    create: Described("https://docs.anthropic.com/en/api/messages", MessageRequest, STREAM),
    count_tokens: Described("https://docs.anthropic.com/en/api/messages-count-tokens", CountRequest),
}
app = function(*routes, Route("/v1/v1/messages{rest:path}", refuse, methods=["POST"]), wire=WIRE)
handler = LambdaHandler(app)
