"""What staff do with the buttons of a menu: fill in, add, move, delete. Pure: a menu in, a menu out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from core.errors import Invalid
from wechat.menu_rules import MAX_BUTTONS, MAX_CHILDREN, TEXTS, Button, Menu, Place

# More than WeChat takes: an imported menu may be too long, and is shown so that it can be cut.
MOST_READ = 10
LONGEST_VALUE = 2000
_ACT = re.compile(r"(add|up|down|delete):(\d(?:\.\d)?)?", re.ASCII)


class UnknownAct(Invalid):
    """There is no such act, or no button at that place."""

    code = "unknown_menu_act"
    message = "There is no such button."


def field_name(place: Place, name: str) -> str:
    """The form's name of one field: `b-0-2-url`."""
    return "-".join(("b", *map(str, place), name))


def of_form(form: Mapping[str, str]) -> Menu:
    """The menu as the form has it; fields that a button's type does not need are left aside."""
    return Menu(tuple(_buttons(form, ())))


def _buttons(form: Mapping[str, str], parent: Place) -> list[Button]:
    found = []
    for number in range(MOST_READ):
        place = (*parent, number)
        if field_name(place, "name") not in form:
            break
        children = _buttons(form, place) if not parent else []
        texts = {name: form.get(field_name(place, name), "").strip()[:LONGEST_VALUE] for name in TEXTS}
        whole = Button(**texts, children=tuple(children))
        found.append(Button(whole.name, whole.type, **whole.values, children=whole.children))
    return found


def act_on(menu: Menu, act: str) -> tuple[Menu, Place]:
    """Carry out `add:`, `add:0`, `up:0.1`, `down:0` or `delete:0.1`; the menu, and the place to look at next.

    Raises UnknownAct. Adding where nothing more fits, or moving over an end, changes nothing.
    """
    found = _ACT.fullmatch(act)
    if found is None:
        raise UnknownAct
    place = tuple(int(number) for number in (found[2] or "").split(".") if number)
    if found[1] != "add" and not place:
        raise UnknownAct
    if place and place not in dict(menu.placed()):
        raise UnknownAct
    verbs = {"add": _add, "delete": _delete, "up": _up, "down": _down}
    return verbs[found[1]](menu, place)


def _add(menu: Menu, place: Place) -> tuple[Menu, Place]:
    if not place:
        if len(menu.buttons) >= MAX_BUTTONS:
            return menu, ()
        return Menu((*menu.buttons, Button(type="view"))), (len(menu.buttons),)
    parent = menu.buttons[place[0]]
    if len(place) > 1 or len(parent.children) >= MAX_CHILDREN:
        return menu, place
    # What the button did itself becomes the first one below it, so that nothing typed is lost.
    first = () if parent.children or not parent.type else (replace(parent, children=()),)
    children = (*parent.children, *first) or (Button(type="view"),)
    if parent.children:
        children = (*children, Button(type="view"))
    grown = Button(name=parent.name, children=children)
    return _with(menu, place, (grown,)), (place[0], len(children) - 1)


def _delete(menu: Menu, place: Place) -> tuple[Menu, Place]:
    return _with(menu, place, ()), place[:-1]


def _up(menu: Menu, place: Place) -> tuple[Menu, Place]:
    return _swap(menu, place, -1)


def _down(menu: Menu, place: Place) -> tuple[Menu, Place]:
    return _swap(menu, place, 1)


def _swap(menu: Menu, place: Place, step: int) -> tuple[Menu, Place]:
    row = list(_row(menu, place))
    here, there = place[-1], place[-1] + step
    if not 0 <= there < len(row):
        return menu, place
    row[here], row[there] = row[there], row[here]
    return _with_row(menu, place, tuple(row)), (*place[:-1], there)


def _row(menu: Menu, place: Place) -> tuple[Button, ...]:
    return menu.buttons if len(place) == 1 else menu.buttons[place[0]].children


def _with_row(menu: Menu, place: Place, row: tuple[Button, ...]) -> Menu:
    if len(place) == 1:
        return Menu(row)
    parent = replace(menu.buttons[place[0]], children=row)
    return _with(menu, place[:1], (parent,))


def _with(menu: Menu, place: Place, instead: tuple[Button, ...]) -> Menu:
    row = _row(menu, place)
    return _with_row(menu, place, (*row[: place[-1]], *instead, *row[place[-1] + 1 :]))
