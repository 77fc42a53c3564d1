"""Chat: one message in, a stream of events out (protocol: "Chat", "Conversations leave traces")."""

import asyncio
import re
import time

from starlette.responses import HTMLResponse, Response

from . import demo, media
from .accounts import Account
from .answer import Answer
from .call import Call, Reply
from .conversations import Conversations, Generation
from .ending import ERRORS, Cut, Instead
from .envelope import (
    BUSY,
    BUSY_MESSAGE,
    NOT_FOUND_PAGE,
    UNKNOWN_CONVERSATION,
    Refusal,
    bad_body,
    success,
    unknown,
)
from .files import Uploads
from .manners import Manners
from .play import Asked, Play, as_answer
from .question import Questions, prompt_of
from .stream import Stream

# Seconds for which a call waits for the account's running generation to end before it is refused: that a client has
# closed a connection is seen a moment after its next call may have arrived.
BUSY_GRACE = 0.05

_PICTURE = re.compile(r"(?P<history_id>[0-9a-f]{24})_(?P<number>[0-9])_0\.jpg")


class Chat:
    """The chat endpoints."""

    def __init__(self, conversations: Conversations, uploads: Uploads, manners: Manners, delay: float) -> None:
        self.conversations = conversations
        self.questions = Questions(uploads, manners)
        self.manners = manners
        self.delay = delay
        self.site = ""
        self._play: Play | None = None
        self._played = 0

    def play(self, play: Play | None) -> None:
        """Let this answer every chat call from now on; None: nobody."""
        self._play, self._played = play, 0

    async def stream(self, call: Call) -> Reply:
        body, account = call.json, call.account
        if call.recorded.headers.get("Accept") != "text/event-stream":
            raise bad_body("Accept is not text/event-stream")
        self.questions.check(call)
        await self._refuse_busy(account)
        conversation = self.conversations.find(account, body["conversation_id"])
        if conversation is None and body["conversation_id"]:
            if self.manners.unknown_conversation == "refused":
                raise Refusal(UNKNOWN_CONVERSATION, "conversation not exists", 200)
            return Response(b"", media_type="text/event-stream")
        with self.conversations.claim(account):
            answer = await self._answer(call)
        if isinstance(answer.ending, Instead):
            return Response(answer.ending.body, answer.ending.status, media_type=answer.ending.content_type)
        if conversation is None:
            conversation = self.conversations.begin(account, body["assistant_id"])
        conversation.prompts.append(prompt_of(body))
        return Stream(call, self.conversations.generate(conversation, answer, self.site))

    async def _answer(self, call: Call) -> Answer:
        """Return what to answer: as it was scripted, as it is played, or the demo."""
        prompt, longest = prompt_of(call.json), self.manners.longest_prompt
        if longest is not None and len(prompt) > longest:
            return Answer(ending=ERRORS["context_exceeded"])
        answer = self.conversations.next_answer(call.account)
        if answer is None and self._play is not None:
            asked = Asked(prompt, call.json, call.account, self._played)
            self._played += 1
            answer = as_answer(await asyncio.to_thread(self._play, asked))
        return answer or demo.answer(call.json, self.delay)

    async def stop(self, call: Call) -> Reply:
        generation = self._generation(call)
        if generation.phase == "running":
            generation.stop()
        return success({}, call.rid)

    async def resume(self, call: Call) -> Reply:
        """continue_stream: go on where a cut stream, or one that its client left, was."""
        generation = self._generation(call)
        if self.manners.strict_continue and not isinstance(call.json.get("logic_id"), str):
            raise bad_body("logic_id is missing")
        if call.recorded.headers.get("Accept") != "text/event-stream":
            raise bad_body("Accept is not text/event-stream")
        if generation.phase == "running" and generation.answer.lingers:
            generation.end("cut")
        if generation.phase != "cut":
            raise unknown("a cut stream of this history_id")
        if isinstance(generation.ending, Cut):
            if not generation.ending.resumes:
                raise unknown("a cut stream of this history_id")
            if generation.ending.anew:
                generation.position = 0
            generation.ending = generation.ending.then
        if isinstance(generation.ending, Instead):
            return Response(generation.ending.body, generation.ending.status, media_type=generation.ending.content_type)
        await self._refuse_busy(call.account)
        self.conversations.resume(generation)
        return Stream(call, generation)

    async def delete(self, call: Call) -> Reply:
        """bulk_delete: several conversations at once."""
        if self.manners.deletion != "bulk":
            return self._no_deletion(call)
        ids = call.json.get("conversation_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(item, str) for item in ids):
            raise bad_body("conversation_ids is not a list of ids")
        return self._delete(call, ids)

    async def delete_single(self, call: Call) -> Reply:
        """The second path; what it is sent was not captured, so that either form is taken [guess]."""
        if self.manners.deletion not in ("bulk", "single"):
            return self._no_deletion(call)
        match call.json:
            case {"conversation_ids": [str() as conversation_id]} | {"conversation_id": str(conversation_id)}:
                return self._delete(call, [conversation_id])
            case _:
                raise bad_body("conversation_id is missing")

    async def delete_old(self, call: Call) -> Reply:
        """The path of 2024."""
        if self.manners.deletion != "old":
            return self._no_deletion(call)
        conversation_id = call.json.get("conversation_id")
        if not isinstance(conversation_id, str):
            raise bad_body("conversation_id is missing")
        return self._delete(call, [conversation_id])

    async def recent(self, call: Call) -> Reply:
        """recent_list: what is in the account's list, the newest first."""
        page, size = call.json.get("page"), call.json.get("page_size")
        if not isinstance(page, int) or not isinstance(size, int):
            raise bad_body("page or page_size is missing")
        left = self.conversations.left(call.account)[::-1]
        shown = [
            {
                "conversation_id": one.id,
                "assistant_id": one.assistant_id,
                "title": one.prompts[0][:20] if one.prompts else "",
                "history_total": len(one.prompts),
                "update_time": int(time.time() - (time.monotonic() - one.active_at)),
            }
            for one in left[(page - 1) * size : page * size]
        ]
        return success({"has_more": len(left) > page * size, "conversation_list": shown}, call.rid)

    def _no_deletion(self, call: Call) -> Reply:
        if self.manners.deletion == "none":
            raise unknown("conversation")
        return HTMLResponse(NOT_FOUND_PAGE, 404)

    def _delete(self, call: Call, ids: list[str]) -> Reply:
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
        first, *_, last = [model["selected_model"] for model in self.manners.models] * 2
        default = {"agent": first, "vip": first, "guest": last}
        return success({"models": self.manners.models, "default": default}, call.rid)

    async def picture(self, call: Call) -> Reply:
        """A picture that a generation has drawn; public."""
        drawn = _PICTURE.fullmatch(call.path_params["name"])
        if drawn is None or self.conversations.generation(drawn["history_id"]) is None:
            return Response("not found", 404, media_type="text/html")
        return Response(media.picture(int(drawn["number"])), media_type="image/jpeg")

    async def _refuse_busy(self, account: Account) -> None:
        running = self.conversations.running(account)
        if len(running) >= account.generations:
            await asyncio.wait([asyncio.create_task(one.over.wait()) for one in running[:1]], timeout=BUSY_GRACE)
        if self.conversations.is_busy(account):
            account.refused_busy += 1
            raise Refusal(BUSY, BUSY_MESSAGE, 200)

    def _generation(self, call: Call) -> Generation:
        history_id = call.json.get("history_id")
        generation = self.conversations.generation(history_id) if isinstance(history_id, str) else None
        if generation is None or generation.account is not call.account:
            raise unknown("history_id")
        return generation
