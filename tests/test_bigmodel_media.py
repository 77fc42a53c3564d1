"""Pictures, videos, embeddings, files and tokens on the open platform."""

import base64
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from lib.errors import BadRequest, ContentFiltered, NotFound, UpstreamFailed
from lib.types.chat import ChatRequest, FilePart, Message, TextPart, Tool, ToolCall
from lib.types.images import DrawnImage, ImageRequest
from lib.types.upstream import Embeddings, Tries
from lib.types.videos import Video, VideoJob, VideoRequest, VideoState
from lib.upstreams.bigmodel import files
from tests import bigmodel
from tests.bigmodel import Platform, embeddings
from tests.bigmodel_upstream import UPSTREAM, ask, finish, request, run, sent, settled
from tests.upstream import media

PICTURE = media.picture(1)
DATA_URL = "data:image/jpeg;base64," + base64.b64encode(PICTURE).decode()
BASE64 = base64.b64encode(PICTURE).decode()
PDF = b"%PDF-1.7\n" + b"0" * 200


@pytest.fixture(scope="module")
def server() -> Iterator[Platform]:
    with Platform() as platform:
        settings = {"GLM_PLATFORM_URL": platform.url, "GLM_ALLOW_PRIVATE_URLS": "1"}
        with settled(settings):
            yield platform


@pytest.fixture
def platform(server: Platform) -> Iterator[Platform]:
    yield server
    server.reset()


# Pictures that are drawn.


def draw(platform: Platform, **fields: Any) -> list[DrawnImage]:
    key = platform.key()
    return run(lambda: UPSTREAM.draw(ImageRequest("A cat", **fields), key, Tries()))


def test_a_picture_is_drawn_and_can_be_fetched(platform: Platform) -> None:
    [picture] = draw(platform)
    assert httpx.get(picture.url).content == media.picture(1, kind="PNG")
    assert platform.requests("image")[0].json == {"model": "cogview-4", "prompt": "A cat"}


@pytest.mark.parametrize(
    ("model", "drawn_by"),
    [
        ("glm-image", "glm-image"),
        ("CogView-4", "cogview-4"),
        ("cogview-3-flash", "cogview-3-flash"),
        ("cogview-3-plus", "cogview-4"),
        ("dall-e-3", "cogview-4"),
        ("gpt-image-1", "cogview-4"),
        ("65a232c082ff90a2ad2f15e2", "cogview-4"),
    ],
)
def test_a_name_means_a_model_of_the_platform_s(platform: Platform, model: str, drawn_by: str) -> None:
    draw(platform, model=model)
    assert platform.requests("image")[0].json["model"] == drawn_by


@pytest.mark.parametrize("model", ["cogview-4", "glm-image"])
@pytest.mark.parametrize(
    "size",
    [(1, 1), (16, 9), (9, 16), (3, 2), (1024, 1024), (1024, 1792), (1792, 1024), (256, 256), (4096, 4096), (100, 4000),
     (5000, 70), (1000, 1000), (1728, 960), (2048, 2048), (99999, 1), (65, 65), (1367, 767)],
)  # fmt: skip
@pytest.mark.parametrize("quality", ["", "hd", "standard", "high", "auto"])
def test_any_size_becomes_one_that_the_model_draws(
    platform: Platform, model: str, size: tuple[int, int], quality: str
) -> None:
    assert draw(platform, model=model, size=size, quality=quality)


@pytest.mark.parametrize(
    ("model", "size", "sent_size"),
    [
        ("cogview-4", (1024, 1792), "1024x1792"),
        ("cogview-4", (16, 9), "1344x768"),
        ("cogview-4", (256, 256), "512x512"),
        ("cogview-4", (2000, 1500), "1664x1248"),
        ("glm-image", (1024, 1024), "1024x1024"),
        ("glm-image", (1728, 960), "1728x960"),
        ("glm-image", (16, 9), "1728x960"),
    ],
)
def test_sizes_stay_as_near_as_can_be(platform: Platform, model: str, size: tuple[int, int], sent_size: str) -> None:
    draw(platform, model=model, size=size)
    assert platform.requests("image")[0].json["size"] == sent_size


def test_what_the_filter_stops_is_told(platform: Platform) -> None:
    platform.fail("image", code=1301)
    with pytest.raises(ContentFiltered):
        draw(platform)
    platform.fail("image", status=200, body={"data": [], "content_filter": [{"role": "user", "level": 0}]})
    with pytest.raises(ContentFiltered):
        draw(platform)


# Videos.


def order(platform: Platform, key: str, **fields: Any) -> VideoJob:
    asked = VideoRequest(**{"prompt": "A cat", **fields})
    return run(lambda: UPSTREAM.create_video(asked, key))


