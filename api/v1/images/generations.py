"""`POST /v1/images/generations`: pictures from words.

    curl https://…/v1/images/generations -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"prompt": "一只猫", "n": 1, "size": "1024x1024"}'
"""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import keys as credentials
from lib.runtime import limits
from lib.runtime.app import LambdaHandler, body_of, function

_INSTEAD = 'Ask for fewer pictures (n), or for their addresses (response_format "url").'


async def generate(request: Request) -> Response:
    """Draw what the body describes."""
    from lib.upstreams.chatglm import pictures
    from lib.wires.openai.image_request import ImageRequest
    from lib.wires.openai.image_response import whole
    from lib.wires.openai.request import parse

    tokens = credentials.tokens(request)
    wanted = parse(ImageRequest, await body_of(request)).check()
    drawn = await credentials.fail_over_call(tokens, partial(pictures.draw, wanted.question()))
    drawn = drawn[: wanted.n]
    contents = await pictures.fetch(drawn) if wanted.response_format == "b64_json" else None
    return Response(limits.check(whole(drawn, contents), advice=_INSTEAD), media_type="application/json")


routes = [Route("/v1/images/generations", generate, methods=["POST"])]
app = function(*routes)
handler = LambdaHandler(app)
