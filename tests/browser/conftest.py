"""The product in real processes with a brand in full swing, and Chromium to look at it with."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from demo.__main__ import start
from demo.parts import Parts
from demo.player import Journey
from tests import store as store_module
from tests.browser.phone import Phone
from tests.browser.scene import Scene, font_settings, open_browser, sign_in
from tools.system import find


@pytest.fixture(scope="session")
def scene():
    """The product after the journey was played once: a member, an order with a refund, messages, credits."""
    first_port = int(os.environ.get("TEST_FIRST_PORT", "21000")) + 100 * store_module.worker_number() + 50
    # A short path: the queue listens on a socket in this folder, and socket paths have a limit.
    with (
        tempfile.TemporaryDirectory(prefix="yima-") as folder,
        store_module.new_database("browser") as database_url,
        Parts.plan(Path(folder), database_url=database_url, first_port=first_port, say=False) as parts,
    ):
        journey = Journey(parts, start(parts), say=lambda _: None)
        for step in (
            journey.staff_signs_in, journey.codes_are_made, journey.phones_scan, journey.advisor_shows_her_code,
            journey.card_is_claimed_and_activated, journey.order_brings_points, journey.message_arrives,
            journey.refund_takes_points_back,
        ):  # fmt: skip
            step()
        yield Scene(parts, journey)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """Debian's Chromium, with the Chinese font that the posters use."""
    environment = {**os.environ, "FONTCONFIG_FILE": str(font_settings(tmp_path_factory.mktemp("fonts")))}
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("TEST_CHROMIUM") or find("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            env=environment,
        )
        yield browser
        browser.close()


@pytest.fixture
def phone_of(chromium, scene):
    """Takes up a new person's phone: `phone_of(name, number)`; nothing may go wrong on it unseen."""
    phones = []

    def take_up(name: str, number: str, lang: str = "zh") -> Phone:
        phone = Phone(chromium, scene, name, number, lang=lang)
        phones.append(phone)
        return phone

    yield take_up
    troubles = [trouble for phone in phones for trouble in phone.watch.troubles]
    for phone in phones:
        phone.page.context.close()
    assert troubles == []


@pytest.fixture
def desk(chromium, scene):
    """A staff member's browser, signed in to the console."""
    page = open_browser(chromium, lang="zh", width="desk", wechat=False)
    sign_in(page, scene)
    yield page
    page.context.close()
