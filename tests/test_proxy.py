"""A deployment behind a proxy: the service is reached through it, what callers name never is."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from tests.asking import ask, turn
from tests.bundle import Bundle, serve
from tests.http.proxy import Proxy
from tests.upstream import Account, StandIn


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Proxy()) as proxy:
        yield proxy


def served(stand_in: StandIn, **environ: str) -> dict[str, str]:
    return {"GLM_CHATGLM_URL": stand_in.url, "GLM_ALLOW_PRIVATE_URLS": "1", "NO_PROXY": "", "no_proxy": "", **environ}


def ask_about_a_file(bundle: Bundle, upstream: StandIn, account: Account) -> str:
    """Returns the file's URL."""
    url = upstream.site("/poem.txt", b"A poem.", "text/plain")
    answer = ask(bundle, account, turn("user", [{"type": "file", "file_url": {"url": url}}]))
    assert answer.choices[0].message.content
    return url


def test_the_service_is_reached_through_the_proxy_and_files_are_not(
    upstream: StandIn, account: Account, proxy: Proxy
) -> None:
    with serve(served(upstream, ALL_PROXY=proxy.url)) as bundle:
        url = ask_about_a_file(bundle, upstream, account)
    assert any(f"POST {upstream.url}/chatglm/" in asked for asked in proxy.asked)
    assert not any(url in asked for asked in proxy.asked)


def test_who_is_excepted_is_reached_directly(upstream: StandIn, account: Account, proxy: Proxy) -> None:
    with serve(served(upstream, ALL_PROXY=proxy.url, NO_PROXY="127.0.0.1")) as bundle:
        ask_about_a_file(bundle, upstream, account)
    assert proxy.asked == []


def test_a_proxy_that_cannot_be_used_is_named_as_the_reason(stand_in: StandIn, account: Account) -> None:
    with serve(served(stand_in, ALL_PROXY="socks5://127.0.0.1:1")) as bundle:
        response = bundle.http.post(
            f"{bundle.url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {account.refresh_token}"},
            json={"model": "glm-4", "messages": [{"role": "user", "content": "Hello"}]},
        )
    assert response.status_code in (502, 503)
    assert "proxy" in response.json()["error"]["message"]
