"""The shape of a WeCom contact way (「联系我」): what it holds, how WeCom writes it. Contract section 13."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from core.errors import Invalid

Json = dict[str, Any]
LONGEST_TEXT = 30
MOST_USERS = 100
STYLES = (1, 2, 3)


class ContactWayInvalid(Invalid):
    """A contact way that WeCom would refuse; the message names the field."""

    code = "contact_way_invalid"


class Scene(IntEnum):
    """Where a contact way is shown."""

    MINI_PROGRAM = 1
    QR = 2


@dataclass(frozen=True)
class Temporary:
    """A temporary session (临时会话): how long its code and its chat live, in seconds, and for whom it is.

    WeCom makes at most 100,000 of these a day.
    """

    expires_in: int = 7 * 86_400
    chat_expires_in: int = 86_400
    unionid: str = field(default="", repr=False)
    conclusions: Json | None = None

    def body(self) -> Json:
        """As WeCom takes it."""
        wanted: Json = {"expires_in": self.expires_in, "chat_expires_in": self.chat_expires_in}
        if self.unionid:
            wanted["unionid"] = self.unionid
        if self.conclusions:
            wanted["conclusions"] = self.conclusions
        return wanted


@dataclass(frozen=True)
class ContactWayDesign:
    """How customers reach one BA or one of several.

    `users` are WeCom's UserIDs, 1 to 100, with customer contact switched on; `state` (at most 30 characters) comes back
    with `wecom.add_external_contact` as the event's key; `remark` (at most 30) is for us. `style` (1 to 3) is for
    mini-programs. Without `skip_verify` a BA confirms each customer by hand.
    """

    users: tuple[str, ...] = ()
    state: str = ""
    remark: str = ""
    scene: Scene = Scene.QR
    style: int | None = None
    skip_verify: bool = True
    parties: tuple[int, ...] = ()
    temporary: Temporary | None = None

    @property
    def is_single(self) -> bool:
        """WeCom's type: 1 for one member, 2 for several or a department."""
        return len(self.users) == 1 and not self.parties

    def check(self) -> None:
        """Raise ContactWayInvalid for what WeCom would refuse with 40058."""
        wrong = [
            name
            for name, good in (
                ("user", 1 <= len(self.users) <= MOST_USERS or (not self.users and bool(self.parties))),
                ("state", len(self.state) <= LONGEST_TEXT),
                ("remark", len(self.remark) <= LONGEST_TEXT),
                ("style", self.style is None or (self.style in STYLES and self.scene is Scene.MINI_PROGRAM)),
            )
            if not good
        ]
        if wrong:
            raise ContactWayInvalid(f"WeCom would refuse this contact way: {', '.join(wrong)}.")

    def changeable(self) -> Json:
        """What an update may change."""
        wanted: Json = {
            "remark": self.remark,
            "skip_verify": self.skip_verify,
            "state": self.state,
            "user": list(self.users),
            "party": list(self.parties),
        }
        if self.style is not None:
            wanted["style"] = self.style
        return wanted | (self.temporary.body() if self.temporary else {})

    def body(self) -> Json:
        """As WeCom takes a new one."""
        fixed: Json = {"type": 1 if self.is_single else 2, "scene": int(self.scene)}
        return fixed | self.changeable() | ({"is_temp": True} if self.temporary else {})


def design_of(found: Json) -> ContactWayDesign:
    """What WeCom answers about a contact way."""
    temporary = None
    if found.get("is_temp"):
        temporary = Temporary(
            int(found.get("expires_in") or 0), int(found.get("chat_expires_in") or 0),
            str(found.get("unionid") or ""), found.get("conclusions") or None,
        )  # fmt: skip
    return ContactWayDesign(
        users=tuple(map(str, found.get("user") or ())),
        state=str(found.get("state") or ""),
        remark=str(found.get("remark") or ""),
        scene=Scene(int(found["scene"])),
        style=found.get("style"),
        skip_verify=bool(found.get("skip_verify", True)),
        parties=tuple(map(int, found.get("party") or ())),
        temporary=temporary,
    )
