"""How OpenAI's Responses word failures, such that Codex asks again where that can help, and nowhere else."""

import math
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import HTTPConnection

from lib.errors import BadRequest, ContextLengthExceeded, Error, QuotaExceeded, RateLimited
from lib.serving.wire import ListedModel
from lib.wires.openai.wire import OpenAIWire, error_object
from lib.wires.responses import models
from lib.wires.shared.encoding import encode_json

_FINAL: Final = 400
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_FAULTS: Final = 500


class ResponsesWire(OpenAIWire):
    def is_client(self, request: HTTPConnection) -> bool:
        return "client_version" in request.query_params  # Codex, which tells it where it asks for models.

    def models(self, listed: Sequence[ListedModel]) -> dict[str, Any]:
        """OpenAI's list, and beside it what Codex wants to know of models."""
        return super().models(listed) | {"models": models.list_of(one for one in listed if one.is_usual)}

    def error_status(self, error: Error) -> int:
        """Codex asks thirty times after most 5xx, six times after most 4xx, and once after a 400."""
        if error.status >= _FAULTS or error.status == _FORBIDDEN:
            return _FINAL if error.retry is False else _TOO_MANY
        return error.status

    def error_body(self, error: Error, request_id: str) -> bytes:
        """With a code after which Codex shows the words alone, where asking again cannot help."""
        body = error_object(error)
        if self.error_status(error) == _FINAL and (error.code == BadRequest.code or error.status != _FINAL):
            body["code"] = "invalid_prompt"
        return encode_json({"error": body}).encode()


def failure_object(error: Error) -> dict[str, str]:
    """`{"code", "message"}` of a response that failed in mid-stream, in the codes by which Codex decides what to do."""
    return {"code": _code(error), "message": _message(error)}


def _code(error: Error) -> str:
    if isinstance(error, ContextLengthExceeded):
        return "context_length_exceeded"
    if isinstance(error, QuotaExceeded):
        return "insufficient_quota"
    if isinstance(error, RateLimited):
        return "rate_limit_exceeded"
    if error.code == "model_not_found":
        return error.code
    if isinstance(error, BadRequest) or error.retry is False:
        return "invalid_prompt"  # The one code of OpenAI's after which Codex shows the message and stops.
    return "server_error"


def _message(error: Error) -> str:
    if isinstance(error, RateLimited) and error.retry_after is not None and error.retry is not False:
        return f"{error.message} Please try again in {max(1, math.ceil(error.retry_after))}s."  # Codex looks for this.
    return error.message


WIRE: Final = ResponsesWire()
