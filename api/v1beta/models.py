"""`/v1beta/models`, `/v1/models` for Google's clients: the Gemini API, for Gemini CLI and google-genai.

    curl "https://…/v1beta/models/glm-5.3:generateContent" -H "x-goog-api-key: $TOKEN" \\
        -H "Content-Type: application/json" -d '{"contents": [{"parts": [{"text": "你好"}]}]}'
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from lib import settings
from lib.accounts import failover, keys
from lib.errors import NotFound
from lib.serving.app import function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.serving.platforms import check_size
from lib.serving.sse import EventStream
from lib.types import aliases
from lib.types.upstream import Embeddings, Embeds, Tries, Upstream, cannot
from lib.upstreams import UPSTREAMS, choose
from lib.wires.gemini.embeddings import BatchEmbedRequest, EmbedRequest, all_of, one_of
from lib.wires.gemini.request import CountRequest, GenerateRequest
from lib.wires.gemini.response import ArrayEncoder, GenerateAnswer, SseEncoder
from lib.wires.gemini.wire import WIRE
from lib.wires.shared.collect import collect
from lib.wires.shared.encoding import encode_json, json_response
from lib.wires.shared.model_list import find, listed
from lib.wires.shared.request import parse

_FEWER: Final = "Send fewer texts, or ask for fewer dimensions (outputDimensionality)."


async def list_models(request: Request) -> Response:
    """All models, on one page."""
    return json_response(WIRE.models(listed(_upstreams(request), settings.current().model_aliases)))


async def retrieve_model(request: Request) -> Response:
    """One model."""
    return json_response(WIRE.model(find(request.path_params["name"], _upstreams(request), _own_aliases())))


async def call(request: Request) -> ASGIApp:
    """Do what the path says after the colon."""
    name, _, method = request.path_params["call"].rpartition(":")
    if method not in _METHODS:
        raise NotFound(f"There is no :{method[:40]} here. There are :{', :'.join(_METHODS)}.")
    return await _METHODS[method](name.removeprefix("models/"), request)


async def generate(model: str, request: Request) -> Response:
    """An answer as a whole."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(GenerateRequest, await body_of(request))).check()
    wanted = body.chat_request(model, streamed=False)
    events = failover.answer(brought, wanted)
    return json_response(await collect(lambda: GenerateAnswer(body, wanted), events))


async def stream(model: str, request: Request) -> EventStream:
    """An answer as it is written: server-sent events with `alt=sse`, one JSON array without."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(GenerateRequest, await body_of(request))).check()
    wanted = body.chat_request(model, streamed=True)
    encoder = SseEncoder if request.query_params.get("alt") == "sse" else ArrayEncoder
    return EventStream(failover.answer(brought, wanted), encoder(body, wanted), WIRE)


async def count_tokens(model: str, request: Request) -> Response:
    """How many tokens the prompt has. Generates nothing, and waits for nobody's turn."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = await parse(CountRequest, await body_of(request))
    wanted = (body.generate_content_request or body).check().chat_request(model, streamed=False)
    return json_response({"totalTokens": await failover.count_tokens(brought, wanted)})


async def embed(model: str, request: Request) -> Response:
    """The vector of one text."""
    body = await parse(EmbedRequest, await body_of(request))
    return json_response(one_of(await _embed(model, BatchEmbedRequest(requests=[body]), request)))


async def embed_all(model: str, request: Request) -> Response:
    """The vectors of several."""
    found = await _embed(model, await parse(BatchEmbedRequest, await body_of(request)), request)
    body = check_size(encode_json(all_of(found)).encode(), request.scope, _FEWER)
    return Response(body, media_type="application/json")


async def _embed(model: str, body: BatchEmbedRequest, request: Request) -> Embeddings:
    brought = keys.from_request(WIRE.credentials(request), choose)
    texts, dimensions = body.check().texts, body.dimensions
    meant = aliases.resolve(model, _own_aliases())
    brought = keys.having(brought, model, meant)

    async def attempt(upstream: Upstream, key: str, tries: Tries) -> Embeddings:
        if not isinstance(upstream, Embeds):
            raise cannot(upstream, "Embeddings")
        return await upstream.embed(texts, meant, dimensions, key)

    return await failover.fail_over_call(brought, attempt, generates=False)


async def refuse(request: Request) -> Response:
    """Say what there is in place of Google's other APIs."""
    kind = request.path_params["kind"].split("/")[0].split(":")[0]
    raise NotFound(_INSTEAD.get(kind, "There is nothing at this path: there are models, and what they do."))


def _upstreams(request: Request) -> Sequence[Upstream]:
    return keys.upstreams(WIRE.credentials(request), choose, UPSTREAMS)


def _own_aliases() -> aliases.Aliases:
    return settings.current().model_aliases


_METHODS: Final[Mapping[str, Callable[[str, Request], Awaitable[ASGIApp]]]] = {
    "generateContent": generate,
    "streamGenerateContent": stream,
    "countTokens": count_tokens,
    "embedContent": embed,
    "batchEmbedContents": embed_all,
}
_INSTEAD: Final = {
    "files": "There is no Files API here: send a file as inlineData, or its https address as fileData.",
    "interactions": "There is no Interactions API here: use models/…:generateContent, with all contents.",
    "cachedContents": "Nothing is cached here: send all contents. cachedContent in a request has no effect.",
    "batches": "There are no batches here: nothing goes on when its request has ended.",
    "tunedModels": "There are no tuned models here: models lists what there is.",
}
"""What is told who asks for another of Google's APIs."""

routes = [
    Route("/{version:str}/models", list_models),
    Route("/{version:str}/models/{call:path}", call, methods=["POST"]),
    Route("/{version:str}/models/{name:path}", retrieve_model),
    Route("/upload/{version:str}/{kind:path}", refuse, methods=["GET", "POST"]),
    Route("/{version:str}/{kind:path}", refuse, methods=["GET", "POST", "DELETE", "PATCH"]),
]
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
