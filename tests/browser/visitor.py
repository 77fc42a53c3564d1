"""Someone who uses the page: what they do, what they see, and what their browser does behind it."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, FilePayload, Locator, Page, expect

from tests.upstream import Account

OWN_SCHEMES = ("data", "blob")
REFUSALS = "Failed to load resource"
"""What Chromium writes of an answer with an error status, which some tests provoke."""


class Visitor:
    """A person at a browser with the page open. `chat`, `pictures` and `video` are the panels."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.may_ask: tuple[str, ...] = ()
        """Beginnings of addresses elsewhere that its browser may load something from."""
        self.visited: list[str] = []
        """The addresses of all requests."""
        self.faults: list[str] = []
        """Errors of the page's script, what its policy refused, and dialogs."""
        page.on("request", lambda request: self.visited.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._note)
        page.on("dialog", self._refuse)

    def open(self, query: str = "") -> None:
        """Open the page, and wait until it knows the models."""
        with self.page.expect_response("**/v1/models"):
            self.page.goto(f"{self.url}/{query}")
        expect(self.composer).to_be_visible()

    def elsewhere(self) -> list[str]:
        """The requests to anything but the deployment."""
        return [url for url in self.visited if not url.startswith(self.url) and urlsplit(url).scheme not in OWN_SCHEMES]

    @property
    def token(self) -> Locator:
        return self.page.get_by_label("ChatGLM token")

    @property
    def key(self) -> Locator:
        """The form of the key, or the line that it is folded to."""
        return self.page.locator(".key")

    @property
    def message(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def composer(self) -> Locator:
        """Where something is written and sent, in any language."""
        return self.page.locator(".composer textarea")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def panel(self) -> Locator:
        """The panel that is shown."""
        return self.page.get_by_role("tabpanel")

    @property
    def strip(self) -> Locator:
        """What is there for developers, on a wide screen."""
        return self.page.get_by_role("complementary")

    @property
    def status(self) -> Locator:
        return self.panel.locator(":scope > [role=status]")

    @property
    def error(self) -> Locator:
        return self.panel.get_by_role("alert")

    @property
    def answers(self) -> Locator:
        return self.page.locator("article.answer")

    @property
    def answer(self) -> Locator:
        """The text of the newest answer."""
        return self.answers.last.locator(".text")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def bring(self, account: Account | str) -> None:
        """Write a token into its field, which nobody checks before something is asked."""
        self.token.fill(account if isinstance(account, str) else account.refresh_token)

    def paste(self, account: Account | str) -> None:
        """Paste a token, which is checked then."""
        text = account if isinstance(account, str) else account.refresh_token
        self.token.evaluate(
            """(field, text) => {
                const data = new DataTransfer();
                data.setData("text/plain", text);
                field.focus();
                const options = { bubbles: true, cancelable: true, clipboardData: data };
                field.dispatchEvent(new ClipboardEvent("paste", options));
                document.execCommand("insertText", false, text);
            }""",
            text,
        )

    def ask(self, words: str) -> None:
        """Send a message, and do not wait for the answer."""
        self.message.fill(words)
        self.message.press("Enter")

    def hear(self, words: str) -> str:
        """Send a message, wait for the whole answer, and return its text."""
        self.ask(words)
        expect(self.status).to_have_text("The answer is complete.")
        return self.answer.inner_text()

    def drop(self, *files: tuple[str, str, bytes], kind: str = "drop") -> None:
        """Drop files (name, media type, content) on the page, or paste them (`kind="paste"`)."""
        described = [
            {"name": name, "type": media_type, "content": list(content)} for name, media_type, content in files
        ]
        self.page.evaluate(
            """([kind, files]) => {
                const data = new DataTransfer();
                for (const { name, type, content } of files) {
                    data.items.add(new File([new Uint8Array(content)], name, { type }));
                }
                const options = { bubbles: true, cancelable: true };
                document.activeElement.dispatchEvent(kind === "paste"
                    ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                    : new DragEvent("drop", { ...options, dataTransfer: data }));
            }""",
            [kind, described],
        )

    def pick(self, name: str, media_type: str, content: bytes) -> None:
        """Choose a file from the disk."""
        chosen: FilePayload = {"name": name, "mimeType": media_type, "buffer": content}
        self.panel.locator("input[type=file]").set_input_files(chosen)

    def kept(self) -> dict[str, str]:
        """All that the browser keeps for the page."""
        found: dict[str, str] = self.page.evaluate("({ ...localStorage, ...sessionStorage })")
        return found

    def options(self) -> Locator:
        """The further options of a chat, opened."""
        opened = self.page.get_by_role("group", name="Options")
        if not opened.is_visible():
            self.button("Options").click()
        return opened

    def choose_model(self, name: str) -> None:
        """Ask this model from now on."""
        self.page.get_by_role("button", name="Model: ").click()
        choice = self.page.get_by_role("group", name="Model: ")
        listed = choice.locator("fieldset").get_by_text(name, exact=True)
        if listed.count():  # with a line of its own
            listed.click()
        else:
            choice.get_by_label("Other models").select_option(name)
        self.page.keyboard.press("Escape")

    def example(self, language: str, endpoint: str = "") -> str:
        """The lines that do the same as the panel would."""
        if endpoint:
            self.strip.get_by_label("Endpoint").select_option(endpoint)
        self.strip.get_by_label("Language").select_option(language)
        return self.strip.locator("pre").first.inner_text()

    def _refuse(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSALS):
            self.faults.append(f"console: {message.text}")
