"""Each call of the service but the stream, with each field of its answer changed: what a user gets.

The rule: only what a request cannot do without may fail it: an access token, the address of a file, a job's name.
"""

import base64
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import httpx
import pytest

from tests.bundle import Bundle
from tests.field.variations import VARIATIONS, Path, name, varied
from tests.upstream import Account, StandIn, Video, deltas, media

HELLO: Final = [{"role": "user", "content": "Hello"}]
SERVED: Final = "served"
PICTURE: Final = f"data:image/png;base64,{base64.b64encode(media.picture(1, 64, 48, 'PNG')).decode()}"
FILE_URL: Final = "https://example.com/cat.png"
VIDEO_URL: Final = "https://example.com/cat.mp4"


class Door(NamedTuple):
    """The front door, with a key."""

    bundle: Bundle
    account: Account
    upstream: StandIn

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.account.refresh_token}"}
        url = self.bundle.url + path
        response: httpx.Response = self.bundle.http.request(method, url, json=body, headers=headers, timeout=60)
        return response


def failed(response: httpx.Response) -> str:
    """Nothing where it was served."""
    return "" if response.status_code == 200 else f"{response.status_code} {response.json()['error']['code']}"


def chat(door: Door, **options: Any) -> str:
    body = {"model": "glm-4", "messages": HELLO, **options}
    return failed(door.ask("POST", "/v1/chat/completions", body)) or SERVED


def cut_chat(door: Door) -> str:
    door.upstream.script(deltas(20, lingers=True, delay=0.02))
    return chat(door, max_tokens=2)


def chat_with_picture(door: Door) -> str:
    """Also looks at what the service is sent: a picture of another shape would be ignored in silence."""
    content = [{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {"url": PICTURE}}]
    outcome = chat(door, messages=[{"role": "user", "content": content}])
    if outcome == SERVED:
        [image] = door.upstream.requests("chat")[-1].json["messages"][0]["content"][1]["image"]
        assert all(isinstance(image[field], str) for field in ("file_name", "file_id", "image_url"))
        assert all(type(image[field]) is int for field in ("file_size", "order", "width", "height"))
    return outcome


def check(door: Door) -> str:
    response = door.ask("POST", "/token/check", {"token": door.account.refresh_token})
    return failed(response) or (SERVED if response.json() == {**response.json(), "live": True} else "not live")


def order(door: Door, **options: Any) -> str:
    response = door.ask("POST", "/v1/videos/generations", {"model": "cogvideox", "prompt": "A cat", **options})
    return failed(response) or response.json()["id"]


def ordered(door: Door) -> str:
    outcome = order(door)
    return outcome if " " in outcome else SERVED


def ordered_with_picture(door: Door) -> str:
    door.upstream.fail("video", result={"chat_id": "j1"})
    outcome = order(door, image_url=PICTURE)
    return outcome if " " in outcome else SERVED


def polled(door: Door) -> str:
    door.upstream.fail("video_details", result=_job(door))
    response = door.ask("GET", f"/v1/videos/generations/{order(door)}")
    body = response.json()
    return (
        failed(response) or f"{body['task_status']} {''.join(one['video_url'] for one in body.get('data', ()))}".strip()
    )


def polled_for_details(door: Door) -> str:
    door.upstream.fail("video_status", result={"status": "finished"})
    return polled(door)


def polled_with_sound(door: Door) -> str:
    door.upstream.video(Video(polls=0))
    response = door.ask("GET", f"/v1/videos/generations/{order(door, audio_id='track-7')}")
    body = response.json()
    return failed(response) or (body["data"][0]["video_url"] if body["task_status"] == "SUCCESS" else "FAIL")


def deleted(door: Door) -> str:
    response = door.ask("DELETE", f"/v1/videos/generations/{order(door)}")
    return failed(response) or (SERVED if response.json()["deleted"] else "not deleted")


