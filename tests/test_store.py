"""The token stores: one contract for both, then what is particular to memory, to Redis, and to sealing."""

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.store import Store, open_store
from lib.store import redis as redis_module
from lib.store.entry import Entry
from lib.store.memory import MemoryStore
from lib.store.redis import IDLE_LIMIT, MAX_CONNECTIONS, TIMEOUT, RedisStore
from lib.store.seal import Sealer, name_of
from tests.redis_server import RedisServer, Unavailable

ROOT = Path(__file__).parent.parent
NAME, OTHER = name_of("one token"), name_of("another token")
DAY = 86400.0
PASSWORD = "hunter2-p@ss/word"
# Far longer than anything here takes, so that a busy machine fails no test; nothing waits for it where all is well.
LONG = 60.0

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def run_server(password: str = "", certificate: Path | None = None) -> RedisServer:
    try:
        return RedisServer(password, certificate)
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def running_server() -> Iterator[RedisServer]:
    with run_server() as running:
        yield running


@pytest.fixture
def server(running_server: RedisServer) -> RedisServer:
    """A running, empty Redis."""
    with running_server.client() as client:
        client.flushall()
    return running_server


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A running Redis that a test may stop and start."""
    with run_server() as running:
        yield running


@contextlib.asynccontextmanager
async def opened(url: str, clock: Callable[[], float] = time.time) -> AsyncIterator[RedisStore]:
    store = RedisStore(url, clock)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    url = "memory:" if request.param == "memory" else request.getfixturevalue("server").url
    opened_store = open_store(url)
    yield opened_store
    await opened_store.aclose()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


class Clock:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


# What every store does


async def test_nothing_is_found_under_a_name_that_was_never_set(store: Store) -> None:
    assert await store.get(NAME) is None


@pytest.mark.parametrize("value", [b"", b"value", bytes(range(256)), b"\r\n$-1\r\n", b"x" * 100_000])
async def test_a_value_comes_back_to_the_byte(store: Store, value: bytes) -> None:
    await store.set(NAME, value, DAY)
    assert await store.get(NAME) == value


async def test_names_do_not_meet_and_the_last_value_counts(store: Store) -> None:
    await store.set(NAME, b"first", DAY)
    await store.set(OTHER, b"other", DAY)
    await store.set(NAME, b"second", DAY)
    assert await store.get(NAME) == b"second"
    assert await store.get(OTHER) == b"other"


@pytest.mark.parametrize("ttl", [0.0, -5.0])
async def test_what_has_expired_already_is_not_kept(store: Store, ttl: float, log: pytest.LogCaptureFixture) -> None:
    await store.set(NAME, b"late", ttl)
    await asyncio.sleep(0.01)  # Redis counts in milliseconds and takes no time to live of zero.
    assert await store.get(NAME) is None
    assert warnings(log) == []


async def test_a_lock_has_one_holder_and_is_free_after_the_block(store: Store) -> None:
    async with store.lock(NAME, LONG, 0) as first:
        async with store.lock(NAME, LONG, 0) as second:
            assert (first, second) == (True, False)
        async with store.lock(NAME, LONG, 0.1) as still_held:
            assert not still_held
        async with store.lock(OTHER, LONG, 0) as other:
            assert other
    async with store.lock(NAME, LONG, 0) as again:
        assert again


async def test_a_lock_does_not_hide_the_value_of_its_name(store: Store) -> None:
    await store.set(NAME, b"value", DAY)
    async with store.lock(NAME, LONG, 0):
        assert await store.get(NAME) == b"value"
    assert await store.get(NAME) == b"value"


async def test_a_lock_is_free_after_an_error_and_after_a_cancellation(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.lock(NAME, LONG, 0):
            raise ZeroDivisionError

    held = asyncio.Event()

    async def hold() -> None:
        async with store.lock(NAME, LONG, 0):
            held.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    async with store.lock(NAME, LONG, LONG) as free:
        assert free


async def test_whoever_waits_gets_the_lock_when_it_is_released(store: Store) -> None:
    order: list[str] = []

    async def wait() -> None:
        async with store.lock(NAME, LONG, LONG) as held:
            order.append("second" if held else "none")

    async with store.lock(NAME, LONG, 0):
        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0.02)  # Let it find the lock held.
        order.append("first")
    await waiter
    assert order == ["first", "second"]


async def test_of_many_tasks_one_at_a_time_holds_the_lock(store: Store) -> None:
    count = 0

    async def add_one() -> None:
        nonlocal count
        async with store.lock(NAME, LONG, LONG) as held:
            assert held
            before = count
            await asyncio.sleep(0)
            count = before + 1

    await asyncio.gather(*(add_one() for _ in range(30)))
    assert count == 30


async def test_an_expired_lock_is_anothers_and_its_late_holder_does_not_release_it(store: Store) -> None:
    async with store.lock(NAME, 0.1, 0) as first, contextlib.AsyncExitStack() as late:
        await late.enter_async_context(store.lock(NAME, LONG, LONG))
        second = late.pop_all()
    # The first block has ended after its time; the second still holds.
    assert first
    async with store.lock(NAME, LONG, 0) as third:
        assert not third
    await second.aclose()
    async with store.lock(NAME, LONG, 0) as fourth:
        assert fourth


async def test_an_entry_comes_back_for_its_token_alone(store: Store) -> None:
    await Entry(store, "token one").set(b"rotated", DAY)
    assert await Entry(store, "token one").get() == b"rotated"
    assert await Entry(store, "token two").get() is None


async def test_entries_of_one_token_share_a_lock(store: Store) -> None:
    async with Entry(store, "token").lock(LONG, 0) as first, Entry(store, "token").lock(LONG, 0) as second:
        assert (first, second) == (True, False)


# Memory


async def test_memory_forgets_when_the_time_is_up() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    await store.set(NAME, b"value", 100)
    clock.ahead = 99
    assert await store.get(NAME) == b"value"
    clock.ahead = 101
    assert await store.get(NAME) is None


async def test_memory_is_bounded_and_what_was_unused_for_longest_goes_first() -> None:
    store = MemoryStore(max_entries=3)
    for name in "abc":
        await store.set(name, name.encode(), DAY)
    await store.get("a")
    await store.set("d", b"d", DAY)
    assert [await store.get(name) for name in "abcd"] == [b"a", None, b"c", b"d"]


async def test_memory_lets_the_expired_go_before_the_unused() -> None:
    clock = Clock()
    store = MemoryStore(max_entries=2, clock=clock)
    await store.set("unused", b"1", DAY)
    await store.set("expired", b"2", 10)
    clock.ahead = 11
    await store.set("new", b"3", DAY)
    assert await store.get("unused") == b"1"
    assert await store.get("new") == b"3"


def test_memory_outlives_its_event_loop_and_a_lock_held_there_does_not() -> None:
    store = MemoryStore()
    lock = store.lock(NAME, LONG, 0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(store.set(NAME, b"value", DAY))
    assert loop.run_until_complete(lock.__aenter__())
    loop.close()

    async def look() -> tuple[bytes | None, bool]:
        async with store.lock(NAME, LONG, 0) as held:
            return await store.get(NAME), held

    assert asyncio.run(look()) == (b"value", True)


async def test_memory_keeps_nothing_of_locks_that_nobody_holds() -> None:
    store = MemoryStore()
    for number in range(50):
        async with store.lock(str(number), LONG, 0):
            pass
    assert not any(store._held.values())


# Redis, when all is well


async def test_redis_expires_values_and_locks_by_itself(server: RedisServer) -> None:
    async with opened(server.url) as store:
        await store.set(NAME, b"value", 100)
        async with store.lock(NAME, 30, 0):
            with server.client() as client:
                times = {key: client.pttl(key) for key in client.keys("*")}
    assert times.keys() == {f"glm:{NAME}".encode(), f"glm:lock:{NAME}".encode()}
    assert 50_000 < times[f"glm:{NAME}".encode()] <= 100_000
    assert 10_000 < times[f"glm:lock:{NAME}".encode()] <= 30_000


async def test_instances_share_values_and_see_each_others_changes(server: RedisServer) -> None:
    async with opened(server.url) as one, opened(server.url) as two:
        await one.set(NAME, b"first", DAY)
        assert await two.get(NAME) == b"first"
        await two.set(NAME, b"second", DAY)
        assert await one.get(NAME) == b"second"


async def test_instances_exclude_each_other(server: RedisServer) -> None:
    async with opened(server.url) as one, opened(server.url) as two:
        async with one.lock(NAME, LONG, 0) as first, two.lock(NAME, LONG, 0) as second:
            assert (first, second) == (True, False)
        async with two.lock(NAME, LONG, 0) as third:
            assert third


async def test_an_instance_that_is_late_does_not_release_the_lock_of_another(server: RedisServer) -> None:
    async with opened(server.url) as one, opened(server.url) as two, opened(server.url) as three:
        late = one.lock(NAME, 0.1, 0)
        assert await late.__aenter__()
        async with two.lock(NAME, LONG, LONG) as second:
            assert second
            await late.__aexit__(None, None, None)
            async with three.lock(NAME, LONG, 0) as third:
                assert not third


COUNTER = """
    import asyncio, sys
    from pathlib import Path
    from lib.store import open_store

    async def main(url, path):
        store = open_store(url)
        for _ in range(25):
            async with store.lock("counter", 60, 60) as held:
                assert held
                before = int(path.read_text())
                await asyncio.sleep(0.002)
                path.write_text(str(before + 1))
        await store.aclose()

    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""

