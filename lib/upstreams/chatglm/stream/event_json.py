"""One event of the service as JSON, and what is said in it of failures and calls."""

import html
import json
import re
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from lib.errors import ContextLengthExceeded, Error, UpstreamFailed, UpstreamRefused
from lib.upstreams.chatglm.session import lenient, refusal

MAX_SNIPPET: Final = 500
"""Letters of what a source says."""
_MAX_DIGITS: Final = 400
"""Digits of an integer: Python takes quadratic time for longer ones, and refuses the longest."""
FINISHED: Final = {"finish", "finished", "done", "stop", "stopped", "complete", "completed", "success"}
STOPPED_BY_FILTER: Final = {"intervene", "intervened"}
FAILED: Final = {"error", "failed", "fail"}
"""The statuses of an event, or of a part, that ends. `finish`, `intervene` and `error` are [sure]."""
_UNFINISHED: Final = {"init", *STOPPED_BY_FILTER, *FAILED}
"""The statuses of a part whose text is not whole."""

_TAG: Final = re.compile(r"<[^<>]{0,200}>")


SERVICE_TOOLS: Final = frozenset({"search", "retrieve", "open", "open_url", "execute_sandbox_code", "finish"})
"""The service's own tools: a native call of one of these is never the caller's (tools.md, "Two ways")."""
SERVICE_CALL: Final = "mc_tool_call2"
"""The `show_type` of a call of the service's own tools."""
CALLERS_CALL: Final = "mc_tool_call"
"""The `show_type` of a native call of a tool that the prompt declared."""


class NativeCall(NamedTuple):
    """A `tool_calls` content: the model, or the service, calls a tool. Whose it is, its name and show type say."""

    id: str
    name: str
    arguments: str
    show_type: str
    from_result: bool
    """Only the result of the call that the service tried was seen."""

    @property
    def is_services(self) -> bool:
        """Does the service run it by itself: so its show type says, or its name where that says nothing."""
        named = self.name in SERVICE_TOOLS and self.show_type != CALLERS_CALL
        return self.show_type == SERVICE_CALL or named


def parse_event(data: bytes) -> dict[str, Any] | None:
    """The event; None for what is none."""
    try:
        event = from_json(data)
    except ValueError:
        try:
            event = _loosely(data)
        except (ValueError, RecursionError):
            return None
    return event if isinstance(event, dict) else None


def _loosely(data: bytes) -> Any:
    """JSON with halves of surrogate pairs (U+FFFD in their place), other encodings' bytes, or endless integers."""
    value = json.loads(data.decode("utf-8-sig", "replace"), parse_int=_int)
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _int(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else 0


def words_of(value: Any) -> str:
    """What the service says of a failure: a text, or the text in an object or list."""
    if isinstance(value, list):
        return next(filter(None, map(words_of, value)), "")
    if isinstance(value, dict):
        names = ("intervene_text", "err_msg", "message", "msg", "text", "content")
        return next(filter(None, (words_of(value.get(name)) for name in names)), "")
    return lenient.words(value)


def failure_of(event: dict[str, Any]) -> Error:
    """Why the service ended an answer, from the event that did."""
    for told in (event.get("error"), event.get("last_error")):
        found = lenient.mapping(told)
        code = lenient.code(found.get("error_code", found.get("code")))
        words = words_of(told)
        if code is None and not words:
            continue
        means = refusal.refusal(200, code, words)
        if isinstance(means, UpstreamRefused):
            shown = words[: refusal.MAX_WORDS] or "no reason given"
            return UpstreamFailed(f"The service broke the answer off: {shown}{f' ({code})' if code else ''}.")
        return means
    return UpstreamFailed("The service broke the answer off: no reason given.")


def in_the_middle(error: Error) -> Error:
    """`error` as it has to be told after content: the account's next answer is not this one's matter."""
    if isinstance(error, ContextLengthExceeded | UpstreamFailed):
        return error
    return UpstreamFailed(f"The service broke the answer off. {error.message}")


def native_call(part: dict[str, Any], content: dict[str, Any], *, from_result: bool) -> NativeCall | None:
    """The call that a content holds."""
    call = lenient.mapping(content.get("tool_calls"))
    name = lenient.words(call.get("name"))
    if not name:
        return None
    meta_data = lenient.mapping(part.get("meta_data"))
    extra = lenient.mapping(meta_data.get("tool_result_extra"))
    arguments = call.get("arguments")
    return NativeCall(
        id=lenient.text(call.get("id")) or lenient.text(extra.get("tool_call_id")),
        name=name,
        arguments=arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False),
        show_type=lenient.text(meta_data.get("show_type")),
        from_result=from_result,
    )


def search_query(call: NativeCall) -> str:
    """What the service's own search looks for; empty where the call is none."""
    if call.name not in ("search", "web_search", "browser_search"):
        return ""
    try:
        arguments = lenient.mapping(json.loads(call.arguments))
    except (ValueError, RecursionError):
        return ""
    query = arguments.get("query") or arguments.get("q") or arguments.get("queries")
    return " ".join(filter(None, map(lenient.words, lenient.items(query))))


def plain(snippet: str) -> str:
    """HTML as plain text, not too long."""
    return " ".join(html.unescape(_TAG.sub("", snippet[: MAX_SNIPPET * 4])).split())[:MAX_SNIPPET]


def kind_of(content: dict[str, Any]) -> str:
    """The type of a content; where it has none, the field that holds words says it."""
    kind = lenient.words(content.get("type"))
    return kind or next((name for name in ("text", "think") if lenient.words(content.get(name))), "")


def is_whole(status: str, of_content: str) -> bool:
    """Is a content whole: its part says so, or, where the part says nothing that is known, the content itself."""
    return status in FINISHED or (status not in _UNFINISHED and of_content in FINISHED)
