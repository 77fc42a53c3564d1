"""What OpenAI's endpoints answer, described for `GET /openapi.json`."""

from typing import Final

from lib.wires.shared.schema import BOOLEAN, INTEGER, STRING, Json, list_of, object_of, or_null, ref

_KIND: Final[Json] = {"enum": ["refresh", "access", "api_key"]}


def error_object() -> Json:
    """What went wrong."""
    return object_of({"message": STRING, "type": STRING, "param": or_null(STRING), "code": or_null(STRING)})


def answers() -> Json:
    """The schemas of what is answered."""
    url_citation = object_of({"start_index": INTEGER, "end_index": INTEGER, "url": STRING, "title": STRING})
    citations = list_of(object_of({"type": {"const": "url_citation"}, "url_citation": url_citation}))
    said = {"content": STRING, "reasoning_content": STRING, "annotations": citations}
    reason = {"enum": ["stop", "length", "content_filter"]}
    model = {"id": STRING, "object": {"const": "model"}, "created": INTEGER, "owned_by": STRING}
    answer = {
        "id": {"type": "string", "description": "The conversation's id; of the answer where none is kept."},
        "created": INTEGER,
        "model": STRING,
    }
    choice = object_of(
        {
            "index": {"const": 0},
            "message": object_of({"role": {"const": "assistant"}, "content": STRING}, said),
            "finish_reason": reason,
            "logprobs": {"type": "null"},
        }
    )
    delta = object_of(
        {"index": {"const": 0}, "delta": object_of({}, {"role": STRING} | said)}, {"finish_reason": or_null(reason)}
    )
    return {
        "Error": object_of({"error": error_object()}),
        "Model": object_of(model),
        "ModelList": object_of(
            {"object": {"const": "list"}, "data": list_of(ref("Model"))},
            {"models": list_of(object_of({"slug": STRING}))},
        ),
        "TokenVerdict": object_of(
            {"live": BOOLEAN},
            {
                "kind": _KIND,
                "expires_at": INTEGER,
                "guest": BOOLEAN,
                "reason": STRING,
                "code": STRING,
                "points": {"type": "number"},
                "token_left_percent": STRING,
                "claimed": BOOLEAN,
                "accounts": {
                    **list_of(ref("AccountState")),
                    "description": "Each of several keys, or, for who presents an access key, of the deployment's own.",
                },
            },
        ),
        "AccountState": object_of(
            {
                "account": {"type": "string", "pattern": "^([0-9a-f]{8}|#[1-9][0-9]* ….{1,4})$"},
                "label": or_null(STRING),
                "kind": or_null(_KIND),
                "live": or_null(BOOLEAN),
                "expires_at": or_null(INTEGER),
                "reason": or_null(STRING),
                "code": or_null(STRING),
                "points": or_null({"type": "number"}),
                "token_left_percent": or_null(STRING),
                "claimed": or_null(BOOLEAN),
                "cooling_until": or_null(INTEGER),
                "checked_at": INTEGER,
            }
        )
        | {"description": "One of the deployment's own accounts. `live` is null where nobody could find out."},
        "AccountStates": object_of({"live": BOOLEAN, "accounts": list_of(ref("AccountState"))}),
        "Usage": object_of(
            {
                "prompt_tokens": INTEGER,
                "completion_tokens": INTEGER,
                "total_tokens": INTEGER,
                "completion_tokens_details": object_of({"reasoning_tokens": INTEGER}),
            }
        )
        | {"description": "Counted by the open platform; estimated from the texts where the web service answers."},
        "ChatCompletion": object_of(
            answer | {"object": {"const": "chat.completion"}, "choices": list_of(choice), "usage": ref("Usage")}
        ),
        "ChatCompletionChunk": object_of(
            answer | {"object": {"const": "chat.completion.chunk"}, "choices": list_of(delta)}, {"usage": ref("Usage")}
        ),
        "Completion": object_of(
            {
                "id": STRING,
                "object": {"const": "text_completion"},
                "created": INTEGER,
                "model": STRING,
                "choices": list_of(
                    object_of(
                        {
                            "index": {"const": 0},
                            "text": STRING,
                            "logprobs": {"type": "null"},
                            "finish_reason": or_null(reason),
                        }
                    )
                ),
            },
            {"usage": ref("Usage")},
        ),
        "Images": object_of(
            {
                "created": INTEGER,
                "data": list_of(object_of({}, {"url": STRING, "b64_json": STRING, "revised_prompt": STRING})),
            }
        ),
    }
