"""Google's wire as its own client for Python sees it, with a token and with an API key."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests import bigmodel
from tests.asking import sent, sent_text
from tests.bigmodel import Platform
from tests.bundle import Bundle
from tests.upstream import Account, Answer, Cut, Gate, Search, Source, StandIn, Text, Think, media
from tests.wires.models import Call, Model, Turn, model

PNG = media.picture(1, 30, 30, "PNG")
ASK: Any = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}

_TEXTS: Any = ["hi", "ho"]
_CLIENTS: list[genai.Client] = []
"""A client that nobody holds closes itself, even where its `models` are in use."""


def client(bundle: Bundle, key: Account | str, version: str = "v1beta") -> genai.Client:
    text = key if isinstance(key, str) else key.refresh_token
    options = types.HttpOptions(base_url=bundle.url, api_version=version)
    _CLIENTS.append(genai.Client(api_key=text, http_options=options))
    return _CLIENTS[-1]


@pytest.fixture
def google(bundle: Bundle, account: Account) -> genai.Client:
    return client(bundle, account)


@pytest.fixture(params=["chatglm", "bigmodel"])
def glm(request: pytest.FixtureRequest, upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model(request.param, upstream, bundle) as playing:
        yield playing


def post(bundle: Bundle, account: Account, path: str, body: Any = ASK, **options: Any) -> httpx.Response:
    options = {"headers": {"x-goog-api-key": account.refresh_token}, **options}
    return httpx.post(f"{bundle.url}{path}", json=body, timeout=30, **options)


class City(BaseModel):
    name: str
    people: int | None


# Answers.


@pytest.mark.parametrize("version", ["v1beta", "v1"])
def test_a_whole_answer(bundle: Bundle, upstream: StandIn, account: Account, version: str) -> None:
    upstream.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
    answer = client(bundle, account, version).models.generate_content(
        model="gemini-2.5-flash", contents="Hello", config=types.GenerateContentConfig(system_instruction="Laugh.")
    )
    assert answer.text == "ha ha haha"
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.model_version == "gemini-2.5-flash"
    assert answer.response_id
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.prompt_token_count
    assert usage.candidates_token_count
    assert "Laugh." in sent_text(upstream)
    assert sent(upstream)["meta_data"]["selected_model"] == "glm-5.3-flash"


def test_a_streamed_answer_with_thoughts(google: genai.Client, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm, ", "well."), Text("ha ", "ha ", "haha")))
    thoughts = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    chunks = list(google.models.generate_content_stream(model="glm-5.3", contents="Hi", config=thoughts))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]  # type: ignore[index,union-attr]
    assert "".join(part.text or "" for part in parts if part.thought) == "Hm, well."
    assert "".join(part.text or "" for part in parts if not part.thought) == "ha ha haha"
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert [reason for reason in reasons if reason] == reasons[-1:] == [types.FinishReason.STOP]
    assert chunks[-1].usage_metadata is not None
    assert len({chunk.response_id for chunk in chunks}) == 1


def test_thoughts_are_shown_where_they_are_asked_for_alone(google: genai.Client, upstream: StandIn) -> None:
    upstream.script(Answer(Think("Hm."), Text("Hi.")))
    chunks = list(google.models.generate_content_stream(model="glm-5.3", contents="Hi"))
    assert [part.text for chunk in chunks for part in chunk.parts or ()] == ["Hi.", ""]


def test_a_stream_is_data_lines_and_blank_ones(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("ha ", "ha")))
    answer = post(bundle, account, "/v1beta/models/glm-5.3:streamGenerateContent?alt=sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert {line[:7] for line in answer.text.split("\n")} == {"data: {", ""}


def test_without_sse_a_stream_is_one_array(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.script(Answer(Text("ha ", "ha")))
    answer = post(bundle, account, "/v1beta/models/glm-5.3:streamGenerateContent")
    assert answer.headers["content-type"] == "application/json"
    chunks = answer.json()
    assert "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks) == "ha ha"
    assert [chunk["candidates"][0].get("finishReason") for chunk in chunks][-1] == "STOP"


def test_words_come_as_they_are_written(google: genai.Client, upstream: StandIn) -> None:
    gate = Gate(after=1)
    upstream.script(Answer(Text("ha ", "haha"), gate=gate))
    chunks = iter(google.models.generate_content_stream(model="glm-5.3", contents="Hi"))
    assert next(chunks).text == "ha "
    gate.release()
    assert "".join(chunk.text or "" for chunk in chunks) == "haha"


def test_where_the_answer_comes_from(google: genai.Client, upstream: StandIn) -> None:
    upstream.script(Answer(Search("猫", Source("Cats", "https://cats.example/", "All of cats.")), Text("猫 meow.")))
    search = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
    answer = google.models.generate_content(model="glm-5.3", contents="Cats?", config=search)
    grounding = answer.candidates[0].grounding_metadata  # type: ignore[index]
    assert grounding is not None
    assert grounding.web_search_queries == ["猫"]
    assert [chunk.web.uri for chunk in grounding.grounding_chunks or () if chunk.web] == ["https://cats.example/"]
    assert sent(upstream)["meta_data"]["is_networking"] is True


def test_limits_of_the_answer(google: genai.Client, upstream: StandIn) -> None:
    upstream.script(Answer(Text("one two END three")))
    config = types.GenerateContentConfig(stop_sequences=["END"], temperature=0.1, top_p=0.9, top_k=5)
    assert google.models.generate_content(model="glm-5.3", contents="Count", config=config).text == "one two "
    upstream.script(Answer(Text("one two three four " * 20)))
    config = types.GenerateContentConfig(max_output_tokens=5)
    answer = google.models.generate_content(model="glm-5.3", contents="Count", config=config)
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS  # type: ignore[index]


# Conversations, tools, files.


def test_a_chat_of_several_turns(google: genai.Client, upstream: StandIn) -> None:
    chat = google.chats.create(model="glm-5.3")
    for number in range(3):
        upstream.script(Answer(Text(f"Answer {number}")))
        streamed = chat.send_message_stream(f"Question {number}")
        assert "".join(chunk.text or "" for chunk in streamed) == f"Answer {number}"
    asked = sent_text(upstream)
    assert [f"{kind} {number}" in asked for kind in ("Question", "Answer") for number in (0, 1)] == [True] * 4


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_by_turns(glm: Model, streamed: bool) -> None:
    def weather(city: str) -> str:
        """How the weather is in a city."""
        return f"sunny in {city}"

    glm.play(Turn("I look.", (Call("weather", {"city": "Rome"}),)), Turn("It is sunny."))
    config = types.GenerateContentConfig(tools=[weather])
    models = client(glm.bundle, glm.key).models
    if streamed:
        chunks = models.generate_content_stream(model="glm-5.3", contents="Weather in Rome?", config=config)
        said = "".join(part.text or "" for chunk in chunks for part in chunk.parts or ())
    else:
        said = models.generate_content(model="glm-5.3", contents="Weather in Rome?", config=config).text or ""
    assert said.endswith("It is sunny.")
    assert "sunny in Rome" in glm.asked()[-1]


def test_a_call_has_an_id_a_name_and_arguments(glm: Model) -> None:
    declared = {"name": "find", "description": "Finds.", "parameters": {"type": "OBJECT", "properties": {}}}
    tools: Any = [{"functionDeclarations": [declared]}]
    glm.play(Turn("", (Call("find", {"q": "x"}),)))
    answer = client(glm.bundle, glm.key).models.generate_content(
        model="glm-5.3", contents="Find x", config=types.GenerateContentConfig(tools=tools)
    )
    [call] = answer.function_calls or [types.FunctionCall()]
    assert call.id
    assert (call.name, call.args) == ("find", {"q": "x"})
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP  # type: ignore[index]


def test_json_by_a_schema(glm: Model) -> None:
    glm.play(*[Turn('{"name": "Rome", "people": 5}')] * 2)
    by_class = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    schema = City.model_json_schema()
    by_json = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    models = client(glm.bundle, glm.key).models
    assert models.generate_content(model="glm-5.3", contents="Rome", config=by_class).parsed == City(
        name="Rome", people=5
    )
    answer = models.generate_content(model="glm-5.3", contents="Rome", config=by_json)
    assert json.loads(answer.text or "") == {"name": "Rome", "people": 5}


def test_a_picture(google: genai.Client, upstream: StandIn) -> None:
    upstream.script(Answer(Text("A square.")))
    look: Any = [types.Part.from_bytes(data=PNG, mime_type="image/png"), "What is this?"]
    assert google.models.generate_content(model="glm-5.3", contents=look).text == "A square."
    assert upstream.requests("upload")


# Models, tokens, vectors.


def test_models_in_the_form_of_the_client(bundle: Bundle, google: genai.Client, account: Account) -> None:
    names = {model.name for model in google.models.list()}
    assert {"models/glm-5.3", "models/gemini-flash"} <= names
    assert not any("claude" in str(name) for name in names)
    found = google.models.get(model="gemini-2.5-pro")
    assert found.supported_actions == ["generateContent", "countTokens"]
    assert "glm-5.3" in str(found.display_name)
    assert found.input_token_limit
    for path in ("/v1/models", f"/v1/models?key={account.refresh_token}"):
        form = "models" if "key" in path else "object"
        assert form in httpx.get(bundle.url + path).json()


def test_tokens_are_counted(glm: Model) -> None:
    models = client(glm.bundle, glm.key).models
    few = models.count_tokens(model="glm-5.3", contents="Hello").total_tokens
    many = models.count_tokens(model="glm-5.3", contents="Hello " * 100).total_tokens
    assert few and many and many > few  # noqa: PT018


def test_vectors(both: Bundle, platform: Platform) -> None:
    models = client(both, platform.key()).models
    config = types.EmbedContentConfig(output_dimensionality=256, task_type="RETRIEVAL_QUERY")
    found = models.embed_content(model="gemini-embedding-001", contents=_TEXTS, config=config).embeddings
    assert [len(one.values or ()) for one in found or ()] == [256, 256]
    answer = httpx.post(
        f"{both.url}/v1beta/models/text-embedding-004:embedContent",
        json={"content": {"parts": [{"text": "hi"}]}},
        headers={"x-goog-api-key": platform.key()},
    )
    assert len(answer.json()["embedding"]["values"]) == 2048


def test_a_token_has_no_vectors(google: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="Embeddings need a key"):
        google.models.embed_content(model="gemini-embedding-001", contents="hi")


# What goes wrong.


@pytest.mark.parametrize("where", ["header", "query", "bearer"])
def test_a_key_by_any_way(bundle: Bundle, upstream: StandIn, account: Account, where: str) -> None:
    upstream.script(Answer(Text("Hi.")))
    path = "/v1beta/models/glm-5.3:generateContent"
    key = account.refresh_token
    headers = {"header": {"x-goog-api-key": key}, "query": {}, "bearer": {"authorization": f"Bearer {key}"}}[where]
    answer = post(bundle, account, path + (f"?key={key}" if where == "query" else ""), headers=headers)
    assert answer.json()["candidates"][0]["content"]["parts"] == [{"text": "Hi."}]


@pytest.mark.parametrize("path", ["/v1beta/models/glm-5.3:generateContent", "/v1beta/models/no:nothing", "/v1/nothing"])
def test_a_key_in_the_address_is_never_told(bundle: Bundle, path: str) -> None:
    secret = "AIzaSecretOfTheCaller"
    answer = httpx.post(f"{bundle.url}{path}?key={secret}", json=ASK)
    assert answer.status_code in (401, 404)
    assert answer.json()["error"]["code"] == answer.status_code
    assert secret not in answer.text + str(answer.headers)
    assert secret not in str(bundle.log())


def test_who_has_no_key_is_told(bundle: Bundle) -> None:
    answer = httpx.post(f"{bundle.url}/v1beta/models/glm-5.3:generateContent", json=ASK)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_busy_account_says_when_to_ask_again(both: Bundle, platform: Platform) -> None:
    platform.fail("chat", code=1302, times=None)
    with pytest.raises(errors.ClientError) as raised:
        client(both, platform.key()).models.generate_content(model="glm-5.3", contents="Hi")
    error = raised.value
    assert (error.code, error.status) == (429, "RESOURCE_EXHAUSTED")
    details = {detail["@type"].rpartition(".")[2]: detail for detail in error.details["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"].endswith("s")


def test_an_error_in_mid_stream_is_its_last_event(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    broken = Answer(Text("Half an ", "answer"), ending=Cut(after=2, resumes=False))
    upstream.script(broken, times=None)
    said: list[Any] = []
    with pytest.raises(errors.APIError) as raised:
        said.extend(client(bundle, account).models.generate_content_stream(model="glm-5.3", contents="Hi"))
    assert "".join(chunk.text or "" for chunk in said).startswith("Half")
    assert not any(chunk.candidates[0].finish_reason for chunk in said if chunk.candidates)
    assert raised.value.code


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("POST", "/upload/v1beta/files", "Files API"),
        ("GET", "/v1beta/files/x", "Files API"),
        ("POST", "/v1beta/interactions", "Interactions API"),
        ("POST", "/v1beta/cachedContents", "cached"),
        ("POST", "/v1beta/models/imagen-4:predict", ":generateContent"),
        ("GET", "/v1beta/nothing", "nothing at this path"),
        ("GET", "/v1beta/models/no-such", "no model"),
    ],
)
def test_what_there_is_not_is_told_in_words(bundle: Bundle, method: str, path: str, words: str) -> None:
    answer = httpx.request(method, bundle.url + path, headers={"x-goog-api-key": "x"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (404, 404, "NOT_FOUND")
    assert words in error["message"]


def test_the_live_api_is_refused(bundle: Bundle) -> None:
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=x"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = httpx.get(bundle.url + path, headers=upgrade)
    assert (answer.status_code, answer.json()["error"]["status"]) == (426, "NOT_FOUND")
    assert "WebSocket" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"contents": []}, "contents"),
        ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
        ({"generation_config": {"response_logprobs": True}}, "generationConfig.responseLogprobs"),
        ({"generationConfig": {"responseModalities": ["AUDIO"]}}, "generationConfig.responseModalities"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "gs://b/x"}}]}]}, "contents[0].parts[0].fileData.fileUri"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "contents[0].parts[0].functionCall.name"),
    ],
)
def test_what_cannot_be_done_names_the_field(bundle: Bundle, account: Account, fields: Any, field: str) -> None:
    answer = post(bundle, account, "/v1beta/models/glm-5.3:generateContent", ASK | fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][-1]["fieldViolations"][0]["field"] == field


def test_an_api_key_streams(both: Bundle, platform: Platform) -> None:
    platform.script(bigmodel.Answer(bigmodel.Reasoning("Hm."), bigmodel.Text("Hel", "lo")))
    chunks = client(both, platform.key()).models.generate_content_stream(model="gemini-2.5-pro", contents="Hi")
    assert "".join(chunk.text or "" for chunk in chunks) == "Hello"
