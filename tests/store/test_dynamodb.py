"""What is particular to DynamoDB: throttling, a table that is not there, items not yet swept away, and who calls."""

from typing import Any

import pytest

from lib.errors import Misconfigured
from lib.store import aws_api
from lib.store.driver import Value
from lib.store.dynamodb import DynamoDBDriver
from lib.store.shared import SharedStore
from tests.dynamodb_server import TABLE, DynamoDBServer
from tests.store.backend import Backend, Clock
from tests.store.cases import DAY, NAME, OTHER, opened, warning, warnings
from tests.store.relay import Relay

pytestmark = pytest.mark.anyio

THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture
def table(servers: dict[str, Backend]) -> Backend:
    """A running DynamoDB with an empty table."""
    servers["dynamodb"].clear()
    return servers["dynamodb"]


@pytest.mark.parametrize(
    ("status", "kind"), [(400, THROTTLED), (400, "ThrottlingException"), (500, "InternalServerError"), (503, "")]
)
async def test_what_is_throttled_for_a_moment_is_asked_again(
    table: Backend, log: pytest.LogCaptureFixture, status: int, kind: str
) -> None:
    async with Relay(table.port) as relay, opened(table, relay.port) as store:
        relay.refuse(status, kind, times=aws_api.RETRIES)
        await store.set(NAME, b"value", DAY)
        relay.refuse(status, kind, times=1)
        assert await store.get(NAME) == b"value"
        relay.refuse(status, kind, times=1)
        async with store.lease(NAME, 0) as held:
            assert held
        assert relay.refused == aws_api.RETRIES + 2
    assert warnings(log) == []


@pytest.mark.parametrize(
    ("kind", "times"),
    [(THROTTLED, aws_api.RETRIES + 1), ("AccessDeniedException", 1), ("UnrecognizedClientException", 1), ("a b!", 1)],
)
async def test_what_is_refused_for_good_is_an_outage_that_names_it(
    table: Backend, log: pytest.LogCaptureFixture, kind: str, times: int
) -> None:
    async with Relay(table.port) as relay, opened(table, relay.port) as store:
        relay.refuse(400, kind, times)
        assert await store.get(NAME) is None
        assert relay.refused == times
        await store.set(NAME, b"value", DAY)
        assert await store.get(NAME) == b"value"
    assert warnings(log) == [warning(kind if kind.isalpha() else "HTTP 400")]
    assert "secret" not in log.text


async def test_a_table_that_is_not_there_is_told_by_its_name(table: Backend) -> None:
    store = SharedStore(DynamoDBDriver("no-such-table", table.environ))
    with pytest.raises(Misconfigured, match="no-such-table") as told:
        await store.get(NAME)
    assert (told.value.status, told.value.code) == (503, "misconfigured")
    with pytest.raises(Misconfigured):
        await store.set(NAME, b"value", DAY)
    with pytest.raises(Misconfigured):
        async with store.lease(NAME, 0):
            pass
    await store.aclose()


async def test_what_has_expired_is_gone_before_it_is_swept_away(table: Backend) -> None:
    then = Clock(-1000.0)
    async with opened(table, clock=then) as writer, opened(table) as reader:
        await writer.set(NAME, b"old", 999)
        await writer.set(OTHER, b"still good", 1100)
        assert await writer.get(NAME) == b"old"
        assert table.names() == {f"glm:{NAME}", f"glm:{OTHER}"}
        assert await reader.get(NAME) is None
        assert await reader.get(OTHER) == b"still good"
        # An item that nobody has swept away yet stands in nobody's way, whatever its stamp.
        driver = table.driver()
        await driver.put(f"glm:{NAME}", Value(b"new", 5), DAY)
        assert await reader.get(NAME) == b"new"
        await driver.aclose()


FAR_OFF = {"N": "99999999999999"}
BYTES = {"B": b"junk"}


