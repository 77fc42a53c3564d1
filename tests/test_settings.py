"""Settings: what each variable does, and that a value which cannot be used is told by its name."""

import re
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import settings
from lib.errors import Misconfigured
from lib.settings import Settings
from lib.store import open_store
from tests.bundle import serve
from tests.upstream import StandIn

MB = 1024 * 1024
VARIABLES = (
    "GLM_CHATGLM_URL",
    "GLM_SIGN_SECRET",
    "GLM_PLATFORM_URL",
    "GLM_TOKENS",
    "GLM_ACCESS_KEYS",
    "GLM_TOKEN_STORE",
    "GLM_KEEP_CONVERSATIONS",
    "GLM_MAX_FILE_MB",
    "GLM_STRICT_MODELS",
    "GLM_ALLOW_PRIVATE_URLS",
    "GLM_ALLOWED_ORIGINS",
    "GLM_MODEL_ALIASES",
    "GLM_REPORTS",
    "GLM_MAX_DURATION",
)


def test_without_any_variable_the_defaults_hold() -> None:
    assert Settings.read({}) == Settings() == Settings.read({"PATH": "/bin", "glm_tokens": "x", "GLM_UNKNOWN": "x"})
    assert Settings().chatglm_url == "https://chatglm.cn"
    assert Settings().max_file_bytes == 20 * MB
    assert Settings().allowed_origins == ("*",)
    assert not Settings().allow_private_urls
    assert Settings().max_duration == 900


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_an_empty_variable_counts_as_one_that_is_not_set(name: str, value: str) -> None:
    assert Settings.read({name: value}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("GLM_CHATGLM_URL", "http://127.0.0.1:9000/", "chatglm_url", "http://127.0.0.1:9000"),
        ("GLM_CHATGLM_URL", " https://example.com/base// ", "chatglm_url", "https://example.com/base"),
        ("GLM_CHATGLM_URL", "http://[::1]:65535", "chatglm_url", "http://[::1]:65535"),
        ("GLM_SIGN_SECRET", "s", "sign_secret", "s"),
        ("GLM_PLATFORM_URL", "https://api.z.ai/api/paas/v4/", "platform_url", "https://api.z.ai/api/paas/v4"),
        ("GLM_TOKENS", "a, b ,,c,", "tokens", ("a", "b", "c")),
        ("GLM_ACCESS_KEYS", "k", "access_keys", ("k",)),
        ("GLM_TOKEN_STORE", "redis://host", "token_store", "redis://host"),
        (
            "GLM_MODEL_ALIASES",
            "Claude-Opus* = glm-5.3, claude-haiku*=glm-5.3-flash,",
            "model_aliases",
            (("claude-opus*", "glm-5.3"), ("claude-haiku*", "glm-5.3-flash")),
        ),
        ("GLM_KEEP_CONVERSATIONS", "1", "keep_conversations", True),
        ("GLM_KEEP_CONVERSATIONS", "ON", "keep_conversations", True),
        ("GLM_KEEP_CONVERSATIONS", "no", "keep_conversations", False),
        ("GLM_ALLOW_PRIVATE_URLS", "true", "allow_private_urls", True),
        ("GLM_ALLOW_PRIVATE_URLS", "0", "allow_private_urls", False),
        ("GLM_MAX_FILE_MB", "1", "max_file_bytes", MB),
        ("GLM_MAX_FILE_MB", "0.5", "max_file_bytes", MB // 2),
        ("GLM_MAX_FILE_MB", "0", "max_file_bytes", 0),
        ("GLM_ALLOWED_ORIGINS", "https://a, https://b", "allowed_origins", ("https://a", "https://b")),
        ("GLM_MAX_DURATION", "60", "max_duration", 60.0),
        ("GLM_MAX_DURATION", "0", "max_duration", None),
    ],
)
def test_what_a_variable_does(name: str, value: str, field: str, expected: object) -> None:
    chosen = Settings.read({name: value})
    assert getattr(chosen, field) == expected
    others = [name for name in Settings._fields if name != field]
    assert all(getattr(chosen, other) == getattr(Settings(), other) for other in others)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GLM_CHATGLM_URL", "chatglm.cn"),
        ("GLM_CHATGLM_URL", "ftp://chatglm.cn"),
        ("GLM_CHATGLM_URL", "https://"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn:port"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn:99999"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn:0"),
        ("GLM_CHATGLM_URL", "https://[1.2.3.4]"),
        ("GLM_CHATGLM_URL", "https://me:secret@chatglm.cn"),
        ("GLM_CHATGLM_URL", "https://智谱.cn"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn/a b"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn/?a=b"),
        ("GLM_CHATGLM_URL", "https://chatglm.cn/#a"),
        ("GLM_PLATFORM_URL", "api.z.ai"),
        ("GLM_KEEP_CONVERSATIONS", "perhaps"),
        ("GLM_ALLOW_PRIVATE_URLS", "2"),
        ("GLM_MAX_FILE_MB", "many"),
        ("GLM_MAX_FILE_MB", "-1"),
        ("GLM_MAX_FILE_MB", "nan"),
        ("GLM_MAX_FILE_MB", "inf"),
        ("GLM_MAX_FILE_MB", "1e305"),
        ("GLM_MAX_DURATION", "10 days"),
        ("GLM_TOKEN_STORE", "https://eu1-sunny-cat-1.upstash.io"),
        ("GLM_TOKEN_STORE", "host:6379"),
        ("GLM_TOKEN_STORE", "redis://host:port"),
        ("GLM_TOKEN_STORE", "redis://"),
        ("GLM_TOKEN_STORE", "dynamodb:"),
        ("GLM_ACCESS_KEYS", "open sesame"),
        ("GLM_ACCESS_KEYS", "one;two"),
        ("GLM_ALLOWED_ORIGINS", "example.com"),
        ("GLM_ALLOWED_ORIGINS", "https://example.com/app"),
        ("GLM_ALLOWED_ORIGINS", "https://*.example.com"),
        ("GLM_MAX_DURATION", "-1"),
        ("GLM_MODEL_ALIASES", "claude-opus*"),
        ("GLM_MODEL_ALIASES", "=glm-5.3"),
        ("GLM_MODEL_ALIASES", "claude*=glm-5.3,o3="),
    ],
)
def test_a_value_that_cannot_be_used_is_told_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.read({name: value})


