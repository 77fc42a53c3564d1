"""The services that answer, a folder each. This table is all that knows of them together."""

from typing import Final

from lib.types.upstream import Upstream
from lib.upstreams.bigmodel.upstream import Bigmodel
from lib.upstreams.chatglm.upstream import ChatGLM

UPSTREAMS: Final[tuple[Upstream, ...]] = (ChatGLM(), Bigmodel())
"""In the order in which a key is offered to them, and their models are listed where no key says whose are wanted."""


def choose(key: str) -> Upstream | None:
    """The upstream that a key is for, by its look; None where it is nobody's."""
    return next((upstream for upstream in UPSTREAMS if upstream.accepts(key)), None)
