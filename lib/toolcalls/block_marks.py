"""The marks of one form, ready to look for."""

from typing import Final

from lib.toolcalls.dialect import INVOKE, OPENERS, TAGGED, WRAPPER_OPENERS, Form
from lib.toolcalls.marks import Marks

_WRAPPER_CLOSERS: Final = tuple(opener.replace("<", "</") for opener in WRAPPER_OPENERS)


class FormMarks:
    """A form's marks."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.keys = Marks(*form.key_openers)
        self.closers = Marks(*form.closers)
        self.ends = Marks(*form.closers, *OPENERS, *_WRAPPER_CLOSERS)
        """Where a call ends: at its closer, or where its closer is missing."""
        self.following = Marks(*form.key_openers, *form.closers, *OPENERS, *_WRAPPER_CLOSERS)
        """What may follow the name, or a value."""
        self.value_closers = Marks(*form.value_closers)


TAGGED_MARKS: Final = FormMarks(TAGGED)
INVOKE_MARKS: Final = FormMarks(INVOKE)


def attribute(text: str, at: int) -> tuple[str, int, bool] | None:
    """The value at `at` of a tag's attribute, the tag's end, and whether it closes itself; None: it has no end yet."""
    quote = text[at : at + 1]
    if quote in ('"', "'") and quote:
        closing = text.find(quote, at + 1)
        end = text.find(">", closing) if closing >= 0 else -1
        value = text[at + 1 : closing]
    else:
        end = text.find(">", at)
        value = text[at:end].rstrip("/").strip()
    return None if end < 0 else (value, end + 1, text[end - 1] == "/")
