"""What a menu may be, how two of them differ, and what staff do with one; held against the sandbox's own refusals."""

import json
from dataclasses import replace

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from sandbox.errors import WeChatError
from sandbox.menu_rules import check_menu
from sandbox.wire import ESCAPE
from wechat.menu_compare import compare
from wechat.menu_edit import UnknownAct, act_on, field_name, of_form
from wechat.menu_rules import (
    NEEDS,
    TEXTS,
    Button,
    Menu,
    check,
    place_in_words,
    problems,
    read,
    refusals,
    tree_of,
)
from wechat.menu_text import shown

VIEW = Button("我的会员卡", "view", url="https://m.example.cn/me")
CLICK = Button("积分", "click", key="POINTS")
MENU = Menu((Button("会员", children=(VIEW, CLICK)), Button("门店", "view", url="https://m.example.cn/s")))


def wrong(tree):
    return [(problem.place, problem.field) for problem in refusals(check(tree))]


def sandbox_refuses(tree):
    """What the simulated WeChat says to a body with this tree; None when it takes it."""
    if not isinstance(tree, dict):
        return 47001
    try:
        raw = json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "cannot be sent"
    if ESCAPE.search(raw):
        return 40033
    try:
        check_menu(json.loads(raw))
    except WeChatError as refused:
        return refused.errcode
    return None


def test_a_menu_that_is_right_has_no_problems_and_survives_its_wire_form():
    assert problems(MENU) == []
    assert read(tree_of(MENU)) == MENU
    assert sandbox_refuses(tree_of(MENU)) is None


def test_both_forms_in_which_wechat_answers_are_read():
    got = {
        "button": [
            {"name": "会员", "sub_button": [{**tree_of(Menu((VIEW,)))["button"][0], "sub_button": []}]}
        ]
    }
    current = {"button": [{"name": "会员", "sub_button": {"list": [tree_of(Menu((VIEW,)))["button"][0]]}}]}

    assert read(got) == read(current) == Menu((Button("会员", children=(VIEW,)),))


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ([], [((), "button")]),
        ({"button": "x"}, [((), "button")]),
        ({"button": []}, [((), "button")]),
        ({"button": [tree_of(MENU)["button"][1]] * 4}, [((), "button")]),
        ({"button": ["x", {"name": 3, "type": "click"}]}, [((0,), "button"), ((1,), "name")]),
        ({"button": [{"name": "一" * 6, "type": "click", "key": "k"}]}, [((0,), "name")]),
        ({"button": [{"name": "  ", "type": "click", "key": "k" * 129}]}, [((0,), "name"), ((0,), "key")]),
        ({"button": [{"name": "a\tb", "type": "view", "url": "ftp://x"}]}, [((0,), "name"), ((0,), "url")]),
        ({"button": [{"name": "x", "type": "view", "url": "https://"}]}, [((0,), "url")]),
        ({"button": [{"name": "x", "type": "view", "url": "https://a.cn/" + "x" * 1012}]}, [((0,), "url")]),
        ({"button": [{"name": "x"}]}, [((0,), "type")]),
        ({"button": [{"name": "x", "type": "news"}]}, [((0,), "type")]),
        (
            {"button": [{"name": "x", "type": "miniprogram"}]},
            [((0,), "appid"), ((0,), "pagepath"), ((0,), "url")],
        ),
        (
            {"button": [{"name": "x", "type": "click", "key": "k", "sub_button": [{"name": "y", "type": "z"}]}]},
            [((0,), "type"), ((0, 0), "type")],
        ),
        (
            {"button": [{"name": "x", "sub_button": [{"name": "y", "sub_button": [{"name": "z"}]}]}]},
            [((0, 0), "sub_button")],
        ),
        ({"button": [{"name": "x", "sub_button": 5}]}, [((0,), "sub_button")]),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_said_at_once_with_its_place(tree, expected):
    assert wrong(tree) == expected
    assert sandbox_refuses(tree) is not None


def test_six_below_one_button_are_too_many():
    grown = Menu((Button("会员", children=(CLICK,) * 6),))

    assert wrong(tree_of(grown)) == [((0,), "button")]
    assert wrong(tree_of(Menu((Button("会员", children=(CLICK,) * 5),)))) == []


@pytest.mark.parametrize(
    ("depth", "name", "on_phone"),
    [
        (1, "会员中心", "会员中心"), (1, "会员中心x", "会员中心…"), (1, "Members!", "Members!"),
        (2, "一" * 9, "一" * 8 + "…"),
    ],
)  # fmt: skip
def test_a_name_that_phones_cut_is_a_warning_only(depth, name, on_phone):
    button = replace(CLICK, name=name)
    found = problems(Menu((button,) if depth == 1 else (Button("会员", children=(button,)),)))

    assert shown(name, depth) == on_phone
    assert refusals(found) == []
    assert [problem.is_warning for problem in found] == ([True] if on_phone != name else [])


