"""How a template becomes values that WeChat accepts. Pure: no store, no clock, no Flask.

Source: the contract's sections 5.3 (value types by the prefix of the key) and 9.1 (at most 20 characters, no line
breaks). Staff write literals and `{{ variables }}`; nothing they or a member enters can run or add a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from messaging.errors import BadWording, EmptyValue

LONGEST_WORDING = 200
# Characters a value may have, by the prefix of WeChat's key. Everything not listed is a `thing`.
LONGEST = {
    "thing": 20,
    "character_string": 32,
    "number": 32,
    "time": 32,
    "date": 32,
    "amount": 13,
    "phrase": 5,
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_KEY = re.compile(r"[a-z_]+?(?=\d*$)")
_NOT_IN_STRINGS = re.compile(r"[^\x20-\x7e]")
_ALLOWED = (nodes.Output, nodes.TemplateData, nodes.Getattr, nodes.Name, nodes.Template)
# Jinja's commands and comments: some would parse to nothing, and what staff wrote would be missing from the message.
_NOT_FOR_STAFF = ("{%", "%}", "{#", "#}")
_sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@dataclass(frozen=True)
class Variable:
    """Something a template can say about a member; `example` is what staff see in its place."""

    name: str
    example: str


VARIABLES = (
    Variable("member.name", "林小美"),
    Variable("points.delta", "+328"),
    Variable("points.balance", "1328"),
    Variable("points.reason", "订单积分"),
    Variable("points.at", "2026年11月23日 16:05"),
)


def kind_of(key: str) -> str:
    """The value type of a keyword: `thing3` is a thing."""
    found = _KEY.match(key)
    return found.group() if found else "thing"


def check_wording(text: str) -> None:
    """Refuse what is not plain text with known variables. Raises BadWording."""
    if len(text) > LONGEST_WORDING or not text.strip() or any(sign in text for sign in _NOT_FOR_STAFF):
        raise BadWording
    try:
        parsed = _sandbox.parse(text)
    except TemplateError:
        raise BadWording from None
    if any(not isinstance(node, _ALLOWED) for node in parsed.find_all(nodes.Node)):
        raise BadWording
    known = {variable.name for variable in VARIABLES}
    for node in parsed.find_all(nodes.Getattr):
        owner = node.node
        if not isinstance(owner, nodes.Name) or f"{owner.name}.{node.attr}" not in known:
            raise BadWording
    bare = {node.name for node in parsed.find_all(nodes.Name)} - {name.split(".")[0] for name in known}
    if bare or (_names(parsed) - _owners(parsed)):
        raise BadWording


def _names(parsed: nodes.Template) -> set[int]:
    return {id(node) for node in parsed.find_all(nodes.Name)}


def _owners(parsed: nodes.Template) -> set[int]:
    return {id(node.node) for node in parsed.find_all(nodes.Getattr)}


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    check_wording(text)
    return _sandbox.from_string(text)


def render(key: str, wording: str, facts: dict[str, str]) -> str:
    """One field's value for one member, as WeChat accepts it. Raises BadWording, EmptyValue."""
    scopes: dict[str, dict[str, str]] = {}
    for name, value in facts.items():
        owner, _, attribute = name.partition(".")
        scopes.setdefault(owner, {})[attribute] = value
    try:
        text = _compiled(wording).render(scopes)
    except TemplateError:
        raise BadWording from None
    return fitted(key, text)


def fitted(key: str, text: str) -> str:
    """The text made to fit its type: one line, no control or invisible characters, cut with … when too long."""
    kind = kind_of(key)
    clean = _CONTROL.sub(" ", text)
    if kind in {"character_string", "number"}:
        clean = _NOT_IN_STRINGS.sub("", clean)
    clean = " ".join(clean.split())
    if not clean:
        raise EmptyValue
    longest = LONGEST.get(kind, LONGEST["thing"])
    if len(clean) <= longest:
        return clean
    is_text = kind in {"thing", "phrase"} or kind not in LONGEST
    return clean[: longest - 1].rstrip() + "…" if is_text else clean[:longest].rstrip()
