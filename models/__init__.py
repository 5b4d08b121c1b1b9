"""One file per aggregate: tables and the promises the database keeps, nothing else.

Importing the package declares all tables, so that migrations see every one of them.
"""

from models import (
    approvals,
    attribution,
    audit,
    cards,
    catalog,
    codes,
    long_jobs,
    mass,
    members,
    messaging,
    orders,
    places,
    points,
    qr_codes,
    settings,
    staff,
    wechat,
)

__all__ = [
    "approvals",
    "attribution",
    "audit",
    "cards",
    "catalog",
    "codes",
    "long_jobs",
    "mass",
    "members",
    "messaging",
    "orders",
    "places",
    "points",
    "qr_codes",
    "settings",
    "staff",
    "wechat",
]
