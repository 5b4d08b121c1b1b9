"""Panels: a page about a person is a frame, and the package that has the data brings the panel.

    @on_member_page(order=30, permission="points.read")
    def points_panel(person_id: int) -> Panel | None:
        return Panel(_("积分"), Markup(render_template("points/member_panel.html", …)))

Registered when the package is wired (init_app); a panel that has nothing to say returns None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Panel:
    """One block of a frame: a heading and a body that is already HTML."""

    title: str
    body: Markup
    name: str = ""


PanelMaker = Callable[[int], "Panel | None"]


@dataclass(frozen=True)
class _Place:
    order: int
    permission: str
    make: PanelMaker


@dataclass
class Frame:
    """The panels of one page, in their order."""

    places: dict[str, _Place] = field(default_factory=dict)

    def panel(self, *, order: int, permission: str = "") -> Callable[[PanelMaker], PanelMaker]:
        """Register a maker of panels. Registering it again (a second application) replaces it."""

        def register(make: PanelMaker) -> PanelMaker:
            self.places[f"{make.__module__}.{make.__qualname__}"] = _Place(order, permission, make)
            return make

        return register

    def of(self, person_id: int, *, may: Callable[[str], bool] = bool) -> list[Panel]:
        """The panels about a person that the reader may see."""
        places = sorted(self.places.values(), key=lambda place: place.order)
        allowed = (place for place in places if not place.permission or may(place.permission))
        return [panel for place in allowed if (panel := place.make(person_id)) is not None]


# The staff's page about one member.
member_page = Frame()
on_member_page = member_page.panel
