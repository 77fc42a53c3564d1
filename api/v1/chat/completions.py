"""`POST /v1/chat/completions`: an answer to a conversation, whole or as it is written.

    curl https://…/v1/chat/completions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"model": "glm-5.3", "stream": true, "messages": [{"role": "user", "content": "你好"}]}'
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.accounts import keys as credentials
from lib.runtime.app import LambdaHandler, body_of, error_event, function
from lib.runtime.sse import EventStream


async def complete(request: Request) -> EventStream | JSONResponse:
    """Answer the conversation that the body holds."""
    from lib.upstreams.chatglm import chat
    from lib.wires.openai.chat_request import ChatRequest
    from lib.wires.openai.chat_response import stream, whole
    from lib.wires.openai.request import parse

    tokens = credentials.tokens(request)
    wanted = parse(ChatRequest, await body_of(request)).check()
    answer = credentials.fail_over(tokens, partial(chat.answer, wanted.question()))
    if wanted.stream:
        return EventStream(stream(wanted, answer), error_event)
    return JSONResponse(await whole(wanted, answer))


routes = [Route("/v1/chat/completions", complete, methods=["POST"])]
app = function(*routes)
handler = LambdaHandler(app)