def look(job: VideoJob, key: str) -> VideoState:
    return run(lambda: UPSTREAM.video(job.id, key))


def test_a_video_is_made_to_its_end(platform: Platform) -> None:
    key = platform.key()
    platform.video(bigmodel.Video(polls=2))
    job = order(platform, key)
    assert [look(job, key).status for _ in range(2)] == ["working", "working"]
    done = look(job, key)
    assert done.status == "done"
    assert isinstance(done.video, Video)
    assert httpx.get(done.video.url).content == media.VIDEO
    assert done.video.cover_url


def test_an_order_says_what_the_platform_takes(platform: Platform) -> None:
    key = platform.key()
    frames = (FilePart(DATA_URL, "image_url[0]"), DrawnImage("https://example.com/last.png"))
    order(platform, key, model="cogvideox-3", frames=frames, size=(1900, 1000), duration=7, fps=50, quality="quality",
          with_audio=True, style="油画")  # fmt: skip
    assert platform.videos(key)[0].body == {
        "model": "cogvideox-3",
        "prompt": "A cat",
        "image_url": [BASE64, "https://example.com/last.png"],
        "size": "2048x1080",
        "duration": 5,
        "fps": 60,
        "quality": "quality",
        "with_audio": True,
    }


@pytest.mark.parametrize(
    ("model", "made_by"),
    [("cogvideox", "cogvideox-3"), ("", "cogvideox-3"), ("CogVideoX-Flash", "cogvideox-flash"), ("sora", "cogvideox-3"),
     ("viduq1-text", "viduq1-text")],
)  # fmt: skip
def test_a_name_means_a_model_that_films(platform: Platform, model: str, made_by: str) -> None:
    key = platform.key()
    order(platform, key, model=model)
    assert platform.videos(key)[0].body["model"] == made_by


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": "a" * 513}, "prompt"),
        ({"frames": (DrawnImage("https://a.example"),) * 3}, "image_url"),
        ({"sound": "key-id"}, "audio_id"),
        ({"frames": (FilePart("data:text/plain,hello", "image_url"),)}, "image_url"),
    ],
)
def test_what_cannot_be_ordered_is_refused_before_it_costs(
    platform: Platform, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        order(platform, platform.key(), **fields)
    assert caught.value.param == param
    assert platform.requests("video") == []


def test_a_video_that_fails_says_why(platform: Platform) -> None:
    key = platform.key()
    platform.video(bigmodel.Video(polls=0, outcome="FAIL", message="不行"))
    assert look(order(platform, key), key) == VideoState("failed", reason="不行")


@pytest.mark.parametrize("status", ["PROCESSING", "queue", "pending", ""])
def test_an_unknown_status_means_working(platform: Platform, status: str) -> None:
    key = platform.key()
    platform.video(bigmodel.Video(polls=None, status=status))
    assert look(order(platform, key), key).status == "working"


def test_a_video_that_is_there_is_done_whatever_its_status(platform: Platform) -> None:
    key = platform.key()
    job = order(platform, key)
    platform.fail(
        "video_status", status=200, body={"task_status": "FAIL", "video_result": {"url": "https://a.example"}}
    )
    assert look(job, key).status == "done"


def test_a_job_that_nobody_knows_is_not_found_and_a_fault_is_none(platform: Platform) -> None:
    key = platform.key()
    with pytest.raises(NotFound):
        look(VideoJob("71500000"), key)
    job = order(platform, platform.key())
    with pytest.raises(NotFound):
        look(job, key)
    platform.fail("video_status", code=1230, times=None)
    with pytest.raises(UpstreamFailed):
        look(VideoJob("71500000"), key)


def test_deleting_is_refused_clearly(platform: Platform) -> None:
    with pytest.raises(BadRequest, match="does not delete"):
        run(lambda: UPSTREAM.delete_video("7150", platform.key()))


# Embeddings.


def embed(platform: Platform, *inputs: str, model: str = "embedding-3", dimensions: int | None = None) -> Embeddings:
    key = platform.key()
    return run(lambda: UPSTREAM.embed(inputs, model, dimensions, key))


def test_vectors_come_in_the_order_of_their_inputs_however_many(platform: Platform) -> None:
    inputs = [f"text {number}" for number in range(130)]
    found = embed(platform, *inputs, dimensions=256)
    assert found.vectors == [embeddings.vector(text, 256) for text in inputs]
    assert found.prompt_tokens == sum(map(len, inputs))
    assert [len(one.json["input"]) for one in platform.requests("embeddings")] == [64, 64, 2]


@pytest.mark.parametrize(("model", "used"), [("text-embedding-3-small", "embedding-3"), ("embedding-2", "embedding-2")])
def test_openai_s_names_mean_the_platform_s_model(platform: Platform, model: str, used: str) -> None:
    embed(platform, "a", model=model)
    assert platform.requests("embeddings")[0].json["model"] == used


@pytest.mark.parametrize("dimensions", [255, 2049, 0])
def test_dimensions_out_of_bounds_are_refused(platform: Platform, dimensions: int) -> None:
    with pytest.raises(BadRequest) as caught:
        embed(platform, "a", dimensions=dimensions)
    assert caught.value.param == "dimensions"


def test_a_text_without_a_vector_is_an_error(platform: Platform) -> None:
    platform.fail("embeddings", status=200, body={"data": [{"index": 0, "embedding": [1.0]}]})
    with pytest.raises(UpstreamFailed, match="every text"):
        embed(platform, "a", "b")


# Files.


def show(*parts: FilePart, model: str = "glm-4.6v", role: str = "user") -> Message:
    return Message("user", (TextPart("Look"), *parts))


def picture(url: str = DATA_URL, field: str = "messages[0].content[1].image_url.url") -> FilePart:
    return FilePart(url, field, is_image=True)


def test_pictures_go_as_bare_base64_wherever_they_come_from(platform: Platform) -> None:
    url = platform.site("/a.png", a2b_base64(BASE64), "image/png")
    ask(request(show(picture(), picture(url)), model="glm-4.6v"), platform.key())
    shown = {"type": "image_url", "image_url": {"url": BASE64}}
    assert sent(platform)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Look"}, shown, shown]},
    ]


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP", "TIFF", "PNG"])
def test_a_picture_becomes_one_that_the_platform_takes(platform: Platform, kind: str) -> None:
    written = BytesIO()
    Image.effect_noise((6400, 40), 40).save(written, kind)
    url = f"data:image/{kind.lower()};base64,{b64encode(written.getvalue()).decode()}"
    assert finish(ask(request(show(picture(url)), model="glm-4.6v"), platform.key())) == "stop"


