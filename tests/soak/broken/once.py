"""A connection that was lost counts as one that was never made, so that all is sent again."""

import httpx

from lib.errors import UpstreamFailed, UpstreamUnavailable
from lib.upstreams.chatglm.session import service


def unreachable(error: httpx.RequestError) -> UpstreamFailed:
    return UpstreamUnavailable("The service cannot be reached.")


service.unreachable = unreachable
