"""What is wrong with an open page: for everybody's eyes and hands, for English readers, on a narrow screen."""

from __future__ import annotations

import re

import messaging.rules
import messaging.service
from demo import player, seed
from settings import ROOT
from tests.browser.scene import PHONE

AXE = (ROOT / "static" / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LOOK = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"], iframes: false });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => one.id + ": " + one.nodes.slice(0, 3)
      .map((node) => node.html + " " + node.any.map((reason) => reason.message)).join(" | "));
}"""
WORDS = """() => {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  const words = [document.title];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      if (!node.parentElement.closest("script, style, pre, [aria-hidden=true]")) words.push(node.data);
    } else for (const name of ["alt", "title", "placeholder", "aria-label"]) words.push(node.getAttribute(name) || "");
  }
  return words.filter((text) => /[\\u3000-\\u303f\\u4e00-\\u9fff\\uff00-\\uffef]/.test(text));
}"""
# What the test of the menu writes into it.
MENU_NAMES = ("会员中心", "我的会员卡", "查积分", "门店")
# Data stays in the language it was entered in; so do the brand's own words and the way back to Chinese.
SEEDED = (*seed.STORES, *seed.BAS, *seed.PRODUCTS, *seed.STAFF)
DATA = sorted(
    {
        *(text for row in SEEDED for text in row if isinstance(text, str)),
        *(name for _, _, name, _, _ in player.BOUGHT),
        *messaging.service.WELCOMES.values(),
        *messaging.service.KEYWORDS,
        *(variable.example for variable in messaging.rules.VARIABLES),
        *seed.CARD.statement_text.splitlines(),
        *(seed.CARD.title, seed.CARD.brand_name),
        *MENU_NAMES,
        *("山茶记线上商城", "一码会员中心", "首批", "积分变动通知", "积分变动", "中文"),
    },
    key=len,
    reverse=True,
)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


class Watch:
    """Notes what goes wrong while a page loads and lives."""

    def __init__(self, page) -> None:
        """Listens to `page` from now on."""
        self.troubles: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message) -> None:
        # A page that answers 4xx by design is reported by _response, unless it is the page itself.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _failed(self, request) -> None:
        # The browser itself gives up what it was fetching when its page is left: nobody's fault.
        if request.failure != "net::ERR_ABORTED":
            self.troubles.append(f"failed: {request.url} {request.failure}")

    def _response(self, response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= 400 and not is_page:
            self.troubles.append(f"{response.status}: {response.url}")


def barriers(page) -> list[str]:
    """Serious and critical findings of axe-core."""
    page.evaluate(AXE)
    return page.evaluate(LOOK)


def left_in_chinese(page, names: list[str]) -> list[str]:
    """Texts of the page's own that an English reader cannot read; `names` are of people that the sandbox knows."""
    found = []
    for text in page.evaluate(WORDS):
        rest = text
        for known in (*names, *DATA):
            rest = rest.replace(known, "")
        if CHINESE.search(rest):
            found.append(text.strip())
    return found


def overflow(page, width: int = PHONE["width"]) -> list[str]:
    """What sticks out to the right when the window is `width` wide; empty when nothing needs sideways scrolling."""
    page.set_viewport_size({"width": width, "height": PHONE["height"]})
    return page.evaluate(
        """(width) => {
          const root = document.documentElement;
          if (root.scrollWidth <= width) return [];
          const right = (one) => Math.round(one.getBoundingClientRect().right);
          return [...document.querySelectorAll("body *")].filter((one) => right(one) > width + 1)
            .slice(0, 5).map((one) => `${one.tagName} ${one.className} ${right(one)}`)
            .concat(`page is ${root.scrollWidth} wide`);
        }""",
        width,
    )
