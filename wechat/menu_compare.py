"""Two menus side by side, in the words of people: what was added, removed, changed, moved. Pure.

Buttons have no ids. The same button is recognised by being the same in everything, else by its name, else by what it
does, else by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wechat.menu_rules import TEXTS, Button, Menu, Place

Kind = Literal["added", "removed", "changed", "moved"]
Pairs = dict[Place, Place]


@dataclass(frozen=True)
class FieldChange:
    """One field of a button, by WeChat's name; empty where it has none."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `name` is the button's in the new menu, or in the old one where it is gone."""

    kind: Kind
    name: str
    old_place: Place | None
    new_place: Place | None
    fields: tuple[FieldChange, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs: places as `1.2`, counted from one."""
        found: dict[str, Any] = {"kind": self.kind, "name": self.name}
        found |= {"from": _dotted(self.old_place), "to": _dotted(self.new_place)}
        if self.fields:
            found["fields"] = {one.field: {"before": one.before, "after": one.after} for one in self.fields}
        return found


def _dotted(place: Place | None) -> str | None:
    return None if place is None else ".".join(str(number + 1) for number in place)


def compare(old: Menu, new: Menu) -> list[Difference]:
    """What makes the new menu different from the old one, in the order of the new; empty when they are the same."""
    before, after = dict(old.placed()), dict(new.placed())
    pairs = _matched(before, after)
    moved = _moved(pairs)
    found: list[Difference] = []
    for place, button in after.items():
        was = pairs.get(place)
        if was is None:
            found.append(Difference("added", button.name, None, place, _changes(Button(), button)))
            continue
        if changes := _changes(before[was], button):
            found.append(Difference("changed", button.name, was, place, changes))
        if place in moved:
            found.append(Difference("moved", button.name, was, place))
    gone = set(before) - set(pairs.values())
    found += [
        Difference("removed", before[place].name, place, None, _changes(before[place], Button()))
        for place in sorted(gone)
    ]
    return found


def _changes(old: Button, new: Button) -> tuple[FieldChange, ...]:
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in TEXTS)
    return tuple(FieldChange(name, before, after) for name, before, after in pairs if before != after)


def _matched(before: dict[Place, Button], after: dict[Place, Button]) -> Pairs:
    """For each place in the new menu the place where the same button was in the old one."""

    def signs() -> Iterator[Callable[[Place, Button], Hashable]]:
        yield lambda place, button: (place, _own(button))
        yield lambda _place, button: _own(button)
        yield lambda _place, button: (bool(button.children), button.name) if button.name else None
        yield lambda _place, button: _own(button)[1:] if button.type else None
        yield lambda place, button: (place, bool(button.children))

    pairs: Pairs = {}
    for sign in signs():
        waiting: dict[Hashable, list[Place]] = {}
        taken = set(pairs.values())
        for place, button in before.items():
            if place not in taken and (mark := sign(place, button)) is not None:
                waiting.setdefault(mark, []).append(place)
        for place, button in after.items():
            if place not in pairs and (found := waiting.get(sign(place, button))):
                pairs[place] = found.pop(0)
    return pairs


def _own(button: Button) -> tuple[Hashable, ...]:
    """A button without those below it."""
    return (*(getattr(button, name) for name in TEXTS), bool(button.children))


def _moved(pairs: Pairs) -> set[Place]:
    """Places of buttons that came from elsewhere: from below another one, or past their neighbours.

    Those that only made room for a new neighbour did not move: the longest run that kept its order stays.
    """
    moved: set[Place] = set()
    by_parent: dict[Place, list[Place]] = {}
    for place in sorted(pairs):
        by_parent.setdefault(place[:-1], []).append(place)
    for parent, places in by_parent.items():
        home = pairs.get(parent) if parent else ()
        stayed = [place for place in places if pairs[place][:-1] == home]
        kept = _longest_run([pairs[place] for place in stayed])
        moved |= {place for place in places if pairs[place] not in kept}
    return moved


def _longest_run(places: Sequence[Place]) -> set[Place]:
    """The most places that rise one after the other; there are at most a handful."""
    best: list[list[Place]] = []
    for place in places:
        before: list[Place] = max((run for run in best if run[-1] < place), key=len, default=[])
        best.append([*before, place])
    longest: list[Place] = max(best, key=len, default=[])
    return set(longest)
