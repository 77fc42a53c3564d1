"""The stand-in for chatglm.cn is as strict as the protocol notes: each refusal, each ending, each kind of event."""

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.upstream import (
    BUSY,
    BUSY_MESSAGE,
    EMPTY,
    HTML,
    UNAVAILABLE,
    Account,
    Answer,
    Code,
    Cut,
    Error,
    Gate,
    Intervene,
    MarkdownPictures,
    Output,
    Pictures,
    Quote,
    Raw,
    Search,
    Source,
    StandIn,
    Text,
    Think,
    Unknown,
    Video,
    deltas,
    demo,
    growing,
    media,
)
from tests.upstream import signature as its_signature

PLAIN = "65940acff94777010aa6b796"
REFRESH = "/chatglm/user-api/user/refresh"
STREAM = "/chatglm/backend-api/assistant/stream"
STOP = "/chatglm/mainchat-api/stream/stop_stream"
CONTINUE = "/chatglm/mainchat-api/stream/continue_stream"
DELETE = "/chatglm/mainchat-api/conversation/bulk_delete"
UPLOAD = "/chatglm/productivity-api/file/chat_upload"
VIDEO = "/chatglm/video-api/v1/chat"

type Events = list[dict[str, Any]]


# --- A client that does everything right, or one thing wrong ---------------------------------------------------------


def timestamp_of(clock: int) -> str:
    digits = [int(digit) for digit in str(clock)]
    digits[11] = (sum(digits) - digits[11]) % 10
    return "".join(map(str, digits))


def signature(timestamp: str, nonce: str) -> str:
    return hashlib.md5(f"{timestamp}-{nonce}-8a1317a7468aa3ad86e997d08f3f31cb".encode()).hexdigest()


def signed(token: str, device_id: str, *, skew: float = 0.0) -> dict[str, str]:
    """All headers of a call. `skew`: seconds by which the clock is wrong."""
    timestamp = timestamp_of(int((time.time() + skew) * 1000))
    nonce = uuid.uuid4().hex
    return {
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Sign": signature(timestamp, nonce),
        "X-Device-Id": device_id,
        "X-Request-Id": uuid.uuid4().hex,
        "App-Name": "chatglm",
        "X-App-Platform": "pc",
        "X-App-Version": "0.0.1",
        "X-Lang": "zh",
        "X-App-fr": "default",
        "X-Device-Brand": "",
        "X-Device-Model": "",
        "Origin": "https://chatglm.cn",
        "Referer": "https://chatglm.cn/main/alltoolsdetail",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Authorization": f"Bearer {token}",
    }


def question(*parts: dict[str, Any], text: str = "hello", **changes: Any) -> dict[str, Any]:
    meta_data = {"chat_mode": "", "is_networking": True, "cogview": {"rm_label_watermark": False}}
    return {
        "assistant_id": PLAIN,
        "conversation_id": "",
        "project_id": "",
        "chat_type": "user_chat",
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}, *parts]}],
        **changes,
        "meta_data": {**meta_data, **changes.get("meta_data", {})},
    }


class Client:
    """Calls the stand-in on one account, with plain httpx."""

    def __init__(self, http: httpx.Client, account: Account) -> None:
        self.http = http
        self.account = account
        self.token = account.access_token()

    def headers(self, token: str | None = None, **more: str) -> dict[str, str]:
        return {**signed(token or self.token, self.account.device_id), **more}

    def refresh(self, token: str | None = None) -> httpx.Response:
        return self.http.post(REFRESH, json={}, headers=self.headers(token or self.account.refresh_token))

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.headers(Accept="text/event-stream"))

    def ask(self, *parts: dict[str, Any], **changes: Any) -> httpx.Response:
        return self.post(STREAM, question(*parts, **changes))

    def events(self, *parts: dict[str, Any], **changes: Any) -> Events:
        return read(self.ask(*parts, **changes))

    def upload(self, content: bytes, filename: str = "a.txt", path: str = UPLOAD, **form: str) -> httpx.Response:
        form = form or {"from": "chat", "assistant_id": PLAIN}
        return self.http.post(path, data=form, files={"file": (filename, content)}, headers=self.headers())


def read(response: httpx.Response) -> Events:
    assert response.headers["Content-Type"] == "text/event-stream"
    return parse(response.content)


def parse(data: bytes) -> Events:
    """Read whole events; anything else in the data is an error."""
    head, *events = data.split(b"event:message\ndata: ")
    assert head == b""
    assert all(event.endswith(b"\n\n") for event in events)
    return [json.loads(event) for event in events]


def contents(events: Events) -> list[tuple[str, str, Any]]:
    """What each event says: the type and status of its last part's content, and what it holds."""
    said = []
    for event in events:
        for content in event["parts"][-1]["content"]:
            kind, status = content["type"], content["status"]
            said.append((kind, status, content.get({"execution_output": "content"}.get(kind, kind))))
    return said


def refusal(response: httpx.Response) -> tuple[int, int]:
    body = response.json()
    assert set(body) == {"status", "message", "result", "rid"}
    return response.status_code, body["status"]


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(server: StandIn) -> Iterator[StandIn]:
    yield server
    server.reset()


@pytest.fixture
def http(stand_in: StandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.url) as client:
        yield client


@pytest.fixture
def client(stand_in: StandIn, http: httpx.Client) -> Client:
    return Client(http, stand_in.account())


