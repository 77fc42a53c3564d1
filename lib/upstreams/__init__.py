"""The services that answer, a folder each. This table is all that knows of them together."""

from typing import Final

from lib.types.upstream import Upstream
from lib.upstreams.bigmodel.upstream import Bigmodel
from lib.upstreams.chatglm.upstream import ChatGLM

UPSTREAMS: Final[tuple[Upstream, ...]] = (Bigmodel(), ChatGLM())
"""In the order in which a key is offered to them."""


def choose(key: str) -> Upstream | None:
    """The upstream that a key is for, by its look; None where it is nobody's."""
    return next((upstream for upstream in UPSTREAMS if upstream.accepts(key)), None)
