"""Access keys with labels and limits: what each has used today, and what happens beyond its limit."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import Misconfigured
from lib.settings import AccessKey, Settings
from tests.bundle import serve
from tests.redis_server import RedisServer
from tests.upstream import Account, Answer, StandIn, Text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("secret", AccessKey("secret")),
        ("anna=secret", AccessKey("secret", "anna", None, "anna=secret")),
        ("anna=secret:200", AccessKey("secret", "anna", 200, "anna=secret:200")),
        ("anna=se:cret", AccessKey("se:cret", "anna", None, "anna=se:cret")),
        ("secret:200", AccessKey("secret:200")),
        ("c2VjcmV0==", AccessKey("c2VjcmV0==")),
    ],
)
def test_how_they_are_written(written: str, meant: AccessKey) -> None:
    chosen = Settings.read({"GLM_ACCESS_KEYS": f"other,{written}"})
    assert chosen.access[1] == meant
    assert chosen.access_key(meant.key) == meant
    assert chosen.access_key(written) == meant


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=30))
def test_what_opened_a_deployment_opens_it_still(key: str) -> None:
    assert Settings(access_keys=(key,)).access_key(key) is not None


def test_a_limit_without_a_store_is_refused() -> None:
    chosen = {"GLM_TOKENS": "eyJ", "GLM_ACCESS_KEYS": "anna=secret:2"}
    with pytest.raises(Misconfigured, match="GLM_TOKEN_STORE"):
        Settings.read(chosen).check()
    Settings.read({**chosen, "GLM_TOKEN_STORE": "redis://host"}).check()


def test_a_day_of_two_friends(upstream: StandIn, account: Account) -> None:
    with RedisServer() as redis:
        environ = {
            "GLM_CHATGLM_URL": upstream.url,
            "GLM_TOKENS": f"mine={account.refresh_token}",
            "GLM_ACCESS_KEYS": "anna=key-of-anna:2,ben=key-of-ben",
            "GLM_TOKEN_STORE": redis.url,
        }
        with serve(environ) as bundle:

            def question(key: str) -> httpx.Response:
                upstream.script(Answer(Text("Hello there.")))
                headers = {"Authorization": f"Bearer {key}"}
                body = {"messages": [{"role": "user", "content": "Hi"}]}
                return httpx.post(f"{bundle.url}/v1/chat/completions", json=body, headers=headers, timeout=30)

            statuses = [question("key-of-anna").status_code for _ in range(2)]
            assert statuses == [200, 200]
            refused = question("key-of-anna")
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "daily_limit"
            assert 0 < int(refused.headers["retry-after"]) <= 86400
            assert question("key-of-ben").status_code == 200
            headers = {"Authorization": "Bearer key-of-ben"}
            told = httpx.get(f"{bundle.url}/ping?deep=1", headers=headers, timeout=30).json()
            assert [(one["label"], one["limit"], one["requests"]) for one in told["access_keys"]] == [
                ("anna", 2, 2),
                ("ben", None, 1),
            ]
            assert all(one["tokens"] > 0 for one in told["access_keys"])
            assert told["accounts"][0]["answering"] is False
            assert "key-of" not in str(told)
            labels = [line.get("access_key") for line in bundle.log() if line.get("path") == "/v1/chat/completions"]
            assert labels == ["anna", "anna", "anna", "ben"]
