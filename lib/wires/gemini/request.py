"""`:generateContent`, `:streamGenerateContent`, `:countTokens`: what clients send."""

import logging
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field

from lib.errors import BadRequest
from lib.types import chat
from lib.types.chat import Effort, Message, ResponseFormat, Sampling, TextPart, Tool, ToolChoice
from lib.wires.gemini.content import Content, GoogleModel, as_content, as_contents, messages
from lib.wires.gemini.schema import json_schema
from lib.wires.shared.request import MAX_MESSAGES, MAX_PARTS, MAX_TOOLS, StopSequences, TokenLimit, ToolName

_LITTLE: Final = 4096
_SOME: Final = 16384
"""Tokens of a thinking budget up to which a little and some thought is meant. Google's own levels are near them."""
_LEVELS: Final[dict[str, Effort]] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
_MODES: Final = {"ANY": "required", "NONE": "none"}

_log = logging.getLogger("glm")


class FunctionDeclaration(GoogleModel):
    """A function that the model may call, with a schema of Google's or a JSON schema."""

    name: Annotated[ToolName, Field(min_length=1)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None

    def tool(self) -> Tool:
        schema = self.parameters_json_schema or self.parameters
        return Tool(self.name, self.description or "", json_schema(schema) if schema else {})


class ToolSet(GoogleModel):
    """Functions, or one of what Google's service does itself."""

    function_declarations: Annotated[list[FunctionDeclaration], Field(max_length=MAX_TOOLS)] | None = None
    google_search: dict[str, Any] | None = None
    google_search_retrieval: dict[str, Any] | None = None
    enterprise_web_search: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None

    @property
    def searches(self) -> bool:
        found = (self.google_search, self.google_search_retrieval, self.enterprise_web_search, self.url_context)
        return any(tool is not None for tool in found)


class FunctionCallingConfig(GoogleModel):
    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(GoogleModel):
    function_calling_config: FunctionCallingConfig | None = None


class ThinkingConfig(GoogleModel):
    """How hard to think, and whether to show it."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None

    def effort(self) -> Effort | None:
        """-1 as a budget leaves it to the model, as does what is not known."""
        if self.thinking_level is not None:
            return _LEVELS.get(self.thinking_level.upper())
        budget = self.thinking_budget
        if budget is None or budget < 0:
            return None
        if budget == 0:
            return "none"
        return "low" if budget <= _LITTLE else "medium" if budget <= _SOME else "high"


class GenerationConfig(GoogleModel):
    """How the answer is made, and how it is to look."""

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: TokenLimit = None
    stop_sequences: StopSequences | None = None
    candidate_count: int | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: Any = None
    response_modalities: list[str] | None = None
    response_logprobs: bool | None = None
    thinking_config: ThinkingConfig = Field(default_factory=ThinkingConfig)

    def check(self) -> Self:
        """The configuration itself. Raises `BadRequest` for what cannot be done."""
        if (self.candidate_count or 1) > 1:
            raise BadRequest("candidateCount can only be 1: the service gives one answer at a time.", param=_CANDIDATES)
        if self.response_logprobs:
            raise BadRequest("responseLogprobs: the service does not tell probabilities.", param=_LOGPROBS)
        modalities = [modality.upper() for modality in self.response_modalities or ()]
        if modalities and not {"TEXT", "MODALITY_UNSPECIFIED"} & {*modalities}:
            raise BadRequest("responseModalities: answers are text here.", param="generationConfig.responseModalities")
        return self

    @property
    def schema_wanted(self) -> Any:
        return json_schema(self.response_json_schema or self.response_schema)

    @property
    def wants_enum(self) -> bool:
        """Is the answer to be one of the schema's values, not in JSON but alone."""
        return self.response_mime_type == "text/x.enum"

    def response_format(self) -> ResponseFormat | None:
        schema = self.schema_wanted
        if self.wants_enum or (schema is None and self.response_mime_type != "application/json"):
            return None
        return ResponseFormat(schema if isinstance(schema, dict) else None, strict=True)


_CANDIDATES: Final = "generationConfig.candidateCount"
_LOGPROBS: Final = "generationConfig.responseLogprobs"


class GenerateRequest(GoogleModel):
    """The body. `safetySettings`, `cachedContent`, `labels` and the like are taken, and have no effect."""

    contents: Annotated[
        list[Content],
        Field(max_length=MAX_MESSAGES),
        BeforeValidator(as_contents, json_schema_input_type=list[Content]),
    ] = Field(default_factory=list)
    system_instruction: Annotated[
        Content | None, BeforeValidator(as_content, json_schema_input_type=Content | None)
    ] = None
    tools: Annotated[list[ToolSet], Field(max_length=MAX_TOOLS)] | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig = Field(default_factory=GenerationConfig)

    def check(self) -> Self:
        """The request itself. Raises `BadRequest` for what cannot be done."""
        if sum(len(content.parts) for content in self.contents) > MAX_PARTS:
            raise BadRequest(f"The contents hold more than {MAX_PARTS:,} parts.", param="contents")
        self.generation_config.check()
        return self

    def chat_request(self, model: str, *, streamed: bool) -> chat.ChatRequest:
        """What the caller asks of `model`. Raises `BadRequest` where nothing is asked."""
        said = tuple(messages(self.contents))
        if not said:
            raise BadRequest("The contents hold nothing to answer.", param="contents")
        config, tools = self.generation_config, self._declared()
        limit = config.max_output_tokens
        return chat.ChatRequest(
            model=model,
            streamed=streamed,
            messages=(*self._instructions(), *said),
            effort=config.thinking_config.effort(),
            # Google's service searches where the request declares its search, and nowhere else.
            search=any(tool.searches for tool in self.tools or ()),
            tools=tools,
            tool_choice=self._choice({tool.name for tool in tools}),
            response_format=config.response_format(),
            sampling=Sampling(
                temperature=config.temperature,
                top_p=config.top_p,
                stop=tuple(filter(None, config.stop_sequences or ())),
                # With Google thoughts count; what a caller does not see must not use its answer up.
                max_tokens=None if self.shows_thoughts else limit,
                max_completion_tokens=limit if self.shows_thoughts else None,
            ),
        )

    @property
    def shows_thoughts(self) -> bool:
        return bool(self.generation_config.thinking_config.include_thoughts)

    def _instructions(self) -> tuple[Message, ...]:
        said = self.system_instruction.said("systemInstruction") if self.system_instruction is not None else ()
        config = self.generation_config
        if config.wants_enum and isinstance(config.schema_wanted, dict):
            values = ", ".join(str(value) for value in config.schema_wanted.get("enum") or ())
            said = (*said, TextPart(f"Answer with one of these values, and with nothing else: {values}"))
        return (Message("system", said),) if said else ()

    def _declared(self) -> tuple[Tool, ...]:
        """The functions that may be called; of several of one name, the last."""
        sets = self.tools or ()
        if any(tool.code_execution is not None for tool in sets):
            _log.info("codeExecution is left out: only Google's service runs code")
        declared = [one.tool() for tool in sets for one in tool.function_declarations or ()]
        return tuple({tool.name: tool for tool in declared}.values())

    def _choice(self, declared: set[str]) -> ToolChoice:
        config = self.tool_config and self.tool_config.function_calling_config
        if not config:
            return ToolChoice()
        mode = (config.mode or "AUTO").upper()
        names = tuple(config.allowed_function_names or ())
        if unknown := set(names) - declared:
            raise BadRequest(
                f"allowedFunctionNames has {min(unknown)!r}, which is not declared.",
                param="toolConfig.functionCallingConfig.allowedFunctionNames",
            )
        if mode == "NONE" or not declared:
            return ToolChoice("none") if mode == "NONE" else ToolChoice()
        return ToolChoice("required" if mode == "ANY" else "auto", names)


class CountRequest(GenerateRequest):
    """The body of `:countTokens`: contents alone, or all of a request."""

    generate_content_request: GenerateRequest | None = None
