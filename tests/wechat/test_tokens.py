"""One token for everybody, fetched by one of them; a dead one is replaced, within bounds."""

import multiprocessing
import threading
import warnings
from datetime import timedelta

import pytest
from redis import Redis

from core import doorbell
from core.clock import utc_now
from core.db import db
from models.wechat import WeChatToken
from wechat import tokens
from wechat.accounts import service_account
from wechat.client import Client
from wechat.errors import Transient

TOKEN_PATH, API = "/cgi-bin/stable_token", "/cgi-bin/user/info"
FINE = {"subscribe": 1}
PROCESSES = 32
DEAD = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest rid: 6-1"}


@pytest.fixture
def new_client(calling_app, server):
    """Clients as different processes have them: each knows nothing of the others."""
    return lambda: Client(service_account(), server.base)


@pytest.fixture
def no_redis(monkeypatch):
    """Redis is away."""
    monkeypatch.setitem(doorbell._redis, "default", Redis.from_url("redis://127.0.0.1:9"))


def call_from_threads(app, clients, per_client=5):
    errors = []

    def call(client):
        with app.app_context():
            try:
                client.call("cgi-bin/user/info", openid="oA")
            except Exception as error:  # noqa: BLE001 - asserted below
                errors.append(error)

    threads = [threading.Thread(target=call, args=(client,)) for client in clients for _ in range(per_client)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []


def test_twenty_cold_threads_of_four_processes_fetch_one_token(calling_app, server, new_client):
    server.answers[API] = [FINE]

    call_from_threads(calling_app, [new_client() for _ in range(4)])

    assert server.count(TOKEN_PATH) == 1
    assert {call["query"]["access_token"] for call in server.calls if call["path"] == API} == {"token-1"}


def test_without_redis_the_store_holds_the_one_token(calling_app, server, new_client, no_redis):
    server.answers[API] = [FINE]

    call_from_threads(calling_app, [new_client() for _ in range(4)])

    assert server.count(TOKEN_PATH) == 1
    db.session.rollback()
    row = db.session.get(WeChatToken, f"wechat:{service_account().appid}:access_token")
    assert row.value_sealed
    assert b"token-1" not in row.value_sealed


def ask_once(app, base, start, errors):
    """One process of a storm."""
    with app.app_context():
        start.wait(30)
        try:
            Client(service_account(), base).call("cgi-bin/user/info", openid="oA")
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.put(repr(error))


@pytest.mark.parametrize("redis_is_away", [False, True])
def test_thirty_two_processes_at_the_end_of_a_token_fetch_one(calling_app, server, request, redis_is_away):
    if redis_is_away:
        request.getfixturevalue("no_redis")
    server.answers[API] = [FINE]
    # Forked as granian's and the workers' processes are: each has connections of its own.
    forks = multiprocessing.get_context("fork")
    start, errors = forks.Barrier(PROCESSES), forks.SimpleQueue()
    storm = [
        forks.Process(target=ask_once, args=(calling_app, server.base, start, errors))
        for _ in range(PROCESSES)
    ]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: this process has threads
        for process in storm:
            process.start()
    for process in storm:
        process.join(60)

    assert errors.empty()
    assert [process.exitcode for process in storm] == [0] * PROCESSES
    assert (server.count(TOKEN_PATH), server.count(API)) == (1, PROCESSES)


def test_redis_never_sees_the_token_itself(server, new_client):
    server.answers[API] = [FINE]

    new_client().call("cgi-bin/user/info", openid="oA")

    kept = doorbell.redis().get(f"yima:wechat:{service_account().appid}:access_token")
    assert kept
    assert b"token-1" not in kept


def test_a_dead_token_is_replaced_once_and_the_call_made_again(server, new_client):
    server.answers[API] = [DEAD, FINE]

    assert new_client().call("cgi-bin/user/info", openid="oA") == FINE
    assert server.count(TOKEN_PATH) == 2
    assert server.count(API) == 2


def test_a_dead_token_of_many_is_replaced_once_for_all(calling_app, server, new_client):
    server.answers[API] = [FINE]
    client = new_client()
    client.call("cgi-bin/user/info", openid="oA")
    bad = client._shared.get()

    threads, got = [], []

    def replace():
        with calling_app.app_context():
            got.append(client._shared.get(bad=bad))

    for _ in range(20):
        threads.append(threading.Thread(target=replace))
        threads[-1].start()
    for thread in threads:
        thread.join(timeout=30)

    assert set(got) == {"token-2"}
    assert server.count(TOKEN_PATH) == 2


@pytest.mark.parametrize("redis_is_away", [False, True])
def test_a_token_that_stays_dead_ends_in_bounded_calls_and_one_forced_fetch(
    server, new_client, request, redis_is_away
):
    if redis_is_away:
        request.getfixturevalue("no_redis")
    # WeChat hands out the same token again, as stable_token does, and keeps refusing it.
    server.answers[TOKEN_PATH] = [{"access_token": "the-same", "expires_in": 7200}]
    server.answers[API] = [DEAD]
    client = new_client()

    for _ in range(3):
        with pytest.raises(Transient) as refused:
            client.call("cgi-bin/user/info", openid="oA")
        assert refused.value.errcode == 40001

    forced = [
        call for call in server.calls if b'"force_refresh": true' in call["body"].replace(b":t", b": t")
    ]
    assert len(forced) == 1
    assert server.count(API) == 6
    assert server.count(TOKEN_PATH) <= 5


def test_when_no_token_can_be_had_the_call_was_not_made(server, new_client):
    server.answers[TOKEN_PATH] = [{"errcode": 40164, "errmsg": "invalid ip 1.2.3.4, not in whitelist rid: 1"}]

    with pytest.raises(Transient) as refused:
        new_client().call("cgi-bin/user/info", openid="oA")

    assert refused.value.errcode == 40164
    assert server.count(API) == 0


def test_the_secret_goes_in_the_body_and_never_in_an_address(server, new_client):
    server.answers[API] = [FINE]

    new_client().call("cgi-bin/user/info", openid="oA")

    secret = service_account().secret
    assert all(secret not in str(call["query"]) for call in server.calls)
    assert secret.encode() in server.calls[0]["body"]


@pytest.mark.parametrize("redis_is_away", [False, True])
def test_twenty_tokens_a_day_are_forced_and_no_more(server, new_client, request, redis_is_away, monkeypatch):
    if redis_is_away:
        request.getfixturevalue("no_redis")
    monkeypatch.setattr(tokens, "FORCED_EVERY_S", 0 if redis_is_away else 1)
    shared = new_client()._shared

    def may_force():
        if not redis_is_away:
            doorbell.redis().delete("yima:" + shared._name + ":forced")
        return shared._may_force()

    first_day = [may_force() for _ in range(22)]
    monkeypatch.setattr(tokens, "utc_now", lambda: utc_now() + timedelta(hours=25))
    if not redis_is_away:  # Redis has a clock of its own
        doorbell.redis().delete("yima:" + shared._name + ":forced:count")
    next_day = may_force()

    assert first_day == [True] * 20 + [False] * 2
    assert next_day is True


def test_tickets_are_shared_like_the_token(calling_app, server, new_client):
    server.answers["/cgi-bin/ticket/getticket"] = [
        {"errcode": 0, "errmsg": "ok", "ticket": "ticket-of-pages", "expires_in": 7200},
        {"errcode": 0, "errmsg": "ok", "ticket": "ticket-of-cards", "expires_in": 7200},
    ]

    pages = [new_client().ticket("jsapi") for _ in range(3)]
    cards = [new_client().ticket("wx_card") for _ in range(3)]

    assert (pages, cards) == (["ticket-of-pages"] * 3, ["ticket-of-cards"] * 3)
    assert server.count("/cgi-bin/ticket/getticket") == 2


def test_without_a_ticket_the_call_that_needs_it_is_not_made(server, new_client):
    server.answers["/cgi-bin/ticket/getticket"] = [{"errcode": 45009, "errmsg": "quota"}]

    with pytest.raises(Transient) as refused:
        new_client().ticket("jsapi")

    assert refused.value.errcode == 45009
