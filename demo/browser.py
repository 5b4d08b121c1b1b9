"""A small browser without a screen: cookies, forms, and finding things by `data-test`; used by the journey player."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

WECHAT_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.50(0x18003234) NetType/WIFI Language/zh_CN"
)
TIMEOUT_S = 20
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)


class NotThere(AssertionError):
    """The page does not show what the journey expects."""


@dataclass
class Element:
    """An element of a page: its tag, attributes and all text inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Form:
    """A form with its fields as the page fills them."""

    action: str
    method: str
    test: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
        if tag == "form":
            self.forms.append(
                Form(
                    attributes.get("action", ""),
                    attributes.get("method", "get").lower(),
                    attributes.get("data-test", ""),
                )
            )
        elif self.forms and "name" in attributes and tag in {"input", "textarea", "select", "button"}:
            self._note_field(tag, attributes)
        elif tag == "option" and "selected" in attributes and self.forms:
            select = next((known for known in reversed(self._open) if known.tag == "select"), None)
            if select is not None:
                self.forms[-1].fields[select.attributes.get("name", "")] = attributes.get("value", "")

    def _note_field(self, tag: str, attributes: dict[str, str]) -> None:
        unchecked = attributes.get("type") in {"checkbox", "radio"} and "checked" not in attributes
        if tag != "button" and not unchecked:
            self.forms[-1].fields.setdefault(attributes["name"], attributes.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


@dataclass
class Page:
    """One answer, read."""

    status: int
    url: str
    text: str
    content: bytes
    elements: list[Element]
    forms: list[Form]

    def all(self, test: str) -> list[Element]:
        """Every element with this `data-test`."""
        return [element for element in self.elements if element.attributes.get("data-test") == test]

    def one(self, test: str) -> Element:
        """The first element with this `data-test`, or NotThere."""
        found = self.all(test)
        if not found:
            message = f"{self.url} ({self.status}) shows no {test}"
            raise NotThere(message)
        return found[0]

    def words(self, test: str) -> str:
        """The element's text, white space folded."""
        return " ".join(self.one(test).text.split())

    def form(self, name: str) -> Form:
        """The first form with this `data-test`, or whose action contains it; or NotThere."""
        for form in self.forms:
            if name == form.test or name in form.action:
                return form
        message = f"{self.url} ({self.status}) has no form {name!r}"
        raise NotThere(message)


class Browser:
    """One person's browser."""

    def __init__(self, base: str, *, agent: str = WECHAT_AGENT) -> None:
        """`base` is where addresses without a host lead."""
        self.base = base
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": agent, "Accept": "text/html", "Accept-Language": "zh-CN"})

    def get(self, url: str, *, expect: int = 200) -> Page:
        """Open an address, following redirects."""
        return self._read(self.session.get(urljoin(self.base, url), timeout=TIMEOUT_S), expect)

    def submit(self, page: Page, form: Form, expect: int = 200, **values: str) -> Page:
        """Fill in a form of a page and send it."""
        address = urljoin(page.url, form.action or page.url)
        fields = form.fields | values
        headers = {"Referer": page.url}
        if form.method == "post":
            answer = self.session.post(address, data=fields, headers=headers, timeout=TIMEOUT_S)
        else:
            answer = self.session.get(address, params=fields, headers=headers, timeout=TIMEOUT_S)
        return self._read(answer, expect)

    def _read(self, answer: requests.Response, expect: int) -> Page:
        if answer.status_code != expect:
            message = f"{answer.url} answered {answer.status_code}, not {expect}: {answer.text[:300]}"
            raise NotThere(message)
        reader = _Reader()
        if "html" in answer.headers.get("Content-Type", ""):
            reader.feed(answer.text)
        return Page(
            answer.status_code, answer.url, answer.text, answer.content, reader.elements, reader.forms
        )


class Phone(Browser):
    """One person's WeChat: her browser, and what she does in the sandbox's phone."""

    def __init__(self, base: str, sandbox: str, person: dict[str, str]) -> None:
        """`person` as the sandbox lists her."""
        super().__init__(base)
        self.sandbox, self.person = sandbox, person
        self.session.get(f"{sandbox}/sandbox/phone/{person['id']}", timeout=TIMEOUT_S).raise_for_status()

    @property
    def address(self) -> str:
        """Her place in the sandbox's control API."""
        return f"{self.sandbox}/sandbox/api/people/{self.person['id']}"

    def act(self, what: str, **body: object) -> dict[str, object]:
        """Do something on the phone; the sandbox's answer."""
        answer = requests.post(f"{self.address}/{what}", json=body, timeout=TIMEOUT_S)
        if answer.status_code != requests.codes.ok:
            message = f"{what} answered {answer.status_code}: {answer.text[:300]}"
            raise NotThere(message)
        found: dict[str, object] = answer.json()
        return found

    def look(self, what: str) -> list[dict[str, object]]:
        """The chat or the cards, as the phone shows them."""
        answer = requests.get(f"{self.address}/{what}", timeout=TIMEOUT_S)
        answer.raise_for_status()
        found: list[dict[str, object]] = answer.json()
        return found
