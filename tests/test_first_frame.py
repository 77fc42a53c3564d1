"""First frames, cut from pictures of every kind, and from what only says that it is a picture."""

import asyncio
import struct
import threading
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.files import pictures
from lib.files.pictures import MAX_HEIGHT, MAX_PIXELS, WIDTH, fit, fit_in_turn

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def picture(mode: str, width: int, height: int, kind: str, colour: object = 0) -> bytes:
    written = BytesIO()
    Image.new(mode, (width, height), colour).save(written, kind)  # type: ignore[arg-type]
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def near(seen: object, expected: tuple[int, int, int]) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(one - other) < 40 for one, other in zip(seen, expected, strict=True))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1440, 960, (1440, 960)),
        (2880, 1920, (1440, 960)),
        (3000, 1000, (1440, 480)),
        (96, 64, (1440, 960)),
        (1000, 1000, (1440, 960)),
        (500, 4000, (1440, 960)),
        (5000, 1, (1440, 1)),
        (1, 1, (1440, 960)),
    ],
)
def test_a_frame_is_as_wide_as_the_service_wants_and_never_higher(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    frame = Image.open(BytesIO(fit(picture("RGB", width, height, "PNG"))))
    assert frame.format == "JPEG"
    assert frame.size == expected
    assert frame.size <= (WIDTH, MAX_HEIGHT)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("I;16", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("RGB", "BMP"),
        ("CMYK", "TIFF"),
        ("RGB", "AVIF"),
    ],
)
def test_every_usual_kind_of_picture_can_be_a_frame(mode: str, kind: str) -> None:
    assert opened(fit(picture(mode, 300, 200, kind))).size == (1440, 960)


def test_the_middle_of_a_high_picture_is_shown() -> None:
    high = Image.new("RGB", (300, 900), RED)
    high.paste(GREEN, (0, 350, 300, 550))
    high.paste(BLUE, (0, 550, 300, 900))
    written = BytesIO()
    high.save(written, "PNG")
    frame = opened(fit(written.getvalue()))
    assert near(frame.getpixel((720, 20)), GREEN)
    assert near(frame.getpixel((720, 940)), GREEN)


def test_a_picture_stands_as_its_camera_was_held() -> None:
    lying = Image.new("RGB", (600, 400), RED)
    lying.paste(BLUE, (300, 0, 600, 400))
    exif = Image.Exif()
    exif[0x0112] = 3  # Upside down.
    written = BytesIO()
    lying.save(written, "JPEG", exif=exif)
    frame = opened(fit(written.getvalue()))
    assert near(frame.getpixel((100, 480)), BLUE)
    assert near(frame.getpixel((1340, 480)), RED)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_becomes_white(mode: str, colour: object) -> None:
    frame = opened(fit(picture(mode, 30, 20, "PNG", colour)))
    assert near(frame.getpixel((720, 480)), WHITE)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    written = BytesIO()
    frames = [Image.new("RGB", (30, 20), colour) for colour in (RED, BLUE)]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    assert near(opened(fit(written.getvalue())).getpixel((720, 480)), RED)


def claiming(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds next to nothing."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(9)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


@pytest.mark.parametrize(
    ("width", "height"), [(MAX_PIXELS // 1000 + 1, 1000), (12_000, 8_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="50 million pixels"):
        fit(claiming(width, height))


def test_the_limit_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 60 * 40)
    fit(picture("RGB", 60, 40, "PNG"))
    with pytest.raises(ValueError, match="million pixels"):
        fit(picture("RGB", 60, 41, "PNG"))


def test_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)
    met = []

    def frame(_: object) -> bytes:
        with suppress(threading.BrokenBarrierError):
            met.append(together.wait(0.2))
        return b""

    monkeypatch.setattr(pictures, "_frame", frame)

    async def both() -> list[bytes]:
        content = picture("RGB", 30, 20, "PNG")
        return list(await asyncio.gather(fit_in_turn(content), fit_in_turn(content)))

    assert asyncio.run(both()) == [b"", b""]
    assert met == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
        claiming(30, 20),
        picture("RGB", 300, 200, "JPEG")[:200],
        picture("RGB", 300, 200, "PPM"),
    ],
    ids=["empty", "text", "eps", "svg", "hardly more than a header", "cut", "a kind that is left out"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="is not a picture that can be read"):
        fit(content)


@given(
    st.sampled_from([picture("RGB", 40, 30, kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_broken_pictures_give_a_frame_or_a_refusal(content: bytes, damage: list[tuple[int, int]]) -> None:
    broken = bytearray(content)
    for place, byte in damage:
        broken[place % len(broken)] = byte
    try:
        frame = fit(bytes(broken))
    except ValueError:
        return
    assert opened(frame).width == WIDTH