def test_places_and_problems_are_said_in_words(app):
    with app.test_request_context():
        said = [
            (str(place_in_words(one.place)), str(one.text))
            for one in check(
                {"button": [{"name": "会", "sub_button": [{"name": "", "type": "view", "url": "me"}]}]}
            )
        ]
    with app.test_request_context("/?lang=en"):
        english = str(place_in_words((0, 1)))

    assert said == [
        ("第 1 个菜单的第 1 个子菜单", "请填写名称。"),
        ("第 1 个菜单的第 1 个子菜单", "网址要以 http:// 或 https:// 开头，并且不含空格。"),
    ]
    assert english == "Button 1, item 2"


# --- property: the rules and the sandbox

SIGNS = st.one_of(
    st.sampled_from([*"会员中心 x\\u4f60\t\n\u2028\u200d", "\x01", "\ud800", "😀"]), st.characters()
)
EDGES = ["x" * 16, "x" * 17, "一" * 5, "一" * 20, "一" * 21, "k" * 128, "k" * 129, "", " ", "\\u4f60"]
TEXT = st.one_of(st.just("会员"), st.just("会员"), st.sampled_from(EDGES), st.text(SIGNS, max_size=8))
URL = st.one_of(
    st.sampled_from([
        "https://m.example.cn/me", "http://a", "HTTP://A.CN", "http://", "https:///x", "http://[", "ftp://a.cn", "me",
        "https://a.cn/" + "x" * 1011, "https://a.cn/" + "x" * 1012, "https://@/", "http://:80", "", "http://a.cn/ b",
    ]),
    TEXT.map("https://a.cn/{}".format),
)  # fmt: skip
ODD = st.one_of(st.none(), st.integers(), st.lists(st.integers(), max_size=1), st.just({}))
FIELDS = {name: URL if name == "url" else TEXT for name in TEXTS if name != "type"}
TYPES = st.sampled_from([*NEEDS, *NEEDS, "view", "news", "", " "])
ACTIONS = st.fixed_dictionaries({"name": TEXT, "type": TYPES, **FIELDS})
LOOSE = st.dictionaries(st.sampled_from([*TEXTS, "other"]), st.one_of(TEXT, URL, TYPES, ODD), max_size=4)
BUTTONS = st.recursive(
    st.one_of(ACTIONS, ACTIONS, LOOSE, ODD),
    lambda below: st.fixed_dictionaries(
        {"name": TEXT, "sub_button": st.one_of(st.lists(below, max_size=6), ODD)}, optional={"type": TYPES}
    ),
    max_leaves=8,
)
# Nearly right: what WeChat takes, with sizes at the edge, and now and then something of the above.
SOUND = {
    "name": st.sampled_from(["会员", "x" * 16, "会员中心x😀", "\u200d"]),
    "key": st.sampled_from(["POINTS", "k" * 128, "一" * 42]),
    "url": st.sampled_from(["https://m.example.cn/me", "https://a.cn/" + "x" * 1011, "http://[::1]/?a=会员"]),
    **dict.fromkeys(
        ("appid", "pagepath", "media_id", "article_id"), st.sampled_from(["wx0123456789abcdef", "页"])
    ),
}
NEARLY = st.sampled_from(sorted(NEEDS)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"type": st.just(kind), "name": SOUND["name"], **{name: SOUND[name] for name in NEEDS[kind]}}
    )
)
ONE = st.integers(0, 19).flatmap(lambda number: BUTTONS if number == 7 else NEARLY)
ROWS = st.fixed_dictionaries({"name": SOUND["name"], "sub_button": st.lists(ONE, max_size=5)})
TREES = st.one_of(
    st.fixed_dictionaries({"button": st.lists(BUTTONS, max_size=4)}),
    st.fixed_dictionaries({"button": st.lists(st.one_of(ONE, ROWS), max_size=4)}),
    ODD,
)


@settings(max_examples=600, deadline=None)
@given(TREES)
@example({"button": [{"name": "x", "type": "click", "key": "k\x01"}]})
@example({"button": [{"name": "x", "type": "click", "key": "\\u4f60"}]})
@example({"button": [{"name": "x", "type": "click", "key": "k", "sub_button": {"list": []}}]})
def test_what_the_sandbox_refuses_the_rules_refuse(tree):
    if not refusals(check(tree)):
        event("the rules accept")
        assert sandbox_refuses(tree_of(read(tree))) is None


def test_the_trees_of_the_property_are_of_both_kinds():
    seen = {True: 0, False: 0}

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(TREES)
    def look(tree):
        seen[refusals(check(tree)) == []] += 1

    look()
    assert min(seen.values()) > 20


def test_an_address_with_a_space_is_refused_though_wechat_might_take_it():
    assert wrong({"button": [{"name": "x", "type": "view", "url": "https://a.cn/ b"}]}) == [((0,), "url")]


