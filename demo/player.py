"""Plays the main job over HTTP, as its people would: staff at the desk, a BA, consumers with their phones.

Everything is seen from outside: pages, the sandbox's phones, the shop's till, operators' commands. The player keeps
its own books (points, touches, messages) and compares them at the end with what the product says.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import requests
import zxingcpp
from PIL import Image

from demo.browser import Browser, NotThere, Page, Phone
from demo.parts import PartFailed, Parts

DESK_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
)
RUN = 10_000
JOINING_POINTS = 100
BOUGHT = (
    ("1", "SKU-OIL-30", "山茶花修护精华油 30ml", 1, 32_800),
    ("2", "SKU-CREAM-50", "山茶花水光面霜 50g", 1, 19_900),
)
GIVEN_BACK_FEN = 19_900
PATIENCE_S = 25.0
CONSUMER, STRANGER, ADVISOR = "林小美", "王芳", "导购王晓梅"
CONSUMER_PHONE, STRANGER_PHONE, ADVISOR_PHONE = "13800138001", "13800138002", "13900139001"


class StepFailed(Exception):
    """A step of the journey did not come out as it must; the message says which and what was seen."""


class Journey:
    """The nine steps, with the player's own books."""

    def __init__(self, parts: Parts, seeded: dict[str, Any], *, say: Callable[[str], None]) -> None:
        """`seeded` is what `flask demo seed` printed; `say` takes one line a step."""
        self.parts, self.seeded, self.say = parts, seeded, say
        self.desk = Browser(parts.web_url, agent=DESK_AGENT)
        self.code_url = ""
        self.code = ""
        self.points = 0
        self.messages = 0
        self.consumer = self._phone(CONSUMER, CONSUMER_PHONE)
        self.advisor = self._phone(ADVISOR, ADVISOR_PHONE)

    def _phone(self, name: str, number: str) -> Phone:
        answer = requests.post(
            f"{self.parts.sandbox_url}/sandbox/api/people", json={"name": name, "phone": number}, timeout=10
        )
        answer.raise_for_status()
        return Phone(self.parts.web_url, self.parts.sandbox_url, answer.json())

    def play(self) -> None:
        """All nine steps in order; raises StepFailed at the first that fails."""
        steps = (
            self.staff_signs_in, self.codes_are_made, self.phones_scan, self.advisor_shows_her_code,
            self.card_is_claimed_and_activated, self.order_brings_points, self.message_arrives,
            self.refund_takes_points_back, self.everything_adds_up,
        )  # fmt: skip
        started = time.monotonic()
        for number, step in enumerate(steps, 1):
            begun = time.monotonic()
            try:
                figures = step()
            except (NotThere, PartFailed, requests.RequestException, KeyError, IndexError) as failed:
                message = f"step {number}, {_title(step)}: {type(failed).__name__}: {failed}"
                raise StepFailed(message) from failed
            self.say(f"{number}  {_title(step):<32} {1000 * (time.monotonic() - begun):6.0f} ms   {figures}")
        self.say(
            f"journey: {len(steps)} of {len(steps)} steps in {time.monotonic() - started:.1f} s, nothing pending"
        )

    def staff_signs_in(self) -> str:
        """1. Staff signs in and sees the brand."""
        staff = self.seeded["staff"][0]
        page = self.desk.get("/console/")
        self.desk.submit(page, page.form("sign-in"), login=staff["name"], password=staff["password"])
        stores = len(self.desk.get("/console/places/stores").all("store-row"))
        bas = len(self.desk.get("/console/places/").all("ba-row"))
        products = len(self.desk.get("/console/products/").all("product-row"))
        templates = [row.text for row in self.desk.get("/console/messages/").all("template-row")]
        self._same("stores, BAs, products", (stores, bas, products), (3, 4, 3))
        if not any("积分变动" in text for text in templates):
            raise NotThere("the template 积分变动 is not on the console")
        return f"{stores} stores, {bas} BAs, {products} products, template 积分变动 published"

    def codes_are_made(self) -> str:
        """2. A run of item codes; one image is decoded again."""
        page = self.desk.get("/console/codes/new")
        values = {"gtin": self.seeded["gtins"][0], "quantity": str(RUN), "lot": "L2611", "note": "首批"}
        page = self.desk.submit(page, page.form("run-form"), **values)
        page = self.desk.submit(page, page.form("run-confirm"))
        batch_url = page.url
        page = self.desk.get(f"{batch_url}/activate")
        self.desk.submit(page, page.form("activate-form"))
        page = self.desk.get(batch_url)
        image = self.desk.get(page.one("qr").attributes["src"])
        self.code_url = _decoded(image.content)
        self.code = page.words("serial").replace(" ", "")
        self._same("the decoded code", self.code_url.rsplit("/", 1)[-1], self.code)
        lines = self.desk.get(f"{batch_url}/codes.txt").text.strip().splitlines()
        self._same("codes in the list for the press", len(lines), RUN)
        return f"{RUN:,} codes, one image decoded to {self.code_url}"

    def phones_scan(self) -> str:
        """3. First scan, second person, forgery."""
        opened = self.consumer.act("scan", text=self.code_url)
        self._same("what the phone does with the code", opened["kind"], "web")
        mine = self.consumer.get(str(opened["url"])).one("verdict").attributes["data-verdict"]
        stranger = self._phone(STRANGER, STRANGER_PHONE)
        hers = stranger.get(self.code_url).one("verdict").attributes["data-verdict"]
        forged = self.code_url[:-1] + ("0" if self.code_url[-1] != "0" else "1")
        fake = stranger.get(forged, expect=404)
        fake.one("not-ours")
        self._same("verdicts", (mine, hers), ("first", "again_by_others"))
        return "genuine, first scan / scanned before / not one of ours"

    def advisor_shows_her_code(self) -> str:
        """4. The BA binds her WeChat, shows her poster; the consumer follows by it and is welcomed."""
        ba = self.seeded["bas"][0]
        page = self.desk.get(f"/console/places/bas/{ba['id']}")
        page = self.desk.submit(page, page.form("invitation"))
        page = self.advisor.get(_link(page, "invitation-link"))
        self.advisor.submit(page, page.form("join"))
        poster = self._eventually(
            "her poster",
            lambda: self.advisor.get(self.advisor.get("/ba/code").one("poster").attributes["src"]).content,
        )
        said = _decoded(poster)
        followed = self.consumer.act("scan", text=said)
        self._same("what the phone does with the poster", followed["kind"], "followed")
        welcome = json.dumps(followed["replies"], ensure_ascii=False)
        for part in (ba["name"], f"via={ba['scene']}"):
            if part not in welcome:
                raise NotThere(f"the welcome says nothing of {part}: {welcome[:300]}")
        followers = self._eventually(
            "the touch", lambda: self._figure(self.advisor.get("/ba"), "today-followers", 1)
        )
        return f"poster decoded, followed, welcome by {ba['name']}, {followers} follower credited"

    def card_is_claimed_and_activated(self) -> str:
        """5. The card is claimed in the wallet and activated with her verified phone."""
        scene = self.seeded["bas"][0]["scene"]
        page = self.consumer.get(f"/me/join?via={scene}")
        offered = self.consumer.act("scan", text=page.one("claim-card").attributes["href"])
        self._same("what the link offers", offered["kind"], "card")
        claimed = self.consumer.act("cards", ticket=offered["ticket"])
        form = self.consumer.act(f"cards/{claimed['code']}/activate")
        page = self.consumer.get(str(form["url"]))
        number = page.one("card-number").attributes["data-number"]
        self.points += JOINING_POINTS
        self.messages += 1
        card = self._card_shows(self.points)
        self._same("number in the wallet", card["membership_number"], number)
        return f"card {number} active, {self.points} joining points on it"

    def order_brings_points(self) -> str:
        """6. An order in the shop: pulled, matched, booked, shown, credited."""
        paid = sum(fen for *_, fen in BOUGHT)
        order = {
            "id": "SO-1001", "status": "paid", "paid_at": datetime.now(UTC).isoformat(),
            "buyer": {"phone": CONSUMER_PHONE}, "channel": "online", "currency": "CNY",
            "amount_fen": paid, "discount_fen": 0, "freight_fen": 0, "paid_fen": paid,
            "lines": [
                {"line_id": line, "sku": sku, "name": name, "quantity": quantity, "paid_fen": fen}
                for line, sku, name, quantity, fen in BOUGHT
            ],
        }  # fmt: skip
        self._till("orders", order)
        self.points += paid // 100
        self.messages += 1
        self._pull()
        self._card_shows(self.points)
        self._eventually("the sale", lambda: self._figure(self.advisor.get("/ba"), "total-orders", 1))
        return f"¥{paid / 100:.2f} → {paid // 100} points, card shows {self.points}, sale credited to the BA"

    def message_arrives(self) -> str:
        """7. The template message with the staff's wording and her figures."""
        text = self._eventually("the message 积分变动", lambda: self._message(f"{self.points}"))
        return f"积分变动: {text}"

    def refund_takes_points_back(self) -> str:
        """8. A partial refund, read twice, takes points back once."""
        refund = {
            "refund_id": "RF-1", "refunded_at": datetime.now(UTC).isoformat(), "amount_fen": GIVEN_BACK_FEN,
            "lines": [{"line_id": "2", "quantity": 1, "amount_fen": GIVEN_BACK_FEN}],
        }  # fmt: skip
        self._till("refunds", {"order_id": "SO-1001", "refund": refund})
        self.points -= GIVEN_BACK_FEN // 100
        self.messages += 1
        self._pull()
        self._pull()
        self._card_shows(self.points)
        self._eventually("the message", lambda: self._message(f"{self.points}"))
        return f"¥{GIVEN_BACK_FEN / 100:.2f} back, {GIVEN_BACK_FEN // 100} points taken once, card shows {self.points}"

    def everything_adds_up(self) -> str:
        """9. The player's books, the ledger audit, and the work table."""
        state = self._eventually("an empty work table", self._idle)
        self._same("dead letters", state["dead"], 0)
        audit = json.loads(self.parts.flask("audit", "points", "--json"))
        sent = [entry for entry in self.consumer.look("chat") if entry["kind"] == "template"]
        self._same("template messages on her phone", len(sent), self.messages)
        shown = int(str(self.consumer.get("/me").one("card-points").text).replace(",", "").strip())
        self._same("points on her page", shown, self.points)
        orders = self.desk.get("/console/orders/").all("order-row")
        self._same("orders", len(orders), 1)
        self._same("pushes that were lost", self._lost_pushes(), [])
        books = f"points {self.points}, {self.messages} messages, {state['done']} tasks done"
        return f"{books}, audit clean ({_short(audit)})"

    def _lost_pushes(self) -> list[Any]:
        answer = requests.get(
            f"{self.parts.sandbox_url}/sandbox/api/journal?kind=push&limit=500", timeout=10
        ).json()
        entries = answer if isinstance(answer, list) else answer.get("entries", [])
        return [entry.get("event") for entry in entries if entry.get("outcome") != "ok"]

    def _idle(self) -> dict[str, int]:
        state: dict[str, int] = json.loads(self.parts.flask("jobs", "status", "--json"))
        self._same("tasks that wait", state["ready"], 0)
        return state

    def _till(self, what: str, body: dict[str, Any]) -> None:
        requests.post(f"{self.parts.shop_url}/{what}", json=body, timeout=10).raise_for_status()

    def _pull(self) -> None:
        """Staff presses 立即同步."""
        page = self.desk.get("/console/sources/")
        self.desk.submit(page, page.form("/pull"))

    def _card_shows(self, points: int) -> dict[str, Any]:
        def shown() -> dict[str, Any]:
            card: dict[str, Any] = self.consumer.look("cards")[0]
            self._same(
                "points on the card in the wallet", (card["status"], card["bonus"]), ("active", points)
            )
            return card

        found: dict[str, Any] = self._eventually("the card", shown)
        return found

    def _message(self, figure: str) -> str:
        for entry in reversed(self.consumer.look("chat")):
            fields: Any = entry.get("fields")
            if entry["kind"] == "template" and any(str(field["value"]) == figure for field in fields):
                return "，".join(f"{field['name']} {field['value']}" for field in fields)
        raise NotThere(f"no template message shows {figure}")

    def _figure(self, page: Page, test: str, wanted: int) -> int:
        digits = "".join(letter for letter in page.words(test) if letter.isdigit())
        self._same(test, int(digits or 0), wanted)
        return wanted

    def _same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise NotThere(f"{what}: found {found}, wanted {wanted}")

    def _eventually(self, what: str, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds it without NotThere; it is looked for a while."""
        stop = time.monotonic() + PATIENCE_S
        while True:
            try:
                return look()
            except (NotThere, IndexError) as missing:
                if time.monotonic() > stop:
                    raise NotThere(f"{what} did not come within {PATIENCE_S:.0f} s: {missing}") from missing
                time.sleep(0.1)


def _title(step: Callable[[], str]) -> str:
    return step.__name__.replace("_", " ")


def _decoded(picture: bytes) -> str:
    """The text of the one QR code in a picture, read by a decoder that did not make it."""
    with Image.open(io.BytesIO(picture)) as image:
        found = zxingcpp.read_barcodes(image.convert("L"))
    if not found:
        raise NotThere("no code can be read in the picture")
    return str(found[0].text)


def _link(page: Page, test: str) -> str:
    element = page.one(test)
    return element.attributes.get("href") or element.attributes.get("value") or " ".join(element.text.split())


def _short(audit: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value}"
        for key, value in audit.items()
        if isinstance(value, int) and not isinstance(value, bool)
    )
