"""What the browser tests look at: the running product, the fonts, and browsers for staff and for phones."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import noto_cjk_sans_otc
import requests

from demo.browser import WECHAT_AGENT
from demo.parts import Parts
from demo.player import Journey

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 900}
LOCALES = {"zh": "zh-CN", "en": "en-US"}
PATIENCE_MS = 20_000
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
  <alias binding="same"><family>system-ui</family><prefer><family>Noto Sans CJK SC</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>Noto Sans Mono CJK SC</family></prefer></alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Scene:
    """The product running in `parts`, after `journey` was played."""

    parts: Parts
    journey: Journey

    @property
    def web(self) -> str:
        """Where the product answers."""
        return self.parts.web_url

    @property
    def sandbox(self) -> str:
        """Where the sandbox answers."""
        return self.parts.sandbox_url

    @property
    def people(self) -> list[str]:
        """The names of everybody who has a phone."""
        known = requests.get(f"{self.sandbox}/sandbox/api/people", timeout=10).json()
        return [person["name"] for person in known]

    @property
    def batch(self) -> str:
        """The page of the one batch of codes."""
        found = re.search(r"/console/codes/\d+", self.journey.desk.get("/console/codes/").text)
        assert found
        return found[0]

    def item_code(self, line: int) -> str:
        """What the code says that the press prints in this line; the journey scanned one already."""
        desk = self.journey.desk
        fresh = [
            url for url in desk.get(f"{self.batch}/codes.txt").text.split() if url != self.journey.code_url
        ]
        return fresh[line]


def font_settings(folder: Path) -> Path:
    """A fontconfig file that knows one font, the Chinese one that the posters use."""
    path = folder / "fonts.conf"
    fonts = Path(noto_cjk_sans_otc.__file__).parent
    path.write_text(FONTS.format(fonts=fonts, cache=folder / "cache"), encoding="utf-8")
    return path


def open_browser(chromium, *, lang: str, width: str, wechat: bool):
    """A browser of its own with one page: `lang` zh or en, `width` phone or desk."""
    is_phone = width == "phone"
    context = chromium.new_context(
        viewport=PHONE if is_phone else DESK,
        device_scale_factor=2 if is_phone and is_drawing() else 1,
        is_mobile=is_phone,
        has_touch=is_phone,
        locale=LOCALES[lang],
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        **({"user_agent": WECHAT_AGENT} if wechat else {}),
    )
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def is_drawing() -> bool:
    """Whether this run writes the pictures that the README shows."""
    return os.environ.get("WRITE_SCREENSHOTS") == "1"


def sign_in(page, scene: Scene) -> None:
    """A staff member signs in to the console."""
    staff = scene.journey.seeded["staff"][0]
    page.goto(f"{scene.web}/console/")
    page.locator("[name=login]").fill(staff["name"])
    page.locator("[name=password]").fill(staff["password"])
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("home-card").first.wait_for()
