"""The chatglm.cn web service as an upstream."""

from collections.abc import AsyncGenerator, Sequence

from lib.errors import BadRequest, Unauthorized
from lib.structured.json_answer import instructed
from lib.tokens import tokens
from lib.toolcalls import repair
from lib.types.chat import ChatRequest
from lib.types.events import Event
from lib.types.images import DrawnImage, ImageRequest
from lib.types.upstream import KeyState, Model, Tries
from lib.types.videos import VideoJob, VideoRequest, VideoState
from lib.upstreams.chatglm.chat import answer, models, prompt
from lib.upstreams.chatglm.chat.native import shown_name
from lib.upstreams.chatglm.media import images, videos
from lib.upstreams.chatglm.session import account
from lib.upstreams.chatglm.session.token import Token, looks_like_one


class ChatGLM:
    """See `Upstream`. A key is an account's refresh token, or its access token."""

    name = "chatglm"
    concurrency: int | None = 1

    def accepts(self, key: str) -> bool:
        return looks_like_one(key)

    def account(self, key: str) -> str:
        """The token's `uid`."""
        try:
            return Token.read(key).account_id or key
        except Unauthorized:
            return key

    def expires_at(self, key: str) -> float | None:
        """What the token's payload says, though its successors may live longer."""
        try:
            return Token.read(key).expires_at
        except Unauthorized:
            return None

    def why_not(self, request: ChatRequest) -> BadRequest | None:
        """None: an unknown name is the plain ChatGLM."""
        return None

    def models(self) -> Sequence[Model]:
        return models.listed()

    def knows(self, model: str) -> bool:
        """Also names with suffixes, and agents' ids."""
        return models.is_known(model)

    def answer(self, request: ChatRequest, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        return repair.answer(request, lambda asked: answer.answer(asked, key, tries), shown_name)

    async def count_tokens(self, request: ChatRequest, key: str) -> int:
        """An estimate, for which nobody is asked."""
        return tokens(prompt.merge(prompt.conversation(instructed(request) if request.response_format else request)))

    async def draw(self, request: ImageRequest, key: str, tries: Tries) -> list[DrawnImage]:
        return await images.draw(request, key, tries)

    async def create_video(self, request: VideoRequest, key: str) -> VideoJob:
        return await videos.create(request, key)

    async def video(self, job_id: str, key: str, *, sound: str = "") -> VideoState:
        return await videos.look(job_id, key, sound=sound)

    async def delete_video(self, job_id: str, key: str) -> None:
        await videos.delete(job_id, key)

    async def claim(self, key: str) -> bool:
        return await account.Account(key).claim()

    async def check(self, key: str) -> KeyState:
        return await account.check(key)
