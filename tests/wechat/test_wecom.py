"""WeCom over real HTTP: contact ways, who is added by them, the welcome, and a token that dies."""

import itertools
import json

import pytest

import wechat
from core.worker import drain
from tests.wechat.conftest import stored_events, stored_tasks
from wechat import wecom
from wechat.errors import Permanent, Transient
from wechat.registry import ARRIVED

ADDED, LEFT = "tests.wecom.added", "tests.wecom.left"
GET_TOKEN, LIST = "/cgi-bin/gettoken", "/cgi-bin/externalcontact/list_contact_way"
numbers = itertools.count(1)
heard = []


@wechat.on("wecom.add_external_contact", task=ADDED)
def on_added(event):
    heard.append(event)


@wechat.on("wecom.del_follow_user", task=LEFT)
def on_left(event):
    heard.append(event)


@pytest.fixture
def corp(live_product, wechat_sandbox):
    """The corp as its console shows it, behaving as by default."""
    heard.clear()
    normal = {"trusted_ips": None, "contact_permission": True, "bound": True, "console_welcome": []}
    wechat_sandbox.post("/sandbox/api/wecom/settings", **normal)
    return wechat_sandbox


@pytest.fixture
def mei(corp):
    """Somebody new to every BA."""
    return corp.new_person("林小美", f"1391000{next(numbers):04}")


@pytest.fixture
def way(corp):
    """The contact way of 陈静, whose BA id is 7."""
    return wecom.add_contact_way(wecom.ContactWayDesign(users=("ChenJing",), state="ba_7", remark="柜台一"))


def add(corp, person, way):
    return corp.post(f"/sandbox/api/people/{person['id']}/wecom/add", config_id=way.config_id)


def test_the_console_finds_our_address_good(corp):
    assert corp.post("/sandbox/api/wecom/verify") == {"ok": True}


def test_whoever_adds_a_ba_is_stored_and_handed_on(corp, mei, way):
    told = add(corp, mei, way)

    event = stored_events()[0]
    assert told["pushes"][0]["tries"][0]["status"] == 200
    assert (event.appid, event.openid, event.key) == (
        "ww00000000000test1", told["external_userid"], "ba_7",
    )  # fmt: skip
    assert event.kind == "wecom.add_external_contact"
    assert [task.name for task in stored_tasks()] == [ARRIVED]
    assert heard == []
    drain()
    assert [(one.kind, one.openid, one.key, one.fields["UserID"]) for one in heard] == [
        (event.kind, told["external_userid"], "ba_7", "ChenJing")
    ]


def test_an_event_pushed_twice_is_stored_once_and_worked_once(corp, mei, way):
    corp.fault("callback", twice=True)

    told = add(corp, mei, way)
    corp.post("/sandbox/api/wecom/push", raw=told["content"])
    drain()

    assert len(stored_events()) == 1
    assert len(heard) == 1


def test_adding_leaving_and_adding_again_are_three_events(corp, mei, way):
    for path in ("add", "delete", "add"):
        corp.post(f"/sandbox/api/people/{mei['id']}/wecom/{path}", config_id=way.config_id, userid="ChenJing")
    drain()

    # Handlers work side by side; what came first is told by the event's id.
    assert [event.kind for event in sorted(heard, key=lambda event: event.id)] == [
        "wecom.add_external_contact", "wecom.del_follow_user", "wecom.add_external_contact",
    ]  # fmt: skip


def test_a_welcome_is_said_once_and_the_second_time_is_permanently_too_late(corp, mei, way):
    code = add(corp, mei, way)["welcome_code"]

    wecom.send_welcome(code, "欢迎您 😀")
    with pytest.raises(Permanent) as again:
        wecom.send_welcome(code, "欢迎您")
    with pytest.raises(Permanent) as unknown:
        wecom.send_welcome("made-up", "欢迎您")

    assert (again.value.errcode, unknown.value.errcode) == (41051, 41050)
    said = corp.get(f"/sandbox/api/people/{mei['id']}/wecom")["messages"]
    assert [message["body"]["text"] for message in said] == ["欢迎您 😀"]


@pytest.mark.parametrize("given", [{}, {"text": "好" * 1334}, {"attachments": ({"msgtype": "image"},) * 10}])
def test_a_welcome_that_wecom_would_refuse_is_not_sent(corp, given):
    with pytest.raises(wecom.ContactWayInvalid):
        wecom.send_welcome("code", **given)


def test_a_contact_way_is_read_changed_and_taken_away(corp, way):
    changed = wecom.ContactWayDesign(users=("ChenJing",), state="ba_8", remark="柜台二", skip_verify=False)

    assert wecom.get_contact_way(way.config_id) == way
    assert way.qr_code.startswith(corp.base)
    wecom.update_contact_way(way.config_id, changed)
    assert wecom.get_contact_way(way.config_id).design == changed
    wecom.delete_contact_way(way.config_id)
    with pytest.raises(Permanent) as gone:
        wecom.get_contact_way(way.config_id)
    assert gone.value.errcode == 40058


@pytest.mark.parametrize(
    "design",
    [
        wecom.ContactWayDesign(users=("ChenJing", "LiNa"), state="counter"),
        wecom.ContactWayDesign(users=("LiNa",), scene=wecom.Scene.MINI_PROGRAM, style=2),
        wecom.ContactWayDesign(users=("LiNa",), temporary=wecom.Temporary(expires_in=60, unionid="oU")),
        wecom.ContactWayDesign(parties=(2,)),
    ],
)
def test_every_kind_of_contact_way_comes_back_as_it_was_made(corp, design):
    made = wecom.add_contact_way(design)

    assert wecom.get_contact_way(made.config_id) == made
    assert bool(made.qr_code) == (design.scene is wecom.Scene.QR)


