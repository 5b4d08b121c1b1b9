"""Several accounts: secrets sealed, added and changed by operators and staff; files that prove the domain."""

import io
import json

import pytest
import sqlalchemy as sa

from core import recent
from core.db import db
from core.work import transact
from models.audit import AuditEntry
from models.wechat import WeChatAccount
from tests.console.desk import check_quickly, commands, send, signed_in
from wechat import account_rows
from wechat.account_rows import AccountExists, BadAccount, NoSuchAccount
from wechat.accounts import UnknownAccount, account, accounts, mini_program, service_account

APPID = "wx00000000000mini1"
SECRETS = {"secret": "topsecretsecret0" * 2, "token": "minitoken1", "aes_key": "K" * 43}
VALUES = {"appid": APPID, "kind": "mini", "name": "小程序", "original_id": "", "mode": "safe", **SECRETS}
PAGE = "/console/wechat/"


@pytest.fixture(autouse=True)
def _quick_and_fresh(monkeypatch):
    check_quickly(monkeypatch)
    recent.forget()
    yield
    recent.forget()


@pytest.fixture
def mini(store):
    """A stored mini-program."""
    transact(lambda: account_rows.add(VALUES))
    recent.forget()


@pytest.fixture
def desk(app, store):
    """A browser of an administrator."""
    return signed_in(app)


def test_an_added_account_is_found_beside_that_of_the_settings(mini, settings):
    assert [known.appid for known in accounts()] == [settings.wechat_oa_appid, APPID]
    assert mini_program().secret == SECRETS["secret"]
    assert service_account().appid == settings.wechat_oa_appid
    assert service_account().from_settings


def test_secrets_are_sealed_and_bound_to_their_account(mini):
    row = db.session.scalar(sa.select(WeChatAccount))

    assert not any(secret.encode() in row.secrets_sealed for secret in SECRETS.values())
    assert SECRETS["secret"] not in repr(mini_program())
    transact(lambda: db.session.execute(sa.update(WeChatAccount).values(appid="wx00000000000other")))
    recent.forget()
    with pytest.raises(UnknownAccount):
        account("wx00000000000other")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appid", "00000000"), ("appid", "wx' OR 1=1"), ("kind", "shop"), ("mode", "open"), ("secret", "short"),
        ("token", "with space"), ("aes_key", "K" * 42), ("original_id", "nobody"),
    ],
)  # fmt: skip
def test_values_that_wechat_would_not_show_are_refused_by_name(store, name, value):
    with pytest.raises(BadAccount) as refused:
        transact(lambda: account_rows.add({**VALUES, name: value}))

    assert refused.value.field == name
    assert value not in str(refused.value)


def test_an_account_is_added_once(mini):
    with pytest.raises(AccountExists):
        transact(lambda: account_rows.add(VALUES))


def test_an_account_of_the_settings_is_not_added_beside_them(store, settings):
    with pytest.raises(AccountExists):
        transact(lambda: account_rows.add({**VALUES, "appid": settings.wechat_oa_appid}))


def test_what_is_not_stored_cannot_be_changed(store, settings):
    with pytest.raises(NoSuchAccount):
        transact(lambda: account_rows.change(settings.wechat_oa_appid, {"secret": "x" * 32}))


def test_changing_a_key_twice_keeps_the_last_one_as_the_old(mini):
    for key in ("A" * 43, "B" * 43, "B" * 43):
        transact(lambda key=key: account_rows.begin_rotation(APPID, {"aes_key": key}))
    recent.forget()

    now = mini_program()
    assert (now.aes_key, now.old_aes_key, now.old_token) == ("B" * 43, "A" * 43, "")
    transact(lambda: account_rows.end_rotation(APPID))
    recent.forget()
    assert not mini_program().is_rotating


def test_operators_add_change_and_remove_without_showing_a_secret(app, store):
    runner = app.test_cli_runner()
    environment = {f"YIMA_WECHAT_{name.upper()}": value for name, value in SECRETS.items()}

    def run(*words, **more):
        done = runner.invoke(args=["wechat", "accounts", *words], env={**environment, **more})
        assert not any(secret in done.output for secret in SECRETS.values())
        return done

    added = run("add", "--appid", APPID, "--kind", "mini", "--json")
    again = run("add", "--appid", APPID, "--kind", "mini")
    changed = run("change", APPID, "token", "--json", YIMA_WECHAT_VALUE="newtoken1")
    ended = run("end-rotation", APPID, "--json")
    wrong = run("change", APPID, "aes_key", YIMA_WECHAT_VALUE="short")
    removed = run("remove", APPID, "--yes", "--json")

    assert json.loads(added.output)["account"]["kind"] == "mini"
    assert (again.exit_code, "account_exists" in again.output) == (1, True)
    assert json.loads(changed.output)["account"]["rotating"] is True
    assert json.loads(ended.output)["account"]["rotating"] is False
    assert (wrong.exit_code, "aes_key is not in the form" in wrong.output) == (1, True)
    assert json.loads(removed.output) == {"removed": APPID}
    assert run("end-rotation", APPID).exit_code == 1
    assert [(act, subject) for act, subject, _ in commands()] == [
        (f"wechat.account_{act}", f"wechat_account:{APPID}")
        for act in ("added", "changed", "rotated", "removed")
    ]
    assert not any(secret in str(commands()) for secret in SECRETS.values())