HOLDER = """
    import asyncio, sys
    from lib.store import open_store

    async def main(url):
        async with open_store(url).lock("held", 2, 0) as held:
            print(held, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main(sys.argv[1]))
"""


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_exclude_each_other(server: RedisServer, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [python(COUNTER, server.url, str(counter)) for _ in range(2)]
    ends = [(*process.communicate(timeout=LONG), process.returncode) for process in processes]
    assert ends == [("", "", 0)] * 2
    assert counter.read_text() == "50"


async def test_the_lock_of_a_process_that_died_expires(server: RedisServer) -> None:
    with python(HOLDER, server.url) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        holder.kill()
    with server.client() as client:
        assert 0 < client.pttl("glm:lock:held") <= 2000  # Nobody has released it.
    async with opened(server.url) as store, store.lock("held", LONG, LONG) as held:
        assert held


def test_redis_outlives_the_event_loop(server: RedisServer, log: pytest.LogCaptureFixture) -> None:
    store = RedisStore(server.url)

    async def use(value: bytes) -> bytes | None:
        before = await store.get(NAME)
        async with store.lock(NAME, LONG, 0) as held:
            assert held
            await store.set(NAME, value, DAY)
        await store.aclose()
        return before

    assert [asyncio.run(use(value)) for value in (b"first", b"second", b"third")] == [None, b"first", b"second"]
    assert warnings(log) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_redis_is_not_bound_to_an_event_loop_that_ended_without_a_word(
    server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    store = RedisStore(server.url)
    asyncio.run(store.set(NAME, b"value", DAY))

    async def look() -> bytes | None:
        value = await store.get(NAME)
        await store.aclose()
        return value

    assert asyncio.run(look()) == b"value"
    gc.collect()  # The first loop's connection, while its complaint is still expected.
    assert warnings(log) == []


async def test_an_instance_takes_few_connections(server: RedisServer, log: pytest.LogCaptureFixture) -> None:
    async with opened(server.url) as store:
        await store.set(NAME, b"value", DAY)
        values = await asyncio.gather(*(store.get(NAME) for _ in range(200)))
        with server.client() as client:
            connections = len(client.client_list()) - 1
    assert values == [b"value"] * 200
    assert 1 < connections <= MAX_CONNECTIONS
    assert warnings(log) == []


async def test_callers_that_leave_cost_neither_connections_nor_writes(
    server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    async with opened(server.url) as store:
        present = asyncio.all_tasks()
        for number in range(3 * MAX_CONNECTIONS):
            leaving = asyncio.create_task(store.set(str(number), b"value", DAY))
            await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        await asyncio.gather(*(asyncio.all_tasks() - present))  # The commands that were begun.
        assert len(_keys(server)) == 3 * MAX_CONNECTIONS
        assert await store.get("0") == b"value"
    assert warnings(log) == []


def _keys(server: RedisServer) -> list[bytes]:
    with server.client() as client:
        return list(client.keys("*"))


async def test_a_database_is_kept_to(server: RedisServer) -> None:
    async with opened(f"{server.url}/3") as third, opened(server.url) as default:
        await third.set(NAME, b"value", DAY)
        assert await default.get(NAME) is None
        assert await third.get(NAME) == b"value"


async def test_the_password_of_the_url_is_used(log: pytest.LogCaptureFixture) -> None:
    with run_server(PASSWORD) as server:
        async with opened(server.url) as one, opened(server.url) as two:
            await one.set(NAME, b"value", DAY)
            assert await two.get(NAME) == b"value"
    assert warnings(log) == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl was not found: apt-get install openssl")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


async def test_rediss_speaks_tls_with_a_server_that_is_trusted_and_no_other(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    with run_server(PASSWORD, certificate) as server:
        async with opened(server.url) as stranger:
            await stranger.set(NAME, b"value", DAY)
        assert warnings(log) == [warning("ConnectionError")]
        log.clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with opened(server.url) as one, opened(server.url) as two:
            assert await one.get(NAME) is None
            await one.set(NAME, b"value", DAY)
            assert await two.get(NAME) == b"value"
    assert warnings(log) == []


# Redis, when it is away


def warning(kind: str) -> str:
    return f"The token store cannot be used ({kind}). Until it can, this instance relies on its own memory."


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_without_redis_memory_serves_and_one_warning_is_logged(log: pytest.LogCaptureFixture) -> None:
    async with opened(f"redis://user:{'hunter2'}@127.0.0.1:{unused_port()}") as store:
        assert await store.get(NAME) is None
        await store.set(NAME, b"value", DAY)
        async with store.lock(NAME, LONG, 0) as first, store.lock(NAME, LONG, 0) as second:
            assert (first, second) == (True, False)
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning("ConnectionError")]
    assert not any(secret in log.text for secret in ("hunter2", NAME, "value"))


async def test_a_wrong_password_is_an_outage_that_does_not_tell_it(log: pytest.LogCaptureFixture) -> None:
    with run_server(PASSWORD) as server:
        async with opened(f"redis://:wrong-secret@127.0.0.1:{server.port}") as store:
            await store.set(NAME, b"value", DAY)
            assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning("AuthenticationError")]
    assert not any(secret in log.text for secret in (PASSWORD, "wrong-secret", NAME, "value"))


async def test_a_redis_that_takes_no_writes_is_an_outage(
    own_server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    with own_server.client() as client:
        client.config_set("maxmemory", 1)
    async with opened(own_server.url) as store:
        await store.set(NAME, b"value", DAY)
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning("OutOfMemoryError")]


class BlackHole:
    """Accepts connections, reads and never answers."""

    def __init__(self) -> None:
        self.connections = 0
        self._ends: list[asyncio.Event] = []

    async def __aenter__(self) -> "BlackHole":
        self._server = await asyncio.start_server(self._swallow, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while await reader.read(65536):
            pass
        writer.close()


async def test_a_redis_that_does_not_answer_costs_a_second_once(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_module, "OPERATION_TIMEOUT", LONG)
    async with BlackHole() as hole, opened(hole.url) as store:
        started = time.monotonic()
        assert await store.get(NAME) is None
        took = time.monotonic() - started
        assert 0.9 * TIMEOUT < took < 3 * TIMEOUT
        for _ in range(50):
            await store.get(NAME)
            async with store.lock(NAME, LONG, 0) as held:
                assert held
        assert hole.connections == 1
        # A write is worth a try all the same.
        await store.set(NAME, b"value", DAY)
        assert hole.connections == 2
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning("TimeoutError")]


async def test_an_operation_ends_in_time_however_slow_its_steps_are(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_module, "TIMEOUT", 5.0)
    monkeypatch.setattr(redis_module, "OPERATION_TIMEOUT", 0.2)
    async with BlackHole() as hole, opened(hole.url) as store:
        started = time.monotonic()
        assert await store.get(NAME) is None
        assert 0.2 <= time.monotonic() - started < 3
    assert warnings(log) == [warning("TimeoutError")]


async def test_of_many_at_once_one_alone_asks_whether_redis_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with BlackHole() as hole, opened(hole.url) as store:
        monkeypatch.setattr(redis_module, "SKIP", 0.0)
        await store.get(NAME)
        monkeypatch.setattr(redis_module, "SKIP", LONG)
        await asyncio.gather(*(store.get(NAME) for _ in range(20)))
        assert hole.connections == 2


async def test_after_a_time_redis_is_asked_again(
    own_server: RedisServer, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_module, "SKIP", 0.2)
    own_server.stop()
    async with opened(own_server.url) as store, opened(own_server.url) as other:
        assert await store.get(NAME) is None
        own_server.start()
        await other.set(NAME, b"value", DAY)
        await asyncio.sleep(0.2)
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning("ConnectionError")]


async def test_what_was_learnt_before_and_during_an_outage_reaches_the_others_after_it(
    own_server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    async with opened(own_server.url) as one, opened(own_server.url) as two:
        await one.set("before", b"1", DAY)
        own_server.stop()
        await one.set("during", b"2", DAY)
        assert [await one.get("before"), await one.get("during")] == [b"1", b"2"]
        own_server.start()  # It comes back empty.
        await one.set("after", b"3", DAY)
        assert [await two.get(name) for name in ("before", "during", "after")] == [b"1", b"2", b"3"]
        with own_server.client() as client:
            assert all(DAY - LONG < client.ttl(key) <= DAY for key in client.keys("*"))
    assert warnings(log) == [warning("ConnectionError")]


async def test_each_outage_is_told_once(
    own_server: RedisServer, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_module, "SKIP", 0.0)
    async with opened(own_server.url) as store:
        for _ in range(2):
            own_server.stop()
            for _ in range(5):
                await store.get(NAME)
            own_server.start()
            await store.get(NAME)
    assert warnings(log) == [warning("ConnectionError")] * 2
    assert [record.getMessage() for record in log.records if record.levelno == logging.INFO] == [
        "The token store answers again."
    ] * 2


async def test_more_than_one_batch_is_handed_over(own_server: RedisServer) -> None:
    own_server.stop()
    names = [str(number) for number in range(2 * redis_module.BATCH + 2)]
    async with opened(own_server.url) as store:
        for name in names[:-1]:
            await store.set(name, b"value", DAY)
        own_server.start()
        await store.set(names[-1], b"value", DAY)
        assert {key.decode() for key in _keys(own_server)} == {f"glm:{name}" for name in names}


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_clocks_that_disagree_do_not_make_an_older_value_the_newer(own_server: RedisServer, ahead: float) -> None:
    clock = Clock()
    clock.ahead = ahead
    async with opened(own_server.url, clock) as one, opened(own_server.url) as two:
        for value in (b"1", b"2", b"3"):
            for writer, reader in ((one, two), (two, one)):
                await writer.get(NAME)
                await writer.set(NAME, value, DAY)
                assert await reader.get(NAME) == value
        own_server.stop()
        await one.get(OTHER)
        await one.set(NAME, b"last", DAY)
        own_server.start()
        await two.set(OTHER, b"any", DAY)  # Hands over what it knew before.
        await one.set(OTHER, b"any", DAY)
        assert [await store.get(NAME) for store in (two, one)] == [b"last", b"last"]


async def test_an_emptied_redis_is_given_back_what_an_instance_knows(server: RedisServer) -> None:
    async with opened(server.url) as one, opened(server.url) as two:
        await one.set(NAME, b"value", DAY)
        with server.client() as client:
            client.flushall()
        assert await two.get(NAME) is None
        assert await one.get(NAME) == b"value"
        assert await two.get(NAME) == b"value"


async def test_what_was_read_is_still_known_when_redis_goes(own_server: RedisServer) -> None:
    async with opened(own_server.url) as one, opened(own_server.url) as two:
        await one.set(NAME, b"old", DAY)
        await two.set(NAME, b"new", DAY)
        assert await one.get(NAME) == b"new"
        own_server.stop()
        assert await one.get(NAME) == b"new"


class Relay:
    """A way to Redis that can be cut: for one instance alone, while Redis and the others go on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = True
        self._writers: list[asyncio.StreamWriter] = []
        self._silent: set[asyncio.StreamWriter] = set()
        self._lose_reply = False
        self.connections = 0

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End all connections, and each new one at once."""
        self._open = False
        self.drop()

    def mend(self) -> None:
        self._open = True

    def drop(self) -> None:
        """End all connections; new ones work."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def silence(self) -> None:
        """Lose what is sent on the present connections, as a gateway does that has forgotten them; new ones work."""
        self._silent.update(self._writers)

    def lose_reply(self) -> None:
        """Let the next command through, and end the connection in place of the reply."""
        self._lose_reply = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.close()
            return
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, there_writer]
        await asyncio.gather(self._pass_on(reader, there_writer), self._pass_on(there_reader, writer, replies=True))

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, replies: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if replies and self._lose_reply:
                    self._lose_reply = False
                    break
                if writer not in self._silent:
                    writer.write(data)
        writer.close()


async def test_a_newer_value_that_was_learnt_in_isolation_replaces_the_older_one(server: RedisServer) -> None:
    async with Relay(server.port) as relay, opened(relay.url) as isolated, opened(server.url) as other:
        await other.set(NAME, b"old", DAY)
        assert await isolated.get(NAME) == b"old"
        relay.cut()
        await isolated.set(NAME, b"new", DAY / 2)
        assert await other.get(NAME) == b"old"
        relay.mend()
        await isolated.set(OTHER, b"any", DAY)
        assert [await store.get(NAME) for store in (other, isolated)] == [b"new", b"new"]


async def test_an_older_value_that_was_learnt_in_isolation_does_not_replace_the_newer_one(server: RedisServer) -> None:
    async with Relay(server.port) as relay, opened(relay.url) as isolated, opened(server.url) as other:
        relay.cut()
        await isolated.set(NAME, b"old", DAY)
        await other.set(NAME, b"new", DAY / 2)
        assert await isolated.get(NAME) == b"old"
        relay.mend()
        await isolated.set(OTHER, b"any", DAY)
        async with opened(server.url) as stranger:  # It knows nothing that it could put right.
            assert await stranger.get(NAME) == b"new"
        assert await isolated.get(NAME) == b"new"


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    async with Relay(server.port) as relay, opened(relay.url) as store:
        await store.set(NAME, b"value", DAY)
        relay.drop()
        async with opened(server.url) as other:
            await other.set(NAME, b"newer", DAY)
        assert await store.get(NAME) == b"newer"
        assert relay.connections == 2
    assert warnings(log) == []


async def test_a_lost_reply_loses_neither_the_value_nor_the_lock(
    server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    async with Relay(server.port) as relay, opened(relay.url) as store, opened(server.url) as other:
        relay.lose_reply()
        await store.set(NAME, b"value", DAY)
        relay.lose_reply()
        assert await store.get(NAME) == b"value"
        relay.lose_reply()
        async with store.lock(NAME, LONG, 0) as held:
            assert held
            relay.lose_reply()
        async with other.lock(NAME, LONG, 0) as free:
            assert free
        assert relay.connections == 5
    assert warnings(log) == []


async def test_after_a_long_pause_old_connections_are_not_trusted(
    server: RedisServer, log: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with Relay(server.port) as relay, opened(relay.url, clock) as store:
        await store.set(NAME, b"value", DAY)
        relay.silence()
        clock.ahead = IDLE_LIMIT + 1
        async with opened(server.url) as other:
            await other.set(NAME, b"newer", DAY)
        assert await store.get(NAME) == b"newer"
        assert await store.get(NAME) == b"newer"
        assert relay.connections == 2
    assert warnings(log) == []


# Sealing

tokens = st.text(min_size=1, max_size=400)


@settings(deadline=None)  # A busy machine is no failure.
@given(token=tokens, value=st.binary(max_size=3000))
def test_what_was_sealed_opens_again_and_looks_different_each_time(token: str, value: bytes) -> None:
    sealer = Sealer(token)
    once, again = sealer.seal(value), sealer.seal(value)
    assert Sealer(token).open(once) == value == sealer.open(again)
    assert once != again


@settings(deadline=None)
@given(value=st.binary(max_size=60), change=st.integers(1, 255))
def test_a_seal_with_any_byte_changed_or_an_end_cut_off_or_a_byte_added_does_not_open(
    value: bytes, change: int
) -> None:
    sealer = Sealer("token")
    sealed = sealer.seal(value)
    assert sealer.open(sealed) == value
    for at in range(len(sealed)):
        assert sealer.open(sealed[:at] + bytes([sealed[at] ^ change]) + sealed[at + 1 :]) is None
        assert sealer.open(sealed[:at]) is None
    assert sealer.open(sealed + bytes([change])) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_was_never_sealed_does_not_open(junk: bytes) -> None:
    assert Sealer("token").open(junk) is None
    assert Sealer("token").open(b"\x01" + junk) is None


@settings(deadline=None)
@given(token=tokens, other=tokens)
def test_names_and_keys_differ_with_the_token(token: str, other: str) -> None:
    if token != other:
        assert name_of(token) != name_of(other)
        assert Sealer(other).open(Sealer(token).seal(b"value")) is None
    assert len(name_of(token)) == 64


def test_what_earlier_versions_stored_is_still_found_and_still_opens() -> None:
    assert name_of("eyJ0.eyJ1.c2ln") == "691ab5f6d7270069edbdcc52c3fc0794deea3d7d36c9f7c9129bbb248fc7efe1"
    sealed = bytes.fromhex(
        "01c66940d19db96ee3589b50c11880614432a879423e6c1c71da96195f39885d60075c4171c91fbb2b81dff5390fa060"
    )
    assert Sealer("eyJ0.eyJ1.c2ln").open(sealed) == b"a value"


def pieces(text: bytes) -> set[bytes]:
    return {text[at : at + 12] for at in range(len(text) - 11)}


async def test_redis_alone_gives_nothing_away(server: RedisServer) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXBlIjoicmVmcmVzaCIsInVpZCI6IjEyMzQ1In0.c2lnbmF0dXJlLXdpdGgtZW50cm9weQ"
    value = (
        b'{"refresh":"eyJhbGciOiJIUzI1NiJ9.bmV3LXJlZnJlc2g.c2VjcmV0","access":"eyJhbGciOiJIUzI1NiJ9.YWNjZXNz.c2VjcmV0"}'
    )
    async with opened(server.url) as store:
        entry = Entry(store, token)
        await entry.set(value, DAY)
        async with entry.lock(LONG, 0):
            with server.client() as client:
                keys = list(client.keys("*"))
                raw = b"\n".join([*keys, *(client.get(key) for key in keys), *(client.dump(key) for key in keys)])
        assert await entry.get() == value
    assert len(keys) == 2
    assert name_of(token).encode() in raw
    assert not [piece for piece in pieces(token.encode()) | pieces(value) if piece in raw]


async def test_tampered_and_exchanged_values_count_as_missing(server: RedisServer) -> None:
    async with opened(server.url) as store:
        for token in ("one", "two"):
            await Entry(store, token).set(token.encode(), DAY)
        with server.client() as client:
            one, two = (f"glm:{name_of(token)}" for token in ("one", "two"))
            client.set(one, client.get(two))
            client.setrange(two, 40, b"?!")
        assert [await Entry(store, token).get() for token in ("one", "two")] == [None, None]


# The setting


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory:x",
        "postgres://user:hunter2@host/0",
        "hunter2",
        "unix:///hunter2",
        "redis:",
        "redis://",
        "redis://:hunter2@",
        "redis://:hunter2@host:port",
        "redis://:hun/ter2@host",
        "redis://:hun?ter2@host",
        "redis://:hun#ter2@host",
        "redis://:hunter2@host:99999",
        "redis://:hunter2@[::1",
        "redis://:hunter2@host/name",
        "redis://:hunter2@host/-1",
        "redis://:hunter2@host/0?socket_timeout=60",
        "rediss://:hunter2@host?ssl_cert_reqs=none",
    ],
)
def test_a_setting_that_names_no_store_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^GLM_TOKEN_STORE ") as refused:
        open_store(url)
    assert not any(part in str(refused.value) for part in ("hun", "ter2", "99999"))


@pytest.mark.parametrize(
    "url",
    ["redis://host", "rediss://host", "REDIS://host:6380/", "redis://user:pass%2Fword@host/2", "redis://[::1]:6379/0"],
)
def test_a_redis_url_opens_a_shared_store(url: str) -> None:
    assert open_store(url).shared


def test_the_default_costs_neither_redis_nor_nacl_nor_hashlib() -> None:
    code = """
        import asyncio, sys
        before = set(sys.modules)

        def loaded(*modules):
            return sorted(set(modules) & set(sys.modules) - before)

        from lib.store import open_store
        store = open_store("memory:")
        assert loaded("redis", "nacl", "hashlib", "hmac") == [], loaded()
        from lib.store.entry import Entry
        asyncio.run(Entry(store, "token").set(b"value", 60))
        assert loaded("redis", "nacl", "hmac") == []
        print("done")
    """
    assert python(code).communicate(timeout=LONG) == ("done\n", "")
