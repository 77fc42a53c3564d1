"""A gate between the events of an answer, which a test opens."""

import asyncio
import contextlib
import math
import threading


class Gate:
    """Lets the first `after` events of an answer pass, and holds the next one until `release()`.

    A gate is for one answer. The test's side (`sent`, `wait_sent`, `release`) may be called from any thread.
    """

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._allowed: float = after
        self._sent = 0
        self._changed = threading.Condition()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def sent(self) -> int:
        """How many events have been sent: at least as many as any client has read."""
        return self._sent

    def wait_sent(self, count: int | None = None, timeout: float = 10.0) -> None:
        """Wait until `count` events (as many as the gate first lets pass) have been sent. TimeoutError."""
        count = self._after if count is None else count
        with self._changed:
            if not self._changed.wait_for(lambda: self._sent >= count, timeout):
                raise TimeoutError(f"{self._sent} of {count} events were sent in {timeout} s")

    def release(self, count: int | None = None) -> None:
        """Let `count` more events pass (all of them)."""
        with self._changed:
            self._allowed = math.inf if count is None else self._allowed + count
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            with contextlib.suppress(RuntimeError):  # The stand-in has been stopped: nobody waits.
                loop.call_soon_threadsafe(_wake, future)

    def passed(self) -> None:
        """The service's side: one more event is being sent."""
        with self._changed:
            self._sent += 1
            self._changed.notify_all()

    async def admit(self, halt: asyncio.Future[str]) -> None:
        """The service's side: wait until one more event may be sent, or `halt` is done."""
        loop = asyncio.get_running_loop()
        while not halt.done():
            with self._changed:
                if self._sent < self._allowed:
                    return
                opened: asyncio.Future[None] = loop.create_future()
                self._waiting.append((loop, opened))
            await asyncio.wait((halt, opened), return_when=asyncio.FIRST_COMPLETED)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
