"""People with phones. WeChat is the sandbox, a process of its own."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import requests
import sqlalchemy as sa

from core import worker
from core.clock import utc_now
from core.db import db
from core.tables import READY, Task
from core.work import transact
from models.cards import MemberCard

APPID = "wx00000000000test1"

_phones = iter(range(13_900_000_000, 13_999_999_999))


class Phone:
    """A person with her phone: her wallet in the sandbox, her WeChat browser on our pages."""

    def __init__(self, sandbox, product, name, phone=None):
        self.sandbox, self.product = sandbox, product
        self.number = phone or str(next(_phones))
        self.person = sandbox.new_person(name, self.number)
        self.openid = self.person["openid"]
        self.browser = requests.Session()
        self.browser.get(f"{sandbox.base}/sandbox/phone/{self.person['id']}", timeout=15)

    def _path(self, rest):
        return f"/sandbox/api/people/{self.person['id']}{rest}"

    def open(self, path):
        """Open a page of ours, or a full address, through the sign-in hop."""
        url = path if path.startswith("http") else self.product + path
        return self.browser.get(url, timeout=30)

    def claim(self, via=""):
        """Tap the button of the join page and put the card into the wallet; the code."""
        page = self.open(f"/me/join?via={via}" if via else "/me/join")
        assert page.status_code == 200, page.text
        link = re.search(r'href="([^"]+)" data-test="claim-card"', page.text)
        offer = self.sandbox.post(self._path("/scan"), text=link[1].replace("&amp;", "&"))
        assert offer["kind"] == "card"
        return self.sandbox.post(self._path("/cards"), ticket=offer["ticket"])["code"]

    def submit_form(self, code):
        """Send the one-tap form; the address WeChat opens next."""
        return self.sandbox.post(self._path(f"/cards/{code}/activate"))["url"]

    def delete(self, code):
        self.sandbox.ask("DELETE", self._path(f"/cards/{code}"))

    def wallet(self):
        """The one card in her wallet as her phone shows it."""
        cards = self.sandbox.get(self._path("/cards"))
        return cards[0] if cards else None

    def join(self, via=""):
        """Claim, submit the form, arrive at our page; the code."""
        code = self.claim(via)
        page = self.open(self.submit_form(code))
        assert page.status_code == 200, page.text
        assert urlsplit(page.url).path == "/me"
        return code


def work_off():
    """Let a worker do everything that is due."""
    worker.drain()
    db.session.rollback()


def due_now():
    """Let a minute pass: every task that waits is due, every turn has run out."""

    def hurry():
        past = utc_now() - timedelta(seconds=1)
        db.session.execute(sa.update(Task).where(Task.state == READY).values(run_at=past))
        db.session.execute(sa.update(MemberCard).values(calling_until=None))

    transact(hurry)
