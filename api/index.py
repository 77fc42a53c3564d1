"""Everything under one app: one Lambda function URL for all of it, and the local server."""

from starlette.routing import Route

from api import openapi, ping
from api.token import check
from api.v1 import models
from api.v1.chat import completions
from api.v1.images import generations as images
from api.v1.videos import generations as videos
from lib.runtime.app import LambdaHandler, function
from lib.runtime.page import asset, page

routes = [
    Route("/", page),
    Route("/assets/{name}", asset),
    *ping.routes,
    *openapi.routes,
    *check.routes,
    *models.routes,
    *completions.routes,
    *images.routes,
    *videos.routes,
]
app = function(*routes)
handler = LambdaHandler(app)
