"""Conversations on the service: how an answer is stopped, and how they are taken out of the account's list."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from lib.errors import Error, UpstreamRefused
from lib.invocation.retry import TIDY, retry
from lib.upstreams.chatglm.session.account import Account
from lib.upstreams.chatglm.session.token import Token

_STOP: Final = "/chatglm/mainchat-api/stream/stop_stream"  # protocol: [sure]
_BULK_DELETE: Final = "/chatglm/mainchat-api/conversation/bulk_delete"  # protocol: 2026 [sure]
_DELETE: Final = "/chatglm/mainchat-api/conversation/delete"  # protocol: [once]
_OLD_DELETE: Final = "/chatglm/backend-api/assistant/conversation/delete"  # protocol: [old]

_log = logging.getLogger("glm.chatglm")
_deletions: list[str] = [_BULK_DELETE, _DELETE, _OLD_DELETE]
"""The paths in the order in which they are tried; the one that worked last comes first."""


class Conversations:
    """What one answer leaves behind on the service."""

    def __init__(self, account: Account, assistant_id: str, *, keep: bool) -> None:
        self.keep = keep
        """Leave them in the account's list."""
        self._account = account
        self._assistant_id = assistant_id
        self._ids: dict[str, None] = {}
        self._spared = ""

    def note(self, conversation_id: str) -> None:
        """There is a conversation of this id."""
        if conversation_id:
            self._ids[conversation_id] = None

    def spare(self, conversation_id: str) -> None:
        """Leave this one in the list: the caller knows it, and may go on in it."""
        self._spared = conversation_id

    async def stop(self, message_id: str) -> None:
        """End the generation of an answer."""
        await self._tidy("stop", lambda token: self._post(_STOP, token, {"history_id": message_id}))

    async def delete(self) -> None:
        """Take the conversations out of the list, unless they are to be kept."""
        for conversation_id in self._ids:
            if not self.keep and conversation_id != self._spared:
                await self._tidy("delete", lambda token, known=conversation_id: self._delete(known, token))  # type: ignore[misc]

    async def _delete(self, conversation_id: str, token: Token) -> None:
        for path in list(_deletions):
            body: dict[str, object] = {"assistant_id": self._assistant_id}
            body |= (
                {"conversation_ids": [conversation_id]}
                if path == _BULK_DELETE
                else {"conversation_id": conversation_id}
            )
            try:
                await self._post(path, token, body)
            except UpstreamRefused:
                if path == _deletions[-1]:
                    raise
                continue
            if path != _deletions[0]:
                _deletions.remove(path)
                _deletions.insert(0, path)
            return

    async def _post(self, path: str, token: Token, body: dict[str, object]) -> None:
        await self._account.service.call("POST", path, token, json=body, repeatable=True)

    async def _tidy(self, what: str, call: Callable[[Token], Awaitable[None]]) -> None:
        try:
            await retry(lambda: self._account.use(call), TIDY)
        except Error as error:
            _log.warning("Could not %s after an answer: %s", what, error.message)
