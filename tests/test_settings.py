"""Settings: what each variable does, and that a value which cannot be used is told by its name."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import settings
from lib.errors import Misconfigured
from lib.settings import Settings
from lib.store import open_store

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
    "GLM_ALLOW_PRIVATE_URLS",
    "GLM_ALLOWED_ORIGINS",
    "GLM_MODEL_ALIASES",
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
        ("GLM_MAX_DURATION", "10 s"),
        ("GLM_MAX_DURATION", "-1"),
        ("GLM_MODEL_ALIASES", "claude-opus*"),
        ("GLM_MODEL_ALIASES", "=glm-5.3"),
        ("GLM_MODEL_ALIASES", "claude*=glm-5.3,o3="),
    ],
)
def test_a_value_that_cannot_be_used_is_told_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        Settings.read({name: value})


@given(st.sampled_from(["GLM_TOKENS", "GLM_ACCESS_KEYS", "GLM_ALLOWED_ORIGINS"]), st.text(max_size=20))
def test_a_list_holds_no_empty_and_no_padded_member(name: str, value: str) -> None:
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
