"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).

Requests are described by the very models that read them; what is answered, by what is written here. Nobody else needs
any of it: import it where it is asked for.
"""

import json
from functools import cache
from typing import Final

from pydantic.json_schema import models_json_schema

from lib import settings
from lib.wires.anthropic import description as anthropic
from lib.wires.openai import description as openai
from lib.wires.openai import embeddings
from lib.wires.openai.chat_request import ChatRequest
from lib.wires.openai.completion_request import CompletionRequest
from lib.wires.openai.description import error_object
from lib.wires.openai.image_request import ImageRequest
from lib.wires.openai.token_check import TokenCheckRequest
from lib.wires.responses import description as responses
from lib.wires.shared.request import Model
from lib.wires.shared.schema import (
    INTEGER,
    SECURITY,
    STRING,
    Json,
    in_json,
    list_of,
    object_of,
    ref,
)
from lib.wires.zhipu.video_request import VideoRequest

_ABOUT: Final = (
    "Lets OpenAI's clients and Anthropic's talk to GLM: through the chatglm.cn web service with a ChatGLM token (the "
    "cookie chatglm_refresh_token) as the API key, through the paid open platform with an API key of its own "
    "(`<id>.<secret>`). Several keys, of both kinds, may be joined by commas. An access key of the deployment stands "
    "for the deployment's own keys. A key that is not accepted is a 401. A known one is a 403 where the service has "
    "closed the account, does not let the key do this, or refuses the address of the deployment: asking again does not "
    "help."
)


@cache
def document() -> bytes:
    """The description, as JSON."""
    return json.dumps(describe(), ensure_ascii=False, separators=(",", ":")).encode()


def describe() -> Json:
    """The description."""
    requests: tuple[type[Model], ...] = (
        ChatRequest,
        embeddings.EmbeddingRequest,
        ImageRequest,
        TokenCheckRequest,
        VideoRequest,
        CompletionRequest,
        *anthropic.REQUESTS,
        *responses.REQUESTS,
    )
    _, described = models_json_schema(
        [(model, "validation") for model in requests], ref_template="#/components/schemas/{model}"
    )
    definitions = described["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "glm-functions", "version": settings.VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": _paths() | anthropic.paths() | responses.paths(),
        "components": {
            "schemas": definitions | openai.answers() | _answers() | anthropic.answers() | responses.answers(),
            "responses": _errors(),
            "headers": _headers(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
            },
        },
    }


# --- Paths


def _paths() -> Json:
    poll = "How far a job is: PROCESSING, SUCCESS with the video, or FAIL with the reason."
    return {
        "/ping": {"get": _ping()},
        "/openapi.json": {"get": _operation("This description.", in_json({"type": "object"}))},
        "/token/check": {
            "post": _operation(
                "Is a ChatGLM token, or an API key of the open platform, alive? Nothing is generated.",
                in_json("TokenVerdict"),
                TokenCheckRequest,
                errors=(401, 429, 502, 503, 504),
            ),
        },
        "/v1/models": {
            "get": _operation(
                "The names of models: of the service that the key is for, without a key of all.", in_json("ModelList")
            )
        },
        "/v1/models/{id}": {
            "parameters": [_id("The name of a model, or an agent's id.")],
            "get": _operation("One model.", in_json("Model"), errors=(404, 503)),
        },
        "/v1/chat/completions": {
            "post": _account_operation(
                "An answer to a conversation: whole, or with `stream` as server-sent events. Each is a "
                "ChatCompletionChunk; the last is `[DONE]`, or an Error where the answer breaks off.",
                in_json("ChatCompletion") | _events("ChatCompletionChunk", "Error"),
                ChatRequest,
            ),
        },
        "/v1/completions": {
            "post": _account_operation(
                "An answer to a text, as to the one message of a chat: whole, or with `stream` as server-sent events.",
                in_json("Completion") | _events("Completion", "Error"),
                CompletionRequest,
            ),
        },
        "/v1/embeddings": {
            "post": _account_operation("Vectors of texts.", in_json("Embeddings"), embeddings.EmbeddingRequest),
        },
        "/v1/images/generations": {
            "post": _account_operation("Pictures from words.", in_json("Images"), ImageRequest),
        },
        "/v1/videos/generations": {
            "parameters": [_PREFER],
            "post": _account_operation("Start to make a video, which takes minutes.", in_json("Video"), VideoRequest),
        },
        "/v1/videos/generations/{id}": {
            "parameters": [_id("A job's id, as the answer to its start names it.")],
            "get": _account_operation(poll, in_json("Video"), parameters=[_PREFER]),
            "delete": _account_operation("Remove a job and its video.", in_json("VideoDeleted")),
        },
        "/v1/async-result/{id}": {
            "parameters": [_id("A job's id, as the answer to its start names it."), _PREFER],
            "get": _account_operation(f"{poll} Where clients of Zhipu's ask.", in_json("Video")),
        },
    }


def _ping() -> Json:
    """An operation whose 503 is an answer too: none of the accounts lives."""
    operation = _operation(
        "Is the deployment there? With `deep`, and an access key: which of its own accounts live.",
        {"text/plain": {"schema": {"const": "pong"}}} | in_json("AccountStates"),
        errors=(401,),
    )
    described = "None of the accounts lives, or the deployment's settings cannot work."
    content = in_json({"anyOf": [ref("AccountStates"), ref("Error")]})
    operation["responses"]["503"] = {"description": described, "headers": _ALL_HEADERS, "content": content}
    deep = {"name": "deep", "in": "query", "description": "1: ask for the accounts.", "schema": {"enum": ["1"]}}
    return {"security": [{}, *SECURITY], "parameters": [deep]} | operation


_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N` holds the answer for up to N seconds, until the video is done (RFC 7240).",
    "schema": STRING,
}


def _id(description: str) -> Json:
    return {"name": "id", "in": "path", "required": True, "description": description, "schema": STRING}


def _account_operation(
    description: str,
    content: Json,
    request: type[Model] | None = None,
    *,
    parameters: list[Json] | None = None,
) -> Json:
    """An operation that needs an account, and whatever may go wrong with one."""
    with_key = {"security": SECURITY} | ({"parameters": parameters} if parameters else {})
    return with_key | _operation(description, content, request, errors=(400, 401, 403, 404, 429, 502, 503, 504))


def _operation(
    description: str, content: Json, request: type[Model] | None = None, *, errors: tuple[int, ...] = (503,)
) -> Json:
    answer = {"description": "Done.", "headers": _ALL_HEADERS, "content": content}
    operation: Json = {"description": description, "responses": {"200": answer}}
    if request is not None:
        operation["requestBody"] = {"required": True, "content": in_json(request.__name__)}
        errors = (400, 413, *errors)
    for status in sorted({*errors}):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    return operation


def _events(*schemas: str) -> Json:
    """A stream of events, each with one of these in JSON. OpenAPI 3.1 leaves open how; 3.2 describes one event."""
    words: Json = {"type": "string", "contentMediaType": "application/json"}
    words["contentSchema"] = {"anyOf": [ref(schema) for schema in schemas]}
    return {"text/event-stream": {"schema": object_of({"data": {"anyOf": [{"const": "[DONE]"}, words]}})}}


# --- What is answered


def _headers() -> Json:
    return {
        "x-request-id": {
            "description": "The request's name in the log: the platform's or the client's own, else a new one.",
            "required": True,
            "schema": {"type": "string", "pattern": r"^[\w.:=-]{1,128}$"},
        },
        "retry-after": {"description": "Seconds after which to ask again.", "schema": INTEGER},
    }


_ALL_HEADERS: Final[Json] = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
_WITH_RETRY: Final[Json] = {"retry-after": {"$ref": "#/components/headers/retry-after"}}

_ERRORS: Final = {
    400: "The request cannot be carried out as it stands; `param` names the field.",
    401: "No key, or none that is accepted.",
    403: "The service has closed the account, does not let the key do this, or refuses the deployment's address.",
    404: "There is nothing of that name.",
    413: "The request, or the answer it asks for, is larger than may be.",
    429: "All accounts are busy or limited.",
    502: "The service refused, could not be reached, or broke off.",
    503: "The deployment's settings cannot work.",
    504: "The answer did not begin in the time that the deployment has.",
}


def _errors() -> Json:
    return {
        str(status): {
            "description": description,
            "headers": _ALL_HEADERS | (_WITH_RETRY if status == 429 else {}),
            "content": in_json("Error"),
        }
        for status, description in _ERRORS.items()
    }


def _answers() -> Json:
    return {
        "Embeddings": embeddings.ANSWER,
        "Video": object_of(
            {
                "id": STRING,
                "object": {"const": "video"},
                "created": INTEGER,
                "model": STRING,
                "request_id": STRING,
                "task_status": {"enum": ["PROCESSING", "SUCCESS", "FAIL"]},
                "video_result": list_of(object_of({"url": STRING, "cover_image_url": STRING})),
            },
            {
                "progress": {"type": "integer", "minimum": 0, "maximum": 100},
                "error": error_object(),
                "data": list_of(
                    object_of(
                        {
                            "conversation_id": STRING,
                            "cover_url": STRING,
                            "video_url": STRING,
                            "video_duration": STRING,
                            "resolution": STRING,
                        }
                    )
                ),
            },
        ),
        "VideoDeleted": object_of({"id": STRING, "object": {"const": "video"}, "deleted": {"const": True}}),
    }
