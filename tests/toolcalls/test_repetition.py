"""Text that repeats itself without end is told from lists and tables."""

import pytest

from lib.toolcalls.repetition import repeats_itself


@pytest.mark.parametrize(
    "piece", ["ha", "I will try again.\n", "x", "\n", "Let me read the file once more, to be sure. " * 3]
)
def test_text_that_repeats_itself_without_end(piece: str) -> None:
    assert repeats_itself("It begins well. " + piece * 8000)
    assert not repeats_itself(piece * 3)


def test_lists_and_tables_do_not_repeat_themselves() -> None:
    assert not repeats_itself("".join(f"| row {number} | value |\n" for number in range(2000)))
    assert not repeats_itself("word " * 2000 + "and then it ends.")
    assert not repeats_itself("0, " * 1000)
