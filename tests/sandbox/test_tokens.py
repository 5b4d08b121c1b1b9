import pytest

from sandbox import tokens
from tests.sandbox.conftest import APPID, SECRET


def _ask(wechat, token):
    return wechat.get("/cgi-bin/user/get", access_token=token).get("errcode", 0)


def test_asking_twice_gives_the_same_stable_token(wechat):
    assert wechat.fresh_token() == wechat.token


def test_a_new_token_is_given_in_the_last_five_minutes_and_both_live(wechat, world):
    world.store.run("UPDATE tokens SET expires = expires - 7000, dies = dies - 7000")

    second = wechat.fresh_token()

    assert second != wechat.token
    assert [_ask(wechat, token) for token in (wechat.token, second)] == [0, 0]


def test_a_token_dies_of_age(wechat, world):
    world.store.run("UPDATE tokens SET expires = expires - 7201, dies = dies - 7201")

    assert _ask(wechat, wechat.token) == 42001


def test_forcing_twice_within_thirty_seconds_does_nothing(wechat):
    first = wechat.fresh_token(force=True)

    assert first != wechat.token
    assert wechat.fresh_token(force=True) == first


def test_forcing_twice_kills_a_leaked_token_at_once(wechat, world):
    leaked = wechat.token
    wechat.fresh_token(force=True)
    assert _ask(wechat, leaked) == 0

    world.store.put("forced_at", "0")
    newest = wechat.fresh_token(force=True)

    assert _ask(wechat, leaked) == 40001
    assert _ask(wechat, newest) == 0


def test_classic_tokens_replace_each_other_and_leave_stable_ones_alone(wechat, world):
    ask = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    first = wechat.get("/cgi-bin/token", **ask)["access_token"]
    second = wechat.get("/cgi-bin/token", **ask)["access_token"]
    third = wechat.get("/cgi-bin/token", **ask)["access_token"]

    assert [_ask(wechat, token) for token in (first, second, third, wechat.token)] == [40001, 0, 0, 0]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wxother"}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_the_token_call_names_what_is_wrong(wechat, change, errcode):
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET} | change

    answer = wechat.post("/cgi-bin/stable_token", body)

    assert answer["errcode"] == errcode
    assert " rid: " in answer["errmsg"]


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("garbage", 40014), ("9_" + "x" * 100, 40001)])
def test_a_wrong_token_is_refused(wechat, token, errcode):
    assert _ask(wechat, token) == errcode


@pytest.mark.parametrize("errcode", [42001, 40001, 40014])
def test_all_tokens_can_be_killed_and_a_new_one_works(wechat, browser, errcode):
    browser.post("/sandbox/api/tokens/expire", json={"errcode": errcode})

    assert _ask(wechat, wechat.token) == errcode
    assert _ask(wechat, wechat.fresh_token()) == 0


def test_the_two_tickets_differ_and_stay(wechat):
    first, again, other = (
        wechat.get("/cgi-bin/ticket/getticket", type=kind)["ticket"] for kind in ("jsapi", "jsapi", "wx_card")
    )

    assert first == again != other


def test_a_ticket_is_not_a_token(wechat):
    ticket = wechat.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"]

    assert _ask(wechat, ticket) in {40001, 40014}


def test_the_day_s_share_ends(wechat, browser):
    browser.post("/sandbox/api/quotas", json={"path": "/cgi-bin/user/get", "daily": 2})

    codes = [_ask(wechat, wechat.token) for _ in range(3)]
    cleared = wechat.post("/cgi-bin/clear_quota", {"appid": APPID})["errcode"]

    assert codes == [0, 0, 45009]
    assert cleared == 0
    assert _ask(wechat, wechat.token) == 0


def test_forced_renewals_end_for_the_day(wechat, world):
    world.store.put(f"forced:{tokens.today()}", "20")

    answer = wechat.post(
        "/cgi-bin/stable_token",
        {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True},
    )

    assert answer["errcode"] == 45009
