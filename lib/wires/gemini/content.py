"""What is said in a request: contents of parts, as messages."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from lib.errors import BadRequest
from lib.types.chat import FilePart, Message, TextPart, ToolCall
from lib.types.chat import Part as ChatPart
from lib.wires.shared.encoding import encode_json
from lib.wires.shared.request import MAX_PARTS, MAX_TOOL_NAME, Model

_OUTPUTS: Final = ("output", "result")
"""Where clients put what a function gave, when that is all of its response."""
_GOOGLES_FILES: Final = ("gs://", "files/", "https://generativelanguage.googleapis.com/")
_MAX_MIME_TYPE: Final = 100


class GoogleModel(Model):
    """An object of which each field may be named in camelCase or in snake_case: clients mix them."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class Blob(GoogleModel):
    """A file in the request itself, in base64."""

    data: str = ""
    mime_type: Annotated[str, Field(max_length=_MAX_MIME_TYPE)] = ""


class FileData(GoogleModel):
    file_uri: str = ""
    mime_type: Annotated[str, Field(max_length=_MAX_MIME_TYPE)] = ""


class FunctionCall(GoogleModel):
    """A call that the model made."""

    id: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=MAX_TOOL_NAME)]
    args: dict[str, Any] | None = None


class FunctionResponse(GoogleModel):
    id: str | None = None
    name: str = ""
    response: Any = None
    parts: "list[Part] | None" = None
    """Files that are part of it."""

    def text(self) -> str:
        """The response in words: its output alone where there is nothing else in it."""
        value = self.response
        if isinstance(value, dict) and len(value) == 1 and (key := next(iter(value))) in (*_OUTPUTS, "error"):
            value = value[key]
        return value if isinstance(value, str) else encode_json({} if value is None else value)


class ExecutableCode(GoogleModel):
    """A program that Google's service ran."""

    code: str = ""


class CodeExecutionResult(GoogleModel):
    output: str | None = None


class Part(GoogleModel):
    """One of text, a file, a call, or a result. `thoughtSignature` comes back from clients, and means nothing here."""

    text: str | None = None
    thought: bool | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeExecutionResult | None = None

    def shown(self, place: str) -> Iterator[ChatPart]:
        """What of it is said to the model. `place` is where it stands in the request."""
        if self.text and not self.thought:
            yield TextPart(self.text)
        if self.inline_data is not None and self.inline_data.data:
            blob = self.inline_data
            url = f"data:{blob.mime_type};base64,{blob.data}"
            yield FilePart(url, f"{place}.inlineData", is_image=blob.mime_type.startswith("image/"))
        if self.file_data is not None:
            uri = self.file_data.file_uri
            if uri.startswith(_GOOGLES_FILES):
                raise BadRequest(
                    "fileUri: there is no Files API here, and Google's files cannot be read. Send inlineData, or the "
                    "https address of a file.",
                    param=f"{place}.fileData.fileUri",
                )
            yield FilePart(uri, f"{place}.fileData", is_image=self.file_data.mime_type.startswith("image/"))
        if self.executable_code is not None:
            yield TextPart(f"```\n{self.executable_code.code}\n```")
        if self.code_execution_result is not None:
            yield TextPart(f"```\n{self.code_execution_result.output or ''}\n```")


def _as_parts(value: Any) -> Any:
    """Some clients send one part, or a text alone."""
    parts = value if isinstance(value, list) else [value] if value is not None else []
    return [{"text": part} if isinstance(part, str) else part for part in parts]


class Content(GoogleModel):
    """What one side says in its turn."""

    role: str | None = None
    parts: Annotated[
        list[Part], Field(max_length=MAX_PARTS), BeforeValidator(_as_parts, json_schema_input_type=list[Part] | None)
    ] = Field(default_factory=list)

    def said(self, place: str) -> tuple[ChatPart, ...]:
        """What of it is said, besides calls and results."""
        return tuple(one for index, part in enumerate(self.parts) for one in part.shown(f"{place}.parts[{index}]"))


def as_content(value: Any) -> Any:
    """Some clients send a text, or the parts alone."""
    return value if value is None or (isinstance(value, dict) and "parts" in value) else {"parts": value}


def as_contents(value: Any) -> Any:
    """Some clients send one content alone."""
    return [as_content(one) for one in (value if isinstance(value, list) else [value])]


class Calls:
    """The calls of a conversation whose results have not come: those without an id are found by order and name."""

    def __init__(self) -> None:
        self._open: list[ToolCall] = []
        self._made = 0

    def made(self, call: FunctionCall) -> ToolCall:
        self._made += 1
        found = ToolCall(call.id or f"call_{self._made}", call.name, encode_json(call.args or {}))
        self._open.append(found)
        return found

    def answered(self, response: FunctionResponse) -> ToolCall:
        """The call that this is the result of. One that is nowhere to be found is made up."""
        by_id = (call for call in self._open if response.id and call.id == response.id)
        by_name = (call for call in self._open if not response.id and call.name == response.name)
        call = next(by_id, None) or next(by_name, None)
        if call is None:
            return ToolCall(response.id or "", response.name, "{}")
        self._open.remove(call)
        return call


def messages(contents: Iterable[Content]) -> Iterator[Message]:
    """The conversation. Results stand before what else is said in their turn, such as the pictures beside them."""
    calls = Calls()
    for index, content in enumerate(contents):
        place = f"contents[{index}]"
        said = content.said(place)
        if content.role in ("model", "assistant"):
            made = tuple(calls.made(part.function_call) for part in content.parts if part.function_call is not None)
            thought = "".join(part.text or "" for part in content.parts if part.thought)
            if said or made:
                yield Message("assistant", said, made, reasoning=thought)
            continue
        for number, part in enumerate(content.parts):
            if (response := part.function_response) is not None:
                yield _result(response, calls.answered(response), f"{place}.parts[{number}].functionResponse")
        if said:
            yield Message("system" if content.role == "system" else "user", said)


def _result(response: FunctionResponse, call: ToolCall, place: str) -> Message:
    files = Content(parts=response.parts or []).said(place)
    is_error = isinstance(response.response, dict) and "error" in response.response
    return Message(
        "tool",
        (TextPart(response.text()), *files),
        tool_call_id=call.id,
        tool_name=call.name,
        is_error=is_error,
    )
