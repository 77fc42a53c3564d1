"""`POST /v1/completions`: the old text endpoint, served as a chat of one message.

    curl https://…/v1/completions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "glm-5.3", "prompt": "从前有座山，"}'
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
from lib.wires.openai.completion_request import CompletionRequest
from lib.wires.openai.completion_response import CompletionAnswer, CompletionEncoder
from lib.wires.openai.wire import WIRE
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import json_response
from lib.wires.shared.request import parse


async def complete(request: Request) -> EventStream | Response:
    """Go on with the text that the body holds."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(CompletionRequest, await body_of(request))).check()
    wanted = body.chat_request()
    events = answer(brought, wanted)
    if body.stream:
        return EventStream(events, CompletionEncoder(body, wanted), WIRE)
    return json_response(await collect(lambda: CompletionAnswer(body, wanted), events))


routes = [Route("/v1/completions", complete, methods=["POST"])]
described = {
    complete: Described("https://platform.openai.com/docs/api-reference/completions/object", CompletionRequest, STREAM)
}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
