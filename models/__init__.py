"""One file per aggregate: tables and the promises the database keeps, nothing else.

Importing the package declares all tables, so that migrations see every one of them.
"""

from models import (
    attribution,
    audit,
    cards,
    catalog,
    codes,
    mass,
    members,
    messaging,
    orders,
    places,
    points,
    qr_codes,
    staff,
    wechat,
)

__all__ = [
    "attribution",
    "audit",
    "cards",
    "catalog",
    "codes",
    "mass",
    "members",
    "messaging",
    "orders",
    "places",
    "points",
    "qr_codes",
    "staff",
    "wechat",
]
