"""Card calls beside the daily ones: lists, stock, withdrawal, testers, the plug-in (reference contract section 8)."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint

from sandbox import cards, codes, people, wallet
from sandbox.errors import WeChatError
from sandbox.wire import Call, Json, ok, server_call, text

bp = Blueprint("card_more_calls", __name__)
MOST_LISTED, MOST_TESTERS = 50, 10
SCENES = {
    "SCENE_NEAR_BY", "SCENE_MENU", "SCENE_QRCODE", "SCENE_ARTICLE", "SCENE_H5", "SCENE_IVR", "SCENE_CARD_CUSTOM_CELL",
}  # fmt: skip
LARGEST_STOCK = 100_000_000


@server_call(bp, "/card/batchget")
def batchget(call: Call) -> Json:
    """One page of card ids, newest first."""
    offset, count = call.body.get("offset"), call.body.get("count")
    if (
        not isinstance(offset, int)
        or not isinstance(count, int)
        or offset < 0
        or not 1 <= count <= MOST_LISTED
    ):
        raise WeChatError(40097, "offset, count")
    ids = cards.all_ids(call.world.store)
    return ok(card_id_list=ids[offset : offset + count], total_num=len(ids))


@server_call(bp, "/card/modifystock")
def modifystock(call: Call) -> Json:
    """More or fewer to claim; never below nothing."""
    card = cards.find(call.world.store, call.body.get("card_id"))
    by = [call.body.get("increase_stock_value", 0), call.body.get("reduce_stock_value", 0)]
    if not all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in by):
        raise WeChatError(40122)
    if not 0 <= card.quantity + by[0] - by[1] <= LARGEST_STOCK:
        raise WeChatError(40122)
    cards.change_stock(call.world.store, card, by[0] - by[1])
    return ok()


@server_call(bp, "/card/delete")
def delete(call: Call) -> Json:
    """The design is gone; what people hold stays."""
    card = cards.find(call.world.store, call.body.get("card_id"))
    cards.change_stock(call.world.store, card, -card.quantity)
    cards.mark_deleted(call.world.store, card)
    return ok()


@server_call(bp, "/card/testwhitelist/set")
def testwhitelist(call: Call) -> Json:
    """Who may claim before the review; here nobody needs it."""
    openids, names = call.body.get("openid", []), call.body.get("username", [])
    if not isinstance(openids, list) or not isinstance(names, list):
        raise WeChatError(47001, "openid, username")
    if not 1 <= len(openids) + len(names) <= MOST_TESTERS:
        raise WeChatError(40097, "openid")
    return ok()


@server_call(bp, "/card/landingpage/create")
def landingpage(call: Call) -> Json:
    """A page that offers cards; here it is the first card's own claim sheet."""
    listed = call.body.get("card_list")
    if not isinstance(listed, list) or not listed or call.body.get("scene") not in SCENES:
        raise WeChatError(40097, "card_list, scene")
    for name in ("banner", "page_title"):
        call.text(name)
    found = [
        cards.find(call.world.store, one.get("card_id") if isinstance(one, dict) else None) for one in listed
    ]
    code = codes.add(call.world.store, "card", "QR_CARD", card_id=found[0].card_id, lives_s=365 * 86_400)
    return ok(url=code.url(call.world.config.base_url), page_id=1)


@server_call(bp, "/card/code/unavailable")
def unavailable(call: Call) -> Json:
    """The card is shown as invalid from now on."""
    held = wallet.by_code(call.world.store, call.body.get("code"), call.body.get("card_id"))
    if held.status == wallet.DELETED:
        raise WeChatError(40127)
    wallet.save(call.world.store, held, status=wallet.UNAVAILABLE)
    return ok()


@server_call(bp, "/card/user/getcardlist")
def getcardlist(call: Call) -> Json:
    """What she holds that is in order."""
    person = people.by_openid(call.world.store, call.text("openid"))
    if person is None:
        raise WeChatError(40003)
    wanted = call.body.get("card_id")
    held = [one for one in wallet.all_of(call.world.store, person.id) if wanted in {None, "", one.card_id}]
    usable = [one for one in held if one.status != wallet.UNAVAILABLE]
    return ok(card_list=[{"code": one.code, "card_id": one.card_id} for one in usable], has_share_card=False)


@server_call(bp, "/card/membercard/activate/geturl")
def geturl(call: Call) -> Json:
    """What a mini-program hands to the card plug-in."""
    card = cards.find(call.world.store, call.body.get("card_id"))
    if card.activation not in {"form", "form_jump"}:
        raise WeChatError(45030)
    outer_str = call.body.get("outer_str", "")
    if not isinstance(outer_str, str):
        raise WeChatError(47001, "outer_str")
    encrypted = wallet.encrypt_code(call.world.store, card.card_id)
    query = f"encrypt_card_id={quote(encrypted, safe='')}&outer_str={quote(outer_str, safe='')}&biz=MzA%3D%3D"
    return ok(
        url=f"https://mp.weixin.qq.com/bizmall/activatemembercard?action=preshow&{query}#wechat_redirect"
    )


@server_call(bp, "/card/code/consume")
def consume(call: Call) -> Json:
    """A consumed member card is gone: nobody should call this."""
    held = wallet.by_code(call.world.store, text(call.body, "code"), call.body.get("card_id"))
    if held.status == wallet.DELETED:
        raise WeChatError(40127)
    wallet.take_out(call.world.store, held)
    person = people.get(call.world.store, held.person_id)
    return ok(card={"card_id": held.card_id}, openid=person.openid)
