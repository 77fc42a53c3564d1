"""What an upstream can do: the protocol between the endpoints and the services that answer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from lib.errors import BadRequest
from lib.types.chat import ChatRequest, Effort
from lib.types.events import Event
from lib.types.images import DrawnImage, ImageRequest
from lib.types.videos import VideoJob, VideoRequest, VideoState


class KeyState(NamedTuple):
    """What a check finds out about a key."""

    live: bool
    kind: Literal["refresh", "access", "api_key"] | None = None
    """None: it cannot be read."""
    expires_at: float | None = None
    """Unix time in seconds; None where nobody knows."""
    guest: bool = False
    """It belongs to a visitor who never logged in."""
    reason: str = ""
    """What the service, or the key itself, says against it, in words for its owner; empty where nothing does."""
    code: str = ""
    """Names the reason."""
    points: float | None = None
    """What is left of what its answers cost; None where nobody says."""
    token_left_percent: str = ""
    """The share of it that is left, in the service's words (`82%`)."""
    claimed: bool | None = None
    """The day's credit was taken just now; False: it had been before. None: nobody asked for it."""


class AccountState(NamedTuple):
    """How one of a deployment's own accounts stands, for its owner."""

    account: str
    """Eight hex digits that stand for it in the log too; of a caller's own, its place and last letters."""
    label: str
    found: KeyState | None
    """None: nobody could find out."""
    checked_at: float
    """Unix time in seconds."""
    reason: str = ""
    """What is against it, or why nobody could find out; empty where nothing is."""
    cooling_until: float | None = None
    """Unix time in seconds until which this instance had rather not ask it."""
    answering: bool = False
    """It writes an answer for this instance now."""

    @property
    def live(self) -> bool:
        """Is it known to be alive."""
        return self.found is not None and self.found.live


class Embeddings(NamedTuple):
    """Vectors, in the order of their inputs."""

    vectors: list[list[float]]
    prompt_tokens: int


class Tries:
    """What failover hands down for one request: what may still be tried, and what earlier tries have done already."""

    def __init__(self) -> None:
        self.others = 0
        """Accounts that may still be asked in place of the one that is."""
        self.uploads: dict[object, dict[str, Any]] = {}
        """Files that were handed over, as the upstream names them."""
        self._repeated = False

    def repeat(self) -> bool:
        """May an account that failed before it did anything be asked again: once for the whole request, and only where
        no other may be asked instead."""
        repeated, self._repeated = self._repeated, True
        return not (repeated or self.others)


class Model(NamedTuple):
    """A model that can be asked for."""

    name: str
    context: int | None = None
    """Tokens of the prompt and the answer together; None where nobody knows."""
    max_output: int | None = None
    """Tokens of an answer, its reasoning among them."""
    sees: bool = False
    """Does it take pictures."""
    efforts: tuple[Effort, ...] = ()
    """Those that make a difference."""
    chats: bool = False
    """Does it answer in words: others draw, film or embed."""


class Upstream(Protocol):
    """A service that answers in a chat. Every method raises an `Error` of `lib.errors` where it fails.

    What only some do besides is in `Draws`, `Films` and `Embeds`.
    """

    @property
    def name(self) -> str:
        """What logs and model lists call it."""

    @property
    def concurrency(self) -> int | None:
        """Answers that one account may have written at a time; None: as many as it likes."""

    def accepts(self, key: str) -> bool:
        """Is it a key of this upstream's, by its look."""

    def account(self, key: str) -> str:
        """What turns and cooldowns go by: keys of one account have the same."""

    def expires_at(self, key: str) -> float | None:
        """Until when a key is good by its own words, Unix time in seconds; None where it does not say."""

    def why_not(self, request: ChatRequest) -> BadRequest | None:
        """Why it cannot answer this at all, None where it can: agents and conversations are one upstream's own."""

    def models(self) -> Sequence[Model]:
        """The models to show to clients."""

    def knows(self, model: str) -> bool:
        """Is it the name of a model that can be asked for here."""

    def answer(self, request: ChatRequest, key: str, tries: Tries) -> AsyncGenerator[list[Event]]:
        """The answer to `request`. `AccountBusy` before the first events: who calls decides whether to wait."""

    async def count_tokens(self, request: ChatRequest, key: str) -> int:
        """Tokens of the prompt that `answer` would send."""

    async def check(self, key: str) -> KeyState:
        """Is a key alive. Generates nothing."""


@runtime_checkable
class Claims(Protocol):
    """Its accounts may take a credit each day."""

    async def claim(self, key: str) -> bool:
        """Take it; False where it was taken already."""
        ...


@runtime_checkable
class Draws(Protocol):
    async def draw(self, request: ImageRequest, key: str, tries: Tries) -> list[DrawnImage]:
        """Pictures, in the order of their numbers."""


@runtime_checkable
class Films(Protocol):
    async def create_video(self, request: VideoRequest, key: str) -> VideoJob:
        """Take the order of a video."""

    async def video(self, job_id: str, key: str, *, sound: str = "") -> VideoState:
        """How far a job is. `sound` is the sound track that its order named."""

    async def delete_video(self, job_id: str, key: str) -> None:
        """Remove a job and its video."""


@runtime_checkable
class Embeds(Protocol):
    """An upstream that makes vectors of texts."""

    async def embed(self, inputs: Sequence[str], model: str, dimensions: int | None, key: str) -> Embeddings:
        """The vectors of texts."""


def cannot(upstream: Upstream, what: str) -> BadRequest:
    """What a caller is told whose key is of a service that does not do this. `what`: in the plural, `Embeddings`."""
    return BadRequest(f"{what} need a key of another service: {upstream.name} has none.", param="model")
