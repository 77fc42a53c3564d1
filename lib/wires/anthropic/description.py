"""Anthropic's Messages, described for `GET /openapi.json`."""

from typing import Final

from lib.wires.anthropic.message_request import CountRequest, MessageRequest
from lib.wires.shared.request import Model
from lib.wires.shared.schema import INTEGER, SECURITY, STRING, Json, in_json, list_of, object_of, or_null, ref

REQUESTS: Final[tuple[type[Model], ...]] = (MessageRequest, CountRequest)

_ERRORS: Final = {
    400: "The request cannot be carried out as it stands, or the prompt is too long.",
    401: "No key, or none that is accepted.",
    402: "What the key may use is used up.",
    403: "The service has closed the account, or refuses the address of this deployment.",
    413: "The request is larger than may be.",
    429: "All accounts are busy or limited.",
    502: "The service refused, or broke off.",
    503: "The deployment's settings or accounts cannot work.",
    504: "The answer did not begin in the time that the deployment has.",
    529: "The service has a fault of its own, or could not be reached.",
}
_HEADERS: Final[Json] = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}


def paths() -> Json:
    """The endpoints."""
    return {
        "/v1/messages": {
            "post": _operation(
                "An answer to a conversation, as Anthropic's clients ask for it: whole, or with `stream` as "
                "server-sent events, each with its `type` as its name.",
                in_json("Message") | {"text/event-stream": {"schema": ref("MessageEvent")}},
                MessageRequest,
            )
        },
        "/v1/messages/count_tokens": {
            "post": _operation("How many tokens a prompt has.", in_json("TokenCount"), CountRequest)
        },
    }


def answers() -> Json:
    """The schemas of what is answered."""
    usage = object_of(
        {
            "input_tokens": INTEGER,
            "output_tokens": INTEGER,
            "cache_creation_input_tokens": INTEGER,
            "cache_read_input_tokens": INTEGER,
        },
        {
            "output_tokens_details": object_of({"thinking_tokens": INTEGER}),
            "server_tool_use": object_of({"web_search_requests": INTEGER, "web_fetch_requests": INTEGER}),
        },
    )
    kinds = ["text", "thinking", "tool_use", "server_tool_use", "web_search_tool_result"]
    reasons = ["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]
    events = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "error",
    ]
    return {
        "Message": object_of(
            {
                "id": STRING,
                "type": {"const": "message"},
                "role": {"const": "assistant"},
                "model": STRING,
                "content": list_of(object_of({"type": {"enum": kinds}})),
                "stop_reason": {"enum": reasons},
                "stop_sequence": or_null(STRING),
                "usage": usage,
            }
        ),
        "MessageEvent": object_of(
            {
                "event": {"enum": events},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": object_of({"type": {"enum": events}}),
                },
            }
        ),
        "TokenCount": object_of({"input_tokens": INTEGER}),
        "AnthropicError": object_of(
            {
                "type": {"const": "error"},
                "error": object_of({"type": STRING, "message": STRING}),
                "request_id": STRING,
            }
        ),
    }


def _operation(description: str, content: Json, request: type[Model]) -> Json:
    responses = {"200": {"description": "Done.", "headers": _HEADERS, "content": content}}
    for status, words in _ERRORS.items():
        responses[str(status)] = {"description": words, "headers": _HEADERS, "content": in_json("AnthropicError")}
    return {
        "description": description,
        "security": SECURITY,
        "requestBody": {"required": True, "content": in_json(request.__name__)},
        "responses": responses,
    }
