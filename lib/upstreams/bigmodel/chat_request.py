"""The body of `POST /chat/completions` out of a request, all but its messages.

What the platform takes (open platform, "Request": [documented]), and what becomes of the rest:

| asked for                      | sent                                                  | left to                |
|--------------------------------|-------------------------------------------------------|------------------------|
| temperature, top_p             | clamped to 0–1 and 0.01–1                             |                        |
| max_tokens, max_completion_…   | the lower one, at most the model's cap                |                        |
| one stop                       | `stop`                                                |                        |
| several stops                  |                                                       | the wires' stop filter |
| effort                         | what the model knows of it: `Wanted.thinking`         |                        |
| fields in Zhipu's own words    | as they are                                           |                        |
| tools, tool_choice auto, none  | `tools` with `"auto"`; nothing                        |                        |
| tool_choice required, by names | the tools that may be called, `"auto"`                | emulation              |
| parallel_tool_calls: false     | nothing, but calls after the first are dropped        |                        |
| strict tools                   | the schema                                            | emulation              |
| any JSON object                | `response_format: json_object`                        | emulation, to check it |
| a JSON schema                  | the same where it is an object's schema, else nothing | emulation              |
| search                         | its tool `web_search`                                 |                        |
"""

from collections.abc import Mapping
from typing import Any, Final

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, Tool
from lib.upstreams.bigmodel.models import Wanted

MAX_TOOLS: Final = 128
LOWEST_TOP_P: Final = 0.01
"""The platform's own limits."""

_SEARCH: Final[dict[str, Any]] = {"type": "web_search", "web_search": {"enable": True, "search_result": True}}
_OWN: Final = ("do_sample", "request_id", "user_id", "seed", "watermark_enabled", "sensitive_word_check", "meta")
"""Fields of the platform's own that reach it as a caller wrote them [documented, SDK]."""


def options(request: ChatRequest, model: Wanted) -> dict[str, Any]:
    """All fields of the body but `messages`. Raises `BadRequest` for more tools than the platform takes."""
    own = request.vendor
    body: dict[str, Any] = {"model": model.name, "stream": True, **_sampling(request, model), **model.thinking()}
    body |= {name: own[name] for name in _OWN if own.get(name) is not None}
    if (clear := own.get("thinking", {}).get("clear_thinking")) is not None and model.row.thinking != "none":
        body["thinking"] = {"type": "enabled", **body.get("thinking", {}), "clear_thinking": bool(clear)}
    declared = tools(request, model)
    if declared:
        body["tools"] = declared
        body["tool_choice"] = "auto"
        if model.row.tool_stream:
            body["tool_stream"] = True
    wanted = request.response_format
    if wanted is not None and (wanted.schema is None or wanted.schema.get("type") == "object"):
        body["response_format"] = {"type": "json_object"}
    return body


def tools(request: ChatRequest, model: Wanted) -> list[dict[str, Any]]:
    """The tools that the answer may call, and the platform's own search where it is asked for."""
    declared = [_tool(tool) for tool in request.callable_tools]
    if model.search:
        declared.append({**_SEARCH, "web_search": {**_SEARCH["web_search"], **request.vendor.get("web_search", {})}})
    if len(declared) > MAX_TOOLS:
        raise BadRequest(f"The open platform takes at most {MAX_TOOLS} tools.", param="tools")
    return declared


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    parameters = {"properties": {}, **tool.parameters, "type": "object"}
    if not isinstance(parameters["properties"], Mapping):  # PHP's clients write `[]` for an object of none.
        parameters["properties"] = {}
    function["parameters"] = parameters
    return {"type": "function", "function": function}


def _sampling(request: ChatRequest, model: Wanted) -> dict[str, Any]:
    asked = request.sampling
    body: dict[str, Any] = {}
    if asked.temperature is not None:
        body["temperature"] = round(min(1.0, max(0.0, asked.temperature)), 2)
    if asked.top_p is not None:
        body["top_p"] = min(1.0, max(LOWEST_TOP_P, asked.top_p))
    limits = [limit for limit in (asked.max_tokens, asked.max_completion_tokens) if limit and limit > 0]
    if limits:
        body["max_tokens"] = min(limits if model.row.cap is None else [*limits, model.row.cap])
    if len(asked.stop) == 1 and asked.stop[0]:
        body["stop"] = list(asked.stop)
    return body
