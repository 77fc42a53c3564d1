"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).

Requests are described by the very models that read them; what is answered, by what is written here. Nobody else needs
any of it: import it where it is asked for.
"""

import json
from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from lib.wires.openai.chat_request import ChatRequest
from lib.wires.openai.image_request import ImageRequest
from lib.wires.openai.token_check import TokenCheckRequest
from lib.wires.shared.request import Model
from lib.wires.zhipu.video_request import VideoRequest

type Json = dict[str, Any]

VERSION: Final = "1.0.0"

_ABOUT: Final = (
    "Lets any OpenAI client talk to GLM through the chatglm.cn web service. The API key is a ChatGLM refresh token "
    "(the cookie chatglm_refresh_token), several of them with commas between, or an access key of the deployment."
)
_SECURITY: Final[list[Json]] = [{"bearer": []}, {"x-api-key": []}, {"api-key": []}]
_STRING: Final[Json] = {"type": "string"}
_INTEGER: Final[Json] = {"type": "integer"}
_BOOLEAN: Final[Json] = {"type": "boolean"}


@cache
def document() -> bytes:
    """The description, as JSON."""
    return json.dumps(describe(), ensure_ascii=False, separators=(",", ":")).encode()


def describe() -> Json:
    """The description."""
    requests = (ChatRequest, ImageRequest, TokenCheckRequest, VideoRequest)
    _, described = models_json_schema(
        [(model, "validation") for model in requests], ref_template="#/components/schemas/{model}"
    )
    definitions = described["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "glm-functions", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {
            "schemas": definitions | _answers(),
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
        "/ping": {
            "get": _operation("Is the deployment there?", {"text/plain": {"schema": {"const": "pong"}}}, errors=())
        },
        "/openapi.json": {"get": _operation("This description.", _json({"type": "object"}))},
        "/token/check": {
            "post": _operation(
                "Is a ChatGLM token alive?", _json("TokenVerdict"), TokenCheckRequest, errors=(401, 429, 502, 503, 504)
            ),
        },
        "/v1/models": {"get": _operation("The names of models.", _json("ModelList"))},
        "/v1/models/{id}": {
            "parameters": [_id("The name of a model, or an agent's id.")],
            "get": _operation("One model.", _json("Model"), errors=(404, 503)),
        },
        "/v1/chat/completions": {
            "post": _account_operation(
                "An answer to a conversation: whole, or with `stream` as server-sent events. Each is a "
                "ChatCompletionChunk; the last is `[DONE]`, or an Error where the answer breaks off.",
                _json("ChatCompletion") | _events("ChatCompletionChunk", "Error"),
                ChatRequest,
            ),
        },
        "/v1/images/generations": {
            "post": _account_operation("Pictures from words.", _json("Images"), ImageRequest),
        },
        "/v1/videos/generations": {
            "parameters": [_PREFER],
            "post": _account_operation("Start to make a video, which takes minutes.", _json("Video"), VideoRequest),
        },
        "/v1/videos/generations/{id}": {
            "parameters": [_id("A job's id, as the answer to its start names it.")],
            "get": _account_operation(poll, _json("Video"), parameters=[_PREFER], errors=(404,)),
            "delete": _account_operation("Remove a job and its video.", _json("VideoDeleted"), errors=(404,)),
        },
        "/v1/async-result/{id}": {
            "parameters": [_id("A job's id, as the answer to its start names it."), _PREFER],
            "get": _account_operation(f"{poll} Where clients of Zhipu's ask.", _json("Video"), errors=(404,)),
        },
    }


_PREFER: Final[Json] = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N` holds the answer for up to N seconds, until the video is done (RFC 7240).",
    "schema": _STRING,
}


def _id(description: str) -> Json:
    return {"name": "id", "in": "path", "required": True, "description": description, "schema": _STRING}


def _account_operation(
    description: str,
    content: Json,
    request: type[Model] | None = None,
    *,
    parameters: list[Json] | None = None,
    errors: tuple[int, ...] = (),
) -> Json:
    """An operation that needs an account, and whatever may go wrong with one."""
    with_key = {"security": _SECURITY} | ({"parameters": parameters} if parameters else {})
    return with_key | _operation(description, content, request, errors=(400, 401, *errors, 429, 502, 503, 504))


def _operation(
    description: str, content: Json, request: type[Model] | None = None, *, errors: tuple[int, ...] = (503,)
) -> Json:
    answer = {"description": "Done.", "headers": _ALL_HEADERS, "content": content}
    operation: Json = {"description": description, "responses": {"200": answer}}
    if request is not None:
        operation["requestBody"] = {"required": True, "content": _json(request.__name__)}
        errors = (400, 413, *errors)
    for status in sorted({*errors}):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    return operation


def _json(schema: str | Json) -> Json:
    """A body in JSON: a schema, or the name of one."""
    return {"application/json": {"schema": _ref(schema) if isinstance(schema, str) else schema}}


def _events(*schemas: str) -> Json:
    """A stream of events, each with one of these in JSON. OpenAPI 3.1 leaves open how; 3.2 describes one event."""
    words: Json = {"type": "string", "contentMediaType": "application/json"}
    words["contentSchema"] = {"anyOf": [_ref(schema) for schema in schemas]}
    return {"text/event-stream": {"schema": _object({"data": {"anyOf": [{"const": "[DONE]"}, words]}})}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


# --- What is answered


def _headers() -> Json:
    return {
        "x-request-id": {
            "description": "The request's name in the log: the platform's or the client's own, else a new one.",
            "required": True,
            "schema": {"type": "string", "pattern": r"^[\w.:=-]{1,128}$"},
        },
        "retry-after": {"description": "Seconds after which to ask again.", "schema": _INTEGER},
    }


_ALL_HEADERS: Final[Json] = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
_WITH_RETRY: Final[Json] = {"retry-after": {"$ref": "#/components/headers/retry-after"}}

_ERRORS: Final = {
    400: "The request cannot be carried out as it stands; `param` names the field.",
    401: "No key, or none that is accepted.",
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
            "content": _json("Error"),
        }
        for status, description in _ERRORS.items()
    }


def _answers() -> Json:
    error = _object({"message": _STRING, "type": _STRING, "param": _or_null(_STRING), "code": _or_null(_STRING)})
    url_citation = _object({"start_index": _INTEGER, "end_index": _INTEGER, "url": _STRING, "title": _STRING})
    citations = _list(_object({"type": {"const": "url_citation"}, "url_citation": url_citation}))
    said = {"content": _STRING, "reasoning_content": _STRING, "annotations": citations}
    reason = {"enum": ["stop", "length", "content_filter"]}
    model = {"id": _STRING, "object": {"const": "model"}, "created": _INTEGER, "owned_by": _STRING}
    answer = {"id": {"type": "string", "description": "The conversation's id."}, "created": _INTEGER, "model": _STRING}
    choice = _object(
        {
            "index": {"const": 0},
            "message": _object({"role": {"const": "assistant"}, "content": _STRING}, said),
            "finish_reason": reason,
            "logprobs": {"type": "null"},
        }
    )
    delta = _object(
        {"index": {"const": 0}, "delta": _object({}, {"role": _STRING} | said)}, {"finish_reason": _or_null(reason)}
    )
    return {
        "Error": _object({"error": error}),
        "Model": _object(model),
        "ModelList": _object({"object": {"const": "list"}, "data": _list(_ref("Model"))}),
        "TokenVerdict": _object(
            {"live": _BOOLEAN}, {"kind": {"enum": ["refresh", "access"]}, "expires_at": _INTEGER, "guest": _BOOLEAN}
        ),
        "Usage": _object(
            {
                "prompt_tokens": _INTEGER,
                "completion_tokens": _INTEGER,
                "total_tokens": _INTEGER,
                "completion_tokens_details": _object({"reasoning_tokens": _INTEGER}),
            }
        )
        | {"description": "Estimated from the texts: the service counts nothing."},
        "ChatCompletion": _object(
            answer | {"object": {"const": "chat.completion"}, "choices": _list(choice), "usage": _ref("Usage")}
        ),
        "ChatCompletionChunk": _object(
            answer | {"object": {"const": "chat.completion.chunk"}, "choices": _list(delta)}, {"usage": _ref("Usage")}
        ),
        "Images": _object(
            {
                "created": _INTEGER,
                "data": _list(_object({}, {"url": _STRING, "b64_json": _STRING, "revised_prompt": _STRING})),
            }
        ),
        "Video": _object(
            {
                "id": _STRING,
                "object": {"const": "video"},
                "created": _INTEGER,
                "model": _STRING,
                "request_id": _STRING,
                "task_status": {"enum": ["PROCESSING", "SUCCESS", "FAIL"]},
                "video_result": _list(_object({"url": _STRING, "cover_image_url": _STRING})),
            },
            {
                "progress": {"type": "integer", "minimum": 0, "maximum": 100},
                "error": error,
                "data": _list(
                    _object(
                        {
                            "conversation_id": _STRING,
                            "cover_url": _STRING,
                            "video_url": _STRING,
                            "video_duration": _STRING,
                            "resolution": _STRING,
                        }
                    )
                ),
            },
        ),
        "VideoDeleted": _object({"id": _STRING, "object": {"const": "video"}, "deleted": {"const": True}}),
    }


def _object(required: Json, optional: Json | None = None) -> Json:
    """An object of these fields, the latter of which may be absent."""
    described: Json = {"type": "object", "properties": {**(optional or {}), **required}}
    return described | ({"required": list(required)} if required else {})


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}
