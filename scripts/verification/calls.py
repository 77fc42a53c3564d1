"""The calls: made by the bundle's own session and chat, so that it is the bundle's beliefs that are held."""

import asyncio
import base64
import struct
import zlib
from collections.abc import Callable
from secrets import token_hex
from uuid import uuid4

from lib.errors import Error
from lib.types.chat import ChatRequest, FilePart, Message, TextPart, Tool
from lib.types.events import is_content
from lib.upstreams.chatglm.chat import answer, conversation
from lib.upstreams.chatglm.chat.body import Body, Drawing
from lib.upstreams.chatglm.session.account import _USER, Account
from lib.upstreams.chatglm.session.token import Token
from lib.upstreams.chatglm.stream.event_reader import EventReader
from scripts.verification.exchange import Recorder, Stopped

MOST_CALLS = 14
DRAW_CALLS, FILM_CALLS = 1, 3
MODELS = "/chatglm/agent-api/operation/detail?tag=available_models"
VIDEOS_LEFT = "/chatglm/video-api/v1/trial/info"
TOOL = Tool(
    "find_room", "Says where a person's room is.", {"type": "object", "properties": {"person": {"type": "string"}}}
)

PLAN = (
    "renew the token (a refresh token alone: the service then hands out a newer one, and may refuse the old one; with "
    "GLM_TOKEN_STORE the newer one is remembered there, without it you may have to log in again)",
    "ask for the account's information and points",
    "ask for the list of models",
    "get one short answer",
    "get one answer with reasoning and a search of the web",
    "hand over a tiny text file",
    "hand over a tiny picture",
    "ask about both, and leave the answer in the middle",
    "go on with that answer",
    "stop it",
    "get an answer that should call a declared tool",
    "ask in a conversation that does not exist",
    "delete every conversation that this made",
    "ask how many videos the account may still make",
)