class Call(NamedTuple):
    """A call of the service."""

    endpoint: str
    """Its name in the stand-in."""
    ask: Callable[[Door], str]
    result: Callable[[Door], Any]
    """What it answers as a rule."""
    served: str = SERVED
    """What the user then gets."""
    needed: tuple[str, ...] = ()
    """The fields of the result that the user's request cannot do without."""
    without: str = "502 upstream_error"
    """What the user gets without one of them."""
    refused: str = "502 upstream_error"
    """What the user gets where the answer has an unknown status, and so is a refusal."""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The paths that it may go to."""
        return ("delete", "delete_single", "delete_old") if self.endpoint == "delete" else (self.endpoint,)


def _tokens(door: Door) -> dict[str, Any]:
    account = door.account
    access, refresh = account.access_token(), account.refresh_token
    return {"user_id": account.uid, "access_token": access, "refresh_token": refresh, "is_guest": False, "mode": "pc"}


def _job(door: Door) -> dict[str, Any]:
    return {
        "status": "finished",
        "msg": "",
        "plan": "100%",
        "cover_url": "https://example.com/cat.jpg",
        "video_url": VIDEO_URL,
        "video_duration": "6s",
        "resolution": "1440 × 960",
    }


_FILE: Final = {
    "file_id": "f1",
    "file_url": FILE_URL,
    "file_name": "cat.png",
    "file_size": 70,
    "width": 64,
    "height": 48,
    "file_type": "image",
}
_INFO: Final = {"is_guest": False, "member_info": {"left_score": 10}, "block_info": {"blocked": False}}

CALLS: Final = (
    Call("refresh", chat, _tokens, needed=("access_token",)),
    Call("delete", chat, lambda door: {}, refused=SERVED),
    Call("stop", cut_chat, lambda door: {}, refused=SERVED),
    Call("user_info", check, lambda door: _INFO, refused=SERVED),
    Call("upload", chat_with_picture, lambda door: _FILE, needed=("file_url",)),
    Call("video", ordered, lambda door: {"chat_id": "j1", "conversation_id": "c1"}, needed=("chat_id",)),
    Call("video_upload", ordered_with_picture, lambda door: {"source_id": "s1", "width": 1440}, needed=("source_id",)),
    Call("video_status", polled, _job, served=f"SUCCESS {VIDEO_URL}", without="PROCESSING"),
    Call("video_details", polled_for_details, _job, needed=("video_url",), served=f"SUCCESS {VIDEO_URL}"),
    Call("video_delete", deleted, lambda door: {}),
    Call(
        "compose", polled_with_sound, lambda door: {"url": VIDEO_URL}, served=VIDEO_URL, needed=("url",), refused="FAIL"
    ),
)


TAKEN: Final = {
    "file_url": ("a text",),
    "chat_id": ("a text", "a number"),
    "source_id": ("a text", "a number", "a long number"),
}
"""What does for a field that is needed: names are texts or numbers. A job's that is too long has no room in its id."""


def expected(call: Call, path: Path, how: str) -> str:
    """What the user gets."""
    place, field = ".".join(map(str, path)), path[-1]
    if how == "a list of one":
        return call.served
    if place == "status":
        return call.refused if how == "a number" else call.served
    if place == "result":
        return call.without if call.needed or call.endpoint == "video_status" else call.served
    if place == "result.is_guest" and call.endpoint == "refresh" and how == "true":
        return "401 invalid_api_key"
    if place == "result.is_guest" and call.endpoint == "user_info" and how == "true":
        return "not live"
    if place == "result.access_token" and how == "a text":
        return "401 invalid_api_key"  # Taken as it is; and the service does not know it.
    if field not in call.needed:
        return call.served
    return call.served if how in TAKEN.get(field, ()) else call.without


def cases() -> list[tuple[Call, Path]]:
    found: list[tuple[Call, Path]] = []
    for call in CALLS:
        door: Any = None
        fields = {"refresh": ("user_id", "access_token", "refresh_token", "is_guest", "mode")}.get(call.endpoint)
        names = fields or tuple(call.result(door))
        found += [(call, (field,)) for field in ("status", "message", "result", "rid")]
        found += [(call, ("result", field)) for field in names]
    return found


def test_a_closed_account_is_not_live(bundle: Bundle, upstream: StandIn, account: Account) -> None:
    upstream.fail("user_info", result={"block_info": {"blocked": "true"}})
    assert check(Door(bundle, account, upstream)) == "not live"


@pytest.mark.parametrize(("call", "path"), cases(), ids=lambda value: getattr(value, "endpoint", None) or name(value))
def test_a_field(bundle: Bundle, upstream: StandIn, call: Call, path: Path) -> None:
    given = {}
    for how, change in VARIATIONS.items():
        door = Door(bundle, upstream.account(), upstream)
        envelope = {"status": 0, "message": "success", "result": call.result(door), "rid": "r"}
        for endpoint in call.endpoints:
            upstream.fail(endpoint, body=varied(envelope, path, change), times=None)
        given[how] = call.ask(door)
        asked = [one for one in upstream.record if one.account == door.account.uid and one.name in call.endpoints]
        assert asked
        upstream.heal()
    assert given == {how: expected(call, path, how) for how in VARIATIONS}
