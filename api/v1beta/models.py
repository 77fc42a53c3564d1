"""`/v1beta/models`, `/v1/models` for Google's clients: the Gemini API, for Gemini CLI and google-genai.

    curl "https://…/v1beta/models/glm-5.3:generateContent" -H "x-goog-api-key: $TOKEN" \\
        -H "Content-Type: application/json" -d '{"contents": [{"parts": [{"text": "你好"}]}]}'
"""

from collections.abc import Sequence
from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib import settings
from lib.accounts import failover, keys
from lib.errors import NotFound
from lib.serving.app import STREAM, Described, function
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
from lib.wires.shared.encoding import encode, json_response
from lib.wires.shared.model_list import find, listed
from lib.wires.shared.request import parse

_FEWER: Final = "Send fewer texts, or ask for fewer dimensions (outputDimensionality)."


async def list_models(request: Request) -> Response:
    """All models, on one page."""
    return json_response(WIRE.models(listed(_upstreams(request), settings.current().model_aliases)))


async def retrieve_model(request: Request) -> Response:
    """One model."""
    return json_response(WIRE.model(find(request.path_params["model"], _upstreams(request), _own_aliases())))


async def generate(request: Request) -> Response:
    """An answer as a whole."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(GenerateRequest, await body_of(request))).check()
    wanted = body.chat_request(request.path_params["model"], streamed=False)
    events = failover.answer(brought, wanted)
    return json_response(await collect(lambda: GenerateAnswer(body, wanted), events))


async def stream(request: Request) -> EventStream:
    """An answer as it is written: server-sent events with `alt=sse`, one JSON array without."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = (await parse(GenerateRequest, await body_of(request))).check()
    wanted = body.chat_request(request.path_params["model"], streamed=True)
    encoder = SseEncoder if request.query_params.get("alt") == "sse" else ArrayEncoder
    return EventStream(failover.answer(brought, wanted), encoder(body, wanted), WIRE)


async def count_tokens(request: Request) -> Response:
    """How many tokens the prompt has. Generates nothing, and waits for nobody's turn."""
    brought = keys.from_request(WIRE.credentials(request), choose)
    body = await parse(CountRequest, await body_of(request))
    wanted = (body.generate_content_request or body).check().chat_request(request.path_params["model"], streamed=False)
    return json_response({"totalTokens": await failover.count_tokens(brought, wanted)})


async def embed(request: Request) -> Response:
    """The vector of one text."""
    body = await parse(EmbedRequest, await body_of(request))
    return json_response(one_of(await _embed(BatchEmbedRequest(requests=[body]), request)))


async def embed_all(request: Request) -> Response:
    """The vectors of several."""
    found = await _embed(await parse(BatchEmbedRequest, await body_of(request)), request)
    body = check_size(encode(all_of(found)), request.scope, _FEWER)
    return Response(body, media_type="application/json")


async def _embed(body: BatchEmbedRequest, request: Request) -> Embeddings:
    brought = keys.from_request(WIRE.credentials(request), choose)
    texts, dimensions = body.check().texts, body.dimensions
    model = request.path_params["model"]
    meant = aliases.resolve(model, _own_aliases())
    brought = keys.having(brought, model, meant)

    async def attempt(upstream: Upstream, key: str, tries: Tries) -> Embeddings:
        if not isinstance(upstream, Embeds):
            raise cannot(upstream, "Embeddings")
        return await upstream.embed(texts, meant, dimensions, key)

    return await failover.fail_over_call(brought, attempt, generates=False)


async def refuse_call(request: Request) -> Response:
    """Say what a model can do."""
    raise NotFound(f"There is no :{request.path_params['call'][:40]} here. {_CALLS}")


async def refuse(request: Request) -> Response:
    """Say what there is in place of Google's other APIs."""
    raise NotFound(next(words for kind, words in _INSTEAD.items() if f"/{kind}" in request.url.path))


def _upstreams(request: Request) -> Sequence[Upstream]:
    return keys.upstreams(WIRE.credentials(request), choose, UPSTREAMS)


def _own_aliases() -> aliases.Aliases:
    return settings.current().model_aliases


_ALL: Final = ("GET", "POST", "DELETE", "PATCH")
_CALLS: Final = "See :generateContent, :streamGenerateContent, :countTokens, :embedContent, :batchEmbedContents."
_INSTEAD: Final = {
    "files": "There is no Files API here: send a file as inlineData, or its https address as fileData.",
    "interactions": "There is no Interactions API here: use models/…:generateContent, with all contents.",
    "cachedContents": "Nothing is cached here: send all contents. cachedContent in a request has no effect.",
    "batches": "There are no batches here: nothing goes on when its request has ended.",
    "tunedModels": "There are no tuned models here: models lists what there is.",
}
"""What is told who asks for another of Google's APIs."""


class _Name(StringConvertor):
    """A model's name: what comes after a colon is a call."""

    regex = "[^:]+"


register_url_convertor("name", _Name())


def _under(version: str) -> list[Route]:
    calls = {
        "generateContent": generate,
        "streamGenerateContent": stream,
        "countTokens": count_tokens,
        "embedContent": embed,
        "batchEmbedContents": embed_all,
    }
    return [
        Route(f"/{version}/models", list_models),
        *(Route(f"/{version}/models/{{model:name}}:{name}", call, methods=["POST"]) for name, call in calls.items()),
        Route(f"/{version}/models/{{model:name}}", retrieve_model),
    ]


routes = _under("v1beta")
_refusals = [
    Route("/{version}/models/{model:name}:{call}", refuse_call, methods=["POST"]),
    *(
        Route(f"{before}/{{version}}/{kind}{{rest:path}}", refuse, methods=_ALL)
        for kind in _INSTEAD
        for before in ("", "/upload")
    ),
]
_DOCUMENTED: Final = "https://ai.google.dev/api"
described = {
    list_models: Described(f"{_DOCUMENTED}/models", needs_key=False),
    retrieve_model: Described(f"{_DOCUMENTED}/models", needs_key=False),
    generate: Described(f"{_DOCUMENTED}/generate-content", GenerateRequest),
    stream: Described(f"{_DOCUMENTED}/generate-content", GenerateRequest, STREAM),
    count_tokens: Described(f"{_DOCUMENTED}/tokens", CountRequest),
    embed: Described(f"{_DOCUMENTED}/embeddings", EmbedRequest),
    embed_all: Described(f"{_DOCUMENTED}/embeddings", BatchEmbedRequest),
}
app = function(*routes, *_under("v1"), *_refusals, wire=WIRE)
handler = LambdaHandler(app)
