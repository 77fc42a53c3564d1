"""A model that calls tools: in the text, or natively, as the service does with tools that it does not have."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal
from uuid import uuid4

from .parts import Part, Text, Think, cut
from .piece import Piece

type CallForm = Literal["trained", "trained45", "json", "invoke", "dsml", "fenced"]
type Arguments = Mapping[str, Any]

OWN_TOOLS = ("search", "retrieve", "open", "open_url", "execute_sandbox_code", "finish")
"""The tools that the service itself has."""


def call_text(name: str, arguments: Arguments, form: CallForm = "trained") -> str:
    """Write a call as a model writes it.

    "trained": GLM 4.7's form; "trained45": the one of 4.5 and 4.6, on lines; "json": a JSON object in the same tags;
    "invoke" and "dsml": other frameworks' forms; "fenced": a JSON object in a code fence.
    """
    return _FORMS[form](name, arguments)


class ToolCallText(Text):
    """A call in the answer's text, in deltas of `size` characters; `before` and `after` stand around it."""

    def __init__(
        self,
        name: str,
        arguments: Arguments,
        form: CallForm = "trained",
        *,
        before: str = "",
        after: str = "",
        size: int = 7,
        **options: Any,
    ) -> None:
        super().__init__(*cut(before + call_text(name, arguments, form) + after, size), **options)


class NativeCall(Part):
    """A call of a tool that the service does not have (raw capture of July 2026).

    The call; in the same second, the service's own error; `next_try` seconds later the model goes on, thinks that the
    call was malformed and says so (None: it does not). A text for `arguments` is sent as it is, and `name` may be
    any: both come mangled. `status`: the call's own. `show_type` empty: none is sent. `call_shown`, `error_shown`:
    whether the call, and the error, are sent at all.
    """

    def __init__(
        self,
        name: str,
        arguments: Arguments | str,
        id: str | None = None,  # noqa: A002  The wire's word.
        *,
        show_type: str = "mc_tool_call",
        status: str = "finish",
        model: str = "moe_5",
        call_shown: bool = True,
        error_shown: bool = True,
        next_try: float | None = 2.0,
    ) -> None:
        self.id = id or f"tool-{uuid4().hex[:24]}"
        self.call = {"id": self.id, "name": name, "arguments": _as_text(arguments)}
        self.show_type = show_type
        self.status = status
        self.model = model
        self.call_shown = call_shown
        self.error_shown = error_shown
        self.next_try = next_try

    def pieces(self) -> list[Piece]:
        called = [self.called()] if self.call_shown else []
        failed = [self.failed()] if self.error_shown else []
        return [*called, *failed, *self.next_words()]

    def failed(self) -> Piece:
        """Return the service's error alone."""
        return Piece(
            content=[{"type": "tool_result", "tool_calls": self.call}],
            meta_data={"show_type": "mc_tool_result", "tool_result_extra": {"tool_call_id": self.id}},
            role="tool",
            status="error",
            model="all-tools",
        )

    def next_words(self) -> list[Piece]:
        """Return what the model does after the error."""
        if self.next_try is None:
            return []
        (thought,) = Think("The call was malformed.", " I try another way.", model=self.model).pieces()
        (said,) = Text("I cannot call ", "this tool.", model=self.model).pieces()
        return [replace(thought, pause=self.next_try), said]

    def called(self) -> Piece:
        """Return the call alone."""
        meta_data: dict[str, Any] = {"tool_result_extra": {"tool_call_id": self.id}}
        if self.show_type:
            meta_data["show_type"] = self.show_type
        return Piece(
            content=[{"type": "tool_calls", "tool_calls": self.call}],
            meta_data=meta_data,
            status=self.status,
            model=self.model,
        )


class NativeCalls(Part):
    """Several native calls in one event, then their errors and what the model does next, as the last call says."""

    def __init__(self, *calls: NativeCall) -> None:
        self.calls = calls

    def pieces(self) -> list[Piece]:
        called = [replace(call.called(), joined=number > 0) for number, call in enumerate(self.calls)]
        errors = [call.failed() for call in self.calls if call.error_shown]
        return [*called, *errors, *self.calls[-1].next_words()]


class OwnTool(Part):
    """A tool of the service itself at work: never a call to the caller."""

    def __init__(self, name: str, arguments: Arguments | str, result: str = "", *, status: str = "finish") -> None:
        self.call = {"id": f"call_{uuid4().hex[:12]}", "name": name, "arguments": _as_text(arguments)}
        self.result = result
        self.status = status

    def pieces(self) -> list[Piece]:
        extra = {"tool_call_id": self.call["id"]}
        return [
            Piece(
                content=[{"type": "tool_calls", "tool_calls": self.call}],
                meta_data={"show_type": "mc_tool_call2", "tool_result_extra": extra},
            ),
            Piece(
                content=[{"type": "tool_result", "content": self.result}],
                meta_data={"show_type": "mc_tool_result2", "tool_result_extra": extra},
                role="tool",
                status=self.status,
            ),
        ]


class ThinkingDone(Part):
    """The tool `finish`, which ends the thinking, not the answer."""

    def pieces(self) -> list[Piece]:
        call = {"name": "finish", "arguments": "{}"}
        return [Piece(content=[{"type": "tool_calls", "tool_calls": call}], meta_data={"show_type": "mc_tool_call2"})]


def _as_text(arguments: Arguments | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _trained(name: str, arguments: Arguments) -> str:
    pairs = (f"<arg_key>{key}</arg_key><arg_value>{_value(value)}</arg_value>" for key, value in arguments.items())
    return f"<tool_call>{name}{''.join(pairs)}</tool_call>"


def _trained45(name: str, arguments: Arguments) -> str:
    pairs = (f"<arg_key>{key}</arg_key>\n<arg_value>{_value(value)}</arg_value>\n" for key, value in arguments.items())
    return f"<tool_call>{name}\n{''.join(pairs)}</tool_call>"


def _json(name: str, arguments: Arguments) -> str:
    call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>{call}</tool_call>"


def _fenced(name: str, arguments: Arguments) -> str:
    call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False, indent=2)
    return f"```json\n{call}\n```"


def _invoke(name: str, arguments: Arguments) -> str:
    pairs = (f'<parameter name="{key}">{_value(value)}</parameter>\n' for key, value in arguments.items())
    return f'<invoke name="{name}">\n{"".join(pairs)}</invoke>'


def _dsml(name: str, arguments: Arguments) -> str:
    pairs = (
        f'<|DSML|parameter name="{key}"><![CDATA[{_value(value).replace("]]>", "]]]]><![CDATA[>")}]]></|DSML|parameter>'
        for key, value in arguments.items()
    )
    return f'<|DSML|invoke name="{name}">{"".join(pairs)}</|DSML|invoke>'


_FORMS: dict[str, Callable[[str, Arguments], str]] = {
    "trained": _trained,
    "trained45": _trained45,
    "json": _json,
    "invoke": _invoke,
    "dsml": _dsml,
    "fenced": _fenced,
}
