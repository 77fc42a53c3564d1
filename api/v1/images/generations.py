"""`POST /v1/images/generations`: pictures from words.

    curl https://…/v1/images/generations -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
        -d '{"prompt": "一只猫", "n": 1, "size": "1024x1024"}'
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import keys
from lib.accounts.failover import fail_over_call
from lib.files import images
from lib.files.fetch import Limits
from lib.http.clients import file_client
from lib.invocation import context
from lib.invocation.within_deadline import within_deadline
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.platforms import check_size
from lib.types.images import DrawnImage
from lib.types.upstream import Draws, Tries, Upstream, cannot
from lib.upstreams import choose
from lib.wires.openai.image_request import ImageRequest
from lib.wires.openai.image_response import whole
from lib.wires.openai.wire import WIRE
from lib.wires.shared.request import parse

_INSTEAD = 'Ask for fewer pictures (n), or for their addresses (response_format "url").'


async def generate(request: Request) -> Response:
    """Draw what the body describes."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(ImageRequest, await body_of(request))).check()
    wanted = body.image_request()
    brought = keys.having(brought, wanted.model)

    async def draw(upstream: Upstream, key: str, tries: Tries) -> list[DrawnImage]:
        if not isinstance(upstream, Draws):
            raise cannot(upstream, "Pictures")
        return await upstream.draw(wanted, key, tries)

    drawn = (await fail_over_call(brought, draw))[: body.n]
    contents = None
    if body.wants_content:
        async with within_deadline():
            contents = await images.contents(context.shared(file_client), drawn, Limits.configured())
    return Response(check_size(whole(drawn, contents), request.scope, _INSTEAD), media_type="application/json")


routes = [Route("/v1/images/generations", generate, methods=["POST"])]
described = {generate: Described("https://platform.openai.com/docs/api-reference/images/object", ImageRequest)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