TOKEN, OTHER, KEY = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJhbGciOiJIUzI1NiJ9.e30.eA", "0123456789abcdef.Zy-9"
MEANT: dict[str, tuple[str, object]] = {
    "GLM_CHATGLM_URL": ("https://example.com", "https://example.com"),
    "GLM_SIGN_SECRET": ("8a1317a7", "8a1317a7"),
    "GLM_PLATFORM_URL": ("https://api.z.ai/api/paas/v4", "https://api.z.ai/api/paas/v4"),
    "GLM_TOKENS": (f"{TOKEN},work={KEY}", (TOKEN, f"work={KEY}")),
    "GLM_ACCESS_KEYS": ("key-one,key-two", ("key-one", "key-two")),
    "GLM_TOKEN_STORE": ("rediss://default:se%23cret@host:6379/1", "rediss://default:se%23cret@host:6379/1"),
    "GLM_KEEP_CONVERSATIONS": ("1", True),
    "GLM_MAX_FILE_MB": ("30", 30 * MB),
    "GLM_STRICT_MODELS": ("1", True),
    "GLM_ALLOW_PRIVATE_URLS": ("yes", True),
    "GLM_ALLOWED_ORIGINS": ("https://a.com,http://localhost:3000", ("https://a.com", "http://localhost:3000")),
    "GLM_MODEL_ALIASES": ("gpt*=glm-5.3,o3=glm-5.3-flash", (("gpt*", "glm-5.3"), ("o3", "glm-5.3-flash"))),
    "GLM_REPORTS": ("/tmp/reports", "/tmp/reports"),
    "GLM_MAX_DURATION": ("60", 60.0),
}
"""Of each variable a value, and what it means."""
PASTED = (
    *("{}\r\n", "  {}\t", "\ufeff{}\u200b", "\u00a0{}\u3000", '"{}"', "'{}'", "“{}”", "`{}`", '" {} "', "{},", "{};"),
    *("{name}={}", 'export {name}="{}"', "{}  # of my own", "# of my own\n{}\n"),
)
"""How a value is pasted."""


