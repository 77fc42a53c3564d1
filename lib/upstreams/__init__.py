"""The services that answer, a folder each. This table is all that knows of them together."""

from collections.abc import Sequence
from typing import Final

from lib.files import images
from lib.types.images import DrawnImage
from lib.types.upstream import Upstream
from lib.upstreams.chatglm import service
from lib.upstreams.chatglm.files import limits
from lib.upstreams.chatglm.upstream import ChatGLM

UPSTREAMS: Final[tuple[Upstream, ...]] = (ChatGLM(),)
"""In the order in which a key is offered to them."""


def choose(key: str) -> Upstream | None:
    """The upstream that a key is for, by its look; None where it is nobody's."""
    return next((upstream for upstream in UPSTREAMS if upstream.accepts(key)), None)


async def image_contents(drawn: Sequence[DrawnImage]) -> list[bytes | None]:
    """See `lib.files.images.contents`."""
    return await images.contents(service.current().files, drawn, limits())
