"""The chatglm.cn web service as an upstream."""

from collections.abc import AsyncGenerator, Sequence

from lib.errors import BadRequest, Unauthorized
from lib.structured.json_answer import instructed
from lib.tokens import tokens
from lib.toolcalls import emulation
from lib.types.chat import ChatRequest
from lib.types.events import Event
from lib.types.images import DrawnImage, ImageRequest
from lib.types.upstream import Embeddings, KeyState, Tries
from lib.types.videos import VideoJob, VideoRequest, VideoState
from lib.upstreams.chatglm.chat import answer, models, prompt
from lib.upstreams.chatglm.media import images, videos
from lib.upstreams.chatglm.session import account
from lib.upstreams.chatglm.session.token import Token, looks_like_one


class ChatGLM:
    """See `Upstream`. A key is an account's refresh token, or its access token."""

    name = "chatglm"
    concurrency: int | None = 1

    def accepts(self, key: str) -> bool:
        """See `Upstream.accepts`."""
        return looks_like_one(key)

    def account(self, key: str) -> str:
        """See `Upstream.account`: the token's `uid`."""
        try:
            return Token.read(key).account_id or key
        except Unauthorized:
            return key

    def expires_at(self, key: str) -> float | None:
        """See `Upstream.expires_at`: what the token's payload says, though its successors may live longer."""
        try:
            return Token.read(key).expires_at
        except Unauthorized:
            return None

    def refusal(self, request: ChatRequest) -> BadRequest | None:
        """See `Upstream.refusal`: none, since an unknown name is the plain ChatGLM."""
        return None

    def models(self) -> Sequence[str]:
        """See `Upstream.models`."""
        return models.names()

    def knows(self, model: str) -> bool:
        """See `Upstream.knows`: also names with suffixes, and agents' ids."""
        return models.is_known(model)

    def answer(self, request: ChatRequest, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        """See `Upstream.answer`."""
        return emulation.answer(request, lambda asked: answer.answer(asked, key, tries), check_calls=True)

    async def count_tokens(self, request: ChatRequest, key: str) -> int:
        """See `Upstream.count_tokens`: an estimate, for which nobody is asked."""
        return tokens(prompt.merge(prompt.conversation(instructed(request) if request.response_format else request)))

    async def draw(self, request: ImageRequest, key: str, tries: Tries) -> list[DrawnImage]:
        """See `Upstream.draw`."""
        return await images.draw(request, key, tries)

    async def create_video(self, request: VideoRequest, key: str) -> VideoJob:
        """See `Upstream.create_video`."""
        return await videos.create(request, key)

    async def video(self, job_id: str, key: str, *, sound: str = "") -> VideoState:
        """See `Upstream.video`."""
        return await videos.look(job_id, key, sound=sound)

    async def delete_video(self, job_id: str, key: str) -> None:
        """See `Upstream.delete_video`."""
        await videos.delete(job_id, key)

    async def embed(self, inputs: Sequence[str], model: str, dimensions: int | None, key: str) -> Embeddings:
        """See `Upstream.embed`: the web service has none."""
        raise BadRequest(
            "Embeddings need an API key in place of a ChatGLM token: the chatglm.cn web service has none.",
            param="model",
        )

    async def check(self, key: str) -> KeyState:
        """See `Upstream.check`."""
        return await account.check(key)
