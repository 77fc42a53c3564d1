"""What another process may order, as JSON.

A JSON object with "is" stands for an object of this package: {"is": "Text", "of": ["ha ", "haha"], "role": "tool"} is
`Text("ha ", "haha", role="tool")`; so with every part, ending, preset, `Answer`, `Source` and `Video`. "Junk" with its
name stands for `JUNK[name]`, "Error" may be named as in `ERRORS`. Without "is" an answer is
{"think": [...]?, "text": [...], ...options of Answer}.
"""

from collections.abc import Callable, Mapping
from typing import Any

from . import answer, ending, parts, pictures, search, tools
from .answer import Answer
from .junk import JUNK
from .parts import Part, Text, Think
from .videos import Video


def _error(code: int | str = ending.Error().code, *more: Any, **options: Any) -> ending.Error:
    known = ending.ERRORS.get(code) if isinstance(code, str) else None
    return known or ending.Error(code, *more, **options)


_KINDS: dict[str, Callable[..., Any]] = {
    **{
        kind.__name__: kind
        for kind in (
            Answer,
            Text,
            Think,
            Video,
            answer.deltas,
            answer.empty_events,
            answer.growing,
            answer.tiny_parts,
            ending.Cut,
            ending.Finish,
            ending.Instead,
            ending.Intervene,
            parts.After,
            parts.Code,
            parts.FailedTool,
            parts.Odd,
            parts.Output,
            parts.Raw,
            parts.Rewriting,
            parts.Together,
            parts.Unknown,
            pictures.MarkdownPictures,
            pictures.Pictures,
            search.Quote,
            search.Search,
            search.Source,
            tools.NativeCall,
            tools.NativeCalls,
            tools.OwnTool,
            tools.ThinkingDone,
            tools.ToolCallText,
        )
    },
    "Error": _error,
    "Junk": JUNK.__getitem__,
}


def build(described: Any) -> Any:
    """Build what is described; what is not described is as it is. KeyError: there is no such thing."""
    if isinstance(described, list):
        return [build(one) for one in described]
    if not isinstance(described, Mapping):
        return described
    options = {name: build(value) for name, value in described.items()}
    if "is" not in options:
        return options
    kind, positional = _KINDS[options.pop("is")], options.pop("of", ())
    return kind(*positional, **options)


def build_answer(described: Any) -> Answer:
    built = build(described)
    if isinstance(built, Answer):
        return built
    options = dict(built)
    think, text = options.pop("think", ()), options.pop("text", ())
    said: list[Part] = [Think(*think)] if think else []
    return Answer(*said, Text(*text), **options)