@pytest.mark.parametrize(
    ("design", "field"),
    [
        (wecom.ContactWayDesign(), "user"),
        (wecom.ContactWayDesign(users=("a",) * 101), "user"),
        (wecom.ContactWayDesign(users=("a",), state="一" * 31), "state"),
        (wecom.ContactWayDesign(users=("a",), remark="一" * 31), "remark"),
        (wecom.ContactWayDesign(users=("a",), style=1), "style"),
    ],
)
def test_a_contact_way_that_wecom_would_refuse_is_not_asked_for(corp, design, field):
    with pytest.raises(wecom.ContactWayInvalid, match=field):
        wecom.add_contact_way(design)


def test_a_member_without_customer_contact_is_permanently_refused(corp):
    corp.post("/sandbox/api/wecom/members", userid="NoContact", enabled=False)

    for userid, errcode in (("NoContact", 84074), ("Nobody", 60111)):
        with pytest.raises(Permanent) as refused:
            wecom.add_contact_way(wecom.ContactWayDesign(users=(userid,)))
        assert refused.value.errcode == errcode


def test_the_list_is_read_page_by_page(corp):
    made = [
        wecom.add_contact_way(wecom.ContactWayDesign(users=("LiNa",), state=f"b{number}"))
        for number in range(3)
    ]
    found, cursor = [], ""
    while True:
        page = wecom.list_contact_ways(cursor=cursor, limit=2)
        assert len(page.config_ids) <= 2
        found += page.config_ids
        cursor = page.next_cursor
        if not cursor:
            break

    assert [one.config_id for one in made] == found[-3:]
    assert len(found) == len(set(found))


def test_a_contact_tells_her_unionid_and_whose_she_is(corp, mei, way):
    told = add(corp, mei, way)

    found = wecom.external_contact(told["external_userid"])

    assert (found.unionid, found.is_wechat_user) == (mei["unionid"], True)
    assert [(one.user_id, one.state) for one in found.followers] == [("ChenJing", "ba_7")]
    assert wecom.external_userid_of(mei["unionid"], mei["openid"]) == told["external_userid"]
    assert wecom.openid_of(told["external_userid"]) != mei["openid"]


def test_whoever_added_nobody_has_no_external_userid(corp, mei):
    assert wecom.external_userid_of(mei["unionid"], mei["openid"]) is None
    with pytest.raises(Permanent) as refused:
        wecom.external_contact("wmNOBODY")
    assert refused.value.errcode == 40096


@pytest.mark.parametrize("errcode", [40014, 42001])
def test_a_token_that_dies_is_replaced_and_the_call_repeated_once(corp, errcode):
    wecom.list_contact_ways()
    corp.post("/sandbox/api/wecom/tokens/expire", errcode=errcode)
    since = corp.last_entry()

    wecom.list_contact_ways()

    calls = [(entry["path"], entry["errcode"]) for entry in corp.calls("/cgi-bin/", since=since)]
    assert calls == [(LIST, errcode), (GET_TOKEN, 0), (LIST, 0)]


def test_a_token_that_dies_twice_is_not_the_requests_fault(corp):
    wecom.list_contact_ways()
    corp.fault(LIST, errcode=42001, times=2)
    since = corp.last_entry()

    with pytest.raises(Transient):
        wecom.list_contact_ways()

    assert sum(entry["path"] == LIST for entry in corp.calls("/cgi-bin/", since=since)) == 2


def test_callers_share_one_token(corp):
    since = corp.last_entry()

    for _ in range(3):
        wecom.list_contact_ways()

    assert sum(entry["path"] == GET_TOKEN for entry in corp.calls("/cgi-bin/", since=since)) == 1


def check(app, *arguments):
    with app.app_context():  # else the command would work in the test's own
        done = app.test_cli_runner().invoke(args=["wechat", "wecom", "check", *arguments])
    return done.exit_code, done.output


def test_an_operator_hears_that_all_is_well(live_app, corp):
    code, output = check(live_app, "--json")

    assert code == 0
    assert json.loads(output)["ok"] is True


@pytest.mark.parametrize(
    ("changed", "step", "errcode", "words"),
    [
        ({"trusted_ips": ["192.0.2.1"]}, "token", 60020, "可信 IP"),
        ({"contact_permission": False}, "contact_ways", 84074, "客户联系"),
    ],
)
def test_an_operator_hears_in_words_what_is_wrong(live_app, corp, changed, step, errcode, words):
    corp.post("/sandbox/api/wecom/settings", **changed)

    code, output = check(live_app, "--json")

    told = json.loads(output)
    assert code == 1
    assert (told["step"], told["errcode"]) == (step, errcode)
    assert words in told["explanation"]
    assert check(live_app)[0] == 1


def test_a_wrong_secret_is_explained_and_not_shown(settings, corp):
    from app import create_app

    wrong = corp.app_settings(settings).model_copy(update={"wecom_secret": "another-secret"})

    code, output = check(create_app(wrong))

    assert code == 1
    assert "errcode=40001" in output
    assert "WECOM_SECRET is wrong" in output
    assert "another-secret" not in output


def test_without_wecom_the_check_says_what_to_set(settings, corp):
    from app import create_app

    bare = settings.model_copy(
        update=dict.fromkeys(("wecom_corp_id", "wecom_secret", "wecom_token", "wecom_aes_key"), "")
    )
    app = create_app(bare)

    assert app.test_client().post("/wechat/wecom/callback", data=b"<xml/>").status_code == 404
    code, output = check(app)
    assert code == 1
    assert "WECOM_CORP_ID" in output
