"""`/v1/images/edits`: pictures from pictures, which neither service was seen to make. It says so in words.

curl https://…/v1/images/edits -H "Authorization: Bearer $TOKEN" -F prompt="一顶帽子" -F image=@cat.png
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.accounts import keys
from lib.errors import BadRequest
from lib.serving.app import Described, function
from lib.serving.body import body_of
from lib.serving.lambda_handler import LambdaHandler
from lib.upstreams import choose
from lib.wires.openai.wire import WIRE


async def edit(request: Request) -> Response:
    """Raise `BadRequest`: nobody has seen how the web service answers an edit, and the platform has no endpoint."""
    keys.from_request(WIRE.credentials(request), choose)
    await body_of(request)  # Read: a client that is still sending would see the connection break in place of this.
    raise BadRequest(
        "Pictures cannot be edited: chatglm.cn and the open platform draw from words alone. Describe the whole picture "
        "at /v1/images/generations, or let a model that sees it describe it first (/v1/chat/completions).",
        param="image",
    )


routes = [Route("/v1/images/edits", edit, methods=["POST"])]
described = {edit: Described("https://platform.openai.com/docs/api-reference/images/createEdit")}
app = function(*routes, wire=WIRE)
handler = LambdaHandler(app)