# --- Signature and headers -------------------------------------------------------------------------------------------


def test_the_protocol_s_vector() -> None:
    assert its_signature.has_check_digit("1790732179905")
    assert its_signature.sign("1790732179905", "75988225830f4d93b6702dcd0a2e9baf") == "a32ee7a2876ad44e6658475f0a7c69eb"


def test_every_wrong_check_digit_is_seen() -> None:
    right = timestamp_of(1790732179935)
    wrong = [f"{right[:11]}{digit}{right[12]}" for digit in range(10) if str(digit) != right[11]]
    assert its_signature.has_check_digit(right)
    assert not any(map(its_signature.has_check_digit, wrong))


def test_an_answer_echoes_the_request_id(client: Client) -> None:
    headers = client.headers(client.account.refresh_token)
    answered = client.http.post(REFRESH, json={}, headers=headers).json()
    assert (answered["status"], answered["message"], answered["rid"]) == (0, "success", headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("App-Name", 40001),
        ("X-App-Platform", 40001),
        ("X-App-Version", 40001),
        ("X-Lang", 40001),
        ("X-App-fr", 40001),
        ("X-Device-Brand", 40001),
        ("X-Device-Model", 40001),
        ("X-Device-Id", 40001),
        ("X-Request-Id", 40001),
        ("Origin", 40001),
        ("Referer", 40001),
        ("User-Agent", 40002),
        ("X-Sign", 40011),
        ("X-Nonce", 40011),
        ("X-Timestamp", 40014),
    ],
)
def test_a_missing_header_is_refused(client: Client, name: str, code: int) -> None:
    headers = client.headers(Accept="text/event-stream")
    del headers[name]
    response = client.http.post(STREAM, json=question(), headers=headers)
    assert refusal(response) == (400, code)
    if name != "User-Agent":  # httpx sends its own.
        assert name in response.json()["message"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Device-Id", "A" * 32, 40001),
        ("X-Request-Id", "1234", 40001),
        ("X-Device-Brand", "Apple", 40001),
        ("Referer", "https://example.com/", 40001),
        ("User-Agent", "curl/8.5.0", 40002),
        ("X-Sign", "0" * 32, 40011),
        ("X-Nonce", "g" * 32, 40011),
        ("X-Nonce", uuid.uuid4().hex.upper(), 40011),
        ("X-Timestamp", "1790732179915", 40014),
        ("X-Timestamp", "1790732179", 40014),
    ],
)
def test_a_wrong_header_is_refused(client: Client, name: str, value: str, code: int) -> None:
    assert refusal(client.http.post(STREAM, json=question(), headers=client.headers(**{name: value}))) == (400, code)


@pytest.mark.parametrize("skew", [-310, 310])
def test_a_stale_timestamp_is_refused(client: Client, skew: float) -> None:
    headers = signed(client.account.refresh_token, client.account.device_id, skew=skew)
    assert refusal(client.http.post(REFRESH, json={}, headers=headers)) == (400, 40014)


@pytest.mark.parametrize("skew", [-290, 290])
def test_a_clock_that_is_a_little_wrong_is_not_refused(client: Client, skew: float) -> None:
    headers = signed(client.account.refresh_token, client.account.device_id, skew=skew)
    assert client.http.post(REFRESH, json={}, headers=headers).json()["status"] == 0


@pytest.mark.parametrize(("kept", "code"), [("X-Request-Id", 40001), ("X-Nonce", 40011)])
def test_what_must_be_fresh_is_refused_the_second_time(client: Client, kept: str, code: int) -> None:
    first, second = client.headers(Accept="text/event-stream"), client.headers(Accept="text/event-stream")
    assert client.http.post(STREAM, json=question(), headers=first).status_code == 200
    again = {**second, kept: first[kept]}
    again["X-Sign"] = signature(again["X-Timestamp"], again["X-Nonce"])
    assert refusal(client.http.post(STREAM, json=question(), headers=again)) == (400, code)


def test_an_account_names_one_device_only(client: Client) -> None:
    assert client.refresh().status_code == 200
    other = client.headers(**{"X-Device-Id": uuid.uuid4().hex})
    assert refusal(client.http.post(STREAM, json=question(), headers=other)) == (400, 40001)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/chatglm/backend-api/v1/user/refresh",
        "/chatglm/backend-api/assistant/conversation/delete",
        "/chatglm/backend-api/assistant/file_upload",
    ],
)
def test_an_unknown_or_old_path_is_an_html_404(stand_in: StandIn, client: Client, path: str) -> None:
    response = client.post(path, {})
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert stand_in.requests(path)[0].status == 404


# --- Credentials -----------------------------------------------------------------------------------------------------


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def test_a_refresh_hands_out_both_tokens(client: Client) -> None:
    result = client.refresh().json()["result"]
    assert set(result) == {"user_id", "access_token", "refresh_token", "is_guest", "mode"}
    access, refresh = payload(result["access_token"]), payload(result["refresh_token"])
    assert set(access) == {"sub", "uid", "device_id", "type", "iat", "nbf", "exp", "jti"}
    assert (access["type"], access["exp"] - access["iat"]) == ("access", 24 * 3600)
    assert (refresh["type"], refresh["exp"] - refresh["iat"]) == ("refresh", 180 * 24 * 3600)
    assert access["uid"] == refresh["uid"] == client.account.uid
    assert client.refresh(result["refresh_token"]).status_code == 200