def picture() -> bytes:
    """A PNG of 32 by 32, one half red."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + b"\xff\0\0" * 16 + b"\xff\xff\xff" * 16 for _ in range(32))
    head = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Calls:
    """All of them, in order."""

    def __init__(self, token: str, recorder: Recorder) -> None:
        self._account = Account(token)
        self._service = self._account.service
        self._service._client = recorder  # type: ignore[assignment]
        self._recorder = recorder
        self._access: Token | None = None
        self._conversations: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        """What the bundle says of a step that failed."""

    async def run(self, *, draw: bool = False, film: bool = False) -> str:
        """Make them; why there were no more of them, where it stopped."""
        try:
            await self._session()
            if self._access is None:
                return "Without an access token nothing else can be asked."
            await self._answers()
            if draw:
                await self._draw()
            if film:
                await self._film()
        except Stopped as error:
            return str(error)
        finally:
            await self._tidy()
        if not any(one.risk for one in self._recorder.exchanges):
            try:
                await self._step("videos left", lambda: self._call("GET", VIDEOS_LEFT))
            except Stopped as error:
                return str(error)
        return ""

    async def _step(self, step: str, act: Callable, calls: int = 1):  # type: ignore[no-untyped-def, type-arg]
        self._recorder.begin(step, calls)
        try:
            return await act()
        except Stopped as error:
            if "repeated" not in str(error):
                raise
        except (Error, ExceptionGroup) as error:
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            if isinstance(error, Stopped) and "repeated" not in str(error):
                raise error from None
            self.errors[step] = f"{type(error).__name__}: {str(error)[:160]}"
        if any(one.risk for one in self._recorder.of(step)):
            raise Stopped("Risk control refuses this address or session.")
        return None

    async def _session(self) -> None:
        token = self._account.token
        if token.kind == "access":
            self._access = token
        else:
            self._access = await self._step("refresh", self._account.access)
        if self._access is None:
            return
        await self._step("user info", lambda: self._call("GET", _USER))
        await self._step("models", lambda: self._call("GET", MODELS))

    async def _answers(self) -> None:
        await self._ask("short", "Say the word yes, and nothing else.", search=False, effort="low")
        await self._ask(
            "search",
            "Think, search the web for today's news of Beijing, and name one with its source.",
            search=True,
            effort="high",
        )
        await self._files()
        await self._ask("tool", "In which room is Ada? Use the tool.", search=False, effort="low", tools=(TOOL,))
        await self._ask("made-up", "Hello", search=False, effort="low", conversation_id=token_hex(12))

    async def _files(self) -> None:
        text = FilePart(
            "data:text/plain;base64," + base64.b64encode(b"A note of one line.\n").decode(), "file", "note.txt"
        )
        seen = FilePart("data:image/png;base64," + base64.b64encode(picture()).decode(), "picture", "red.png", True)
        kept: dict[object, dict[str, object]] = {}
        for step, part in (("upload file", text), ("upload picture", seen)):
            await self._step(step, lambda part=part: self._body("", (part,)).prepare(self._account, kept))
        had = tuple(part for part in (text, seen) if any(name[1] == part for name in kept))  # type: ignore[index]
        message = await self._ask(
            "files",
            "Tell a long story of what is in the file and the picture.",
            search=False,
            effort="low",
            files=had,
            kept=kept,
            leave=True,
        )
        if message:
            left = self._recorder.of("files")[-1]
            body = {"history_id": message, "logic_id": str(uuid4())}
            if left.left:
                self._recorder.begin("continue")
                await self._read(
                    "continue", lambda: self._service.stream(answer._CONTINUE, self._token, body), stop=message
                )
            if not self._recorder.of("stop"):
                await self._stop(message)

    async def _stop(self, message: str) -> None:
        await self._step("stop", lambda: self._call("POST", conversation._STOP, {"history_id": message}))

    async def _draw(self) -> None:
        await self._ask("draw", "画一只小猫", search=False, effort="low", drawing=Drawing())

    async def _film(self) -> None:
        from lib.upstreams.chatglm.media import videos

        body = {
            "conversation_id": "",
            "prompt": "一只小猫在草地上",
            "advanced_parameter_extra": {"emotional_atmosphere": "", "mirror_mode": "", "video_style": ""},
        }
        job = await self._step("film", lambda: self._call("POST", videos._JOBS, body))
        name = str(job.get("chat_id") or "") if isinstance(job, dict) else ""
        if name:
            await self._step("film status", lambda: self._call("GET", videos._STATUS + name))
            await self._step("film delete", lambda: self._call("DELETE", f"{videos._JOBS}/{name}"))

    @property
    def _token(self) -> Token:
        assert self._access is not None
        return self._access

    async def _call(self, method: str, path: str, body: object = None) -> object:
        return await self._service.call(method, path, self._token, json=body, repeatable=True)

    def _body(
        self, text: str, files: tuple[FilePart, ...] = (), drawing: Drawing | None = None, **options: object
    ) -> Body:
        message = Message("user", (TextPart(text), *files))
        return Body(ChatRequest("glm-5.3-flash", (message,), **options), drawing)  # type: ignore[arg-type]

    async def _ask(  # type: ignore[no-untyped-def]
        self,
        step: str,
        text: str,
        *,
        files=(),
        kept=None,
        leave: bool = False,
        drawing: Drawing | None = None,
        **options,
    ) -> str:
        """Ask, and read the answer; the message's id. `leave`: only until it says something."""
        body = self._body(text, files, drawing, **options)

        async def ask():  # type: ignore[no-untyped-def]
            await body.prepare(self._account, kept if kept is not None else {})
            return await self._service.stream(answer._STREAM, self._token, body.json)

        self._recorder.begin(step)
        return await self._read(step, ask, leave=leave, assistant_id=body.assistant_id)

    async def _read(  # type: ignore[no-untyped-def]
        self, step: str, ask, *, leave: bool = False, stop: str = "", assistant_id: str = ""
    ) -> str:
        reader = EventReader(draws=step == "draw")

        async def act() -> None:
            stream = await ask()
            stopping: asyncio.Task[None] | None = None
            try:
                while piece := await stream.read(120.0):
                    said = any(map(is_content, reader.feed(piece)))
                    if reader.conversation_id and assistant_id:
                        self._conversations[reader.conversation_id] = assistant_id
                    if reader.ended or (leave and said):
                        break
                    if stop and said and stopping is None:
                        stopping = asyncio.create_task(self._stop(stop))
                if not (reader.ended or leave):
                    reader.close()
                if not leave and not reader.ended:
                    await asyncio.sleep(0)
                if not leave or reader.ended:  # The end of the body, which comes at once.
                    try:
                        while await stream.read(2.0):
                            pass
                    except (TimeoutError, Error):
                        pass
            except TimeoutError:
                self.errors[step] = "nothing came for two minutes"
            finally:
                if stopping is not None:
                    await stopping
                await stream.aclose()

        await self._step(step, act)
        return reader.message_id

    async def _tidy(self) -> None:
        """Delete what was made: by each known way until one is taken, whatever else has happened but risk control."""
        if not self._conversations or self._access is None:
            return
        self._recorder.most = max(self._recorder.most, len(self._recorder.exchanges) + 1)
        by_agent: dict[str, list[str]] = {}
        for name, agent in self._conversations.items():
            by_agent.setdefault(agent, []).append(name)
        try:
            for agent, names in by_agent.items():
                await self._delete(agent, names)
        except Stopped as error:
            self.errors["delete"] = (
                f"{error} Delete these conversations in the page's list: {len(self._conversations)}."
            )

    async def _delete(self, agent: str, names: list[str]) -> None:
        ways = (
            ("delete", conversation._BULK_DELETE, [{"conversation_ids": names}]),
            ("delete single", conversation._DELETE, [{"conversation_id": name} for name in names]),
            ("delete old", conversation._OLD_DELETE, [{"conversation_id": name} for name in names]),
        )
        for step, path, bodies in ways:
            if step != "delete":
                self._recorder.most += len(bodies)
            for body in bodies:
                sent = {"assistant_id": agent, **body}
                if await self._step(step, lambda path=path, sent=sent: self._done(path, sent)) is None:
                    break
            else:
                for name in names:
                    self._conversations.pop(name, None)
                return

    async def _done(self, path: str, body: object) -> bool:
        await self._call("POST", path, body)
        return True
