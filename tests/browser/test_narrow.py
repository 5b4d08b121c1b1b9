"""The console on a phone: nothing stretched, nothing hidden."""

from __future__ import annotations

import pytest

from tests.browser.pictures import keep
from tests.browser.scene import DESK

pytestmark = pytest.mark.browser
NARROW = {"width": 375, "height": 812}
PLACES = ("", "attribution/", "audit", "me", "places/stores", "messages/", "jobs?state=dead")
# The menu; what stands between its entries and the page; an entry; the highest row of a table.
MOST = {"menu": 64, "gap": 16, "height": 48, "row": 100}
MEASURE = """() => {
  const box = (one) => one.getBoundingClientRect();
  const menu = document.querySelector(".y-menu"), current = document.querySelector(".y-menu [aria-current]");
  return {
    menu: Math.round(box(menu).height),
    gap: Math.round(box(document.querySelector(".y-main")).top - box(menu.querySelector("ul")).bottom),
    current: current ? [Math.round(box(current).left), Math.round(box(current).right)] : [0, 0],
    height: current ? Math.round(box(current).height) : 0,
    row: Math.max(0, ...[...document.querySelectorAll("tbody tr")].map((one) => Math.round(box(one).height))),
  };
}"""


def test_on_a_phone_the_menu_is_one_low_row_that_shows_where_one_is(desk, scene):
    desk.set_viewport_size(NARROW)
    wrong = {}
    for place in PLACES:
        desk.goto(f"{scene.web}/console/{place}")
        keep(desk, f"narrow-{place.partition('?')[0].strip('/').replace('/', '-') or 'home'}")
        found = desk.evaluate(MEASURE)
        left, right = found.pop("current")
        fits = (
            all(found[what] <= most for what, most in MOST.items()) and 0 <= left <= right <= NARROW["width"]
        )
        wrong |= {} if fits else {place: found | {"current": (left, right)}}
    desk.set_viewport_size(DESK)

    assert wrong == {}
