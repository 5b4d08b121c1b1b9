"""Products of the brand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Ascii, Base


class Product(Base):
    """One article, named by its GTIN (商品条码), kept as 14 digits with leading zeros."""

    __tablename__ = "product"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gtin: Mapped[str] = mapped_column(Ascii(14), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    story: Mapped[str] = mapped_column(sa.Text, default="")
    picture: Mapped[str] = mapped_column(sa.String(255), default="")
    created_at: Mapped[datetime]
