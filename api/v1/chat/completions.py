"""`POST /v1/chat/completions`: an answer to a conversation, whole or as it is written.

    curl https://…/v1/chat/completions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "glm-5.3", "stream": true, "messages": [{"role": "user", "content": "你好"}]}'
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import keys
from lib.accounts.failover import answer
from lib.serving.app import STREAM, Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.sse import EventStream
from lib.upstreams import choose
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.openai.chat_response import ChatAnswer, ChatEncoder
from lib.wires.openai.wire import WIRE
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import json_response
from lib.wires.shared.request import parse


async def complete(request: Request) -> EventStream | Response:
    """Answer the conversation that the body holds."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(ChatRequest, await body_of(request))).check()
    wanted = body.chat_request()
    events = answer(brought, wanted)
    if body.stream:
        return EventStream(events, ChatEncoder(body, wanted, zhipu="zai-sdk-ver" in request.headers), WIRE)
    return json_response(await collect(lambda: ChatAnswer(body, wanted), events))


routes = [Route("/v1/chat/completions", complete, methods=["POST"])]
described = {complete: Described("https://platform.openai.com/docs/api-reference/chat/object", ChatRequest, STREAM)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
