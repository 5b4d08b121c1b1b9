"""The account's menu: what we ask of WeChat, the draft, publishing that may fail, the desk, the commands."""

import html
import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import recent
from core.clock import utc_now
from core.db import db
from core.work import transact
from models.audit import AuditEntry
from models.wechat import MenuDraft
from tests.console.desk import acts, check_quickly, commands, send, signed_in, token_on
from wechat import account_rows, menu, menu_drafts, menu_publish
from wechat.accounts import service_account
from wechat.errors import Permanent, Transient
from wechat.menu_rules import Button, Menu, tree_of

pytestmark = [pytest.mark.store, pytest.mark.usefixtures("no_menu")]
PAGE, CONFIRM = "/console/wechat/menu", "/console/wechat/menu/publish"
CREATE, GET = "/cgi-bin/menu/create", "/cgi-bin/menu/get"
VIEW = Button("我的会员卡", "view", url="https://m.example.cn/me")
CLICK = Button("积分", "click", key="POINTS")
OLD = Menu((Button("门店", "view", url="https://m.example.cn/stores"),))
NEW = Menu((Button("会员", children=(VIEW, CLICK)), *OLD.buttons))


@pytest.fixture
def no_menu(wechat_sandbox, live_product):
    """Nothing is live, and nothing goes wrong any more."""
    wechat_sandbox.ask("DELETE", "/sandbox/api/faults")
    menu.delete()


@pytest.fixture
def desk(live_app, monkeypatch):
    check_quickly(monkeypatch)
    return signed_in(live_app, "marketer")


@pytest.fixture
def appid():
    return service_account().appid


def noted(_act, _details):
    """Nobody is at a desk."""


def stored(appid):
    db.session.rollback()
    return menu_drafts.find(appid)


def draft_of(appid, wanted):
    known = stored(appid)
    version = known.version if known else 0
    return transact(lambda: menu_drafts.save(appid, wanted, version=version, by=None))


def published(appid, wanted):
    version = draft_of(appid, wanted)
    return menu_publish.publish(appid, version=version, by=None, note=noted)


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def shows(answer, *tests):
    page = text(answer)
    return [test for test in tests if f'data-test="{test}"' in page] == list(tests)


def kinds(answer):
    return re.findall(r'data-kind="(\w+)"', text(answer))


# --- what we ask of WeChat


def test_a_menu_is_set_and_read_back_the_same():
    menu.create(NEW)

    assert menu.get() == menu.live() == menu.Live(NEW)
    assert menu.get_current() == menu.Live(NEW, is_api_made=False)


def test_without_a_menu_there_is_none_and_taking_it_away_twice_is_once():
    menu.create(NEW)
    menu.delete()
    menu.delete()

    assert menu.live() == menu.Live(None, is_api_made=False)


def test_a_menu_that_wechat_keeps_closed_is_not_live_but_can_be_taken_over(server, calling_app, monkeypatch):
    check_quickly(monkeypatch)
    kept = {"is_menu_open": 0, "selfmenu_info": tree_of(OLD)}
    server.answers |= {GET: [{"errcode": 46003}], "/cgi-bin/get_current_selfmenu_info": [kept]}
    staff = signed_in(calling_app, "marketer")

    assert menu.live() == menu.Live(None, is_api_made=False, closed=OLD)
    assert post(staff, f"{PAGE}/import", version=0).status_code == 303
    assert stored(service_account().appid).tree == tree_of(OLD)


def test_some_followers_have_a_menu_of_their_own(wechat_sandbox):
    mei = wechat_sandbox.new_person("林小美", "13800138911")
    wechat_sandbox.post(f"/sandbox/api/people/{mei['id']}/follow")
    menu.create(OLD)
    rule = {"client_platform_type": "1"}

    menu_id = menu.add_conditional(NEW, rule)

    assert menu.try_match(mei["openid"]) == NEW
    assert menu.get().conditional == (menu.Conditional(menu_id, rule, NEW),)
    menu.delete_conditional(menu_id)
    assert menu.try_match(mei["openid"]) == OLD


def test_what_wechat_refuses_is_a_permanent_refusal():
    with pytest.raises(Permanent) as nobody:
        menu.try_match("oNOBODY")
    with pytest.raises(Permanent) as too_early:
        menu.add_conditional(NEW, {"client_platform_type": "1"})
    with pytest.raises(Permanent) as unknown:
        menu.delete_conditional("1")

    assert [one.value.errcode for one in (nobody, too_early, unknown)] == [65302, 65303, 65301]


