"""One request to the service while it is being answered."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from .accounts import Account
from .envelope import bad_body
from .record import File, Record, Recorded


@dataclass
class Call:
    """A request whose body has been read."""

    scope: Scope
    receive: Receive
    recorded: Recorded
    record: Record
    halt: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _account: Account | None = None
    _watcher: asyncio.Task[None] | None = None

    @classmethod
    async def read(cls, scope: Scope, receive: Receive, name: str, record: Record) -> "Call":
        """Read the body. ClientDisconnect."""
        body = await Request(scope, receive).body()
        headers = Headers(scope=scope)
        query = dict(QueryParams(scope["query_string"]))
        recorded = Recorded(name, scope["method"], scope["path"], query, headers, body)
        return cls(scope, receive, recorded, record)

    @property
    def account(self) -> Account:
        if self._account is None:
            raise RuntimeError("nobody has asked whose token this is")
        return self._account

    @account.setter
    def account(self, account: Account) -> None:
        self._account = account
        self.recorded.account = account.uid

    @property
    def rid(self) -> str:
        return self.recorded.headers.get("X-Request-Id", "")

    @property
    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = self.recorded.json
        return body

    @property
    def path_params(self) -> dict[str, str]:
        params: dict[str, str] = self.scope["path_params"]
        return params

    def read_json(self) -> None:
        """Refusal: the body is not a JSON object that says so."""
        if self.recorded.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise bad_body("Content-Type is not application/json")
        try:
            self.recorded.json = json.loads(self.recorded.body)
        except ValueError:
            raise bad_body("the body is not JSON") from None
        if not isinstance(self.recorded.json, dict):
            raise bad_body("the body is not a JSON object")

    async def read_form(self) -> None:
        """Refusal: the body is not a multipart form."""
        headers = self.recorded.headers
        if headers.get("Content-Type", "").partition(";")[0] != "multipart/form-data":
            raise bad_body("Content-Type is not multipart/form-data")

        async def body() -> AsyncGenerator[bytes]:
            yield self.recorded.body

        try:
            form = await MultiPartParser(Headers(dict(headers)), body()).parse()
        except (MultiPartException, KeyError):
            raise bad_body("the body is not a multipart form") from None
        for name, value in form.multi_items():
            if isinstance(value, str):
                self.recorded.form[name] = value
            else:
                content = await value.read()
                self.recorded.files[name] = File(value.filename or "", value.content_type or "", content)
        await form.close()

    def watch(self) -> None:
        """From now on `halt` says "gone" when the client closes the connection."""
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        if not self.recorded.done:
            self.recorded.client_gone = True
            if not self.halt.done():
                self.halt.set_result("gone")
            self.record.changed()

    async def pause(self, seconds: float) -> bool:
        """Sleep. Return whether there is still reason to go on."""
        if seconds > 0 and not self.halt.done():
            self.watch()
            await asyncio.wait((self.halt,), timeout=seconds)
        return not self.halt.done()

    def noting(self, send: Send) -> Send:
        """Return a `send` that records the status and the end of the answer."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.recorded.status = message["status"]
            elif not message.get("more_body"):
                self.finish()
            await send(message)

        return noted

    async def drop(self) -> None:
        """Close the connection as it is."""
        self.finish()
        self.scope["state"]["transport"].close()
        await self.receive()  # Until the server, too, has seen it.

    def finish(self) -> None:
        self.recorded.done = True
        if self._watcher is not None:
            self._watcher.cancel()
        self.record.changed()


type Reply = Callable[[Scope, Receive, Send], Awaitable[None]]
type Handler = Callable[[Call], Awaitable[Reply]]
