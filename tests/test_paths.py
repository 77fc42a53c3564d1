"""Paths that are not quite right: who asks for them is told what to use."""

import httpx
import pytest

from tests.bundle import Bundle


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/chat/completions", "/models", "/models/glm-5.3", "/messages", "/images/generations", "/async-result/x"]
)
def test_a_base_url_without_v1_is_told_what_to_use(bundle: Bundle, method: str, path: str) -> None:
    response = httpx.request(method, bundle.url + path)
    assert response.status_code == 404
    assert response.json()["error"]["message"].startswith(f"Use /v1{path}: ")


@pytest.mark.parametrize("path", ["/nothing", "/v1/nothing", "/chat", "/v2/chat/completions"])
def test_other_paths_are_not_found(bundle: Bundle, path: str) -> None:
    response = httpx.post(bundle.url + path)
    assert response.status_code == 404
    assert "/v1/" not in response.json()["error"]["message"]
