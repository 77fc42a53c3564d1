"""Real requests of Claude Code: each gets a valid answer, whole and streamed."""

import httpx
import pytest
from anthropic.types import Message, MessageTokensCount

from tests import captures
from tests.asking import sent, sent_text
from tests.bundle import Bundle
from tests.upstream import Account, Answer, StandIn, Text, Think

REQUESTS = [name for name in captures.names("claude-code") if name != "claude-code-probe"]


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_is_answered(bundle: Bundle, upstream: StandIn, account: Account, name: str, streamed: bool) -> None:
    words = '{"title": "Foxes"}'
    upstream.script(Answer(Think("Hm."), Text(words)))
    response = captures.send(bundle, account, name, stream=streamed)
    assert response.status_code == 200
    if streamed:
        assert response.text.startswith("event: message_start\n")
        assert response.text.endswith('data: {"type":"message_stop"}\n\n')
    else:
        message = Message.model_validate_json(response.content)
        assert message.model == captures.load(name, "").body["model"]
        assert [block.text for block in message.content if block.type == "text"] == [words]
        assert message.stop_reason == "end_turn"


@pytest.mark.parametrize("name", REQUESTS)
def test_its_tokens_are_counted(bundle: Bundle, account: Account, name: str) -> None:
    response = captures.send(bundle, account, name, "/v1/messages/count_tokens")
    assert MessageTokensCount.model_validate_json(response.content).input_tokens > 10


def test_the_title_is_asked_for_without_thinking_and_the_rest_with(
    bundle: Bundle, upstream: StandIn, account: Account
) -> None:
    captures.send(bundle, account, "claude-code-title")
    assert sent(upstream)["meta_data"]["chat_mode"] == ""
    captures.send(bundle, account, "claude-code-first-turn")
    assert sent(upstream)["meta_data"]["chat_mode"] == "thinking"


def test_its_search_is_the_services_own(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    captures.send(bundle, account, "claude-code-web-search")
    assert sent(upstream)["meta_data"]["is_networking"] is True


def test_its_attribution_is_not_sent_on(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    line = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.332; cch=5a1c2;"}
    captures.send(bundle, account, "claude-code-first-turn", system=[line, {"type": "text", "text": "Be kind."}])
    assert "Be kind." in sent_text(upstream)
    assert "x-anthropic" not in sent_text(upstream)


def test_its_first_look_is_answered(bundle: Bundle) -> None:
    probe = captures.load("claude-code-probe", "")
    assert httpx.request(probe.method, bundle.url + probe.path, headers=probe.headers).status_code == 200
