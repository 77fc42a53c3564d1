"""OpenAI's Responses, described for `GET /openapi.json`."""

from typing import Final

from lib.wires.responses.request import ResponseRequest
from lib.wires.shared.request import Model
from lib.wires.shared.schema import BOOLEAN, INTEGER, SECURITY, STRING, Json, in_json, list_of, object_of, or_null, ref

REQUESTS: Final[tuple[type[Model], ...]] = (ResponseRequest,)

_HEADERS: Final[Json] = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
_ID: Final[Json] = {"name": "id", "in": "path", "required": True, "schema": STRING}
_FORBIDDEN: Final[Json] = {
    "description": "The service refuses the account or the address, or the deployment's settings or accounts cannot "
    "work: asking again does not help.",
    "headers": _HEADERS,
    "content": in_json("Error"),
}


def paths() -> Json:
    """The endpoints."""
    nothing: Json = {"responses": {"404": {"$ref": "#/components/responses/404"}, "403": _FORBIDDEN}}
    return {
        "/v1/responses": {
            "post": {
                "description": "An answer to a conversation, as OpenAI's newer clients and Codex ask for it: whole, or "
                "with `stream` as server-sent events, each with its `type` as its name. A response is kept, for a "
                "later `previous_response_id`, only where `store` is true and the chatglm.cn web service answers.",
                "security": SECURITY,
                "requestBody": {"required": True, "content": in_json("ResponseRequest")},
                "responses": {
                    "200": {
                        "description": "Done.",
                        "headers": _HEADERS,
                        "content": in_json("Response") | {"text/event-stream": {"schema": ref("ResponseEvent")}},
                    },
                    "403": _FORBIDDEN,
                    **{
                        str(status): {"$ref": f"#/components/responses/{status}"}
                        for status in (400, 401, 413, 429, 502, 504)
                    },
                },
            }
        },
        "/v1/responses/{id}": {
            "parameters": [_ID],
            **{method: {"description": "Nothing is stored.", **nothing} for method in ("get", "delete", "post")},
        },
    }


def answers() -> Json:
    """The schemas of what is answered."""
    usage = object_of(
        {
            "input_tokens": INTEGER,
            "input_tokens_details": object_of({"cached_tokens": INTEGER, "cache_write_tokens": INTEGER}),
            "output_tokens": INTEGER,
            "output_tokens_details": object_of({"reasoning_tokens": INTEGER}),
            "total_tokens": INTEGER,
        }
    )
    kinds = ["message", "reasoning", "function_call", "custom_tool_call", "web_search_call"]
    event = object_of({"type": STRING, "sequence_number": INTEGER}, {"response": ref("Response")})
    return {
        "Response": object_of(
            {
                "id": STRING,
                "object": {"const": "response"},
                "created_at": INTEGER,
                "status": {"enum": ["in_progress", "completed", "incomplete", "failed"]},
                "model": STRING,
                "output": list_of(object_of({"id": STRING, "type": {"enum": kinds}, "status": STRING})),
                "error": or_null(object_of({"code": STRING, "message": STRING})),
                "incomplete_details": or_null(object_of({"reason": {"enum": ["max_output_tokens", "content_filter"]}})),
                "previous_response_id": or_null(STRING),
                "store": BOOLEAN,
                "usage": or_null(usage),
            }
        ),
        "ResponseEvent": object_of(
            {
                "event": STRING,
                "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": event},
            }
        ),
    }
