"""Ids of calls: the form has none, so they are made here."""

from secrets import token_hex


def new_call_id() -> str:
    """An id for a call that has none."""
    return f"call_{token_hex(12)}"