def test_staff_add_an_account_and_read_no_secret_again(desk):
    answer = send(desk, PAGE, f"{PAGE}accounts", **VALUES)
    page = desk.get(answer.headers["Location"]).text

    assert 'data-test="done"' in page
    assert APPID in page
    assert not any(secret in page for secret in SECRETS.values())
    entry = db.session.scalar(sa.select(AuditEntry).where(AuditEntry.act == "wechat.account_added"))
    assert entry.details == {"kind": "mini"}


@pytest.mark.parametrize(("change", "status"), [({"secret": "x"}, 400), ({"appid": "wx1"}, 400)])
def test_staff_hear_what_is_wrong_and_what_they_typed_is_kept(desk, change, status):
    answer = send(desk, PAGE, f"{PAGE}accounts", **{**VALUES, **change})

    assert answer.status_code == status
    assert 'data-test="problem"' in answer.text
    assert 'value="小程序"' in answer.text
    assert SECRETS["token"] not in answer.text


def test_staff_change_a_key_and_end_the_old_one(desk, mini):
    page = f"{PAGE}accounts/{APPID}"

    changed = send(desk, page, f"{page}/secrets", token="newtoken1")
    during = desk.get(page).text
    send(desk, page, f"{page}/end-rotation")
    after = desk.get(page).text
    refused = send(desk, page, f"{page}/secrets", aes_key="short")

    # Both values are promised to hold for what is pushed alone: WeChat knows one AppSecret at a time.
    secret = send(desk, page, f"{page}/secrets", secret="x" * 32)
    assert changed.headers["Location"].endswith("done=rotating")
    assert secret.headers["Location"].endswith("done=changed")
    assert ('data-test="end-rotation"' in during, 'data-test="end-rotation"' in after) == (True, False)
    assert (refused.status_code, "43" in refused.text) == (400, True)


def test_an_account_is_removed_by_whoever_types_its_name(desk, mini):
    page = f"{PAGE}accounts/{APPID}"

    unsure = send(desk, page, f"{page}/remove", confirm="wx")
    sure = send(desk, page, f"{page}/remove", confirm=APPID)

    assert (unsure.status_code, sure.status_code) == (400, 303)
    with pytest.raises(UnknownAccount):
        account(APPID)


def test_the_check_tells_in_words_what_wechat_refuses(live_app, live_product, wechat_sandbox):
    desk = signed_in(live_app)
    address = f"{PAGE}accounts/{service_account().appid}/check"

    good = desk.get(address).text
    wechat_sandbox.fault("/cgi-bin/stable_token", errcode=40164)
    bad = desk.get(address).text

    assert good.count('data-test="step"') == 3
    assert ("IP 白名单" in bad, "40164" in bad, bad.count('data-test="step"')) == (True, True, 1)


def test_a_check_file_is_served_at_the_root_and_in_the_folders_of_codes(desk, client):
    name, content = "MP_verify_abc123.txt", b"abc123"

    sent = send(desk, PAGE, f"{PAGE}files", file=(io.BytesIO(content), name))
    answers = [client.get(f"{folder}/{name}") for folder in ("", "/01", "/c")]
    removed = send(desk, PAGE, f"{PAGE}files/{name}/remove")

    assert sent.headers["Location"].endswith("done=file_kept")
    assert [(answer.status_code, answer.data, answer.mimetype) for answer in answers] == [
        (200, content, "text/plain")
    ] * 3
    assert removed.status_code == 303
    assert client.get(f"/{name}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("../x.txt", b"a"), ("x.html", b"a"), ("x.txt", b""), ("x.txt", b"\xff"), ("x.txt", b"a\x00b"),
        ("x.txt", b"a" * 2000),
    ],
)  # fmt: skip
def test_what_is_no_check_file_is_refused(desk, client, name, content):
    answer = send(desk, PAGE, f"{PAGE}files", file=(io.BytesIO(content), name))

    assert (answer.status_code, 'data-test="problem"' in answer.text) == (400, True)
    assert client.get("/x.txt").status_code == 404


def test_a_scan_is_still_a_scan_where_files_may_lie(client):
    assert client.get("/c/0000000000000000").status_code == 404
    assert 'data-test="not-ours"' in client.get("/c/0000000000000000").text
