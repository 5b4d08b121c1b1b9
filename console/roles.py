"""Which role may do what. Permissions are `area.read` and `area.write`; whoever may write may read."""

from __future__ import annotations

AREAS = (
    "catalog", "codes", "places", "members", "points", "orders", "sync", "attribution", "messaging", "menu",
    "wechat", "jobs", "audit",
)  # fmt: skip


def _all(*areas: str) -> frozenset[str]:
    return frozenset(f"{area}.{act}" for area in areas for act in ("read", "write"))


def _read(*areas: str) -> frozenset[str]:
    return frozenset(f"{area}.read" for area in areas)


ROLES: dict[str, frozenset[str]] = {
    "admin": _all(*AREAS, "staff"),
    "marketer": _all("catalog", "messaging", "menu")
    | _read("codes", "places", "members", "orders", "attribution"),
    "operator": _all("catalog", "codes", "places", "sync", "jobs")
    | _read("members", "orders", "attribution", "messaging", "menu"),
    "approver": _read(*AREAS),
    "service": _read("members", "orders", "points", "messaging"),
    "auditor": _read(*AREAS),
}


def allows(role: str, permission: str) -> bool:
    """Whether the role has the permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())