# --- the draft


def test_a_draft_is_kept_as_it_is_and_saved_by_who_saw_it_last(appid):
    unfinished = Menu((Button("会员"),))
    first = draft_of(appid, unfinished)
    second = draft_of(appid, NEW)

    with pytest.raises(menu_drafts.DraftChanged):
        transact(lambda: menu_drafts.save(appid, OLD, version=first, by=None))
    with pytest.raises(menu_drafts.DraftChanged):
        transact(lambda: menu_drafts.save(appid, OLD, version=0, by=None))

    assert (first, second) == (1, 2)
    assert stored(appid).tree == tree_of(NEW)


def test_saving_what_is_there_already_is_no_change(appid):
    draft_of(appid, NEW)

    assert draft_of(appid, NEW) == 1


# --- publishing


def test_publishing_sets_the_menu_and_writes_down_both_ends(appid):
    assert published(appid, NEW) == ("published", 0)

    draft = stored(appid)
    assert menu.live().menu == NEW
    assert (draft.state, draft.sent_version, draft.published_tree) == ("published", 1, tree_of(NEW))


def test_a_menu_that_wechat_would_refuse_is_never_sent(appid, wechat_sandbox):
    since = wechat_sandbox.last_entry()

    with pytest.raises(menu_drafts.MenuRefused) as refused:
        published(appid, Menu((Button("一" * 6),)))

    assert [(one.place, one.field) for one in refused.value.problems] == [((0,), "name"), ((0,), "type")]
    assert wechat_sandbox.calls(CREATE, since=since) == []
    assert stored(appid).state == "draft"


@pytest.mark.parametrize("errcode", [-1, 45009, 48001, 40033])
def test_a_refusal_is_written_down_with_its_code_and_the_old_menu_stays(appid, wechat_sandbox, errcode):
    menu.create(OLD)
    wechat_sandbox.fault(CREATE, errcode=errcode)

    assert published(appid, NEW) == ("refused", errcode)

    draft = stored(appid)
    assert (draft.state, draft.errcode, draft.published_tree) == ("refused", errcode, None)
    assert menu.live().menu == OLD
    assert published(appid, NEW) == ("published", 0)


def test_without_an_answer_the_outcome_is_unknown_until_somebody_looks(appid, wechat_sandbox):
    wechat_sandbox.fault(CREATE, drop="after")

    assert published(appid, NEW) == ("unknown", 0)
    assert stored(appid).state == "unknown"
    assert menu_publish.settle(appid, note=noted)
    assert (stored(appid).state, stored(appid).published_tree) == ("published", tree_of(NEW))


def test_what_was_not_done_stays_unknown_and_can_be_published_again(appid, wechat_sandbox):
    wechat_sandbox.fault(CREATE, drop="before")

    assert published(appid, NEW) == ("unknown", 0)
    assert not menu_publish.settle(appid, note=noted)
    assert stored(appid).state == "unknown"
    assert published(appid, NEW) == ("published", 0)


def test_when_the_live_menu_cannot_be_read_nothing_is_sent(appid, wechat_sandbox):
    wechat_sandbox.fault(GET, errcode=-1)

    with pytest.raises(Transient):
        published(appid, NEW)

    assert stored(appid).state == "draft"


def test_a_live_menu_that_changed_after_it_was_shown_is_shown_again(appid):
    version = draft_of(appid, NEW)
    seen = menu_publish.fingerprint(None)
    menu.create(OLD)

    with pytest.raises(menu_publish.LiveChanged):
        menu_publish.publish(appid, version=version, by=None, note=noted, seen=seen)

    assert menu.live().menu == OLD


def test_two_do_not_publish_at_once_and_one_that_died_does_not_block_for_ever(appid):
    version = draft_of(appid, NEW)
    attempt, _ = transact(lambda: menu_drafts.begin(appid, version=version, by=None))

    with pytest.raises(menu_drafts.AlreadyPublishing):
        transact(lambda: menu_drafts.begin(appid, version=version, by=None))
    assert menu_drafts.state_of(stored(appid)) == "publishing"

    long_ago = utc_now() - timedelta(minutes=2)
    transact(lambda: db.session.execute(sa.update(MenuDraft).values(sent_at=long_ago)))
    assert menu_drafts.state_of(stored(appid)) == "unknown"
    assert published(appid, NEW) == ("published", 0)
    # The one that was given up comes back late: its word does not count any more.
    assert not transact(lambda: menu_drafts.end(appid, attempt, "refused", errcode=40018))
    assert stored(appid).state == "published"


