"""What OpenAI's words for `tool_choice` mean."""

from collections.abc import Mapping
from typing import Final, Literal

from lib.types.chat import ToolChoice

Word = Literal["auto", "none", "required", "any"]

WORDS: Final[Mapping[str, ToolChoice]] = {
    "auto": ToolChoice(),
    "none": ToolChoice("none"),
    "required": ToolChoice("required"),
    "any": ToolChoice("required"),
}
"""Some clients make an object of the word, with it as the `type`."""
