"""A person with a phone of the sandbox: what her fingers do, and where she looks."""

from __future__ import annotations

from tests.browser.pictures import draw
from tests.browser.scene import Scene, is_drawing, open_browser
from tests.browser.sight import Watch


class Phone:
    """One person's phone in a browser of its own; every act is a click or a typed text."""

    def __init__(self, chromium, scene: Scene, name: str, number: str, *, lang: str = "zh") -> None:
        """Goes in at the sandbox's door, adds the person there and takes up her phone."""
        self.page = open_browser(chromium, lang=lang, width="phone", wechat=True)
        self.watch = Watch(self.page)
        self.page.goto(scene.sandbox)
        door = self.page.get_by_test_id("new-person")
        door.locator("[name=name]").fill(name)
        door.locator("[name=phone]").fill(number)
        door.locator("[type=submit]").click()
        self.see("phone").wait_for()

    def see(self, test: str):
        """Something the phone itself shows."""
        return self.page.get_by_test_id(test)

    @property
    def web(self):
        """The page inside the phone's web view."""
        return self.page.frame_locator("[data-test=webview]")

    def on_page(self, test: str):
        """Something the page in the web view shows."""
        return self.web.get_by_test_id(test)

    def tab(self, name: str) -> None:
        """Press one of the four tabs, closing a page that lies over them."""
        self.close_web()
        while self.see("back").count():
            self.see("back").click()
        self.see(f"tab-{name}").click()

    def close_web(self) -> None:
        """Close the web view if one is open."""
        if self.see("webview").count():
            self.see("web-close").click()

    def scan(self, text: str) -> None:
        """Scan what a code says, by pasting it."""
        self.tab("scan")
        self.see("paste").fill(text)
        self.see("go").click()

    def scan_picture(self, picture: bytes) -> None:
        """Scan a picture from the album."""
        self.tab("scan")
        self.see("picture").set_input_files(
            {"name": "poster.png", "mimeType": "image/png", "buffer": picture}
        )

    def open_chat(self) -> None:
        """Read the conversation with the account."""
        self.tab("chats")
        self.see("chat-row").click()

    def open_card(self) -> None:
        """Open the one card in the wallet."""
        self.tab("wallet")
        self.see("card").click()

    def draw(self, name: str) -> None:
        """A picture for the README of what the phone shows now, without what comes and goes over it."""
        if is_drawing():
            self.page.evaluate("document.querySelectorAll('.banner, .toast').forEach((one) => one.remove())")
        draw(self.page, name)