# --- at the desk


def fill(wanted):
    """What the editor's form holds."""
    filled = {}
    for place, button in wanted.placed():
        prefix = "-".join(("b", *map(str, place)))
        filled |= {f"{prefix}-name": button.name, f"{prefix}-type": button.type}
        filled |= {f"{prefix}-{name}": value for name, value in button.values.items()}
    return filled


def post(desk, address=PAGE, **values):
    return desk.post(address, data={"csrf_token": token_on(desk, "/console/"), **values})


def write(desk, wanted, *, version, act="save"):
    return post(desk, version=version, act=act, **fill(wanted))


def test_the_first_page_takes_over_what_is_live(desk, appid):
    menu.create(OLD)
    empty = desk.get(PAGE)
    answer = send(desk, PAGE, f"{PAGE}/import", version=0)
    page = desk.get(answer.headers["Location"])

    assert shows(empty, "empty", "import", "begin")
    assert answer.status_code == 303
    assert shows(page, "taken", "menu-form", "preview")
    assert stored(appid).tree == tree_of(OLD)


def test_without_a_live_menu_there_is_nothing_to_take(desk, appid):
    answer = send(desk, PAGE, f"{PAGE}/import", version=0)

    assert (answer.status_code, stored(appid)) == (409, None)
    assert "公众号现在没有菜单" in text(answer)


def test_buttons_are_added_filled_in_moved_and_deleted(desk, appid):
    post(desk, version=0, act="add:")
    write(desk, NEW, version=1)
    moved = write(desk, NEW, version=2, act="up:1")
    write(desk, Menu(NEW.buttons[::-1]), version=3, act="delete:1.0")

    assert moved.headers["Location"].endswith(f"{PAGE}?at=0")
    assert stored(appid).tree == tree_of(Menu((*OLD.buttons, Button("会员", children=(CLICK,)))))
    assert stored(appid).version == 4


def test_the_page_shows_what_is_wrong_beside_its_field_and_what_phones_cut(desk, appid):
    draft_of(appid, Menu((Button("会员服务中心", "view", url="me"), Button("好", "click"))))
    page = desk.get(PAGE)

    assert "发布前还要改 3 处" in text(page)
    assert shows(page, "wrong")
    assert "名称最多 16 字节（一个汉字 3 字节），现在 18 字节。" in text(page)
    assert 'href="#b-0-url"' in text(page)


def test_who_saves_over_somebody_else_is_told_first_and_loses_nothing(desk, appid):
    draft_of(appid, OLD)
    draft_of(appid, Menu(()))
    answer = write(desk, NEW, version=1)
    version = re.search(r'name="version" value="(\d+)"', text(answer))[1]
    again = write(desk, NEW, version=version)

    assert (answer.status_code, again.status_code) == (409, 303)
    assert shows(answer, "overtaken")
    assert 'value="https://m.example.cn/me"' in text(answer)
    assert stored(appid).tree == tree_of(NEW)


def test_comparing_asks_wechat_and_plain_looking_does_not(desk, appid, wechat_sandbox):
    menu.create(OLD)
    draft_of(appid, NEW)
    since = wechat_sandbox.last_entry()
    desk.get(PAGE)
    quiet = wechat_sandbox.calls("/cgi-bin/", since=since)
    compared = desk.get(f"{PAGE}?compare=1")

    assert quiet == []
    assert kinds(compared) == ["added", "added", "added"]


def test_publishing_shows_the_differences_first_and_is_written_down_with_both_menus(desk, appid):
    menu.create(OLD)
    answer = write(desk, NEW, version=0, act="publish")
    confirm = desk.get(answer.headers["Location"])
    before = menu.live().menu
    done = send_last(desk, confirm)
    page = desk.get(done.headers["Location"])
    sent = db.session.scalar(sa.select(AuditEntry).where(AuditEntry.act == "wechat.menu_sent"))

    assert answer.headers["Location"] == CONFIRM
    assert kinds(confirm) == ["added", "added", "added"]
    assert (before, menu.live().menu) == (OLD, NEW)
    assert shows(page, "state-published")
    assert acts() == [("wechat.menu_sent", f"menu:{appid}"), ("wechat.menu_published", f"menu:{appid}")]
    assert sent.details == {"version": 1, "before": tree_of(OLD), "after": tree_of(NEW)}


