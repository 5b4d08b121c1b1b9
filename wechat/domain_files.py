"""Files by which WeChat checks that a domain is ours (contract section 14): served as they are, to anybody.

WeChat asks at the root of the domain, or in the folder of the address that is being registered: `/01/` and `/c/` for
item codes that open the mini-program.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from core.clock import utc_now
from core.db import db
from core.errors import Invalid, NotFound
from models.wechat import DomainFile

bp = Blueprint("domain_files", __name__)
NAME = re.compile(r"[A-Za-z0-9_-]{1,120}\.txt")
LONGEST = 1024


class BadFile(Invalid):
    """Not a file as WeChat gives it out."""

    code = "bad_domain_file"
    message = "A check file is named like MP_verify_….txt and holds up to 1,024 plain characters."


@bp.get("/<name>.txt")
@bp.get("/01/<name>.txt")
@bp.get("/c/<name>.txt")
def serve(name: str) -> ResponseReturnValue:
    """The content, exactly, without a line break added."""
    found = db.session.scalar(sa.select(DomainFile.content).where(DomainFile.name == f"{name}.txt"))
    db.session.rollback()
    if found is None:
        raise NotFound
    return Response(found, mimetype="text/plain", headers={"Cache-Control": "no-cache"})


def everyone() -> list[DomainFile]:
    """All files, by name."""
    return list(db.session.scalars(sa.select(DomainFile).order_by(DomainFile.name)))


def keep(name: str, content: bytes) -> None:
    """Keep a file, in place of an older one of its name. Raises BadFile."""
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise BadFile from None
    if not NAME.fullmatch(name) or not text or len(text) > LONGEST or not text.strip().isprintable():
        raise BadFile
    db.session.merge(DomainFile(name=name, content=text, created_at=utc_now()))
    db.session.flush()


def remove(name: str) -> None:
    """Serve a file no longer."""
    db.session.execute(sa.delete(DomainFile).where(DomainFile.name == name))
