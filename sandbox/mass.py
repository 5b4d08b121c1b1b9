"""Group messages (群发) as they go out: whom they reach, four a month for each, one job for a clientmsgid."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from sandbox import chat, marks, people, quotas
from sandbox.errors import WeChatError
from sandbox.people import Person
from sandbox.store import Store, dump
from sandbox.world import World

PER_MONTH = 4
REMEMBERED_S = 24 * 3600
NEXT_STATUS = "mass_next_status"
SENT = "send success"
Json = dict[str, Any]


def client_id_of(body: Json) -> str:
    """The clientmsgid, or what WeChat makes of a body without one."""
    return str(body.get("clientmsgid") or hashlib.sha256(dump(body).encode()).hexdigest()[:32])


def known_job(store: Store, owner: str, client_id: str) -> int:
    """The msg_id of the job of this clientmsgid within a day; 0 where there is none."""
    return store.number(
        "SELECT msg_id FROM mass_jobs WHERE owner = ? AND client_id = ? AND at > ?",
        owner, client_id, time.time() - REMEMBERED_S,
    )  # fmt: skip


def followers(store: Store, owner: str) -> list[Person]:
    """Everybody who follows an account."""
    openids = people.followers(store, "", 10**9, owner)
    return [person for openid in openids if (person := people.at_account(store, openid, owner))]


def used(store: Store, person: Person) -> int:
    """How many group messages of this account reached her in this month."""
    return store.number(
        "SELECT count(*) FROM mass_reached WHERE owner = ? AND person_id = ? AND month = ?",
        person.owner, person.id, quotas.today()[:7],
    )  # fmt: skip


def send(
    here: World, owner: str, wanted: list[Person], shown: Json, *, client_id: str, to_all: bool, kind: str
) -> int:
    """Begin a job: put the message on the phones of those who have room this month; its msg_id. 45028 for nobody."""
    store, month = here.store, quotas.today()[:7]
    with store.transaction():
        if to_all and _to_all(store, owner, month) >= PER_MONTH:
            raise WeChatError(45028)
        reached = [
            person
            for person in wanted
            if person.following and not marks.is_blocked(store, person) and used(store, person) < PER_MONTH
        ]
        if wanted and not reached:
            raise WeChatError(45028)
        msg_id = max(3_147_483_650, store.number("SELECT max(msg_id) FROM mass_jobs") + 1)
        status = store.get(NEXT_STATUS) or SENT
        store.put(NEXT_STATUS, "")
        store.run(
            "INSERT INTO mass_jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            msg_id, owner, client_id, time.time(), kind, status, int(to_all), month,
        )  # fmt: skip
        glad = [person for person in reached if not person.refuses] if status == SENT else []
        for person in glad:
            store.run("INSERT INTO mass_reached VALUES (?, ?, ?, ?)", owner, person.id, month, msg_id)
    for person in glad:
        chat.add(store, person.id, "account", **shown, owner=owner, msg_id=str(msg_id))
    _tell(here, owner, msg_id, status, total=len(wanted), filtered=len(reached), sent=len(glad))
    return msg_id


def _to_all(store: Store, owner: str, month: str) -> int:
    return store.number(
        "SELECT count(*) FROM mass_jobs WHERE owner = ? AND month = ? AND to_all = 1", owner, month
    )


def _tell(here: World, owner: str, msg_id: int, status: str, *, total: int, filtered: int, sent: int) -> None:
    speaker = here.speaker(owner)
    speaker.later(
        speaker.event(
            "oMPHELPER_of_group_messages", "MASSSENDJOBFINISH", MsgID=msg_id, Status=status, TotalCount=total,
            FilterCount=filtered, SentCount=sent, ErrorCount=filtered - sent if status == SENT else 0,
        )
    )  # fmt: skip
