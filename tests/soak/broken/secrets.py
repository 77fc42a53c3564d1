"""Each request's body is logged."""

import logging

from starlette.requests import Request

from lib.serving import body

_body_of = body.body_of


async def body_of(request: Request) -> bytes:
    content = await _body_of(request)
    logging.getLogger("glm").info(content.decode())
    return content


body.body_of = body_of