@pytest.mark.parametrize("form", PASTED)
@pytest.mark.parametrize(("name", "field"), [*zip(VARIABLES, Settings._fields, strict=True)])
def test_a_value_is_read_however_it_was_pasted(name: str, field: str, form: str) -> None:
    value, meaning = MEANT[name]
    chosen = Settings.read({name: form.format(value, name=name)})
    assert getattr(chosen, field) == meaning
    assert not chosen.complaint


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        *(
            ("GLM_TOKENS", form.format(TOKEN, OTHER, KEY), (TOKEN, OTHER, KEY))
            for form in (
                *("{}\n{}\n{}", "{}\r\n\r\n{}\r\n{}", "{} {} {}", "{}; {};{}", "{}，{}、{}", "{}；{}\t{}"),
                *('"{}","{}","{}"', '["{}", "{}", "{}"]', "Bearer {}, Bearer {}, bearer {}", "{} # a\n{} # b\n{} # c"),
                *("Authorization: Bearer {}\n{}\n{}", "['{}', '{}', '{}']"),
            )
        ),
        ("GLM_TOKENS", f"work = {TOKEN}, home= '{OTHER}'", (f"work={TOKEN}", f"home='{OTHER}")),
        (
            "GLM_TOKENS",
            f"chatglm_refresh_token={TOKEN};work={OTHER}",
            (f"chatglm_refresh_token={TOKEN}", f"work={OTHER}"),
        ),
        (
            "GLM_TOKENS",
            f"Cookie: acw_tc=1; chatglm_token={OTHER}; chatglm_refresh_token={TOKEN}; _ga=GA1.1\npaid={KEY}",
            (f"chatglm_refresh_token={TOKEN}", f"paid={KEY}"),
        ),
        ("GLM_ACCESS_KEYS", "one\ntwo\r\nthree", ("one", "two", "three")),
        ("GLM_ACCESS_KEYS", '"one", “two”，[three]', ("one", "two", "three")),
        ("GLM_ACCESS_KEYS", "Bearer one,two#2", ("one", "two#2")),
        (
            "GLM_TOKEN_STORE",
            "redis-cli --tls -u redis://default:p@h.upstash.io:6379",
            "rediss://default:p@h.upstash.io:6379",
        ),
        ("GLM_TOKEN_STORE", 'REDIS_URL="redis://default:p@h.upstash.io:6379"', "rediss://default:p@h.upstash.io:6379"),
        ("GLM_TOKEN_STORE", "memory", "memory:"),
        ("GLM_ALLOWED_ORIGINS", "https://A.com/ ; https://b.com//", ("https://a.com", "https://b.com")),
        ("GLM_ALLOWED_ORIGINS", "*", ("*",)),
        ("GLM_ALLOWED_ORIGINS", "capacitor://localhost null", ("capacitor://localhost", "null")),
        ("GLM_PLATFORM_URL", "https://api.z.ai/api/paas/v4/chat/completions", "https://api.z.ai/api/paas/v4"),
        ("GLM_MAX_FILE_MB", "30 MB", 30 * MB),
        ("GLM_MAX_DURATION", "300s", 300.0),
        ("GLM_MODEL_ALIASES", "gpt* = glm-5.3\no3=glm-5.3;", (("gpt*", "glm-5.3"), ("o3", "glm-5.3"))),
    ],
)
def test_a_value_with_one_meaning_is_taken_as_that(name: str, value: str, meaning: object) -> None:
    assert getattr(Settings.read({name: value}), Settings._fields[VARIABLES.index(name)]) == meaning


@pytest.mark.parametrize(
    ("tokens", "places"),
    [("sk-1,{},eyJ…", "1, 3 of 3"), ("<your token>", "1, 2 of 2"), ("{},令牌令牌令牌令牌令牌令牌令牌", "2 of 2")],
)
def test_what_cannot_be_a_token_is_told_by_its_place_and_nothing_of_it(tokens: str, places: str) -> None:
    told = Settings.read({"GLM_TOKENS": tokens.format(TOKEN)}).complaint
    assert told.startswith(f"GLM_TOKENS: number {places} is")
    assert "sk-1" not in told