@pytest.mark.parametrize(
    "junk",
    [
        {"data": {"S": "text"}, "stamp": FAR_OFF, "expires": FAR_OFF},
        {"data": BYTES, "stamp": {"S": "text"}, "expires": FAR_OFF},
        {"data": BYTES, "stamp": FAR_OFF, "expires": {"S": "text"}},
        {"data": BYTES, "stamp": FAR_OFF},
        {"data": {"NULL": True}, "stamp": {"L": []}, "expires": {"M": {}}},
        {},
    ],
)
async def test_an_item_that_is_no_value_is_replaced(table: Backend, junk: dict[str, Any]) -> None:
    put(table, f"glm:{NAME}", junk)
    async with opened(table) as writer, opened(table) as reader:
        assert await writer.get(NAME) is None
        await writer.set(NAME, b"value", DAY)
        assert await reader.get(NAME) == b"value"


@pytest.mark.parametrize(
    "junk",
    [
        {"beat": {"N": "5"}},
        {"beat": {"NULL": True}, "lessee": {"L": []}},
        {"beat": {"S": ""}},
        {"beat": {"S": "a"}, "lessee": {"S": "b"}, "seconds": {"S": "text"}, "expires": FAR_OFF},
        {"beat": {"S": "a"}, "lessee": {"S": "b"}, "seconds": {"N": "1"}, "expires": {"S": "text"}},
    ],
)
async def test_an_item_that_is_no_lease_blocks_nobody_for_longer_than_one(table: Backend, junk: dict[str, Any]) -> None:
    put(table, NAME, junk)
    watch = Clock(base=lambda: 0.0)
    driver = DynamoDBDriver(TABLE, table.environ, watch=watch)
    assert not await driver.take(NAME, "me", 15)
    watch.ahead = 14
    assert not await driver.take(NAME, "me", 15)
    watch.ahead = 15
    assert await driver.take(NAME, "me", 15)
    await driver.aclose()


def put(table: Backend, name: str, item: dict[str, Any]) -> None:
    assert isinstance(table.server, DynamoDBServer)
    client = table.server.client()
    client.put_item(TableName=TABLE, Item={"entry": {"S": name}, **item})
    client.close()


async def test_a_value_is_not_replaced_by_an_older_one(table: Backend) -> None:
    driver = table.driver()
    for data, stamp in ((b"second", 2), (b"first", 1), (b"another second", 2)):
        await driver.put(NAME, Value(data, stamp), DAY)
    found = await driver.get(NAME)
    assert found is not None
    assert found[0] == Value(b"second", 2)
    await driver.aclose()


async def test_temporary_credentials_and_the_region_are_in_what_is_signed(table: Backend) -> None:
    seen: list[bytes] = []

    class Listening(Relay):
        async def _requests(self, reader, there, back) -> None:  # type: ignore[no-untyped-def]
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            back.close()
            there.close()

    async with Listening(table.port) as relay:
        environ = {**table.environ, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{relay.port}"}
        del environ["AWS_ENDPOINT_URL_DYNAMODB"]
        store = SharedStore(DynamoDBDriver(TABLE, environ))
        assert await store.get(NAME) is None
        await store.aclose()
    head = seen[0].decode().lower()
    assert head.startswith("post / http/1.1\r\n")
    assert "x-amz-target: dynamodb_20120810.getitem\r\n" in head
    assert "x-amz-security-token: a-session-token\r\n" in head
    assert "/eu-west-1/dynamodb/aws4_request, signedheaders=content-type;host;x-amz-date;x-amz-security-token" in head


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_service_is_where_the_region_is(region: str, url: str) -> None:
    assert aws_api.endpoint("dynamodb", region, {}) == url


@pytest.mark.parametrize("missing", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_an_environment_that_does_not_say_who_calls_is_told(table: Backend, missing: str) -> None:
    environ = {name: value for name, value in table.environ.items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        DynamoDBDriver(TABLE, environ)