# --- property: comparing

NAMES = st.sampled_from(["会员", "积分", "门店", "关于"])
LEAVES = st.builds(Button, NAMES, st.just("click"), key=st.sampled_from("abc"))
PARENTS = st.builds(Button, NAMES, children=st.lists(LEAVES, min_size=1, max_size=4).map(tuple))
MENUS = st.lists(st.one_of(LEAVES, PARENTS), max_size=3).map(tuple).map(Menu)


@settings(max_examples=300, deadline=None)
@given(MENUS, MENUS)
def test_menus_differ_exactly_when_the_comparison_says_so(old, new):
    found = compare(old, new)
    count = {kind: sum(one.kind == kind for one in found) for kind in ("added", "removed")}

    assert (found == []) == (old == new)
    assert count["added"] - count["removed"] == len(list(new.placed())) - len(list(old.placed()))


@given(st.permutations([Button(name, "click", key=name) for name in "abcd"]))
def test_another_order_is_told_as_moves_alone(children):
    old = Menu((Button("会员", children=tuple(Button(name, "click", key=name) for name in "abcd")),))
    new = Menu((Button("会员", children=tuple(children)),))

    assert {one.kind for one in compare(old, new)} <= {"moved"}


def kinds(old, new):
    return [(one.kind, one.name) for one in compare(old, new)]


def test_a_new_first_button_moves_nobody():
    grown = Menu((replace(CLICK, name="新品"), *MENU.buttons))

    assert kinds(MENU, grown) == [("added", "新品")]
    assert kinds(grown, MENU) == [("removed", "新品")]


def test_a_renamed_button_a_changed_address_and_a_move_are_told_apart():
    member, shops = MENU.buttons
    new = Menu((
        replace(member, name="会员中心", children=(CLICK,)),
        Button("门店", children=(replace(shops, name="附近"), replace(VIEW, url="https://m.example.cn/card"))),
    ))  # fmt: skip

    found = compare(MENU, new)
    told = [one.as_json() for one in found]

    assert [(one.kind, one.name) for one in found] == [
        ("changed", "会员中心"), ("added", "门店"), ("changed", "附近"), ("moved", "附近"), ("changed", "我的会员卡"),
        ("moved", "我的会员卡"),
    ]  # fmt: skip
    assert told[4] == {
        "kind": "changed", "name": "我的会员卡", "from": "1.1", "to": "2.2",
        "fields": {"url": {"before": "https://m.example.cn/me", "after": "https://m.example.cn/card"}},
    }  # fmt: skip


# --- editing


def form_of(menu):
    return {
        field_name(place, name): getattr(button, name) for place, button in menu.placed() for name in TEXTS
    }


@given(MENUS)
def test_a_form_gives_back_the_menu_it_shows(menu):
    assert of_form(form_of(menu)) == menu


def test_a_form_keeps_only_what_the_kind_of_button_needs():
    form = form_of(Menu((CLICK,))) | {"b-0-url": "https://left.over", "b-0-name": "  积分 "}

    assert of_form(form) == Menu((CLICK,))


@pytest.mark.parametrize(
    ("act", "names", "look_at"),
    [
        ("down:0", ["门店", "会员", "我的会员卡", "积分"], (1,)),
        ("up:0", ["会员", "我的会员卡", "积分", "门店"], (0,)),
        ("up:0.1", ["会员", "积分", "我的会员卡", "门店"], (0, 0)),
        ("delete:0.0", ["会员", "积分", "门店"], (0,)),
        ("delete:0", ["门店"], ()),
        ("add:", ["会员", "我的会员卡", "积分", "门店", ""], (2,)),
        ("add:0", ["会员", "我的会员卡", "积分", "", "门店"], (0, 2)),
        ("add:1", ["会员", "我的会员卡", "积分", "门店", "门店"], (1, 0)),
    ],
)
def test_staff_move_add_and_delete(act, names, look_at):
    menu, place = act_on(MENU, act)

    assert [button.name for _, button in menu.placed()] == names
    assert place == look_at


def test_the_first_below_a_button_does_what_the_button_did():
    menu, _ = act_on(MENU, "add:1")

    assert menu.buttons[1] == Button("门店", children=(MENU.buttons[1],))


def test_nothing_is_added_where_nothing_more_fits():
    full = Menu((Button("会员", children=(CLICK,) * 5), CLICK, CLICK))

    assert [act_on(full, act)[0] for act in ("add:", "add:0", "add:0.1")] == [full, full, full]


@pytest.mark.parametrize(
    "act", ["add", "delete:", "up:9", "down:0.9", "up:0.0.0", "delete:x", "eat:0", "up:٣"]
)
def test_an_act_on_no_button_is_refused(act):
    with pytest.raises(UnknownAct):
        act_on(MENU, act)
