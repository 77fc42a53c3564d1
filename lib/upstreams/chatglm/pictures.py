"""Drawing: a question that is answered with pictures (protocol, "Pictures")."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from operator import itemgetter
from typing import Final

from lib.errors import BadRequest, ContentFiltered, DeadlineExceeded, Error, UpstreamFailed, UpstreamUnavailable
from lib.runtime import context
from lib.types.old_chat import Question
from lib.types.old_events import DrawingPrompt, End, Event, Picture, Text
from lib.types.old_images import DrawnPicture
from lib.upstreams.chatglm import chat, models, service
from lib.upstreams.chatglm.events import picture_number
from lib.upstreams.chatglm.retry import again

_MARKDOWN_PICTURE: Final = re.compile(r"!\[[^\[\]\n]*\]\((https?://[^()\s]+)\)")


async def draw(question: Question, token: str, *, patient: bool) -> list[DrawnPicture]:
    """All pictures of one drawing, in the order of their numbers. The conversation is deleted afterwards.

    The question's model is an agent's id; any other name means the service's own drawing agent. Raises
    `ContentFiltered` for what the filter stops, and `UpstreamFailed` where no picture comes.
    """
    if not models.is_id(question.model):
        question = question._replace(model=models.DRAWING)
    async with aclosing(chat.answer(question, token, patient=patient)) as answer:
        return _drawn([event async for events in answer for event in events])


async def fetch(pictures: Sequence[DrawnPicture]) -> list[bytes]:
    """The content of each of `pictures`, fetched at once, checked as the files of callers are.

    Raises `UpstreamFailed` for one that cannot be had: it is the service that said where it is.
    """
    try:
        async with context.current().deadline.timeout(), asyncio.TaskGroup() as group:
            tasks = [group.create_task(_fetch(picture.url)) for picture in pictures]
    except* TimeoutError as errors:
        raise DeadlineExceeded("The pictures did not arrive in the time that this deployment has.") from errors
    except* Error as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _fetch(url: str) -> bytes:
    from lib.files.fetch import open_file
    from lib.upstreams.chatglm.files import limits  # Here: most answers name where the pictures are.

    async def attempt() -> bytes:
        try:
            async with open_file(service.current().files, url, field="the service", limits=limits()) as file:
                if not file.is_picture:
                    raise UpstreamFailed("The service drew something that is not a picture.")
                return await file.read()
        except BadRequest as error:
            raise UpstreamUnavailable("A picture that the service drew cannot be fetched.") from error

    return await again(attempt, on=UpstreamUnavailable)


def _drawn(events: Iterable[Event]) -> list[DrawnPicture]:
    """The pictures of an answer; those in its text [old] where there are no others."""
    found: list[tuple[int, DrawnPicture]] = []
    text = wording = prompt = ""
    ending: End | None = None
    for event in events:
        match event:
            case Picture(url, number):
                prompt, wording = wording or prompt, ""
                found.append((number, DrawnPicture(url, prompt)))
            case DrawingPrompt(words):
                wording += words
            case Text(words):
                text += words
            case End():
                ending = event
    if ending is None:
        raise UpstreamFailed("The service broke the drawing off without an end.")
    if ending.reason == "content_filter":
        raise ContentFiltered(ending.note or "The service's filter does not let this be drawn.", param="prompt")
    if not found:
        urls = dict.fromkeys(_MARKDOWN_PICTURE.findall(text))
        found = [(picture_number(url, place), DrawnPicture(url)) for place, url in enumerate(urls)]
    if not found and ending.reason == "length":
        raise DeadlineExceeded("The pictures were not drawn in the time that this deployment has.")
    if not found:
        raise UpstreamFailed("The service drew no picture.")
    return [picture for _, picture in sorted(found, key=itemgetter(0))]