def test_what_cannot_be_used_is_told_at_the_start_by_ping_and_in_every_503(upstream: StandIn) -> None:
    environs = {
        "GLM_TOKEN_STORE": {"GLM_TOKEN_STORE": '"https://eu1-sunny-cat-1.upstash.io"'},
        "GLM_ACCESS_KEYS": {"GLM_TOKENS": TOKEN, "GLM_ACCESS_KEYS": '""'},
        "GLM_TOKENS: number 2 of 2": {"GLM_TOKENS": f"{OTHER},sk-1", "GLM_ACCESS_KEYS": '"k"'},
    }
    for told, environ in environs.items():
        with serve({"GLM_CHATGLM_URL": upstream.url, **environ}) as bundle:
            assert told in httpx.get(f"{bundle.url}/ping").headers["x-settings"]
            body = {"messages": [{"role": "user", "content": "Hi"}]}
            headers = {"Authorization": "Bearer k"}
            refused = httpx.post(f"{bundle.url}/v1/chat/completions", json=body, headers=headers, timeout=30)
            assert refused.status_code == 503
            assert told in refused.json()["error"]["message"]
        assert any(told in line["message"] for line in bundle.log())


@given(st.sampled_from(["GLM_TOKENS", "GLM_ACCESS_KEYS", "GLM_ALLOWED_ORIGINS"]), st.text(max_size=20))
def test_a_list_holds_no_empty_and_no_padded_member(name: str, value: str) -> None:
    with suppress(Misconfigured):
        chosen = Settings.read({name: value})
        members = {
            "GLM_TOKENS": chosen.tokens,
            "GLM_ACCESS_KEYS": chosen.access_keys,
            "GLM_ALLOWED_ORIGINS": chosen.allowed_origins,
        }[name]
        assert all(member and member == member.strip() and "," not in member for member in members)
        if re.fullmatch(r"[\s,]*", value):
            assert members == (("*",) if name == "GLM_ALLOWED_ORIGINS" else ())


@given(st.sampled_from(VARIABLES), st.text(max_size=20))
def test_any_value_is_taken_or_refused(name: str, value: str) -> None:
    with suppress(Misconfigured):
        assert isinstance(Settings.read({name: value}), Settings)


@pytest.mark.parametrize(
    ("environ", "store"),
    [
        ({"REDIS_URL": "redis://default:secret@host:12345"}, "redis://default:secret@host:12345"),
        ({"KV_URL": "rediss://default:secret@host:6379"}, "rediss://default:secret@host:6379"),
        ({"REDIS_URL": " rediss://host/2\n"}, "rediss://host/2"),
        ({"REDIS_URL": "redis://u:p%2Fw@host:1/0?family=6&ssl_cert_reqs=none#x"}, "redis://u:p%2Fw@host:1/0"),
        ({"REDIS_URL": "redis://host:1/default?x=1"}, "redis://host:1"),
        ({"REDIS_URL": "redis://[::1]:6379"}, "redis://[::1]:6379"),
        ({"REDIS_URL": "redis://first", "KV_URL": "redis://second"}, "redis://first"),
        ({"REDIS_URL": "https://host", "KV_URL": "redis://second"}, "redis://second"),
        ({"REDIS_URL": "redis://host", "GLM_TOKEN_STORE": "memory:"}, "memory:"),
        ({"REDIS_URL": "redis://host", "GLM_TOKEN_STORE": " "}, "redis://host"),
        ({"REDIS_URL": "redis://host", "GLM_TOKEN_STORE": "dynamodb:table"}, "dynamodb:table"),
        *(
            ({"REDIS_URL": url}, "memory:")
            for url in ("", "host:6379", "redis://", "redis://[::1", "redis://host:port")
        ),
        ({"KV_REST_API_URL": "https://host", "redis_url": "redis://host"}, "memory:"),
    ],
)
def test_the_redis_that_a_platform_brings_is_used_where_no_store_is_named(environ: dict[str, str], store: str) -> None:
    chosen = Settings.read(environ)
    assert chosen.token_store == store
    if not store.startswith("dynamodb:"):  # That one asks the environment more.
        assert open_store(store).shared == (store != "memory:")


def test_the_environment_is_read_once() -> None:
    assert settings.current() is settings.current()


def test_every_variable_is_described_where_it_is_read() -> None:
    assert settings.__file__ is not None
    with open(settings.__file__, encoding="utf-8") as source:
        described = re.findall(r'"""`(GLM_\w+)`:', source.read())
    assert tuple(described) == VARIABLES