def send_last(desk, page):
    """Press the last form's button of the confirmation."""
    form = text(page).rpartition("<form")[2]
    values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return desk.post(CONFIRM, data=values)


def test_a_draft_that_cannot_be_published_says_why_instead(desk, appid, wechat_sandbox):
    answer = write(desk, Menu((Button("会员"),)), version=0, act="publish")
    confirm = desk.get(answer.headers["Location"])
    since = wechat_sandbox.last_entry()
    forced = post(desk, CONFIRM, version=1, seen=menu_publish.fingerprint(None))

    assert shows(confirm, "problems")
    assert not shows(confirm, "publish-confirm")
    assert forced.status_code == 303
    assert wechat_sandbox.calls(CREATE, since=since) == []
    assert acts() == []


def test_what_changed_between_the_look_and_the_press_is_shown_again(desk, appid):
    draft_of(appid, NEW)
    confirm = desk.get(CONFIRM)
    draft_of(appid, OLD)
    by_draft = send_last(desk, confirm)
    confirm = desk.get(CONFIRM)
    menu.create(NEW)
    by_live = send_last(desk, confirm)

    assert (by_draft.status_code, by_live.status_code) == (409, 409)
    assert shows(by_live, "trouble", "confirm-panel")
    assert menu.live().menu == NEW


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ({"errcode": 45009}, "state-refused", "今天发布的次数已用完"),
        ({"errcode": 48001}, "state-refused", "公众号没有自定义菜单的接口权限"),
        ({"errcode": 65318}, "state-refused", "微信没有接受这份菜单（错误码 65318）"),
        ({"drop": "after"}, "state-unknown", "上次发布没有等到微信的回音"),
    ],
)
def test_the_desk_is_told_how_publishing_went(desk, appid, wechat_sandbox, fault, state, words):
    draft_of(appid, NEW)
    confirm = desk.get(CONFIRM)
    wechat_sandbox.fault(CREATE, **fault)
    page = desk.get(send_last(desk, confirm).headers["Location"])

    assert shows(page, state)
    assert words in text(page)
    assert acts()[-1][0] in {"wechat.menu_refused", "wechat.menu_unknown"}


def test_an_unknown_outcome_is_settled_by_looking(desk, appid, wechat_sandbox):
    draft_of(appid, NEW)
    confirm = desk.get(CONFIRM)
    wechat_sandbox.fault(CREATE, drop="after")
    send_last(desk, confirm)
    answer = send(desk, PAGE, f"{PAGE}/check")
    page = desk.get(answer.headers["Location"])

    assert shows(page, "compare-panel", "same")
    assert not shows(page, "state-unknown")
    assert acts()[-1] == ("wechat.menu_published", f"menu:{appid}")


def test_when_wechat_is_away_every_button_says_so_and_changes_nothing(desk, appid, wechat_sandbox):
    draft_of(appid, NEW)
    wechat_sandbox.fault(GET, errcode=-1, times=5)
    pages = [
        desk.get(f"{PAGE}?compare=1"), desk.get(CONFIRM), post(desk, f"{PAGE}/import", version=1),
        post(desk, f"{PAGE}/check"), post(desk, CONFIRM, version=1, seen="x"),
    ]  # fmt: skip

    assert [page.status_code for page in pages] == [200, 200, 409, 409, 409]
    assert all("微信繁忙" in text(page) for page in pages)
    assert (stored(appid).state, stored(appid).version, acts()) == ("draft", 1, [])


def test_undoing_takes_the_live_menu_back(desk, appid):
    menu.create(OLD)
    draft_of(appid, NEW)
    send(desk, PAGE, f"{PAGE}/import", version=1)

    assert stored(appid).tree == tree_of(OLD)


def test_a_menu_made_on_wechats_own_pages_is_shown_with_what_cannot_be_published(desk, appid):
    draft_of(appid, Menu((Button("图文", "news"),)))

    assert "动作“news”不能通过接口发布" in text(desk.get(PAGE))
    assert '<option value="news" selected>' in text(desk.get(PAGE))