def test_a_rotated_refresh_token_is_dead(client: Client) -> None:
    assert client.refresh().status_code == 200
    assert refusal(client.refresh()) == (401, 40102)
    assert client.refresh(client.account.newest_refresh_token).status_code == 200


def test_with_lenient_rotation_the_old_token_lives_on(stand_in: StandIn, http: httpx.Client) -> None:
    client = Client(http, stand_in.account(rotation="lenient"))
    assert [client.refresh().status_code for _ in range(3)] == [200, 200, 200]


def test_a_dead_account_s_tokens_are_refused(client: Client) -> None:
    client.account.kill()
    assert refusal(client.refresh()) == refusal(client.ask()) == (401, 40102)


@pytest.mark.parametrize("kind", ["expired", "foreign", "access", "gibberish"])
def test_a_refresh_token_that_is_none_is_refused(stand_in: StandIn, http: httpx.Client, kind: str) -> None:
    client = Client(http, stand_in.account(rotation="lenient"))  # Nothing but the fault itself is in the way.
    tokens = {
        "expired": client.account.expired_refresh_token(),
        "foreign": client.account.foreign_token("refresh"),
        "access": client.account.access_token(),
        "gibberish": "gibberish",
    }
    assert refusal(client.refresh(tokens[kind])) == (401, 40102)
    assert client.refresh().status_code == 200


@pytest.mark.parametrize("kind", ["expired", "foreign", "refresh", "unsigned"])
def test_an_access_token_that_is_none_is_refused(client: Client, kind: str) -> None:
    tokens = {
        "expired": client.account.expired_access_token(),
        "foreign": client.account.foreign_token("access"),
        "refresh": client.account.refresh_token,
        "unsigned": client.account.access_token().rpartition(".")[0] + ".",
    }
    client.token = tokens[kind]
    assert refusal(client.ask()) == (401, 40102)


def test_a_revoked_access_token_is_refused_before_its_time(client: Client) -> None:
    assert client.ask().status_code == 200
    client.account.revoke_access()
    assert refusal(client.ask()) == (401, 40102)
    client.token = client.account.access_token()
    assert client.ask().status_code == 200


def test_a_call_without_a_token_is_not_logged_in(client: Client) -> None:
    headers = client.headers()
    del headers["Authorization"]
    assert refusal(client.http.post(STREAM, json=question(), headers=headers)) == (401, 40103)


def test_access_tokens_can_be_made_to_expire_soon(stand_in: StandIn, http: httpx.Client) -> None:
    result = Client(http, stand_in.account(access_lifetime=60)).refresh().json()["result"]
    access = payload(result["access_token"])
    assert access["exp"] - access["iat"] == 60


def test_a_visitor_is_refused_or_told_so(stand_in: StandIn, http: httpx.Client) -> None:
    assert refusal(Client(http, stand_in.account(guest="refused")).refresh()) == (401, 40102)
    told = Client(http, stand_in.account(guest="answered"))
    assert told.refresh().json()["result"]["is_guest"] is True
    assert refusal(told.ask()) == (401, 40103)


# --- What a chat call must look like ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"assistant_id": "short"},
        {"conversation_id": None},
        {"chat_type": "system_chat"},
        {"messages": []},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}] * 2},
        {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"}]}]},
        {"messages": [{"role": "user", "content": "a"}]},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user", "content": [{"type": "audio", "audio": []}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": []}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": [{"file_id": "made up"}]}]}]},
        {"meta_data": {"chat_mode": "dreaming"}},
        {"meta_data": {"is_networking": "yes"}},
        {"meta_data": {"reasoning_effort": "medium"}},
        {"meta_data": {"selected_model": "gpt-4"}},
        {"meta_data": {"cogview": None}},
        {"assistant_id": demo.DRAWING_ASSISTANT, "meta_data": {"cogview": {"aspect_ratio": "1024x1024"}}},
    ],
)
def test_a_body_of_another_shape_is_refused(client: Client, changes: dict[str, Any]) -> None:
    assert client.ask(**changes).status_code == 400


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Content-Type": "text/plain", "Accept": "text/event-stream"}])
def test_a_chat_call_of_another_type_is_refused(client: Client, headers: dict[str, str]) -> None:
    body = json.dumps(question())
    typed = {"Content-Type": "application/json", **client.headers(), **headers}
    assert client.http.post(STREAM, content=body, headers=typed).status_code == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    typed = client.headers(**{"Content-Type": "application/json", "Accept": "text/event-stream"})
    assert client.http.post(STREAM, content=body, headers=typed).status_code == 400


# --- Events ----------------------------------------------------------------------------------------------------------


def test_deltas_then_the_finished_part_then_everything(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Think("h", "m"), Text("ha ", "ha ", "haha")))
    events = client.events()
    assert contents(events[:-1]) == [
        ("think", "init", "h"),
        ("think", "init", "m"),
        ("think", "finish", "hm"),
        ("text", "init", "ha "),
        ("text", "init", "ha "),
        ("text", "init", "haha"),
        ("text", "finish", "ha ha haha"),
    ]
    assert [event["status"] for event in events] == ["init"] * 7 + ["finish"]
    think, text = events[-1]["parts"]
    assert (think["content"][0]["think"], text["content"][0]["text"]) == ("hm", "ha ha haha")
    assert (think["status"], text["status"]) == ("finish", "finish")
    assert think["logic_id"] != text["logic_id"]
    assert {event["parts"][0]["logic_id"] for event in events[:3]} == {think["logic_id"]}
    assert {event["conversation_id"] for event in events} == set(stand_in.conversations(client.account))
    assert len({event["id"] for event in events}) == 1


