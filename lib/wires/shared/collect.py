"""A whole answer, of any wire: the one loop over an answer's events that nobody sees as they come."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from lib.serving.wire import WholeAnswer
from lib.types.events import Event, Revision, Start, Usage


async def collect(make: Callable[[], WholeAnswer], answer: AsyncGenerator[list[Event]]) -> Mapping[str, Any]:
    """The body that `make` makes of the answer. What the upstream takes back is not in it."""
    made = make()
    kept: list[Event] = []
    """What holds of the answer, whatever of its words is taken back."""
    async with aclosing(answer):
        async for events in answer:
            for event in events:
                if isinstance(event, Revision):
                    made = make()
                    made.feed([*kept, *event.events])
                else:
                    if isinstance(event, Start | Usage):
                        kept.append(event)
                    made.feed([event])
            if made.finished:
                break
    return made.whole()
