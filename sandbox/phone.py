"""The pages: who is who, the phone, the journal, and the landing of our own short links."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, make_response, redirect, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from sandbox import codes, mini_links, people, pictures
from sandbox.errors import ControlError
from sandbox.oauth import COOKIE, current_person
from sandbox.words import COOKIE as LANGUAGE_COOKIE
from sandbox.world import world

bp = Blueprint("phone", __name__)
MAX_BARCODE = 32
A_YEAR_S = 31_536_000
VENDOR = Path(__file__).parent.parent / "static" / "vendor"
OWN = Path(__file__).parent / "static"
FAULT_PATHS = (
    "/cgi-bin/stable_token", "/cgi-bin/qrcode/create", "/cgi-bin/message/template/send", "/cgi-bin/message/custom/send",
    "/cgi-bin/message/subscribe/send", "/sns/oauth2/access_token", "/sns/jscode2session",
    "/wxa/business/getuserphonenumber", "/wxa/getwxacodeunlimit", "/card/membercard/activate",
    "/card/membercard/updateuser", "/card/code/decrypt", "/connect/oauth2/authorize", "callback", "*",
)  # fmt: skip
FAULT_KINDS = (
    ("errcode", "返回错误码"), ("status", "HTTP 状态"), ("hang_s", "延迟（秒）"), ("late_s", "做了，答得晚（秒）"),
    ("before", "断开，未执行"), ("after", "断开，已执行"), ("twice", "推送两次（callback）"),
    ("at_once", "同时推送两次（callback）"), ("reorder", "顺序颠倒（callback）"), ("same_second", "同一秒（callback）"),
)  # fmt: skip
OURS = {COOKIE, LANGUAGE_COOKIE}


@bp.get("/")
def choose() -> ResponseReturnValue:
    """Whose phone to take."""
    here = world()
    return render_template(
        "choose.html",
        people=people.everybody(here.store),
        current=current_person(here),
        account=here.config.account,
    )


@bp.post("/people")
def new_person() -> ResponseReturnValue:
    """A new person by the form of the first page; then her phone."""
    here = world()
    try:
        person = people.create(
            here.store, here.config.account.appid, name=request.form.get("name", ""),
            phone=request.form.get("phone", "").strip(),
        )  # fmt: skip
    except ControlError as error:
        everybody = people.everybody(here.store)
        return render_template(
            "choose.html", people=everybody, current=current_person(here), account=here.config.account,
            problem=error.message, given=request.form,
        ), error.status  # fmt: skip
    return redirect(f"/sandbox/phone/{person.id}", 303)


@bp.get("/sandbox/phone/<person_id>")
def phone(person_id: str) -> ResponseReturnValue:
    """Her phone. Taking up another person's phone clears what the browser remembers, as WeChat does."""
    here = world()
    try:
        person = people.get(here.store, person_id)
    except ControlError:
        return redirect("/")
    response = make_response(
        render_template(
            "phone.html",
            person=person,
            account=here.config.account,
            base=here.config.base_url,
            has_mini=any(account.kind == "mini" for account in here.accounts.every()),
        )
    )
    if request.cookies.get(COOKIE, str(person.id)) != str(person.id):
        for name in set(request.cookies) - OURS:
            response.delete_cookie(name, path="/")
    response.set_cookie(COOKIE, str(person.id), max_age=A_YEAR_S, httponly=True, samesite="Lax")
    return response


@bp.get("/sandbox/journal")
def journal() -> ResponseReturnValue:
    """What was pushed and called."""
    return render_template("journal.html", account=world().config.account)


@bp.get("/sandbox/faults")
def faults() -> ResponseReturnValue:
    """What goes wrong next: arm it, see it, take it back."""
    return render_template(
        "faults.html", accounts=world().accounts.every(), paths=FAULT_PATHS, kinds=FAULT_KINDS
    )


@bp.get("/q/<path:key>")
def short_link(key: str) -> ResponseReturnValue:
    """Inside the phone: hand the link over to it. Anywhere else: say that it needs a phone."""
    here = world()
    code = codes.find(here.store, key)
    if code is None or code.expired:
        return render_template("short_link.html", url="", known=False), 404
    return render_template("short_link.html", url=code.url(here.config.base_url), known=True)


@bp.get("/m/<key>")
def mini_link(key: str) -> ResponseReturnValue:
    """The same for the link of a mini-program."""
    here = world()
    link = mini_links.find(here.store, key)
    if link is None or link.expired:
        return render_template("short_link.html", url="", known=False), 404
    return render_template("short_link.html", url=link.text(here.config.base_url), known=True)


@bp.get("/sandbox/weui.css")
def weui() -> Response:
    """WeUI where `make setup` has fetched it, else our own stand-in for the few classes in use."""
    if (VENDOR / "weui.min.css").exists():
        return send_from_directory(VENDOR, "weui.min.css", max_age=3600)
    return send_from_directory(OWN, "weui-lite.css", max_age=3600)


@bp.get("/sandbox/barcode/<text>.svg")
def barcode(text: str) -> Response:
    """The bar code of a card."""
    if not text.isascii() or not text.isalnum() or len(text) > MAX_BARCODE:
        return Response("Not Found", status=404, content_type="text/plain")
    return Response(
        pictures.barcode_svg(text), content_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
    )
