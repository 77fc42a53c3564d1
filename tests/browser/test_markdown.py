"""Markdown: what it becomes, and what it never becomes."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from lib.serving.page import FOLDER
from tests.browser.visitor import Visitor
from tests.bundle import Bundle
from tests.upstream import Answer, Search, Source, StandIn, Text, Think

pytestmark = pytest.mark.browser

SECONDS_FOR_100_KB = 5.0
"""Of work. What takes longer with the square of its length needs minutes."""

DEEPEST = 512
"""Elements in one another, at which browsers stop."""

ELEMENTS = {
    *(
        "P",
        "H3",
        "H4",
        "H5",
        "H6",
        "HR",
        "PRE",
        "CODE",
        "BLOCKQUOTE",
        "UL",
        "OL",
        "LI",
        "DIV",
        "TABLE",
        "THEAD",
        "TBODY",
    ),
    *("TR", "TH", "TD", "BR", "EM", "STRONG", "S", "A", "IMG", "BUTTON", "FIGURE", "FIGCAPTION", "SPAN", "INPUT"),
}
ATTRIBUTES = {
    *("href", "src", "alt", "title", "rel", "target", "start", "class", "tabindex", "role", "aria-label", "type"),
    *("checked", "disabled", "data-src", "data-alt", "data-host"),
}


@pytest.fixture(scope="module")
def page(browser: Browser, bundle: Bundle) -> Iterator[Page]:
    """One page for all of these, since what is rendered here is never shown."""
    (module,) = (FOLDER / "assets").glob("markdown-*.js")
    page = browser.new_page(locale="en-GB")
    for late in ("formulas", "highlight"):  # Else what is rendered would depend on what has been loaded by then.
        page.route(f"**/{late}-*.js", lambda route: route.abort())
    page.goto(bundle.url)
    page.evaluate("async (path) => { window.Markdown = (await import(path)).Markdown; }", f"/assets/{module.name}")
    yield page
    page.close()


def html(page: Page, *texts: str) -> str:
    """What a text becomes that is first the first of these, then the second …"""
    made: str = page.evaluate(
        """(texts) => {
            const into = document.createElement("div");
            const markdown = new Markdown(into);
            for (const text of texts) markdown.show(text);
            return into.innerHTML;
        }""",
        list(texts),
    )
    return re.sub(r"(?<=>)\n+|\n+(?=<)", "", made)


REL = 'target="_blank" rel="noopener"'


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("one\r\ntwo", "<p>one<br>two</p>"),
        ("**a** *b* ***c*** __d__ _e_ ~~f~~", "<p><strong>a</strong> <em>b</em> <em><strong>c</strong></em> "
         "<strong>d</strong> <em>e</em> <s>f</s></p>"),
        ("*a **b** c*", "<p><em>a <strong>b</strong> c</em></p>"),
        ("**“重点”**后面", "<p><strong>“重点”</strong>后面</p>"),
        ("前面**“重点”**", "<p>前面<strong>“重点”</strong></p>"),
        ("**重点：**后面", "<p><strong>重点：</strong>后面</p>"),
        ("2 * 3 * 4 and snake_case_name and 5**", "<p>2 * 3 * 4 and snake_case_name and 5**</p>"),
        ("**open", "<p>**open</p>"),
        (r"\*a\* \\ \q", r"<p>*a* \ \q</p>"),
        ("`a *b*` `` c`d `` `e", "<p><code>a *b*</code> <code>c`d</code> `e</p>"),
        (r"\(x_1^2\) and $a_b$", '<p><code class="formula">x_1^2</code> and <code class="formula">a_b</code></p>'),
        ("$$\na_b\n$$", '<code class="formula display">a_b</code>'),
        ("\\[ a \\]\nb", '<code class="formula display">a</code><p>b</p>'),
        ("$5 and $6, a$b$c, $ d $", "<p>$5 and $6, a$b$c, $ d $</p>"),
        ("$$ never closed\n\nb", "<p>$$ never closed</p><p>b</p>"),
        ("# a\n## b\n### c\n###### d", "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6>"),
        ("# a #\ntext", "<h3>a</h3><p>text</p>"),
        ("#no", "<p>#no</p>"),
        ("a\n\n---\n\n* * *", "<p>a</p><hr><hr>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("1. a\n\n   more\n\n2. b\n\nafter", "<ol><li><p>a</p><p>more</p></li><li><p>b</p></li></ol><p>after</p>"),
        ("- [x] a\n- [ ] b", '<ul>'
         '<li class="task"><input type="checkbox" disabled="" checked="" aria-label="done"> a</li>'
         '<li class="task"><input type="checkbox" disabled="" aria-label="not done"> b</li></ul>'),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("a | b", "<p>a | b</p>"),
        ("[a](https://x.example/y_(z))", f'<p><a href="https://x.example/y_(z)" {REL}>a</a></p>'),
        ('[a *b*](<https://x.example/y> "t")',
         f'<p><a href="https://x.example/y" title="t" {REL}>a <em>b</em></a></p>'),
        ("[](https://x.example/)", f'<p><a href="https://x.example/" {REL}>https://x.example/</a></p>'),
        ("[a](mailto:a@x.example)", f'<p><a href="mailto:a@x.example" {REL}>a</a></p>'),
        ("[12](https://x.example/)",
         f'<p><a href="https://x.example/" {REL} class="cite" aria-label="Source 12">12</a></p>'),
        ("[a] (b) [c]: d", "<p>[a] (b) [c]: d</p>"),
        ("[a]\n\n[a]: https://x.example/", f'<p><a href="https://x.example/" {REL}>a</a></p>'),
        ("see https://x.example/a_b_c?d=1.", f'<p>see <a href="https://x.example/a_b_c?d=1" {REL}>https://x.example/a_b_c?d=1</a>.</p>'),
        ("**https://x.example**，是", f'<p><strong><a href="https://x.example" {REL}>https://x.example</a></strong>，是</p>'),
        ("https:// http www.x.example a@x.example", "<p>https:// http www.x.example a@x.example</p>"),
        ("![a *b*](data:image/png;base64,AAAA)", '<p><img src="data:image/png;base64,AAAA" alt="a b"></p>'),
        ("<b>a</b> &amp; <!-- c -->", "<p>&lt;b&gt;a&lt;/b&gt; &amp; &lt;!-- c --&gt;</p>"),
    ],
)  # fmt: skip
def test_it_becomes(page: Page, markdown: str, expected: str) -> None:
    assert html(page, markdown) == expected


def code(text: str, name: str = "Code", label: str = "Code") -> str:
    button = f'<button type="button" class="small quiet" aria-label="Copy {name}">Copy</button>'
    caption = f"<figcaption><span>{name}</span>{button}</figcaption>"
    pre = f'<pre tabindex="0" role="group" aria-label="{label}"><code>{text}</code></pre>'
    return f'<figure class="code">{caption}{pre}</figure>'


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("```zig\nif a:\n\n    b\n```\nafter", code("if a:\n\n    b", "zig", "Code, zig") + "<p>after</p>"),
        ("~~~\n```\n~~~", code("```")),
        ("````\n```\n````", code("```")),
        ("```\nnever closed\n- a\n# b", code("never closed\n- a\n# b")),
        ("```zig", code("", "zig", "Code, zig")),
        ("- a\n  ```\n  b\n  ```", f"<ul><li>a{code('b')}</li></ul>"),
        ("    indented", code("indented")),
    ],
)
def test_code_stays_as_it_is(page: Page, markdown: str, expected: str) -> None:
    assert html(page, markdown) == expected


def test_a_table(page: Page) -> None:
    found = html(page, "| a | `b\\|c` |\n|:--|--:|\n| **1** |\n| 2 | 3 | 4 |\n\nafter")
    left, right = 'class="to-left"', 'class="to-right"'
    assert found == (
        '<div tabindex="0" role="group" aria-label="Table" class="table"><table>'
        f"<thead><tr><th {left}>a</th><th {right}><code>b|c</code></th></tr></thead>"
        f"<tbody><tr><td {left}><strong>1</strong></td><td {right}></td></tr>"
        f"<tr><td {left}>2</td><td {right}>3</td></tr></tbody></table></div>"
        "<p>after</p>"
    )


def test_a_picture_from_elsewhere_is_a_button_first(page: Page) -> None:
    found = html(page, "![a](https://x.example/a.png) [![b](https://x.example/b.png)](https://x.example/)")
    assert "<img" not in found
    assert found.count("Show pictures from x.example</button>") == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<style>* { display: none }</style>",
    "<a href='javascript:alert(1)'>a</a>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](< javascript:alert(1)>)",
    "[a](vbscript:msgbox(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](file:///etc/passwd)",
    "[a](//elsewhere.example)",
    "[a](/v1/models)",
    "![a](javascript:alert(1))",
    "![a](data:text/html,<script>alert(1)</script>)",
    '![a](x" onerror="alert(1))',
    '![" onerror="alert(1)](data:image/png;base64,AAAA)',
    '[a](https://x.example/"onmouseover="alert(1))',
    "[![a](javascript:alert(1))](javascript:alert(2))",
    "<javascript:alert(1)>",
    "https://x.example/<script>alert(1)</script>",
    "```html\n<script>alert(1)</script>",
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script>",
    "> - **[a](javascript:alert(1))**",
    "[constructor](https://x.example) __proto__ {{constructor}}",
    "*a " * 1000 + "a* " * 1000,
    "[a" * 1000 + "](https://x.example)" * 1000,
    "> " * 1000 + "a",
    "\n".join(" " * 2 * depth + "- a" for depth in range(200)),
    "\u202e\u0000\ufeff\ud800",
]
"""The last ones are not for scripts: they nest deep, and no answer of the service can hold the very last."""

OUTCOME = """(text) => {
    const into = document.createElement("div");
    new Markdown(into).show(text);
    const found = [...into.querySelectorAll("*")];
    return {
        elements: found.map((node) => node.tagName),
        attributes: found.flatMap((node) => node.getAttributeNames()),
        links: found.filter((node) => node.href !== undefined).map((node) => node.href),
        pictures: found.filter((node) => node.src !== undefined).map((node) => node.src),
        depth: Math.max(0, ...found.map((node) => {
            let depth = 0;
            for (; node !== into; node = node.parentNode) depth++;
            return depth;
        })),
    };
}"""


def assert_harmless(page: Page, text: str) -> None:
    found = page.evaluate(OUTCOME, text)
    assert set(found["elements"]) <= ELEMENTS
    assert set(found["attributes"]) <= ATTRIBUTES
    assert all(link.startswith(("https://", "http://", "mailto:")) for link in found["links"])
    assert all(picture.startswith("data:image/") for picture in found["pictures"])
    assert found["depth"] < DEEPEST


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_becomes_harmless(page: Page, text: str) -> None:
    assert_harmless(page, text)


PIECES = st.lists(
    st.sampled_from(
        [
            *"*_~`[]()!<>\\|-#:+.1 \n\tab中\"'",
            *("**", "```", "\n\n", "\n- ", "\n> ", "\n1. ", "](", "![", "](https://x.example/)", "https://x.example"),
            *("javascript:alert(1)", "data:text/html,a", "|---|", "$$", "\\(", "\\)", "  "),
        ]
    ),
    max_size=60,
).map("".join)

USUAL = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@USUAL
@given(text=PIECES)
def test_any_text_becomes_harmless(page: Page, text: str) -> None:
    assert_harmless(page, text)


@USUAL
@given(text=PIECES, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_a_text_that_grew_looks_as_if_it_had_come_whole(page: Page, text: str, cuts: list[int]) -> None:
    assert html(page, *(text[:cut] for cut in sorted(cuts)), text) == html(page, text)


@USUAL
@given(
    text=st.lists(st.sampled_from([*"*_[]()!<>\\-#:+.1 \n中", "**", "\n\n", "\n- ", "$$", "\\("]), max_size=60).map(
        "".join
    )
)
def test_no_word_is_lost(page: Page, text: str) -> None:
    """Without fences, whose first line may name a language, and tables, whose rows may be too long."""
    shown: str = page.evaluate(
        """(text) => {
            const into = document.createElement("div");
            new Markdown(into).show(text);
            return into.textContent;
        }""",
        text,
    )
    assert shown.count("中") == text.count("中")


LONG = {
    "emphasis that opens": "*a " * 33_000,
    "emphasis that closes": "a* " * 33_000,
    "emphasis of two kinds": "_a " * 16_000 + "a* " * 16_000,
    "all marks": "*_~`[" * 20_000,
    "brackets": "[" * 100_000,
    "brackets that close": "[" * 50_000 + "]" * 50_000,
    "links that do not end": "[a](" * 25_000,
    "titles that do not end": '[a](b "' * 14_000,
    "pictures": "![" * 50_000,
    "backticks": "".join("`" * length + " " for length in range(1, 440)),
    "quotes": ">" * 100_000,
    "nested lists": "\n".join(" " * (2 * depth) + "- a" for depth in range(440)),
    "many lists": "- a\n1. b\n" * 10_000,
    "spaces": " " * 100_000 + "a",
    "a heading's marks": "# " + "# " * 50_000 + "a",
    "a rule's marks": "- " * 50_000 + "a",
    "a table's rule": "a|b\n" + "|-" * 50_000 + " " * 1000 + "x",
    "a table's rows": "a|b\n-|-\n" + "c|d\n" * 25_000,
    "addresses": "https://" * 12_000,
    "ends of sentences": "https://x.example/" + ")" * 100_000,
    "paragraphs": "a\n\n" * 33_000,
    "lines": "a\n" * 50_000,
    "fences": "```\n" * 25_000,
    "formulas": "\\(" * 50_000 + "$$" * 10_001,
    "one word": "a" * 100_000,
}


@pytest.mark.parametrize("name", LONG)
def test_no_text_takes_long(page: Page, name: str) -> None:
    before = thread_seconds(page)
    page.evaluate(
        """(text) => {
            const into = document.createElement("div");
            new Markdown(into).show(text);
            document.body.append(into);
            into.getBoundingClientRect();
            into.remove();
        }""",
        LONG[name],
    )
    seconds = thread_seconds(page) - before
    assert seconds < SECONDS_FOR_100_KB


def test_a_hostile_answer_does_nothing(user: Visitor, upstream: StandIn) -> None:
    """No dialog, no request, no refusal of the policy: the visitor's end sees to these."""
    hostile = "\n\n".join(HOSTILE[:-1])
    sources = [Source("<img src=x onerror=alert(1)>", "https://x.example/"), Source("a", "javascript:alert(1)")]
    upstream.script(Answer(Think(hostile), Search("cats", *sources), Text(*hostile.splitlines(keepends=True))))
    before = user.page.locator("script, style, iframe, img, svg, object, embed").count()
    user.hear("Be hostile")
    assert user.page.locator("script, style, iframe, svg, object, embed").count() == before
    expect(user.answer).to_contain_text("<script>alert(1)</script>")
    for link in user.answers.last.get_by_role("link").all():
        assert (link.get_attribute("href") or "").startswith("https://x.example/")
    expect(user.status).to_have_text("The answer is complete.")


@pytest.mark.parametrize(
    "fault",
    [
        "document.body.innerHTML = '<img src=x onerror=\"ran = 1\">'",
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'ran = 1' }))",
        "document.body.setAttribute('onclick', 'ran = 1'); document.body.click()",
        "Object.assign(document.createElement('a'), { href: 'javascript:ran = 1' }).click()",
        "setTimeout('ran = 1')",
    ],
)
def test_the_policy_stands_behind_it(visitor: Visitor, fault: str) -> None:
    """Were there a fault in the renderer, the browser would still run nothing."""
    with visitor.page.expect_console_message(lambda message: message.type == "error"):
        visitor.page.evaluate(f"() => {{ try {{ {fault} }} catch (error) {{ console.error(error) }} }}")
    assert visitor.page.evaluate("typeof ran") == "undefined"
    visitor.faults.clear()


def thread_seconds(page: Page) -> float:
    """How long the page's thread has worked: what else the machine does is not counted."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    devtools.detach()
    return float(metrics["ThreadTime"])
