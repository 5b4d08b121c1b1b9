"""The menu: strict about what it may be, shown on phones, another one for some."""

import pytest

VIEW = {"type": "view", "name": "我的", "url": "http://127.0.0.1:8000/me"}
CLICK = {"type": "click", "name": "积分", "key": "POINTS"}
MENU = {"button": [{"name": "会员", "sub_button": [VIEW]}, CLICK]}
ANDROID = {"client_platform_type": "2"}


@pytest.fixture
def with_menu(wechat):
    assert wechat.post("/cgi-bin/menu/create", MENU)["errcode"] == 0
    return wechat


def test_a_menu_is_set_read_and_removed(wechat, follower):
    empty = wechat.get("/cgi-bin/menu/get")["errcode"], wechat.get("/cgi-bin/get_current_selfmenu_info")
    assert wechat.post("/cgi-bin/menu/create", MENU)["errcode"] == 0
    read = wechat.get("/cgi-bin/menu/get")["menu"]["button"]
    current = wechat.get("/cgi-bin/get_current_selfmenu_info")
    on_phone = follower.get("state")["menu"]["button"]
    assert wechat.get("/cgi-bin/menu/delete")["errcode"] == 0

    assert empty == (46003, {"is_menu_open": 0, "selfmenu_info": {"button": []}})
    assert read == [
        {"name": "会员", "sub_button": [{**VIEW, "sub_button": []}]},
        {**CLICK, "sub_button": []},
    ]
    assert current["is_menu_open"] == 1
    assert current["selfmenu_info"]["button"] == [{"name": "会员", "sub_button": {"list": [VIEW]}}, CLICK]
    assert on_phone == MENU["button"]
    assert follower.get("state")["menu"] is None


def below(*buttons):
    return [{"name": "会员", "sub_button": list(buttons)}]


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([VIEW] * 4, 40016),
        ([{**VIEW, "name": "一" * 6}], 40018),
        ([{**VIEW, "name": " "}], 40018),
        ([{"name": "x", "type": "click"}], 40019),
        ([{**CLICK, "key": "k" * 129}], 40019),
        ([{"name": "x", "type": "view"}], 40020),
        ([{**VIEW, "url": "http://a/" + "x" * 1024}], 40020),
        ([{**VIEW, "url": "me"}], 40055),
        ([{**VIEW, "url": "http://"}], 40055),
        ([{"name": "x", "type": "dance"}], 40017),
        ([{"name": "x", "type": ["view"]}], 40017),
        ([{"name": "x", "type": "miniprogram", "url": "http://a.cn", "pagepath": "p"}], 40013),
        ([{"name": "x"}], 65308),
        ([{"name": "会员", "type": "view", "url": "http://a.cn", "sub_button": [VIEW]}], 40017),
        (below(*[VIEW] * 6), 40023),
        (below({**VIEW, "type": "dance"}), 40024),
        (below({**VIEW, "name": "一" * 21}), 40025),
        (below({**CLICK, "key": "k" * 129}), 40026),
        (below({**VIEW, "url": "http://a/" + "x" * 1024}), 40027),
        (below({**VIEW, "url": "me"}), 40054),
        (below({"name": "再下", "sub_button": [VIEW]}), 40022),
        (["x"], 47001),
        ([{"name": "会员", "sub_button": {"list": [VIEW]}}], 47001),
    ],
)
def test_a_wrong_menu_is_refused_and_the_one_before_stays(with_menu, buttons, errcode):
    refused = with_menu.post("/cgi-bin/menu/create", {"button": buttons})

    assert refused["errcode"] == errcode
    assert with_menu.get("/cgi-bin/menu/get")["menu"]["button"][1]["key"] == "POINTS"


def test_escapes_are_refused(wechat):
    raw = rb'{"button": [{"type": "click", "name": "\u79ef\u5206", "key": "POINTS"}]}'

    assert wechat.raw("/cgi-bin/menu/create", raw)["errcode"] == 40033


def test_some_followers_have_another_menu_until_it_is_taken_away(with_menu, follower):
    other = {"button": [VIEW], "matchrule": ANDROID}
    menu_id = with_menu.post("/cgi-bin/menu/addconditional", other)["menuid"]
    before = with_menu.post("/cgi-bin/menu/trymatch", {"user_id": follower.openid})["button"]
    follower.post("platform", {"platform": 2})
    matched = with_menu.post("/cgi-bin/menu/trymatch", {"user_id": follower.openid})["button"]
    on_phone = follower.get("state")["menu"]["button"]
    listed = with_menu.get("/cgi-bin/menu/get")["conditionalmenu"]

    assert before[0]["name"] == "会员"
    assert matched == [{**VIEW, "sub_button": []}]
    assert on_phone == [VIEW]
    assert [(str(one["menuid"]), one["matchrule"]) for one in listed] == [(menu_id, ANDROID)]
    assert with_menu.post("/cgi-bin/menu/delconditional", {"menuid": menu_id})["errcode"] == 0
    assert follower.get("state")["menu"]["button"][0]["name"] == "会员"


def test_the_newest_of_several_counts_and_deleting_the_menu_takes_them_along(with_menu, follower):
    for button in (VIEW, CLICK):
        rule = {"client_platform_type": "1"}
        with_menu.post("/cgi-bin/menu/addconditional", {"button": [button], "matchrule": rule})
    newest = follower.get("state")["menu"]["button"]
    with_menu.get("/cgi-bin/menu/delete")
    with_menu.post("/cgi-bin/menu/create", MENU)

    assert newest == [CLICK]
    assert "conditionalmenu" not in with_menu.get("/cgi-bin/menu/get")


def test_a_wrong_conditional_menu_is_refused(wechat, follower):
    add, far = "/cgi-bin/menu/addconditional", {**VIEW, "url": "https://d.cn"}
    first = wechat.post(add, {"button": [VIEW], "matchrule": ANDROID})["errcode"]
    wechat.post("/cgi-bin/menu/create", MENU)
    three = [{**VIEW, "url": f"https://{name}.cn"} for name in "abc"]
    codes = [
        wechat.post(add, {"button": [VIEW]})["errcode"],
        wechat.post(add, {"button": [VIEW], "matchrule": {"sex": "1"}})["errcode"],
        wechat.post(add, {"button": [VIEW], "matchrule": {"client_platform_type": "9"}})["errcode"],
        "menuid" in wechat.post(add, {"button": three, "matchrule": ANDROID}),
        wechat.post(add, {"button": [far], "matchrule": ANDROID})["errcode"],
        wechat.post("/cgi-bin/menu/delconditional", {"menuid": "1"})["errcode"],
        wechat.post("/cgi-bin/menu/trymatch", {"user_id": "oNOBODY"})["errcode"],
    ]

    assert first == 65303
    assert codes == [65304, 65304, 40035, True, 65316, 65301, 65302]


def test_taps_are_pushed_with_the_number_of_the_menu(with_menu, receiver, follower):
    follower.post("menu", {"key": "POINTS"})
    follower.post("menu", {"url": VIEW["url"]})
    follower.post("menu", {"url": VIEW["url"], "pagepath": "pages/me"})
    menu_id = str(with_menu.get("/cgi-bin/menu/get")["menu"]["menuid"])
    pushed = [(event["Event"], event["EventKey"], event.get("MenuId")) for event in receiver.events[-3:]]

    assert pushed == [
        ("CLICK", "POINTS", None),
        ("VIEW", VIEW["url"], menu_id),
        ("view_miniprogram", "pages/me", menu_id),
    ]