def test_the_older_dialect_says_everything_every_time(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Think("hm"), Text("ha ", "ha ", "haha"), dialect="snapshots"))
    events = client.events()
    assert contents(events) == [
        ("think", "init", "hm"),
        ("think", "finish", "hm"),
        ("text", "init", "ha "),
        ("text", "init", "ha ha "),
        ("text", "init", "ha ha haha"),
        ("text", "finish", "ha ha haha"),
        ("text", "finish", "ha ha haha"),
    ]
    assert [len(event["parts"]) for event in events] == [1, 1, 2, 2, 2, 2, 2]
    stand_in.script(Answer(Think("hm"), Text("ha"), dialect="snapshots", carry=False))
    assert [len(event["parts"]) for event in client.events()] == [1, 1, 1, 1, 2]


def test_a_finished_part_may_say_more_than_its_deltas(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", snapshot="abc"), opening=True))
    events = client.events()
    assert events[0]["parts"] == []
    assert contents(events[1:]) == [("text", "init", "a"), ("text", "finish", "abc"), ("text", "finish", "abc")]


def test_a_search_and_its_sources_in_both_forms(stand_in: StandIn, client: Client) -> None:
    source = Source("Title", "https://example.com/", "Snippet")
    stand_in.script(Answer(Search("what", source), Quote(source), Text("so")))
    call, result, quote, *_ = (event["parts"][0] for event in client.events())
    assert call["content"][0]["tool_calls"]["name"] == "search"
    assert json.loads(call["content"][0]["tool_calls"]["arguments"]) == {"query": "what"}
    found = {"url": "https://example.com/", "title": "Title", "snippet": "Snippet"}
    assert (result["content"][0]["type"], result["meta_data"]["tool_result_extra"]["search_results"]) == (
        "tool_result",
        [found],
    )
    assert quote["content"][0]["type"] == "quote_result"
    assert quote["meta_data"]["metadata_list"][0]["url"] == "https://example.com/"


def test_code_output_and_unknown_types(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Code("print", "(1)"), Output("1\n"), Unknown("hologram", depth=3), Unknown("system_error")))
    events = client.events()
    assert contents(events[:5]) == [
        ("code", "init", "print"),
        ("code", "init", "(1)"),
        ("code", "finish", "print(1)"),
        ("execution_output", "init", "1\n"),
        ("execution_output", "finish", "1\n"),
    ]
    assert events[5]["parts"][0]["content"] == [{"type": "hologram", "depth": 3, "status": "finish"}]
    assert events[6]["parts"][0]["content"] == [{"type": "system_error", "status": "finish"}]


def test_pictures_come_out_of_order_and_can_be_fetched(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Pictures(2, 0, 3, 1, prompt="a polished cat")))
    events = client.events()
    urls = [event["parts"][0]["content"][-1]["image"][0]["image_url"] for event in events[:4]]
    assert urls == [f"{stand_in.url}/testpath/{events[0]['id']}_{number}_0.jpg" for number in (2, 0, 3, 1)]
    assert events[0]["parts"][0]["content"][0]["code"] == "a polished cat"
    assert events[4]["parts"][0]["content"][0]["type"] == "one_to_more_finish"
    pictures = [httpx.get(url) for url in urls]
    assert {picture.headers["Content-Type"] for picture in pictures} == {"image/jpeg"}
    assert len({picture.content for picture in pictures}) == 4
    assert pictures[0].content.startswith(b"\xff\xd8\xff")
    assert httpx.get(f"{stand_in.url}/testpath/{'0' * 24}_0_0.jpg").status_code == 404


def test_pictures_of_the_older_form_are_markdown(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(MarkdownPictures(0, 1)))
    events = client.events()
    text = events[-1]["parts"][0]["content"][0]["text"]
    assert text.count("![picture](") == 2
    assert f"{stand_in.url}/testpath/{events[0]['id']}_1_0.jpg)" in text


def test_the_bytes_can_be_cut_anywhere(stand_in: StandIn, client: Client) -> None:
    answer = Answer(Text("你", "好"), chunk_sizes=(1, 2, 7), gate=Gate(after=3))
    assert answer.gate is not None
    stand_in.script(answer)
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        raw = it.iter_raw()
        answer.gate.wait_sent()
        arrived = next(raw)
        while len(arrived) < 10:
            arrived += next(raw)
        assert arrived == b"event:mess"
        answer.gate.release()
        assert contents(parse(arrived + b"".join(raw)))[-1] == ("text", "finish", "你好")


def test_lines_can_end_with_cr_lf_and_bytes_can_be_anything(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Raw(b": a comment\r\n\r\n"), Text("a"), crlf=True))
    content = client.ask().content
    assert content.startswith(b": a comment\r\n\r\nevent:message\r\ndata: {")
    assert content.endswith(b"}\r\n\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_lone_surrogate_travels_escaped(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("\ud800")))
    assert contents(client.events())[0] == ("text", "init", "\ud800")


# --- Endings ---------------------------------------------------------------------------------------------------------


def test_the_filter_intervenes(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Intervene("换一个话题")))
    events = client.events()
    assert contents(events[:-1]) == [("text", "init", "a"), ("text", "init", "b")]
    assert (events[-1]["status"], events[-1]["last_error"]) == ("intervene", {"intervene_text": "换一个话题"})


