"""Request bodies: JSON into a model, and what is wrong with them into words that name the field."""

from typing import Any

from pydantic_core import ErrorDetails, ValidationError

from lib.errors import BadRequest
from lib.wires.openai.schema import Model, validator

MAX_NAME_LENGTH = 256
"""Longest model name: clients send odd ones, but none as long as this."""


def parse[M: Model](model: type[M], body: bytes) -> M:
    """The body as a `model`. Raises `BadRequest`, naming the first field that is wrong."""
    try:
        read: M = validator(model).validate_json(body)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=False, include_input=False)[0]) from None
    return read


def _refusal(error: ErrorDetails) -> BadRequest:
    if error["type"] == "json_invalid":
        reason = error["msg"].removeprefix("Invalid JSON: ")
        return BadRequest(f"The body is not JSON: {reason}.", code="invalid_json")
    param = path(error["loc"])
    if error["type"] == "value_error":
        message = error["msg"].removeprefix("Value error, ")
    elif error["type"] == "missing":
        message = f"The field {param} is missing."
    else:
        message = f"The field {param or 'body'} is wrong: {error['msg'][:1].lower()}{error['msg'][1:]}."
    return BadRequest(message, param=param or None)


def path(loc: tuple[Any, ...]) -> str:
    """A place in a body as its field is written: `messages[0].content`."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
