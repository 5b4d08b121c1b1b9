"""Every page a person uses: who opens it and where it is. `{…}` is filled from what the scene holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.browser.scene import Scene


@dataclass(frozen=True)
class Page:
    """`who` holds the browser: member, advisor, staff, or nobody (no session, not in WeChat)."""

    name: str
    who: str
    path: str
    shows: str
    status: int = 200

    @property
    def width(self) -> str:
        """What it was drawn for."""
        return "desk" if self.who == "staff" or self.path.startswith(("/console", "{sandbox}")) else "phone"


MINI = "wx00000000000mini1"

PHONE_PAGES = (
    Page("landing-first", "advisor", "{fresh}", "record"),
    Page("landing-mine", "member", "{code}", "record"),
    Page("landing-others", "advisor", "{code}", "record"),
    Page("landing-forged", "advisor", "{forged}", "not-ours", 404),
    Page("landing-no-serial", "advisor", "/01/{gtin}", "product"),
    Page("landing-outside-wechat", "nobody", "{code}", "product"),
    Page("join", "advisor", "/me/join", "claim-card"),
    Page("member-centre", "member", "/me", "card-number"),
    Page("member-points", "member", "/me/points", "entries"),
    Page("statement", "member", "{statement}", "statement"),
    Page("activation-refused", "member", "/me/card/activate", "refused", 400),
    Page("outside-wechat", "nobody", "/me", "outside", 403),
    Page("sign-in-refused", "member", "/wechat/oauth/callback?state=gone&code=x", "sign-in-refused", 400),
    Page("no-such-page", "nobody", "/no-such-page", "error", 404),
    Page("advisor-today", "advisor", "/ba", "ba-today"),
    Page("advisor-code", "advisor", "/ba/code", "poster"),
    Page("advisor-not-linked", "member", "/ba", "ba-not-linked", 403),
    Page("advisor-invitation", "member", "{invitation}", "ba-join"),
    Page("advisor-invitation-gone", "member", "/ba/join/gone", "ba-invitation-refused", 404),
    Page("printed-code", "member", "/b/{scene}", "printed-code"),
    Page("front", "nobody", "/", "front"),
    Page("statement-unknown", "member", "/me/statement/nope", "refused", 404),
    Page("printed-code-unknown", "nobody", "/b/ba_000000000000", "ba-unknown-code", 404),
)

DESK_PAGES = (
    Page("sign-in", "nobody", "/console/sign-in", "sign-in"),
    Page("home", "staff", "/console/", "home-card"),
    Page("stores", "staff", "/console/places/stores", "store-row"),
    Page("advisors", "staff", "/console/places/", "ba-row"),
    Page("advisor", "staff", "{ba}", "ba-status"),
    Page("advisor-leaves", "staff", "{ba}/leave", "leave-confirm"),
    Page("products", "staff", "/console/products/", "product-row"),
    Page("product-new", "staff", "/console/products/new", "product-form"),
    Page("product", "staff", "/console/products/{gtin}", "product-form"),
    Page("batches", "staff", "/console/codes/", "batch-row"),
    Page("batch-new", "staff", "/console/codes/new", "run-form"),
    Page("batch", "staff", "{batch}", "batch"),
    Page("batch-activate", "staff", "{batch}/activate", "activate-form"),
    Page("members", "staff", "/console/members/", "members"),
    Page("member", "staff", "{member}", "member-number"),
    Page("orders", "staff", "/console/orders/", "order-row"),
    Page("order", "staff", "{order}", "order-lines"),
    Page("credits", "staff", "/console/attribution/", "credit-row"),
    Page("credit", "staff", "{credit}", "explanation"),
    Page("sources", "staff", "/console/sources/", "source"),
    Page("templates", "staff", "/console/messages/", "template-row"),
    Page("template", "staff", "{template}", "publish"),
    Page("messages", "staff", "/console/messages/sent", "message-row"),
    Page("wechat-accounts", "staff", "/console/wechat/", "account-row"),
    Page("wechat-account-check", "staff", "/console/wechat/accounts/{appid}/check", "step"),
    Page("wechat-account", "staff", "/console/wechat/accounts/{mini}", "change"),
    Page("menu", "staff", "/console/wechat/menu", "menu-page"),
    Page("jobs", "staff", "/console/jobs", "task-row"),
    Page("audit", "staff", "/console/audit", "audit-row"),
    Page("own-account", "staff", "/console/me", "session-row"),
    Page("no-such-desk-page", "staff", "/console/no-such-page", "error", 404),
)

SANDBOX_PAGES = (
    Page("sandbox-door", "nobody", "{sandbox}/", "person"),
    Page("sandbox-journal", "nobody", "{sandbox}/sandbox/journal", "journal-entry"),
    Page("sandbox-phone", "nobody", "{sandbox}/sandbox/phone/{person}", "chat-row"),
)


def places(scene: Scene) -> dict[str, str]:
    """Where the things are that the journey made."""
    journey, desk = scene.journey, scene.journey.desk

    def first(listing: str, pattern: str) -> str:
        found = re.search(pattern, desk.get(listing).text)
        assert found, f"{listing} links to nothing like {pattern}"
        return found[0]

    code = journey.code_url
    ba = f"/console/places/bas/{journey.seeded['bas'][2]['id']}"
    page = desk.get(ba)
    invited = desk.submit(page, page.form("invitation"))
    accounts = "/console/wechat/"
    values = {
        "appid": MINI, "kind": "mini", "name": "Camellia", "mode": "safe", "secret": "s" * 32, "token": "minitoken1",
        "aes_key": "K" * 43,
    }  # fmt: skip
    page = desk.get(accounts)
    desk.submit(page, page.form("/console/wechat/accounts"), **values)
    statement = re.search(r"/me/statement/([^\"]+)", journey.advisor.get("/me/join").text)
    assert statement
    return {
        "fresh_zh": scene.item_code(10),
        "fresh_en": scene.item_code(11),
        "statement": statement[0],
        "sandbox": scene.sandbox,
        "code": code,
        "forged": code[:-1] + ("0" if code[-1] != "0" else "1"),
        "gtin": journey.seeded["gtins"][0],
        "scene": journey.seeded["bas"][0]["scene"],
        "ba": ba,
        "invitation": invited.one("invitation-link").attributes["value"],
        "batch": scene.batch,
        "appid": scene.parts.environment["WECHAT_OA_APPID"],
        "mini": MINI,
        "member": first("/console/members/", r"/console/members/\d+"),
        "order": first("/console/orders/", r"/console/orders/\d+"),
        "credit": first("/console/attribution/", r"/console/attribution/\d+"),
        "template": first("/console/messages/", r"/console/messages/templates/\d+"),
        "person": str(journey.consumer.person["id"]),
    }
