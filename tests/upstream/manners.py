"""What differs from one capture of the service to the next, and what a test may therefore choose."""

from dataclasses import dataclass, field
from typing import Any, Literal

from .envelope import Form

type Model = dict[str, Any]


def _model(name: str, *efforts: tuple[str, str, str]) -> Model:
    return {
        "selected_model": name,
        "reasoning_efforts": [
            {"display_name": display_name, "effort": effort, "am_effort": am_effort}
            for display_name, effort, am_effort in efforts
        ],
    }


_EFFORTS = (("快速", "", "low"), ("深度", "thinking", "high"), ("极致", "deep_thinking", "max"))


def _models() -> list[Model]:
    return [_model("glm-5.3", *_EFFORTS), _model("glm-5.3-flash", *_EFFORTS)]


@dataclass
class Manners:
    """How the service behaves towards everybody.

    `strict_effort`: `chat_mode` and `reasoning_effort` that are no pair of the page's table are refused.
    `strict_continue`: continue_stream without `logic_id` is refused. `unknown_conversation`: what a made-up
    conversation_id gets, an "empty" body or 40004 ("refused"). `deletion`: which way to delete a conversation works:
    "bulk" (and the single one), "single" alone, the "old" one alone, or "none". `uploading`: the upload's path, "new"
    or "old". `envelopes`: the form of every answer that is no refusal. `longest_prompt`: characters beyond which the
    answer is 10040. `clock_ahead`: seconds by which the service's clock is ahead; `clock_tolerance`: seconds by which a
    timestamp may be wrong (the service's own is not known). `models`: what available_models lists.
    """

    strict_effort: bool = True
    strict_continue: bool = True
    unknown_conversation: Literal["empty", "refused"] = "empty"
    deletion: Literal["bulk", "single", "old", "none"] = "bulk"
    uploading: Literal["new", "old"] = "new"
    envelopes: Form = "plain"
    longest_prompt: int | None = None
    clock_ahead: float = 0.0
    clock_tolerance: float = 300.0
    models: list[Model] = field(default_factory=_models)

    def change(self, **changes: Any) -> None:
        for name, value in changes.items():
            if name not in self.__dataclass_fields__:
                raise TypeError(f"there is no {name}")
            setattr(self, name, value)
