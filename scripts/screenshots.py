"""Makes the pictures of the page in `docs/images`: `scripts/screenshots`. Look at them before they are committed."""

import os
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.bundle import serve
from tests.upstream import Answer, Gate, Search, Source, StandIn, Text, Think

FOLDER = Path(__file__).parent.parent / "docs" / "images"
COLOURS = 128
"""In each picture: more are not to be told apart, and make it larger."""
SHARPNESS = 2
"""Pixels of a picture for each of the page's, as on most screens."""

QUESTION = {
    "en-GB": "Two days in Hangzhou with children: what should we see?",
    "zh-CN": "带孩子去杭州玩两天，应该看些什么？",
}
THOUGHTS = {"en-GB": "Short walks, boats, animals.", "zh-CN": "少走路，坐船，看动物。"}
SOURCES = {
    "en-GB": Source("West Lake: boats and opening hours", "https://example.com/west-lake"),
    "zh-CN": Source("西湖游船与开放时间", "https://example.com/west-lake"),
}
ANSWER = {
    "en-GB": """**Day one: the lake.** Take a boat across West Lake in the morning, before it is crowded:

1. Start at *Hubin*, where the boats leave.
2. Get off at the island, and walk round it in half an hour.
3. Have lunch by the water.

| | Morning | Afternoon |
|---|---|---|
| Day one | West Lake by boat | Botanical garden |
| Day two | Zoo | Canal museum |

**Day two: the zoo** opens at nine; the pandas are fed at ten.
""",
    "zh-CN": """**第一天：西湖。** 早上人少的时候坐船游湖：

1. 在*湖滨*上船。
2. 到岛上走一圈，大约半小时。
3. 在湖边吃午饭。

| | 上午 | 下午 |
|---|---|---|
| 第一天 | 西湖游船 | 植物园 |
| 第二天 | 动物园 | 运河博物馆 |

**第二天：动物园**九点开门，十点给熊猫喂食。
""",
}


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        StandIn() as upstream,
        serve({"GLM_CHATGLM_URL": upstream.url}, port=int(os.environ.get("PORT") or 8000)) as bundle,
        chromium.launch() as browser,
    ):
        for name, locale, scheme, size in (
            ("chat-light", "en-GB", "light", (860, 800)),
            ("chat-light.zh-CN", "zh-CN", "light", (860, 800)),
            ("page-dark", "en-GB", "dark", (1280, 800)),
            ("page-360px", "en-GB", "light", (360, 740)),
        ):
            page = open_page(browser, bundle.url, locale, scheme, size)
            chat(page, upstream, locale)
            save(page, name)
            page.close()
            upstream.reset()


def open_page(browser: Browser, url: str, locale: str, scheme: str, size: tuple[int, int]) -> Page:
    """Open the page as somebody would whose browser is set to this language and colour scheme."""
    page = browser.new_page(
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=SHARPNESS,
    )
    page.goto(url)
    return page


def chat(page: Page, upstream: StandIn, locale: str) -> None:
    """Check a token, ask a question, and stop the time shortly before the answer is complete."""
    page.locator(".key input[type=password]").fill(upstream.account().refresh_token)
    page.locator(".key input[type=password]").press("Enter")
    expect(page.locator(".key .good")).to_be_visible()

    words = [f"{word} " for word in ANSWER[locale].split(" ")] if locale == "en-GB" else list(ANSWER[locale])
    gate = Gate(after=len(words) + 1)
    search = Search(QUESTION[locale], SOURCES[locale])
    upstream.script(Answer(Think(THOUGHTS[locale]), search, Text(*words), gate=gate))
    page.locator(".composer textarea").fill(QUESTION[locale])
    page.locator(".composer textarea").press("Enter")
    gate.wait_sent()
    expect(page.locator("article.answer td")).to_have_count(6)
    expect(page.locator("article.answer strong")).to_have_count(2)


def save(page: Page, name: str) -> None:
    """Take a picture of the page as it is seen, in few colours."""
    page.locator(":focus").blur()
    taken = Image.open(BytesIO(page.screenshot()))
    file = FOLDER / f"{name}.png"
    taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(FOLDER.parent.parent)}: {taken.width} × {taken.height}, {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    try:
        main()
    except chromium.Unavailable as reason:
        sys.exit(str(reason))
