"""The setting: which store it opens, what it refuses, and what each costs to import."""

import pytest

from lib import settings
from lib.errors import Misconfigured
from lib.settings import Settings
from lib.store import configured_store, open_store
from tests.dynamodb_server import ENVIRON
from tests.store.cases import LONG, python


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
        "dynamodb:",
        "dynamodb:x",
        "dynamodb:ter2 table",
        "dynamodb://ter2",
        "dynamodb:arn:aws:dynamodb:us-east-1:123456789012:table/ter2",
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


@pytest.mark.parametrize("url", ["dynamodb:table", "DynamoDB:a.table_of-all"])
def test_a_table_opens_a_shared_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert open_store(url).shared


@pytest.mark.parametrize(("store", "told"), [("redis://", "GLM_TOKEN_STORE"), ("dynamodb:table", "AWS_REGION")])
def test_a_store_that_cannot_be_had_is_told_to_the_caller(
    store: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ENVIRON:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings, "current", lambda: Settings(token_store=store))
    with pytest.raises(Misconfigured, match=told):
        configured_store()


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


def test_a_table_costs_neither_botocore_nor_redis() -> None:
    code = """
        import sys
        from lib.store import open_store
        assert open_store("dynamodb:table").shared
        print(sorted({"boto3", "botocore", "redis", "urllib3"} & set(sys.modules)))
    """
    assert python(code, environ=ENVIRON).communicate(timeout=LONG) == ("[]\n", "")
