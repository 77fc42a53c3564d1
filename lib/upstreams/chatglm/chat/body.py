"""The body of a request to the service (protocol, "Chat"): what it is asked, and how it is to answer."""

from typing import Any, Final, NamedTuple

from lib import settings
from lib.types.chat import ChatRequest
from lib.upstreams.chatglm.chat import models, prompt
from lib.upstreams.chatglm.session.account import Account

_DRAW: Final = "画"
_PLEASE_DRAW: Final = "请画："


class Drawing(NamedTuple):
    """How pictures are to look, in the service's words."""

    aspect_ratio: str = "1:1"
    style: str = "none"
    scene: str = "none"


class Body:
    """What is sent for one `ChatRequest`. `prepare` it first: its files have to be handed over."""

    def __init__(self, request: ChatRequest, drawing: Drawing | None = None) -> None:
        self._request = request
        self._drawing = drawing
        self._model = models.find(request.model).with_effort(request.effort)
        conversation_id = request.conversation_id or ""
        self._conversation_id = conversation_id if models.is_id(conversation_id) else ""
        self._files: list[dict[str, Any]] = []
        self.text = ""
        """The prompt as it is sent."""
        self.keep = request.conversation_id is not None or settings.current().keep_conversations
        """Is the conversation to stay in the account's list."""
        self.draws = self._model.draws or drawing is not None
        """Is the answer a set of pictures."""

    @property
    def assistant_id(self) -> str:
        return self._model.assistant_id

    @property
    def hide_reasoning(self) -> bool:
        """Is the reasoning to be left out of the answer."""
        return self._model.hide_reasoning

    @property
    def continues_conversation(self) -> bool:
        """Does it go on in a conversation that the service remembers."""
        return bool(self._conversation_id)

    async def prepare(self, account: Account, uploaded: dict[object, dict[str, Any]]) -> None:
        """Hand over the files that are not among the `uploaded` yet, and write the text.

        Raises `BadRequest` for a file that cannot be had.
        """
        messages = prompt.conversation(self._request, continues_conversation=self.continues_conversation)
        missing: prompt.Missing = lambda file: ""  # noqa: E731
        if any(message.files for message in messages):
            from lib.upstreams.chatglm.session.uploads import (
                upload_all,  # Most requests come without files: starting is dear.
            )

            uploads = await upload_all(messages, account, self.assistant_id, uploaded)
            self._files = uploads.contents()
            missing = uploads.missing
            self._model = self._model.seeing()
        merge = prompt.continuation if self._conversation_id else prompt.merge
        self.text = merge(messages, missing)
        if self._drawing is not None and _DRAW not in self.text:
            self.text = _PLEASE_DRAW + self.text

    @property
    def json(self) -> dict[str, Any]:
        return {
            "assistant_id": self.assistant_id,
            "conversation_id": self._conversation_id,
            "project_id": "",
            "chat_type": "user_chat",
            "messages": [{"role": "user", "content": [{"type": "text", "text": self.text}, *self._files]}],
            "meta_data": self._meta_data(),
        }

    def _meta_data(self) -> dict[str, Any]:
        model = self._model
        drawing = self._drawing or (Drawing() if model.draws else None)
        asked = self._request
        search = model.search if asked.search is None else asked.search
        if asked.callable_tools or asked.response_format is not None:
            search = False  # The service's own search would answer in place of the tools, and break the form.
        meta_data: dict[str, Any] = {
            "channel": "",
            "chat_mode": model.pair.chat_mode,
            "draft_id": "",
            "if_plus_model": True,
            "input_question_type": "xxxx",
            "is_networking": search and drawing is None,
            "is_test": False,
            "platform": "pc",
            "quote_log_id": "",
            "cogview": {"rm_label_watermark": False},
        }
        if model.selected_model:
            meta_data["selected_model"] = model.selected_model
        if model.pair.effort:
            meta_data["reasoning_effort"] = model.pair.effort
        if drawing is not None:
            meta_data["cogview"] = {
                "aspect_ratio": drawing.aspect_ratio,
                "style": drawing.style,
                "scene": drawing.scene,
                "chat_model": "",
                "rm_label_watermark": False,
            }
        return meta_data
