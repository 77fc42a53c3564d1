"""Request bodies: JSON into a model, and what is wrong with them into words that name the field."""

import asyncio
import json
import math
import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from lib.errors import BadRequest

DEFAULT_MODEL: Final = "glm-5.3-flash"
"""The model of a request that names none."""

MAX_NAME_LENGTH: Final = 256
"""Longest model name: clients send odd ones, but none as long as this."""
MAX_OBJECTS: Final = 200_000
"""Objects in one body: each takes up to a hundred times its bytes, and the longest conversations have a tenth of it."""
MAX_MESSAGES: Final = 10_000
MAX_PARTS: Final = 20_000
"""Messages of a request, and parts of all of them: several times what the longest conversations have."""
MAX_STOPS: Final = 16
MAX_STOP_LENGTH: Final = 256
"""Stop sequences of a request, and characters of each: the answer is searched for all of them as it comes. OpenAI
allows 4."""
MAX_TOOLS: Final = 512
"""Tools of a request: agents with many servers behind them declare some 200."""
MAX_TOOL_NAME: Final = 256
"""Letters of a tool's name: OpenAI allows 64, and names with a server's before them are longer."""
LARGE: Final = 1024 * 1024
"""Bytes of a body from which it is read in a thread, since reading it would keep everybody else waiting."""

ModelName = Annotated[str, Field(max_length=MAX_NAME_LENGTH)]
WantedModel = Annotated[
    ModelName, BeforeValidator(lambda value: value or DEFAULT_MODEL, json_schema_input_type=ModelName | None)
]


def _limit(value: Any) -> Any:
    """Some clients say "no limit" with 0 or -1."""
    return None if isinstance(value, int) and not isinstance(value, bool) and value <= 0 else value


TokenLimit = Annotated[int | None, BeforeValidator(_limit, json_schema_input_type=int | None)]

_TOOL_NAME: Final = re.compile(r'(?:[^\s<>{}\[\]"](?:[^\x00-\x1f<>{}\[\]"]*[^\s<>{}\[\]"])?)?')
"""Calls are read out of texts by signs that other names would hide."""


def _plain_name(name: str) -> str:
    if not _TOOL_NAME.fullmatch(name):
        raise ValueError(f"The tool's name {name[:40]!r} holds one of <>{{}}[]\", a line end, or space around it.")
    return name


ToolName = Annotated[
    str,
    Field(max_length=MAX_TOOL_NAME, json_schema_extra={"pattern": f"^{_TOOL_NAME.pattern}$"}),
    AfterValidator(_plain_name),
]
StopSequences = Annotated[list[Annotated[str, Field(max_length=MAX_STOP_LENGTH)]], Field(max_length=MAX_STOPS)]


class Model(BaseModel):
    """An object of JSON. Fields that its class does not know are ignored, since clients send many."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=(), defer_build=True)


async def parse[M: Model](model: type[M], body: bytes) -> M:
    """The body as a `model`. Raises `BadRequest`, naming the first field that is wrong."""
    if body.count(b"{") > MAX_OBJECTS:
        raise BadRequest(f"The body holds more than {MAX_OBJECTS:,} objects.")
    if len(body) > LARGE:
        return await asyncio.to_thread(_read, model, body)
    return _read(model, body)


_ODD_NUMBER: Final = re.compile(rb"NaN|Infinity|[\d.][eE]\+?\d{3}")
"""Where a number may stand that JSON does not have, or no float holds: it could not be sent on, nor back."""


def _refuse_odd_numbers(body: bytes) -> None:
    try:
        json.loads(body, parse_constant=_refuse_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return  # It is told of where the body is read.


def _finite(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _refuse_number(text)


def _refuse_number(text: str) -> Any:
    raise BadRequest(f"The body holds the number {text[:20]}, which JSON has not.", code="invalid_json")


def _read[M: Model](model: type[M], body: bytes) -> M:
    if _ODD_NUMBER.search(body):
        _refuse_odd_numbers(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = _first(error)
    if found["type"] == "json_invalid":
        try:
            return model.model_validate(_loosely(body))
        except ValidationError as error:
            found = _first(error)
        except (ValueError, RecursionError):
            reason = found["msg"].removeprefix("Invalid JSON: ")
            raise BadRequest(f"The body is not JSON: {reason}.", code="invalid_json") from None
    raise _refusal(found)


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]


def _loosely(body: bytes) -> Any:
    """JSON as some clients write it: with a mark of its encoding before it, or halves of surrogate pairs in it."""
    value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    clean = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(clean)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refusal(error: ErrorDetails) -> BadRequest:
    param = path(error["loc"])
    if error["type"] == "value_error":
        message = error["msg"].removeprefix("Value error, ")
    elif error["type"] == "missing":
        message = f"The field {param} is missing."
    else:
        message = f"The field {param or 'body'} is wrong: {error['msg'][:1].lower()}{error['msg'][1:]}."
    return BadRequest(message, param=param or None)


def path(loc: tuple[Any, ...]) -> str:
    """A place in a body as its field is written: `messages[0].content`.

    What pydantic calls the members of a union is no part of it: tags (`<text>`), classes, types (`literal['auto']`).
    """
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not (step.startswith("<") or step[:1].isupper() or "[" in step):
            text += f".{step}" if text else step
    return text
