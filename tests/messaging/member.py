"""A member with a phone in the sandbox, whose points move."""

import itertools
import time

import sqlalchemy as sa
from flask import current_app

from core.db import db
from core.work import transact
from crm.members import service as members
from crm.points import service as points
from models.messaging import Message
from tests.member_card.people import APPID, due_now, work_off

SEND = "/cgi-bin/message/template/send"
FINISHED = "TEMPLATESENDJOBFINISH"
PATIENCE_S = 20.0
_phones = itertools.count(13_700_000_000)
_keys = itertools.count(1)


class Member:
    """Somebody whose membership began before the tests look."""

    def __init__(self, sandbox, name, *, follows=True):
        self.sandbox = sandbox
        self.person = sandbox.new_person(name, str(next(_phones)))
        self.openid = self.person["openid"]
        if follows:
            self.does("follow")
        work_off()
        self.id = transact(self._become_member)
        work_off()

    def _become_member(self):
        identity = members.ensure_openid(APPID, self.openid)
        members.become_member(identity.person_id)
        return identity.person_id

    def does(self, act, **body):
        """Follow, unfollow, scan or refuse, as her phone does."""
        return self.sandbox.post(f"/sandbox/api/people/{self.person['id']}/{act}", **body)

    def earns(self, amount=328):
        """Her points move; the id of the movement."""
        key = f"test:{next(_keys)}"
        return transact(lambda: points.join_bonus(self.id, amount, key=key))

    def chat(self, kind="template"):
        """What the account wrote to her."""
        found = self.sandbox.get(f"/sandbox/api/people/{self.person['id']}/chat")
        return [entry for entry in found if entry["kind"] == kind]


def messages():
    """Every message as stored."""
    db.session.rollback()
    return list(db.session.scalars(sa.select(Message).order_by(Message.id)))


def outcomes():
    return [(message.state, message.reason) for message in messages()]


def sends():
    """How each message stands; one that arrived was sent, however quick WeChat's word of it was."""
    return ["sent" if message.state == "delivered" else message.state for message in messages()]


def later():
    """Work off what is due when its pause is over."""
    due_now()
    work_off()


def wait_for_push(member, since, event=FINISHED):
    """Wait until the sandbox has pushed an event about her and had its answer."""
    stop = time.monotonic() + PATIENCE_S
    while time.monotonic() < stop:
        for entry in member.sandbox.get(f"/sandbox/api/journal?since={since}&kind=push"):
            if (entry.get("event"), entry.get("openid")) == (event, member.openid) and entry.get("outcome"):
                return entry
        time.sleep(0.02)
    raise AssertionError(f"no {event} was pushed")


def in_context(job):
    """The job in an application context of its own, for a thread."""
    application = current_app._get_current_object()

    def run():
        with application.app_context():
            try:
                job()
            finally:
                db.session.remove()

    return run