@pytest.mark.parametrize("model", ["glm-5.3", "glm-4.7", "glm-4-long", "some-text-model"])
def test_a_picture_for_a_model_that_does_not_see_is_shown_to_its_neighbour(platform: Platform, model: str) -> None:
    ask(request(show(picture()), model=model), platform.key())
    assert sent(platform)["model"] == "glm-5.3-flash"


def test_a_picture_alone_gets_a_word(platform: Platform) -> None:
    ask(request(Message("user", (picture(),)), model="glm-4.6v"), platform.key())
    assert [part["type"] for part in sent(platform)["messages"][0]["content"]] == ["text", "image_url"]


def test_a_video_is_passed_on_by_its_url(platform: Platform) -> None:
    film = FilePart("https://example.com/a.mp4", "f", is_video=True)
    ask(request(show(film), model="glm-4.6v"), platform.key())
    assert sent(platform)["messages"][0]["content"][1] == {
        "type": "video_url",
        "video_url": {"url": "https://example.com/a.mp4"},
    }


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (FilePart("data:text/plain,hello", "f", is_image=True), "not a picture"),
        (FilePart("data:image/png;base64,@@@", "f", is_image=True), "cannot be read"),
        (FilePart("ftp://example.com/a", "f"), "http"),
        (FilePart("data:application/zip;base64,UEsDBAoAAAAAAAAAAAA=", "f"), "Send text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_its_field(platform: Platform, part: FilePart, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as caught:
        ask(request(show(part), model="glm-4.6v"), platform.key())
    assert caught.value.param == "f"


def test_a_document_that_is_text_is_read_here(platform: Platform) -> None:
    part = FilePart("data:text/markdown;name=notes.md,%23%20Title", "f")
    ask(request(show(part), model="glm-5.3"), platform.key())
    assert sent(platform)["messages"][0]["content"] == "Look\n[File notes.md]\n# Title\n[End of the file]"
    assert platform.requests("parser") == []


def test_another_document_goes_through_the_parser_once(platform: Platform) -> None:
    platform.parser.texts["paper.pdf"] = "What the paper says."
    url = platform.site("/paper.pdf", PDF, "application/pdf")
    key = platform.key()

    async def twice() -> None:
        for _ in range(2):
            asked = request(show(FilePart(url, "f")), model="glm-5.3")
            async for _events in UPSTREAM.answer(asked, key, Tries()):
                pass

    run(twice)
    assert "What the paper says." in sent(platform)["messages"][0]["content"]
    [parsed] = platform.requests("parser")
    assert parsed.form == {"tool_type": "prime-sync", "file_type": "PDF"}
    assert parsed.files["file"].content == PDF


def test_a_document_that_the_parser_cannot_read_is_refused(platform: Platform) -> None:
    platform.parser.fails = True
    url = platform.site("/paper.pdf", PDF, "application/pdf")
    with pytest.raises(BadRequest, match="cannot read the document"):
        ask(request(show(FilePart(url, "f"))), platform.key())


def test_a_parser_that_may_have_worked_is_not_asked_again(platform: Platform) -> None:
    platform.fail("parser", drop=True, times=None)
    url = platform.site("/paper.pdf", PDF, "application/pdf")
    with pytest.raises(UpstreamFailed):
        ask(request(show(FilePart(url, "f"))), platform.key())
    assert len(platform.requests("parser")) == 1


def test_only_the_newest_turn_s_files_can_fail_a_request(platform: Platform) -> None:
    gone = show(FilePart(platform.site("/gone.pdf", status=404), "f"))
    answered = Message("assistant", (TextPart("I see."),))
    assert finish(ask(request(gone, answered, "And now?"), platform.key())) == "stop"
    assert "left out" in sent(platform)["messages"][0]["content"]


def test_of_older_files_the_newest_ten_are_kept(platform: Platform) -> None:
    turns = [
        message
        for number in range(12)
        for message in (show(FilePart(f"data:text/plain,file{number}", "f")), Message("assistant", (TextPart("Yes"),)))
    ]
    ask(request(*turns, "And now?"), platform.key())
    told = "\n".join(message["content"] for message in sent(platform)["messages"])
    assert [number for number in range(12) if f"file{number}\n" in told] == list(range(2, 12))
    assert told.count("only the newest ones are kept") == 2


def test_eleven_files_in_one_turn_are_refused(platform: Platform) -> None:
    with pytest.raises(BadRequest, match="10 files"):
        ask(request(show(*[FilePart("data:text/plain,a", f"f{number}") for number in range(11)])), platform.key())


def test_an_old_picture_that_cannot_be_had_does_not_end_the_conversation(platform: Platform) -> None:
    gone = show(picture("http://127.0.0.1:9/a.png"))
    asked = request(gone, Message("assistant", (TextPart("A cat."),)), "Sure?", model="glm-4.6v")
    assert finish(ask(asked, platform.key())) == "stop"
    assert "left out" in sent(platform)["messages"][0]["content"]
    with pytest.raises(BadRequest):
        ask(request(gone, model="glm-4.6v"), platform.key())


def test_pictures_that_a_tool_returned_are_shown_after_its_results(platform: Platform) -> None:
    calls = (ToolCall("c1", "shoot", "{}"), ToolCall("c2", "shoot", "{}"))
    messages = (
        Message("user", (TextPart("What is on the screen?"),)),
        Message("assistant", tool_calls=calls),
        Message("tool", (TextPart("Done."), picture()), tool_call_id="c1", tool_name="shoot"),
        Message("tool", (picture(),), tool_call_id="c2", tool_name="shoot"),
    )
    asked = request(*messages, model="glm-4.6v", tools=(Tool("shoot"),))
    ask(asked, platform.key())
    assert [message["role"] for message in sent(platform)["messages"][2:]] == ["tool", "tool", "user"]
    assert len(sent(platform)["messages"][-1]["content"]) == 3


def test_a_picture_of_more_than_5_mb_is_made_smaller(platform: Platform) -> None:
    written = BytesIO()
    Image.effect_noise((3000, 2500), 90).save(written, "PNG")
    assert len(written.getvalue()) > files.MAX_PICTURE_BYTES
    url = f"data:image/png;base64,{b64encode(written.getvalue()).decode()}"
    assert finish(ask(request(show(picture(url)), model="glm-4.6v"), platform.key())) == "stop"


# Tokens.


def count(asked: ChatRequest, key: str) -> int:
    return run(lambda: UPSTREAM.count_tokens(asked, key))


def test_tokens_are_counted_by_the_platform(platform: Platform) -> None:
    key = platform.key()
    asked = request("Hello " * 100, tools=(Tool("weather"),))
    counted = count(asked, key)
    ask(asked, key)
    assert counted > 100
    body = platform.requests("tokenizer")[0].json
    assert body["model"] == "glm-4.6"
    assert body["messages"] == sent(platform)["messages"]
    assert body["tools"] == sent(platform)["tools"]


def test_a_prompt_with_pictures_is_counted_by_a_model_that_sees(platform: Platform) -> None:
    count(request(show(picture()), model="glm-5.3-flash"), platform.key())
    assert platform.requests("tokenizer")[0].json["model"] == "glm-4.6v"


def test_a_count_without_a_number_is_an_error(platform: Platform) -> None:
    platform.fail("tokenizer", status=200, body={"usage": None})
    with pytest.raises(UpstreamFailed, match="without telling"):
        count(request(), platform.key())