def test_markup_in_a_name_is_shown_as_text(desk, appid):
    draft_of(appid, Menu((Button("<b>", "view", url='https://a.cn/"><script>'),)))

    assert (
        "<script>" not in desk.get(PAGE).get_data(as_text=True).partition("<main")[2].partition("</main>")[0]
    )


def test_who_may_only_read_sees_the_menu_without_buttons(live_app, appid, monkeypatch):
    check_quickly(monkeypatch)
    draft_of(appid, NEW)
    page = signed_in(live_app, "auditor").get(PAGE)

    assert shows(page, "menu-form", "preview", "compare")
    assert [test for test in ("save", "publish", "add", "up-1", "reset") if shows(page, test)] == []


def test_each_account_has_a_menu_of_its_own(desk, appid):
    other = {
        "appid": "wxaaaaaaaaaaaaaaaa", "kind": "subscription", "name": "山茶记订阅号", "original_id": "gh_0000000000aa",
        "mode": "safe", "secret": "a" * 32, "token": "tokenofanother", "aes_key": "a" * 43,
    }  # fmt: skip
    transact(lambda: account_rows.add(other))
    recent.forget()
    draft_of(appid, OLD)
    here = f"{PAGE}?account={other['appid']}"
    answer = post(desk, here, version=0, act="add:")

    assert answer.headers["Location"].endswith(f"account={other['appid']}")
    assert shows(desk.get(PAGE), "account")
    assert stored(appid).tree == tree_of(OLD)
    assert stored(other["appid"]).tree == tree_of(Menu((Button(type="view"),)))
    assert desk.get(f"{PAGE}?account=wxnobody").status_code == 404


def test_an_act_on_a_button_that_is_not_there_is_refused(desk, appid):
    assert write(desk, NEW, version=0, act="delete:7").status_code == 400
    assert stored(appid) is None


# --- commands


def run(live_app, *arguments):
    return live_app.test_cli_runner().invoke(args=["wechat", "menu", *arguments])


def test_operators_publish_a_file_and_see_what_differs(live_app, tmp_path, appid):
    file = tmp_path / "menu.json"
    file.write_text(json.dumps(tree_of(NEW), ensure_ascii=False), encoding="utf-8")

    empty = run(live_app, "show", "--json")
    first = run(live_app, "diff", str(file), "--json")
    done = run(live_app, "publish", str(file), "--json")
    same = run(live_app, "diff", "--json")
    shown = run(live_app, "show", "--json")
    plain = run(live_app, "show")

    assert json.loads(empty.output)["menu"] is None
    assert [one["kind"] for one in json.loads(first.output)["differences"]] == ["added"] * 4
    assert first.exit_code == 1
    assert json.loads(done.output) == {"outcome": "published", "errcode": 0, "version": 1}
    assert (done.exit_code, same.exit_code, json.loads(same.output)) == (0, 0, {"differences": []})
    assert json.loads(shown.output) == {"menu": tree_of(NEW), "api_made": True, "conditional": []}
    assert json.loads(plain.output) == tree_of(NEW)
    assert [(act, subject) for act, subject, _ in commands()] == [
        ("wechat.menu_sent", f"menu:{appid}"),
        ("wechat.menu_published", f"menu:{appid}"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "is not JSON"),
        ("[]", "A menu is an object"),
        ('{"button": [{"name": "会员", "type": "view", "url": "me"}]}', "Button 1 url: An address begins"),
    ],
)
def test_a_file_that_is_no_menu_is_refused_before_anything_happens(
    live_app, tmp_path, appid, content, expected
):
    file = tmp_path / "menu.json"
    file.write_text(content, encoding="utf-8")

    refused = run(live_app, "publish", str(file))

    assert refused.exit_code == 1
    assert expected in refused.output
    assert stored(appid) is None


def test_a_command_that_wechat_does_not_answer_ends_with_1(live_app, tmp_path, appid, wechat_sandbox):
    file = tmp_path / "menu.json"
    file.write_text(json.dumps(tree_of(NEW)), encoding="utf-8")
    wechat_sandbox.fault(CREATE, drop="after")

    lost = run(live_app, "publish", str(file), "--json")

    assert lost.exit_code == 1
    assert json.loads(lost.output)["outcome"] == "unknown"
    assert run(live_app, "diff").output == "no difference\n"
