"""`GET /openapi.json`: the endpoints, described in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1).

Requests are described by the very models that read them, what is answered by its vendor's documentation. Nobody else
needs any of it: import it where it is asked for.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema
from starlette.routing import Route

from lib import settings
from lib.serving.app import Described

type Json = dict[str, Any]

_ABOUT: Final = (
    "Lets the clients of OpenAI, Anthropic and Google talk to GLM: through the chatglm.cn web service with a ChatGLM "
    "token (the cookie chatglm_refresh_token) as the API key, through the paid open platform with an API key of its "
    "own (`<id>.<secret>`). Several keys, of both kinds, may be joined by commas. An access key of the deployment "
    "stands for the deployment's own keys. A key that is not accepted is a 401. A known one is a 403 where the service "
    "has closed the account, does not let the key do this, or refuses the address of the deployment: asking again does "
    "not help."
)
_KEYS: Final = ("x-api-key", "api-key", "x-goog-api-key")
"""Headers in which a key may come, besides as a Bearer token."""
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def document(endpoints: Iterable[tuple[Route, Described]]) -> Json:
    listed = list(endpoints)
    requests = list(dict.fromkeys(told.request for _, told in listed if told.request is not None))
    references, schemas = models_json_schema(
        [(model, "validation") for model in requests], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Json] = {}
    for route, told in listed:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path_format, {})[method.lower()] = _operation(route, told, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "glm-functions", "version": settings.VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"] | {"Error": _ERROR},
            "responses": {"Refused": _failure("It cannot be done."), "Failed": _failure("It was not done.")},
            "headers": {"x-request-id": _REQUEST_ID},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                **{name: {"type": "apiKey", "in": "header", "name": name} for name in _KEYS},
            },
        },
    }


def _operation(route: Route, told: Described, references: Mapping[Any, Json]) -> Json:
    answer: Json = {"type": ["object", "array"]}
    if told.answer:
        answer["externalDocs"] = {"url": told.answer}
    content: Json = {"application/json": {"schema": answer}}
    content |= {kind: {"schema": {}} for kind in told.other_media_types}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path_format)
    ]
    operation: Json = {
        "description": _words(route.endpoint),
        "parameters": [*in_path, *told.parameters],
        "security": [*([] if told.needs_key else [{}]), {"bearer": []}, *({name: []} for name in _KEYS)],
        "responses": {
            "200": {"description": "Done.", "headers": _HEADERS, "content": content},
            "4XX": {"$ref": "#/components/responses/Refused"},
            "5XX": {"$ref": "#/components/responses/Failed"},
        },
    }
    if told.request is not None:
        schema = references[told.request, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _words(endpoint: Callable[..., Any]) -> str:
    return " ".join((endpoint.__doc__ or "").split())


def _failure(description: str) -> Json:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": description, "headers": _HEADERS, "content": content}


_REQUEST_ID: Final[Mapping[str, Any]] = {
    "description": "The request's name in the log: the platform's or the client's own, else a new one.",
    "required": True,
    "schema": {"type": "string", "pattern": r"^[\w.:=-]{1,128}$"},
}
_HEADERS: Final[Mapping[str, Any]] = {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}
_ERROR: Final[Mapping[str, Any]] = {
    "description": "What went wrong, in the form of the API that was asked.",
    "type": "object",
    "properties": {"error": {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}},
    "required": ["error"],
}
