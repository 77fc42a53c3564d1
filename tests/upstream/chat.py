"""Chat: one message in, a stream of events out (protocol: "Chat", "Conversations leave traces")."""

import asyncio
import re
from typing import Any

from starlette.responses import Response

from . import demo, media
from .accounts import Account
from .call import Call, Reply
from .conversations import Conversations, Generation
from .ending import Cut, Instead
from .envelope import BUSY, BUSY_MESSAGE, Refusal, bad_body, success, unknown
from .files import Uploads
from .stream import Stream

CHAT_MODES = {"", "zero", "thinking", "deep_thinking", "deep_research"}
EFFORTS = {"low", "high", "max"}
MODELS = ("glm-5.3", "glm-5.3-flash")
ASPECT_RATIOS = {"1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2"}

# Seconds for which a call waits for the account's running generation to end before it is refused: that a client has
# closed a connection is seen a moment after its next call may have arrived.
BUSY_GRACE = 0.05

_ASSISTANT_ID = re.compile(r"[0-9a-z]{24,}")
_PICTURE = re.compile(r"(?P<history_id>[0-9a-f]{24})_(?P<number>[0-9])_0\.jpg")


class Chat:
    """The chat endpoints."""

    def __init__(self, conversations: Conversations, uploads: Uploads, delay: float) -> None:
        self.conversations = conversations
        self.uploads = uploads
        self.delay = delay
        self.site = ""

    async def stream(self, call: Call) -> Reply:
        body = call.json
        if call.recorded.headers.get("Accept") != "text/event-stream":
            raise bad_body("Accept is not text/event-stream")
        self._check(body, call.account)
        await self._refuse_busy(call.account)
        conversation = self.conversations.find(call.account, body["conversation_id"])
        if conversation is None and body["conversation_id"]:
            return Response(b"", media_type="text/event-stream")
        answer = self.conversations.next_answer(call.account) or demo.answer(body, self.delay)
        if isinstance(answer.ending, Instead):
            return Response(answer.ending.body, answer.ending.status, media_type=answer.ending.content_type)
        if conversation is None:
            conversation = self.conversations.begin(call.account, body["assistant_id"])
        conversation.prompts.append(_prompt(body))
        return Stream(call, self.conversations.generate(conversation, answer, self.site))

    async def stop(self, call: Call) -> Reply:
        generation = self._generation(call)
        if generation.phase == "running":
            generation.stop()
        return success({}, call.rid)

    async def resume(self, call: Call) -> Reply:
        """continue_stream: go on where a cut stream, or one that its client left, was."""
        generation = self._generation(call)
        if call.recorded.headers.get("Accept") != "text/event-stream":
            raise bad_body("Accept is not text/event-stream")
        if generation.phase == "running" and generation.answer.lingers:
            generation.end("cut")
        if generation.phase != "cut":
            raise unknown("a cut stream of this history_id")
        if isinstance(generation.ending, Cut):
            if not generation.ending.resumes:
                raise unknown("a cut stream of this history_id")
            generation.ending = generation.ending.then
        if isinstance(generation.ending, Instead):
            return Response(generation.ending.body, generation.ending.status, media_type=generation.ending.content_type)
        await self._refuse_busy(call.account)
        self.conversations.resume(generation)
        return Stream(call, generation)

    async def delete(self, call: Call) -> Reply:
        ids = call.json.get("conversation_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(item, str) for item in ids):
            raise bad_body("conversation_ids is not a list of ids")
        conversations = [self.conversations.find(call.account, item) for item in ids]
        for conversation in conversations:
            if conversation is None:
                raise unknown("conversation")
            if conversation.assistant_id != call.json.get("assistant_id"):
                raise bad_body("assistant_id is not the conversation's")
        for conversation in filter(None, conversations):
            self.conversations.delete(conversation)
        return success({}, call.rid)

    async def models(self, call: Call) -> Reply:
        if call.recorded.query.get("tag") != "available_models":
            raise unknown("tag")
        return success({"models": [{"selected_model": model} for model in MODELS]}, call.rid)

    async def picture(self, call: Call) -> Reply:
        """A picture that a generation has drawn; public."""
        drawn = _PICTURE.fullmatch(call.path_params["name"])
        if drawn is None or self.conversations.generation(drawn["history_id"]) is None:
            return Response("not found", 404, media_type="text/html")
        return Response(media.picture(int(drawn["number"])), media_type="image/jpeg")

    def _check(self, body: dict[str, Any], account: Account) -> None:
        for name in ("assistant_id", "conversation_id", "project_id", "chat_type"):
            if not isinstance(body.get(name), str):
                raise bad_body(f"{name} is not a string")
        if not _ASSISTANT_ID.fullmatch(body["assistant_id"]):
            raise bad_body("assistant_id is not an id")
        if body["chat_type"] != "user_chat":
            raise bad_body("chat_type is not user_chat")
        match body.get("messages"):
            case [{"role": "user", "content": [_, *_] as content}]:
                for part in content:
                    self._check_part(part, account)
            case _:
                raise bad_body("messages is not one message of the user with content")
        _check_meta_data(body.get("meta_data"), body["assistant_id"])

    def _check_part(self, part: Any, account: Account) -> None:
        match part:
            case {"type": "text", "text": str()}:
                return
            case {"type": "file", "file": [_, *_] as files}:
                self._check_uploaded(files, account)
            case {"type": "image", "image": [_, *_] as images}:
                self._check_uploaded(images, account)
                if not all(image.get("image_url") == image["file_url"] for image in images):
                    raise bad_body("image_url is not the file_url")
            case _:
                raise bad_body("content part of an unknown type or shape")

    def _check_uploaded(self, entries: list[Any], account: Account) -> None:
        for entry in entries:
            if not isinstance(entry, dict):
                raise bad_body("a file is not an object")
            upload = self.uploads.find(account, entry.get("file_id"))
            if upload is None:
                raise bad_body("file_id is not of a file that this account has uploaded")
            if any(entry.get(name) != value for name, value in upload.result.items()):
                raise bad_body("a file is not what its upload answered")

    async def _refuse_busy(self, account: Account) -> None:
        running = self.conversations.running(account)
        if len(running) < account.generations:
            return
        await asyncio.wait([asyncio.create_task(one.over.wait()) for one in running[:1]], timeout=BUSY_GRACE)
        if len(self.conversations.running(account)) >= account.generations:
            raise Refusal(BUSY, BUSY_MESSAGE, 200)

    def _generation(self, call: Call) -> Generation:
        history_id = call.json.get("history_id")
        generation = self.conversations.generation(history_id) if isinstance(history_id, str) else None
        if generation is None or generation.account is not call.account:
            raise unknown("history_id")
        return generation


def _check_meta_data(meta_data: Any, assistant_id: str) -> None:
    match meta_data:
        case {"chat_mode": str(chat_mode), "is_networking": bool(), "cogview": {**cogview}}:
            pass
        case _:
            raise bad_body("meta_data lacks chat_mode, is_networking or cogview")
    if chat_mode not in CHAT_MODES:
        raise bad_body("chat_mode is unknown")
    if meta_data.get("reasoning_effort", "high") not in EFFORTS:
        raise bad_body("reasoning_effort is unknown")
    if meta_data.get("selected_model", MODELS[0]) not in MODELS:
        raise bad_body("selected_model is unknown")
    if assistant_id == demo.DRAWING_ASSISTANT and cogview.get("aspect_ratio") not in ASPECT_RATIOS:
        raise bad_body("aspect_ratio is unknown")


def _prompt(body: dict[str, Any]) -> str:
    return "\n".join(part["text"] for part in body["messages"][0]["content"] if part["type"] == "text")
