"""Drawing: a request that is answered with pictures (protocol, "Pictures")."""

import math
import re
from collections.abc import Iterable
from contextlib import aclosing
from operator import itemgetter
from typing import Final

from lib.errors import ContentFiltered, DeadlineExceeded, UpstreamFailed, UpstreamUncertain
from lib.invocation import context
from lib.types.chat import ChatRequest, Message, TextPart
from lib.types.events import DrawingPrompt, Event, Finish, Image, Start, Text
from lib.types.images import DrawnImage, ImageRequest
from lib.types.upstream import Tries
from lib.upstreams.chatglm.chat import answer, models
from lib.upstreams.chatglm.chat.body import Drawing
from lib.upstreams.chatglm.session.refusal import MAX_WORDS
from lib.upstreams.chatglm.stream.sources import image_number

_SURE_RATIOS: Final = ((1, 1), (3, 4), (4, 3), (9, 16), (16, 9))
_GUESSED_RATIOS: Final = ((2, 3), (3, 2))
"""What the service draws (protocol, "Pictures"). Nobody has been seen asking for the guessed ones; without them, the
nearest of the others is asked for."""
_RATIOS: Final = _SURE_RATIOS + _GUESSED_RATIOS

_MARKDOWN_IMAGE: Final = re.compile(r"!\[[^\[\]\n]*\]\((https?://[^()\s]+)\)")


async def draw(request: ImageRequest, key: str, tries: Tries) -> list[DrawnImage]:
    """All pictures of one drawing, in the order of their numbers. The conversation is deleted afterwards.

    The request's model is an agent's id; any other name means the service's own drawing agent. Raises
    `ContentFiltered` for what the filter stops, and `UpstreamFailed`, with the service's words, where no picture comes.
    """
    model = request.model if models.is_id(request.model) else models.DRAWING
    asked = ChatRequest(model=model, messages=(Message("user", (TextPart(request.prompt),)),), streamed=False)
    drawing = Drawing(aspect_ratio(request.size), request.style or "none", request.scene or "none")
    events: list[Event] = []
    try:
        async with aclosing(answer.answer(asked, key, tries, drawing)) as drawn:
            async for some in drawn:
                events += some
                if some and isinstance(some[0], Start):
                    context.current().answered_by = some[0].model or None
    except UpstreamFailed:
        if not any(isinstance(event, Image) for event in events):
            raise
        events.append(Finish("length"))  # Pictures that are there are worth more than the failure after them.
    return _drawn(events)


def aspect_ratio(size: tuple[int, int] | None) -> str:
    """The ratio that the service draws and that is nearest to `size`."""
    if size is None:
        return "1:1"
    width, height = size
    # By proportion: 2:1 is as far from 1:1 as 1:2 is.
    nearest = min(_RATIOS, key=lambda ratio: abs(math.log(width * ratio[1] / (height * ratio[0]))))
    return f"{nearest[0]}:{nearest[1]}"


def _drawn(events: Iterable[Event]) -> list[DrawnImage]:
    """The pictures of an answer; those in its text [old] where there are no others."""
    found: list[tuple[int, DrawnImage]] = []
    text = wording = prompt = ""
    ending: Finish | None = None
    for event in events:
        match event:
            case Image(url, number):
                prompt, wording = wording or prompt, ""
                found.append((number, DrawnImage(url, prompt)))
            case DrawingPrompt(words):
                wording += words if words != wording else ""  # Said again for a picture that is not there.
            case Text(words):
                text += words
            case Finish():
                ending = event
    if ending is None:
        raise UpstreamUncertain("The service broke the drawing off without an end.")
    if ending.reason == "content_filter":
        raise ContentFiltered(ending.note or "The service's filter does not let this be drawn.", param="prompt")
    if not found:
        urls = dict.fromkeys(_MARKDOWN_IMAGE.findall(text))
        found = [(image_number(url, place), DrawnImage(url)) for place, url in enumerate(urls)]
    if not found and ending.reason == "length":
        raise DeadlineExceeded("The pictures were not drawn in the time that this deployment has.")
    if not found:
        words = " ".join(text.split())[:MAX_WORDS]
        raise UpstreamUncertain(f"The service drew no picture{f', and said: {words}' if words else '.'}")
    return [picture for _, picture in sorted(found, key=itemgetter(0))]
