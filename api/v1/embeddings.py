"""`POST /v1/embeddings`: vectors of texts, with an API key of the open platform. ChatGLM tokens have none.

    curl https://…/v1/embeddings -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
        -d '{"model": "embedding-3", "input": ["一只猫"], "dimensions": 1024}'
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import keys
from lib.accounts.failover import fail_over_call
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.platforms import check_size
from lib.types.upstream import Embeddings, Embeds, Tries, Upstream, cannot
from lib.upstreams import choose
from lib.wires.openai.embeddings import MODEL, EmbeddingRequest, whole
from lib.wires.openai.wire import WIRE
from lib.wires.shared.request import parse

_INSTEAD = 'Send fewer texts, or ask for fewer dimensions or for encoding_format "base64".'


async def embed(request: Request) -> Response:
    """Turn the texts that the body holds into vectors. Generates nothing, and waits for nobody's turn."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(EmbeddingRequest, await body_of(request))).check()

    brought = keys.having(brought, body.model or MODEL)

    async def call(upstream: Upstream, key: str, tries: Tries) -> Embeddings:
        if not isinstance(upstream, Embeds):
            raise cannot(upstream, "Embeddings")
        return await upstream.embed(body.input, body.model or MODEL, body.dimensions, key)

    found = await fail_over_call(brought, call, generates=False)
    return Response(check_size(whole(body, found), request.scope, _INSTEAD), media_type="application/json")


routes = [Route("/v1/embeddings", embed, methods=["POST"])]
described = {embed: Described("https://platform.openai.com/docs/api-reference/embeddings/object", EmbeddingRequest)}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
