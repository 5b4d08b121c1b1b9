"""The member's own pages (H5): claim, activate, the member centre, the statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

import crm.members.service as members
import crm.points.service as points
from core.db import db
from core.errors import ProductError
from core.phones import NotAPhone
from core.text import read_id
from core.work import transact
from crm.members.errors import PhoneTaken
from member_card import activation, errors, queries, views
from member_card.frame import member_centre
from member_card.program import claim_url, program
from member_card.rules import check_via
from models.cards import CardProgram
from wechat.errors import WeChatError
from wechat.oauth import require_openid, signed_in_openid

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from models.members import Identity
    from settings import Settings

PAGE = 20
bp = Blueprint("member_card", __name__, url_prefix="/me", template_folder="templates")


def _appid() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.wechat_oa_appid


def _openid() -> str:
    openid = signed_in_openid()
    return openid if openid is not None else _not_signed_in()


def _not_signed_in() -> NoReturn:
    abort(401)


def _identity() -> Identity:
    """Who reads the page. Signing in made her known; should that be late, it happens here."""
    openid, appid = _openid(), _appid()
    known = members.identity_of_openid(appid, openid)
    db.session.rollback()
    return known or transact(lambda: members.ensure_openid(appid, openid))


@bp.get("")
@require_openid
def centre() -> ResponseReturnValue:
    """The member centre: her card, then whatever others bring about her."""
    identity = _identity()
    if not members.is_member(identity.person_id):
        return redirect(url_for("member_card.join"))
    card = views.card_of(identity.person_id)
    return render_template(
        "member_card/centre.html",
        card=card,
        claim_again=_claim_again() if card and not card.in_wallet else None,
        panels=member_centre.of(identity.person_id),
        following=members.is_following(identity.id),
        joined=request.args.get("joined") == "1",
        code_host=urlsplit(current_app.extensions["settings"].code_base).netloc,
    )


def _claim_again() -> str | None:
    """The way back to a card that was deleted: WeChat gives the same card with the same points.

    None while WeChat does not answer: her page shows everything else all the same.
    """
    try:
        return claim_url(program())
    except (errors.NoProgram, WeChatError):
        return None


@bp.get("/join")
@require_openid
def join() -> ResponseReturnValue:
    """The card to claim, with one thing to do. `via` tells which channel brought her."""
    via = check_via(request.args.get("via", ""))
    identity = _identity()
    if members.is_member(identity.person_id):
        return redirect(url_for("member_card.centre"))
    row = program()
    waiting = queries.waiting_of(members.identity_ids_of(identity.person_id))
    return render_template(
        "member_card/join.html",
        program=views.program_view(row),
        waiting=waiting,
        claim_url=claim_url(row, via),
    )


@bp.get("/points")
@require_openid
def all_points() -> ResponseReturnValue:
    """Older movements of her points, page by page."""
    identity = _identity()
    before = read_id(request.args.get("before"))
    entries = points.history(identity.person_id, before=before, size=PAGE)
    return render_template("member_card/points.html", entries=entries, more=len(entries) == PAGE)


@bp.get("/card/activate")
@require_openid
def activate() -> ResponseReturnValue:
    """Where WeChat brings her after the form.

    A GET that writes, because WeChat says so: it may be repeated at will. She is sent on to a clean address, so
    that neither ticket nor code stays in the history of her browser.
    """
    jump = activation.read_jump(request.query_string)
    activation.activate(jump, appid=_appid(), openid=_openid())
    return redirect(url_for("member_card.centre", joined=1), code=303)


@bp.get("/statement/<version>")
def statement(version: str) -> ResponseReturnValue:
    """The words that are agreed to when activating, open to everybody."""
    row: CardProgram | None = queries.program_by_statement(version)
    if row is None:
        raise errors.UnknownStatement
    return render_template("member_card/statement.html", program=row)


def _refused(error: ProductError) -> ResponseReturnValue:
    """What went wrong and what to do next, in her words."""
    code = "wechat" if isinstance(error, WeChatError) else error.code
    retry = request.full_path if code == "wechat" else ""
    page = render_template("member_card/refused.html", code=code, retry=retry)
    return page, 503 if code == "wechat" else int(error.status)


for refusal in (
    errors.NoProgram,
    errors.UnknownStatement,
    errors.UnreadableLink,
    errors.NotHerCard,
    errors.LinkExpired,
    errors.NoPhoneGiven,
    errors.CardGone,
    PhoneTaken,
    NotAPhone,
    WeChatError,
):
    bp.register_error_handler(refusal, _refused)
