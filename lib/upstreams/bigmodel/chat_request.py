"""The body of `POST /chat/completions` out of a request, all but its messages.

What the platform takes (open platform, "Request": [documented]), and what becomes of the rest:

| asked for                      | sent                                                  | left to                |
|--------------------------------|-------------------------------------------------------|------------------------|
| temperature, top_p             | clamped to 0–1 and 0.01–1                             |                        |
| max_tokens, max_completion_…   | the lower one, at most 131072; it counts reasoning    |                        |
| one stop                       | `stop`                                                |                        |
| several stops                  |                                                       | the wires' stop filter |
| effort                         | `thinking`; `reasoning_effort` from glm-5.2 on        |                        |
| tools, tool_choice auto, none  | `tools` with `"auto"`; nothing                        |                        |
| tool_choice required, by names | the tools that may be called, `"auto"`                | emulation              |
| parallel_tool_calls: false     | nothing, but calls after the first are dropped        |                        |
| strict tools                   | the schema                                            | emulation              |
| any JSON object                | `response_format: json_object`                        | emulation, to check it |
| a JSON schema                  | the same where it is an object's schema, else nothing | emulation              |
| search                         | its tool `web_search`                                 |                        |
"""

from typing import Any, Final

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, Tool
from lib.upstreams.bigmodel import models
from lib.upstreams.bigmodel.models import Model

MAX_TOKENS: Final = 131072
MAX_TOOLS: Final = 128
LOWEST_TOP_P: Final = 0.01
"""The platform's own limits."""

_SEARCH: Final = {"type": "web_search", "web_search": {"enable": True, "search_result": True}}
_NO_THINKING: Final = frozenset({"none", "minimal"})


def options(request: ChatRequest, model: Model) -> dict[str, Any]:
    """All fields of the body but `messages`. Raises `BadRequest` for more tools than the platform takes."""
    body: dict[str, Any] = {"model": model.name, "stream": True, **_sampling(request), **_thinking(model)}
    declared = tools(request, model)
    if declared:
        body["tools"] = declared
        body["tool_choice"] = "auto"
        if model.since(models.TOOL_STREAM_SINCE):
            body["tool_stream"] = True
    wanted = request.response_format
    if wanted is not None and (wanted.schema is None or wanted.schema.get("type") == "object"):
        body["response_format"] = {"type": "json_object"}
    return body


def tools(request: ChatRequest, model: Model) -> list[dict[str, Any]]:
    """The tools that the answer may call, and the platform's own search where it is asked for."""
    declared = [_tool(tool) for tool in request.callable_tools]
    if model.search:
        declared.append(_SEARCH)
    if len(declared) > MAX_TOOLS:
        raise BadRequest(f"The open platform takes at most {MAX_TOOLS} tools.", param="tools")
    return declared


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = {"properties": {}, **tool.parameters, "type": "object"}
    return {"type": "function", "function": function}


def _sampling(request: ChatRequest) -> dict[str, Any]:
    asked = request.sampling
    body: dict[str, Any] = {}
    if asked.temperature is not None:
        body["temperature"] = min(1.0, max(0.0, asked.temperature))
    if asked.top_p is not None:
        body["top_p"] = min(1.0, max(LOWEST_TOP_P, asked.top_p))
    limits = [limit for limit in (asked.max_tokens, asked.max_completion_tokens) if limit and limit > 0]
    if limits:
        body["max_tokens"] = min(MAX_TOKENS, *limits)
    if len(asked.stop) == 1 and asked.stop[0]:
        body["stop"] = list(asked.stop)
    return body


def _thinking(model: Model) -> dict[str, Any]:
    if model.effort is None or not model.since(models.THINKING_SINCE, unknown=True):
        return {}
    if model.effort in _NO_THINKING:
        return {"thinking": {"type": "disabled"}}
    body: dict[str, Any] = {"thinking": {"type": "enabled"}}
    if model.since(models.EFFORT_SINCE):
        body["reasoning_effort"] = model.effort
    return body
