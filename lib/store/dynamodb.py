"""DynamoDB as a shared store's driver: a table without a server, paid by request.

The table's key is the text `entry`, and its time to live is `expires`, in seconds. Items that have expired stay for
hours or days before they are swept away, so they are looked through here.

Conditions know no server clock, and the clocks of instances differ: a lease is taken over when its item has stood still
for as long as it lasts, by the clock of whoever waits for it. The item changes with each renewal.
"""

import math
import os
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from lib.errors import Misconfigured
from lib.store.aws_api import ApiError, AwsApi
from lib.store.driver import FAR, Value
from lib.store.expiring import Expiring

CLOCKS_APART: Final = 600.0
"""Seconds by which two instances' clocks can differ at most: AWS refuses what is signed five minutes off. A lease that
ran out longer ago than that is nobody's, so nobody waits behind one that was left over days ago."""

_TABLE: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_PUT_IF: Final = (
    "NOT attribute_type(stamp, :number) OR NOT attribute_type(expires, :number) OR NOT attribute_type(#data, :binary)"
    " OR stamp < :stamp OR stamp >= :far OR expires <= :now"
)
"""What no value can be read from is nothing to keep, whatever it claims of its age. `data` is a word of DynamoDB's."""
_TAKE_IF: Final = "attribute_not_exists(beat) OR lessee = :lessee"
_TAKE_OVER_IF: Final = f"{_TAKE_IF} OR beat = :beat"

type _Item = Mapping[str, Any]


class DynamoDBDriver:
    """The table `table` in the region and with the credentials of `environ`. Raises `ValueError` where these miss.

    `clock` gives the time in seconds since 1970, `watch` one that only goes on.
    """

    poll_interval = 0.2

    def __init__(
        self,
        table: str,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        watch: Callable[[], float] = time.monotonic,
    ) -> None:
        if not _TABLE.fullmatch(table):
            raise ValueError("GLM_TOKEN_STORE names no table of DynamoDB: use dynamodb:table.")
        self._table = table
        self._api = AwsApi("dynamodb", "DynamoDB_20120810", environ)
        self._clock = clock
        self._watch = watch
        self._others: Expiring[_Seen] = Expiring(clock=watch)

    async def get(self, name: str) -> tuple[Value, float] | None:
        answer = await self._call("GetItem", Key=_key(name), ConsistentRead=True)
        try:
            item = answer["Item"]
            stamp = int(item["stamp"]["N"])
            if stamp >= self._clock() * 1000 + FAR:
                stamp = 0
            value = Value(b64decode(item["data"]["B"]), stamp)
            ttl = float(item["expires"]["N"]) - self._clock()
        except (KeyError, TypeError, ValueError):
            return None  # There is none, or it is not one of ours.
        return (value, ttl) if ttl > 0 else None

    async def put(self, name: str, value: Value, ttl: float) -> bool:
        now = self._clock()
        item = {
            **_key(name),
            "data": {"B": b64encode(value.data).decode()},
            "stamp": _number(value.stamp),
            "expires": _number(now + ttl),
        }
        kinds = {":number": {"S": "N"}, ":binary": {"S": "B"}}
        there = await self._try(
            "PutItem",
            Item=item,
            ConditionExpression=_PUT_IF,
            ExpressionAttributeNames={"#data": "data"},
            ExpressionAttributeValues={
                **kinds,
                ":stamp": _number(value.stamp),
                ":far": _number(value.stamp + FAR),
                ":now": _number(now),
            },
        )
        return there is None

    async def take(self, name: str, owner: str, ttl: float) -> bool:
        other = await self._take(name, owner, ttl, self._others.get(name))
        if other is not None and self._given_up(other):
            other = await self._take(name, owner, ttl, other)
        return other is None

    async def release(self, name: str, owner: str) -> None:
        values = {":lessee": {"S": owner}}
        await self._try(
            "DeleteItem", Key=_key(name), ConditionExpression="lessee = :lessee", ExpressionAttributeValues=values
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def _take(self, name: str, owner: str, ttl: float, other: "_Seen | None") -> "_Seen | None":
        """Take the lease, from `other` too if that has given it up. Who has it, where that is not us."""
        item = {
            **_key(name),
            "lessee": {"S": owner},
            "beat": {"S": secrets.token_hex(8)},
            "seconds": {"N": f"{ttl:.3f}"},
            "expires": _number(self._clock() + ttl + CLOCKS_APART),
        }
        condition, values = _TAKE_IF, {":lessee": {"S": owner}}
        if other is not None and self._given_up(other):
            condition, values = _TAKE_OVER_IF, {**values, ":beat": other.beat}
        refused = await self._try(
            "PutItem",
            Item=item,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if refused is None:
            self._others.remove(name)
            return None
        seen = _Seen.read(refused, self._watch(), ttl)
        if other is not None and other.beat == seen.beat:
            return other
        self._others.set(name, seen, CLOCKS_APART)
        return seen

    def _given_up(self, other: "_Seen") -> bool:
        return self._watch() - other.since >= other.seconds or other.expires <= self._clock()

    async def _try(self, action: str, **arguments: Any) -> _Item | None:
        """Write where the condition allows it. None: done; else the item for which it did not."""
        try:
            await self._call(action, **arguments)
        except ApiError as error:
            if error.kind == "ConditionalCheckFailedException":
                item = error.answer.get("Item")
                return item if isinstance(item, dict) else {}
            raise
        return None

    async def _call(self, action: str, **arguments: Any) -> dict[str, Any]:
        try:
            return await self._api.call(action, {"TableName": self._table, **arguments})
        except ApiError as error:
            if error.kind == "ResourceNotFoundException":
                raise Misconfigured(
                    f"GLM_TOKEN_STORE names the DynamoDB table {self._table}, and there is none in this region."
                ) from error
            raise


class _Seen(NamedTuple):
    """Another's lease, as it was when it was first seen so."""

    beat: Any
    """DynamoDB's form of a text; of an item that is none of ours, of whatever stands there."""
    since: float
    """On the clock that only goes on."""
    seconds: float
    """How long it lasts without being renewed."""
    expires: float
    """From when it is nobody's by anybody's clock, in seconds since 1970."""

    @classmethod
    def read(cls, item: _Item, since: float, ttl: float) -> "_Seen":
        """What the item of a lease says; one that cannot be read lasts for `ttl`, like ours."""
        beat = item.get("beat")
        try:
            return cls(beat, since, float(item["seconds"]["N"]), float(item["expires"]["N"]))
        except (KeyError, TypeError, ValueError):
            return cls(beat, since, ttl, math.inf)


def _key(name: str) -> dict[str, dict[str, str]]:
    return {"entry": {"S": name}}


def _number(value: float) -> dict[str, str]:
    return {"N": str(math.floor(value))}
