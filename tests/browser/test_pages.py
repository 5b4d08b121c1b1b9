"""Every page in both languages: sound, usable by everybody, readable on a phone."""

from __future__ import annotations

import pytest

from tests.browser import sight
from tests.browser.pages import DESK_PAGES, PHONE_PAGES, SANDBOX_PAGES, places
from tests.browser.pictures import draw, keep
from tests.browser.scene import DESK, PHONE, open_browser

pytestmark = pytest.mark.browser
ALL = (*PHONE_PAGES, *DESK_PAGES, *SANDBOX_PAGES)
PICTURES = {
    ("home", "zh"): "console-home",
    ("home", "en"): "console-home-en",
    ("batch", "zh"): "console-codes",
    ("member", "zh"): "console-member",
    ("landing-first", "en"): "landing-en",
    ("member-centre", "en"): "member-centre-en",
}


@pytest.fixture(scope="module")
def addresses(scene):
    return places(scene)


@pytest.fixture(scope="module")
def browsers(chromium, scene):
    """One open tab for each person, language and width, made when first asked for, and what goes wrong in it."""
    opened = {}
    journey = scene.journey
    sessions = {"member": journey.consumer, "advisor": journey.advisor, "staff": journey.desk}

    def browser(who: str, lang: str, width: str):
        key = who, lang, width
        if key not in opened:
            tab = open_browser(chromium, lang=lang, width=width, wechat=who in {"member", "advisor"})
            if who in sessions:
                jar = sessions[who].session.cookies
                tab.context.add_cookies([{"name": c.name, "value": c.value, "url": scene.web} for c in jar])
            opened[key] = tab, sight.Watch(tab)
        return opened[key]

    yield browser
    for tab, _ in opened.values():
        tab.context.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", ALL, ids=[page.name for page in ALL])
def test_page_is_sound_in_both_languages_and_widths(page, lang, addresses, browsers, scene):
    address = page.path.format(**addresses, fresh=addresses[f"fresh_{lang}"])
    tab, watch = browsers(page.who, lang, page.width)
    watch.troubles.clear()
    tab.set_viewport_size(PHONE if page.width == "phone" else DESK)
    answer = tab.goto(address if address.startswith("http") else scene.web + address)
    tab.get_by_test_id(page.shows).first.wait_for(state="attached")
    if (page.name, lang) in PICTURES:
        draw(tab, PICTURES[page.name, lang])

    keep(tab, f"{page.name}-{lang}")
    found = {
        "status": [] if answer.status == page.status else [f"{answer.status}, not {page.status}"],
        "troubles": list(watch.troubles),
        "barriers": sight.barriers(tab),
        "left in Chinese": sight.left_in_chinese(tab, scene.people) if lang == "en" else [],
        "sticks out": sight.overflow(tab),
    }
    assert {what: faults for what, faults in found.items() if faults} == {}
