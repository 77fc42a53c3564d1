"""The open platform as an upstream: what `lib.types.upstream` asks for."""

import re
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from lib.errors import AccountBanned, BadRequest, Forbidden, NotFound, RateLimited, Unauthorized, UpstreamFailed
from lib.invocation.within_deadline import within_deadline
from lib.toolcalls import repair
from lib.types.chat import ChatRequest, Message, TextPart
from lib.types.events import Event
from lib.types.images import DrawnImage, ImageRequest
from lib.types.upstream import Embeddings, KeyState, Model, Tries
from lib.types.videos import VideoJob, VideoRequest, VideoState
from lib.upstreams.bigmodel import chat, embeddings, images, models, service, videos

_KEY: Final = re.compile(rf"[0-9A-Za-z]{{16,64}}\.[0-9A-Za-z_-]{{8,64}}(?:@(?:plan|{'|'.join(service.BASES)}))?")
"""`<id>.<secret>`: 32 hex digits, a dot, 16 letters and digits [documented]; behind an `@` where the key is good. Other
lengths are let through; a JWT has two dots, and begins with `eyJ`."""

_MODELS: Final = "/models"  # Not documented, but official clients call it.


class Bigmodel:
    """The open platform: paid by use, as many answers at once as the key's plan allows."""

    name = "bigmodel"
    concurrency: int | None = None

    def accepts(self, key: str) -> bool:
        """Does it look like an API key."""
        return _KEY.fullmatch(key) is not None and not key.startswith("eyJ")

    def account(self, key: str) -> str:
        """The part before the dot, which names the key; what follows is its secret."""
        return key.partition(".")[0]

    def expires_at(self, key: str) -> float | None:
        """None: the platform does not say."""
        return None

    def why_not(self, request: ChatRequest) -> BadRequest | None:
        return models.why_not(request)

    def models(self) -> Sequence[Model]:
        """The models to show to clients; other names go through as they are."""
        return models.listed()

    def knows(self, model: str) -> bool:
        """Is it one of the names that are shown, with any suffixes: others go through as they are."""
        return models.is_known(model)

    def answer(self, request: ChatRequest, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        return repair.answer(request, lambda asked: chat.answer(asked, key))

    async def count_tokens(self, request: ChatRequest, key: str) -> int:
        """As the platform's tokenizer counts; it costs nothing."""
        return await chat.count_tokens(request, key)

    async def draw(self, request: ImageRequest, key: str, tries: Tries) -> list[DrawnImage]:
        """One picture for each order: the platform draws no sets."""
        return await images.draw(request, key)

    async def create_video(self, request: VideoRequest, key: str) -> VideoJob:
        return await videos.create(request, key)

    async def video(self, job_id: str, key: str, *, sound: str = "") -> VideoState:
        """How far a job is. No order names a `sound`."""
        return await videos.look(job_id, key)

    async def delete_video(self, job_id: str, key: str) -> None:
        """Raises `BadRequest`: the platform has nothing for it, and removes videos by itself after a while."""
        raise BadRequest("The open platform does not delete videos; it removes them by itself.", param="id")

    async def embed(self, inputs: Sequence[str], model: str, dimensions: int | None, key: str) -> Embeddings:
        return await embeddings.embed(inputs, model, dimensions, key)

    async def check(self, key: str) -> KeyState:
        """Is a key alive: asked by the list of models, or where that is missing by counting the tokens of a word."""
        platform = service.of_key(key)
        try:
            try:
                async with within_deadline():
                    await platform.call("GET", _MODELS, key)
            except (BadRequest, NotFound, UpstreamFailed):
                word = Message("user", (TextPart("Hello"),))
                await chat.count_tokens(ChatRequest(models.DEFAULT, (word,)), key)
        except (Unauthorized, AccountBanned) as error:
            return KeyState(live=False, kind="api_key", reason=error.message)
        except (RateLimited, Forbidden) as error:  # It is known, and only may not do this now.
            return KeyState(live=True, kind="api_key", reason=error.message)
        return KeyState(live=True, kind="api_key")