@pytest.mark.parametrize("field", ["error", "last_error"])
def test_generating_fails(stand_in: StandIn, client: Client, field: Any) -> None:
    stand_in.script(Answer(Text("a"), ending=Error(field=field)))
    last = client.events()[-1]
    assert (last["status"], last[field]) == ("error", {"error_code": 10024, "err_msg": "generator exit"})


def test_the_connection_is_cut(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b", "c"), ending=Cut(after=2, partial=20)))
    headers = client.headers(Accept="text/event-stream")
    arrived = b""
    with client.http.stream("POST", STREAM, json=question(), headers=headers) as response:
        chunks = response.iter_raw()
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  It is the reading that fails, some chunks later.
            while True:
                arrived += next(chunks)
    assert arrived.count(b"event:message") == 3
    assert contents(parse(arrived[: arrived.rindex(b"event:message")])) == [
        ("text", "init", "a"),
        ("text", "init", "b"),
    ]
    assert len(arrived) - arrived.rindex(b"event:message") == 20


def test_the_connection_is_cut_in_good_order(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b", "c"), ending=Cut(after=2, clean=True)))
    assert contents(client.events()) == [("text", "init", "a"), ("text", "init", "b")]


def test_a_cut_stream_is_taken_up_again_from_where_it_was(stand_in: StandIn, client: Client) -> None:
    again = Cut(after=1, clean=True, then=Intervene())
    stand_in.script(Answer(Text("a", "b", "c", "d"), ending=Cut(after=2, clean=True, then=again)))
    history_id = client.events()[0]["id"]
    assert contents(read(client.post(CONTINUE, {"history_id": history_id}))) == [("text", "init", "c")]
    events = read(client.post(CONTINUE, {"history_id": history_id}))
    assert contents(events[:1]) == [("text", "init", "d")]
    assert events[-1]["status"] == "intervene"
    assert client.post(CONTINUE, {"history_id": history_id}).json()["status"] != 0


def test_a_cut_stream_may_be_gone_for_good(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Cut(after=1, clean=True, resumes=False)))
    history_id = client.events()[0]["id"]
    assert client.post(CONTINUE, {"history_id": history_id}).json()["status"] != 0


@pytest.mark.parametrize(
    ("ending", "status", "content_type", "start"),
    [
        (EMPTY, 200, "text/event-stream", b""),
        (HTML, 200, "text/html", b"<!DOCTYPE html>"),
        (UNAVAILABLE, 503, "text/html", b"<html>"),
    ],
)
def test_no_events_at_all(
    stand_in: StandIn, client: Client, ending: Any, status: int, content_type: str, start: bytes
) -> None:
    stand_in.script(Answer(ending=ending))
    response = client.ask()
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith(content_type)
    assert response.content[:15].startswith(start)
    assert bool(start) == bool(response.content)
    assert stand_in.conversations(client.account) == []


# --- One generation at a time ----------------------------------------------------------------------------------------


def test_an_account_generates_one_answer_at_a_time(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        busy = client.ask()
        assert (busy.status_code, busy.json()["status"], busy.json()["message"]) == (200, BUSY, BUSY_MESSAGE)
        assert len(stand_in.running(client.account)) == 1
        assert Client(client.http, stand_in.account()).ask().headers["Content-Type"] == "text/event-stream"
        gate.release()
        assert contents(parse(it.read()))[-1] == ("text", "finish", "ab")
    assert stand_in.running(client.account) == []
    assert client.events()


def test_who_leaves_ends_the_generation(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")):
        gate.wait_sent()
    assert client.events()
    stand_in.wait_for(lambda: stand_in.requests("chat")[0].client_gone)
    assert [one.client_gone for one in stand_in.requests("chat")] == [True, False]


def test_a_lingering_generation_ends_when_it_is_stopped(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate, lingers=True))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")):
        gate.wait_sent()
    stand_in.wait_for(lambda: stand_in.requests("chat")[0].client_gone)
    assert client.ask().json()["status"] == BUSY
    (history_id,) = stand_in.running(client.account)
    assert client.post(STOP, {"history_id": history_id}).json()["status"] == 0
    assert client.events()


def test_a_stopped_stream_ends_with_what_it_has(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=2)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        (history_id,) = stand_in.running(client.account)
        assert client.post(STOP, {"history_id": history_id}).json()["status"] == 0
        last = parse(it.read())[-1]
    assert (last["status"], last["parts"][0]["content"][0]["text"]) == ("finish", "ab")


def test_only_the_account_itself_stops_and_resumes(stand_in: StandIn, client: Client) -> None:
    stand_in.script(Answer(Text("a", "b"), ending=Cut(after=1, clean=True)))
    history_id = client.events()[0]["id"]
    other = Client(client.http, stand_in.account())
    assert other.post(STOP, {"history_id": history_id}).json()["status"] != 0
    assert other.post(CONTINUE, {"history_id": history_id}).json()["status"] != 0
    assert client.post(STOP, {"history_id": "made up"}).json()["status"] != 0


# --- Conversations ---------------------------------------------------------------------------------------------------


def test_a_conversation_goes_on_and_is_deleted(stand_in: StandIn, client: Client) -> None:
    conversation_id = client.events()[0]["conversation_id"]
    assert len(conversation_id) == 24
    assert client.events(conversation_id=conversation_id)[0]["conversation_id"] == conversation_id
    assert stand_in.conversations(client.account) == [conversation_id]
    deletion = {"conversation_ids": [conversation_id], "assistant_id": PLAIN}
    assert client.post(DELETE, {**deletion, "assistant_id": "0" * 24}).status_code == 400
    assert Client(client.http, stand_in.account()).post(DELETE, deletion).json()["status"] != 0
    assert stand_in.conversations(client.account) == [conversation_id]
    assert client.post(DELETE, deletion).json()["status"] == 0
    assert stand_in.conversations(client.account) == []
    assert client.post(DELETE, deletion).json()["status"] != 0
    assert client.ask(conversation_id=conversation_id).content == b""


def test_a_made_up_conversation_is_an_empty_stream(stand_in: StandIn, client: Client) -> None:
    of_another = Client(client.http, stand_in.account()).events()[0]["conversation_id"]
    for conversation_id in ("0" * 24, "none", of_another):
        response = client.ask(conversation_id=conversation_id)
        assert (response.status_code, response.content) == (200, b"")


# --- Without a script ------------------------------------------------------------------------------------------------


def kinds(events: Events) -> list[str]:
    return [part["content"][0]["type"] for part in events[-1]["parts"]]


def test_the_demo_answer_echoes_the_last_words(client: Client) -> None:
    events = client.events(text="<|system|>\nBe brief.\n<|user|>\nGood morning\n<|assistant|>\n")
    text = events[-1]["parts"][0]["content"][0]["text"]
    assert "stand-in" in text
    assert text.endswith("You said: Good morning")


def test_the_demo_thinks_searches_and_draws(client: Client) -> None:
    assert kinds(client.events(meta_data={"chat_mode": "thinking"})) == ["think", "text"]
    assert kinds(client.events(text="search this")) == ["tool_calls", "tool_result", "text"]
    assert kinds(client.events(text="search this", meta_data={"is_networking": False})) == ["text"]
    drawn = client.events(
        text="a cat", assistant_id=demo.DRAWING_ASSISTANT, meta_data={"cogview": {"aspect_ratio": "1:1"}}
    )
    assert len([part for part in drawn[-1]["parts"] if part["content"][-1]["type"] == "image"]) == 4


# --- Scripts and failures --------------------------------------------------------------------------------------------


def test_scripts_are_told_in_order_by_account_and_number(stand_in: StandIn, client: Client) -> None:
    other = Client(client.http, stand_in.account())
    stand_in.script(Answer(Text("for the other")), account=other.account)
    stand_in.script(Answer(Text("twice")), times=2)
    stand_in.script(Answer(Text("always")), times=None)
    told = [contents(one.events())[0][2] for one in (client, client, client, other, other, client)]
    assert told == ["twice", "twice", "always", "for the other", "always", "always"]


def test_an_endpoint_fails_as_often_as_it_was_told(stand_in: StandIn, client: Client) -> None:
    stand_in.fail("chat", code=BUSY, message=BUSY_MESSAGE)
    stand_in.fail("chat", status=502, times=2)
    stand_in.fail("chat", status=429, headers={"Retry-After": "7"}, body={"code": 1})
    stand_in.fail("chat", drop=True)
    assert client.ask().json()["message"] == BUSY_MESSAGE
    assert [client.ask().status_code for _ in range(2)] == [502, 502]
    limited = client.ask()
    assert (limited.headers["Retry-After"], limited.json()) == ("7", {"code": 1})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.ask()
    assert client.events()


def test_a_failure_can_be_one_account_s_and_one_path_s(stand_in: StandIn, client: Client) -> None:
    other = Client(client.http, stand_in.account())
    stand_in.fail(REFRESH, status=500, account=other.account, times=None)
    assert [client.refresh().status_code, other.refresh().status_code, other.refresh().status_code] == [200, 500, 500]


def test_an_answer_can_be_held(stand_in: StandIn, client: Client) -> None:
    gate = Gate()
    stand_in.fail("refresh", gate=gate)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(client.refresh)
        stand_in.wait_for(lambda: stand_in.requests("refresh"))
        assert not answer.done()
        gate.release()
        assert answer.result(10).status_code == 200


def test_a_gate_lets_events_go_one_by_one(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        lines = (line for line in it.iter_lines() if line.startswith("data:"))
        for count in (1, 2, 3):
            gate.wait_sent(count)
            assert json.loads(next(lines)[5:])["parts"][0]["content"][0]["text"] == "abc"[count - 1]
            assert gate.sent == count
            gate.release(1)
        with pytest.raises(TimeoutError):
            gate.wait_sent(5, timeout=0.01)
        gate.release()
        assert len(list(lines)) == 2


def test_a_reset_forgets_and_breaks_off(stand_in: StandIn, client: Client) -> None:
    gate = Gate(after=1)
    stand_in.script(Answer(Text("a", "b"), gate=gate))
    with client.http.stream("POST", STREAM, json=question(), headers=client.headers(Accept="text/event-stream")) as it:
        gate.wait_sent()
        stand_in.fail("chat", status=500, times=None)
        stand_in.reset()
        with pytest.raises(httpx.RemoteProtocolError):
            it.read()
    assert refusal(client.ask()) == (401, 40102)
    assert stand_in.record == []
    assert Client(client.http, stand_in.account()).events()


def test_the_record_holds_what_was_asked(stand_in: StandIn, client: Client) -> None:
    before = time.monotonic()
    client.ask(text="for the record")
    client.http.get("/nowhere?a=1")
    chat, nowhere = stand_in.record
    assert (chat.name, chat.method, chat.path, chat.status, chat.code) == ("chat", "POST", STREAM, 200, 0)
    assert chat.json["messages"][0]["content"][0]["text"] == "for the record"
    assert chat.headers["x-app-platform"] == "pc"
    assert (chat.account, chat.done, chat.client_gone) == (client.account.uid, True, False)
    assert before <= chat.at <= time.monotonic()
    assert chat.events > 1
    assert chat.first_sent is not None
    assert chat.at <= chat.first_sent <= time.monotonic()
    assert (nowhere.name, nowhere.query, nowhere.status) == ("", {"a": "1"}, 404)
    assert stand_in.requests("chat") == [chat]
    assert stand_in.requests(account=client.account) == [chat]
    assert stand_in.requests("chat", stand_in.account()) == []


def test_waiting_ends_when_it_is_so_and_says_when_it_is_not(stand_in: StandIn, client: Client) -> None:
    later = threading.Timer(0.05, client.refresh)
    later.start()
    stand_in.wait_for(lambda: stand_in.requests("refresh") and stand_in.requests("refresh")[0].done)
    later.join()
    with pytest.raises(TimeoutError, match="refresh 200"):
        stand_in.wait_for(lambda: stand_in.requests("chat"), timeout=0.01)


# --- Files and pages -------------------------------------------------------------------------------------------------


def test_an_uploaded_file_goes_into_a_message(stand_in: StandIn, client: Client) -> None:
    result = client.upload(b"words", "words.txt").json()["result"]
    assert (result["file_name"], result["file_size"]) == ("words.txt", 5)
    assert httpx.get(result["file_url"]).content == b"words"
    (upload,) = stand_in.uploads(client.account)
    assert (upload.file.content, upload.file.sha256) == (b"words", hashlib.sha256(b"words").hexdigest())
    assert client.events({"type": "file", "file": [result]})
    assert client.ask({"type": "file", "file": [{**result, "file_size": 6}]}).status_code == 400
    other = Client(client.http, stand_in.account())
    assert other.ask({"type": "file", "file": [result]}).status_code == 400


def test_an_uploaded_picture_names_its_url_twice(client: Client) -> None:
    result = client.upload(media.picture(0, 30, 20, "PNG"), "a.png").json()["result"]
    assert (result["width"], result["height"]) == (30, 20)
    assert client.events({"type": "image", "image": [{**result, "image_url": result["file_url"]}]})
    assert client.ask({"type": "image", "image": [result]}).status_code == 400


def test_an_upload_may_be_answered_as_a_list(stand_in: StandIn, client: Client) -> None:
    stand_in.answer_uploads_as_list()
    (result,) = client.upload(b"words").json()["result"]
    assert result["file_name"] == "a.txt"


def test_an_upload_of_another_shape_is_refused(client: Client) -> None:
    assert client.upload(b"words", assistant_id=PLAIN).status_code == 400
    assert client.upload(b"words", **{"from": "chat"}).status_code == 400
    assert client.post(UPLOAD, {"from": "chat"}).status_code == 400
    form = {"from": "chat", "assistant_id": PLAIN}
    files = [("file", ("a", b"1")), ("more", ("b", b"2"))]
    assert client.http.post(UPLOAD, data=form, files=files, headers=client.headers()).status_code == 400


def test_the_site_serves_pages_redirects_and_wrong_lengths(stand_in: StandIn) -> None:
    page = stand_in.site("/page", b"0123456789", "text/plain", headers={"X-Extra": "1"})
    answer = httpx.get(page)
    assert (answer.content, answer.headers["Content-Length"], answer.headers["X-Extra"]) == (b"0123456789", "10", "1")
    moved = stand_in.site("/moved", status=302, headers={"Location": page})
    assert httpx.get(moved, follow_redirects=True).content == b"0123456789"
    chunked = httpx.get(stand_in.site("/chunked", b"0123456789", content_length=None, drip=(3, 0.001)))
    assert (chunked.content, "Content-Length" in chunked.headers) == (b"0123456789", False)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(stand_in.site("/short", b"0123456789", content_length=20))
    assert [one.path for one in stand_in.requests("site")] == ["/page", "/moved", "/page", "/chunked", "/short"]


def test_a_page_can_be_held(stand_in: StandIn) -> None:
    gate = Gate(after=1)
    with httpx.stream("GET", stand_in.site("/held", b"0123456789", drip=(4, 0.0), gate=gate)) as response:
        gate.wait_sent()
        raw = response.iter_raw()
        assert next(raw) == b"0123"
        gate.release()
        assert b"".join(raw) == b"456789"


# --- Videos ----------------------------------------------------------------------------------------------------------


def commission(**changes: Any) -> dict[str, Any]:
    extra = {"emotional_atmosphere": "", "mirror_mode": "", "video_style": ""}
    return {"conversation_id": "", "prompt": "a cat runs", "advanced_parameter_extra": extra, **changes}


def status_of(client: Client, chat_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.http.get(f"{VIDEO}/status/{chat_id}", headers=client.headers()).json()
    return answer


def test_a_video_is_made_given_sound_and_deleted(stand_in: StandIn, client: Client) -> None:
    job = client.post(VIDEO, commission()).json()["result"]
    answers = [status_of(client, job["chat_id"])["result"] for _ in range(4)]
    assert [answer["status"] for answer in answers] == ["init", "processing", "finished", "finished"]
    assert answers[1]["plan"] == "66%"
    assert (answers[2]["video_duration"], answers[2]["resolution"]) == ("6s", "1440 × 960")
    video, cover = httpx.get(answers[2]["video_url"]), httpx.get(answers[2]["cover_url"])
    assert (video.headers["Content-Type"], video.content[4:8]) == ("video/mp4", b"ftyp")
    assert cover.content.startswith(b"\xff\xd8\xff")
    sound = {"chat_id": job["chat_id"], "key": "k", "audio_id": "7"}
    composed = client.post(f"{VIDEO.removesuffix('/chat')}/static/composite_video", sound).json()["result"]
    assert httpx.get(composed["url"]).content == video.content
    assert stand_in.videos(client.account)[0].sound == ("k", "7")
    for expected in (True, False):
        deleted = client.http.delete(f"{VIDEO}/{job['chat_id']}", headers=client.headers()).json()
        assert (deleted["status"] == 0) is expected
    assert status_of(client, job["chat_id"])["status"] != 0


def test_a_video_fails_or_waits_as_scripted(stand_in: StandIn, client: Client) -> None:
    stand_in.video(Video(polls=0, outcome="failed", message="too dark"))
    slow = stand_in.video(Video(polls=None))
    first, second = (client.post(VIDEO, commission()).json()["result"]["chat_id"] for _ in range(2))
    failed = status_of(client, first)["result"]
    assert (failed["status"], failed["msg"], failed["video_url"]) == ("failed", "too dark", "")
    assert [status_of(client, second)["result"]["status"] for _ in range(4)] == ["init"] + ["processing"] * 3
    slow.release()
    assert status_of(client, second)["result"]["status"] == "finished"


def test_a_video_s_first_frame_is_uploaded_first(client: Client) -> None:
    path = f"{VIDEO.removesuffix('/chat')}/static/upload"
    source_id = client.upload(media.picture(0, 1440, 960), "a.jpg", path).json()["result"]["source_id"]
    assert client.post(VIDEO, commission(source_list=[source_id])).json()["status"] == 0
    assert client.post(VIDEO, commission(source_list=["made up"])).status_code == 400
    assert client.upload(media.picture(0, 1441, 960), "a.jpg", path).status_code == 400
    assert client.upload(media.picture(0, 1440, 961), "a.jpg", path).status_code == 400
    assert client.upload(b"no picture", "a.jpg", path).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": ""},
        {"conversation_id": "0" * 24},
        {"advanced_parameter_extra": {}},
        {"advanced_parameter_extra": {"emotional_atmosphere": "", "mirror_mode": "", "video_style": "cubist"}},
        {"source_list": "abc"},
        {"base_parameter_extra": []},
    ],
)
def test_a_commission_of_another_shape_is_refused(client: Client, changes: dict[str, Any]) -> None:
    assert client.post(VIDEO, commission(**changes)).json()["status"] != 0


def test_a_video_is_its_account_s_alone(stand_in: StandIn, client: Client) -> None:
    chat_id = client.post(VIDEO, commission()).json()["result"]["chat_id"]
    other = Client(client.http, stand_in.account())
    assert status_of(other, chat_id)["status"] != 0
    unfinished = {"chat_id": chat_id, "key": "k", "audio_id": "7"}
    assert client.post(f"{VIDEO.removesuffix('/chat')}/static/composite_video", unfinished).json()["status"] != 0


# --- Sizes, and a process of its own ---------------------------------------------------------------------------------


def test_long_answers(stand_in: StandIn, client: Client) -> None:
    stand_in.script(deltas(200))
    assert len(client.events()) == 202
    stand_in.script(growing(2000, size=12_000_000))
    response = client.ask()
    assert len(read(response)) == 2002
    assert 11_000_000 < len(response.content) < 14_000_000


def test_models(client: Client) -> None:
    headers = client.headers()
    answer = client.http.get(
        "/chatglm/agent-api/operation/detail", params={"tag": "available_models"}, headers=headers
    ).json()
    assert [model["selected_model"] for model in answer["result"]["models"]] == ["glm-5.3", "glm-5.3-flash"]


def test_it_runs_as_a_process_until_it_is_told_to_end() -> None:
    command = [sys.executable, "-m", "tests.upstream", "--delay", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline())
            with httpx.Client(base_url=started["url"]) as http:
                token = started["refresh_token"]
                refreshed = http.post(REFRESH, json={}, headers=signed(token, payload(token)["device_id"]))
                assert refreshed.json()["status"] == 0
                first, second = http.post("/_stand_in/accounts", json={"count": 2}).json()
                assert first["uid"] != second["uid"]
                script = {"answer": {"preset": "deltas", "count": 3}, "times": None}
                assert http.post("/_stand_in/script", json=script).status_code == 200
                device_id = payload(first["access_token"])["device_id"]
                headers = {**signed(first["access_token"], device_id), "Accept": "text/event-stream"}
                assert len(read(http.post(STREAM, json=question(), headers=headers))) == 5
                assert [one["name"] for one in http.get("/_stand_in/record").json()] == ["refresh", "chat"]
                assert http.delete("/_stand_in/record").json() == []
        finally:
            process.terminate()
        assert process.wait(10) == 0
