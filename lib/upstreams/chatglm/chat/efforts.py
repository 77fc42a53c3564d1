"""The page's own table of modes and efforts, read from the service beside an answer, where there is time for it.

`GET /chatglm/agent-api/operation/detail?tag=available_models` gives `models[]: {selected_model, reasoning_efforts[]:
{effort, am_effort}}`, where `effort` is the `chat_mode` and `am_effort` the `reasoning_effort` (protocol: [sure]).
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

from lib.errors import Error
from lib.invocation import context
from lib.upstreams.chatglm.chat.models import ThinkingMode
from lib.upstreams.chatglm.session import lenient
from lib.upstreams.chatglm.session.account import Account

_PATH: Final = "/chatglm/agent-api/operation/detail?tag=available_models"
MAX_TRIES: Final = 3
"""How often an instance asks: an answer that ends before the table has come ends the reading too."""

_log = logging.getLogger("glm.chatglm")


class Efforts:
    """The pairs that the page sends, as far as this instance has heard of them."""

    def __init__(self) -> None:
        self._pairs: dict[str, list[ThinkingMode]] = {}
        self._tries_left = MAX_TRIES

    def pair(self, selected_model: str, wished: ThinkingMode) -> ThinkingMode:
        """The pair that the page sends for what we know as `wished`: of that mode, or else of that effort."""
        listed = self._pairs.get(selected_model) or next(iter(self._pairs.values()), [])
        if not wished.effort or wished in listed:  # Other modes (deep_research, …) have no effort.
            return wished
        by_mode = (pair for pair in listed if pair.chat_mode == wished.chat_mode)
        by_effort = (pair for pair in listed if pair.effort == wished.effort)
        return next(by_mode, None) or next(by_effort, wished)

    def read_beside(self, account: Account) -> asyncio.Task[None] | None:
        """Begin to read the table, unless it has been read. Whoever begins it has to cancel it when it leaves."""
        if self._tries_left <= 0:
            return None
        self._tries_left -= 1
        return asyncio.create_task(self._read(account))

    async def _read(self, account: Account) -> None:
        try:
            result = await account.service.call("GET", _PATH, await account.access())
        except Error as error:
            _log.info("The service does not list its models: %s", error.message)
        else:
            self._pairs = dict(_listed(result))
        self._tries_left = 0


def _listed(result: Any) -> Iterable[tuple[str, list[ThinkingMode]]]:
    for model in lenient.mappings(lenient.mapping(result).get("models")):
        efforts = lenient.mappings(model.get("reasoning_efforts"))
        pairs = [ThinkingMode(lenient.text(one.get("effort")), lenient.text(one.get("am_effort"))) for one in efforts]
        if pairs := [pair for pair in pairs if pair.effort]:
            yield lenient.text(model.get("selected_model")), pairs


def current() -> Efforts:
    """The table of the running event loop."""
    return context.shared(Efforts)
