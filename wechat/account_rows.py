"""Accounts that staff have added: rows, with their secrets sealed together.

A change of the token or key is begun, then entered in WeChat's console, then ended: in between both are accepted, so
that no push is refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from flask import current_app

from core.clock import utc_now
from core.db import db
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from core.pii import Unreadable, seal, unseal
from models.wechat import WeChatAccount
from settings import WECHAT_FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()
SECRETS = ("secret", "token", "aes_key", "old_token", "old_aes_key", "marketcode_secret")
KINDS, MODES = ("service", "subscription", "mini"), ("safe", "compatible", "plain")
# As WeChat's console shows them; a mini-program may come without its original id.
FORMS = WECHAT_FORMS | {
    "original_id": re.compile(rf"({WECHAT_FORMS['original_id'].pattern})?"),
    "marketcode_secret": re.compile(r"([\x21-\x7e]{16})?"),
}


class BadAccount(Invalid):
    """A value is not what WeChat's console shows. `field` names it; the value is not repeated."""

    code = "bad_account"

    def __init__(self, field: str) -> None:
        """`field` as in FORMS, or kind, mode, name."""
        self.field = field
        super().__init__(f"{field} is not in the form that WeChat's console shows.")


class AccountExists(Conflict):
    """An account with this app id is there already."""

    code = "account_exists"
    message = "An account with this app id is there already."


class NoSuchAccount(NotFound):
    """No stored account has this app id; those of the settings are changed there."""

    code = "unknown_account"
    message = "No stored account has this app id."


def everyone() -> list[Mapping[str, Any]]:
    """The values of all stored accounts, oldest first. One whose secrets cannot be opened is left out."""
    # On a connection of its own: whoever asks may be in the middle of a transaction.
    with db.engine.connect() as connection:
        rows = connection.execute(sa.select(WeChatAccount.__table__).order_by(WeChatAccount.id)).all()
        connection.rollback()
    return [values for row in rows if (values := _opened(row)) is not None]


def _opened(row: Any) -> Mapping[str, Any] | None:
    try:
        kept = json.loads(unseal(row.secrets_sealed, aad=_aad(row.appid)))
    except Unreadable:
        log.warning("account_unreadable", appid=row.appid)
        return None
    shown = ("appid", "original_id", "kind", "mode", "name")
    return {**{name: getattr(row, name) for name in shown}, **{name: kept.get(name, "") for name in SECRETS}}


def _aad(appid: str) -> str:
    return f"wechat_account.secrets_sealed:{appid}"


def add(values: Mapping[str, str]) -> None:
    """Put a new account down. `values`: appid, kind, name, original_id, mode, secret, token, aes_key.

    Raises BadAccount, AccountExists.
    """
    _check(values, ("appid", "original_id", "secret", "token", "aes_key"))
    if values["kind"] not in KINDS:
        raise BadAccount("kind")
    if values["mode"] not in MODES:
        raise BadAccount("mode")
    settings = current_app.extensions["settings"]
    fixed = {settings.wechat_oa_appid, settings.wechat_mini_appid}
    stored = sa.select(WeChatAccount.id).where(WeChatAccount.appid == values["appid"])
    # A row beside an account of the settings would never be read.
    if values["appid"] in fixed or db.session.scalar(stored):
        raise AccountExists
    now = utc_now()
    db.session.add(
        WeChatAccount(
            id=new_id(), appid=values["appid"], kind=values["kind"], name=values["name"].strip()[:64],
            original_id=values["original_id"], mode=values["mode"],
            secrets_sealed=_sealed(values["appid"], values), version=0, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    try:
        db.session.flush()
    except sa.exc.IntegrityError:
        raise AccountExists from None


def change(appid: str, changes: Mapping[str, str]) -> None:
    """Change what is given of name, mode, secret, marketcode_secret. Raises BadAccount, NoSuchAccount."""
    _check(changes, [name for name in ("secret", "marketcode_secret") if name in changes])
    if changes.get("mode", MODES[0]) not in MODES:
        raise BadAccount("mode")
    row, kept = _row(appid)
    row.name = changes.get("name", row.name).strip()[:64]
    row.mode = changes.get("mode", row.mode)
    _save(row, {**kept, **{name: value for name, value in changes.items() if name in SECRETS}})


def begin_rotation(appid: str, changes: Mapping[str, str]) -> None:
    """Take a new token, aes_key or both; the old ones are accepted too until the change is ended."""
    _check(changes, [name for name in ("token", "aes_key") if name in changes])
    row, kept = _row(appid)
    for name in ("token", "aes_key"):
        if name in changes and changes[name] != kept[name]:
            kept |= {f"old_{name}": kept[name], name: changes[name]}
    _save(row, kept)


def end_rotation(appid: str) -> None:
    """Accept only the new token and key from now on."""
    row, kept = _row(appid)
    _save(row, {**kept, "old_token": "", "old_aes_key": ""})


def remove(appid: str) -> None:
    """Forget an account and its secrets. What it was told stays."""
    row, _ = _row(appid)
    db.session.delete(row)


def _row(appid: str) -> tuple[WeChatAccount, dict[str, str]]:
    row = db.session.scalar(sa.select(WeChatAccount).where(WeChatAccount.appid == appid).with_for_update())
    if row is None:
        raise NoSuchAccount
    try:
        return row, dict.fromkeys(SECRETS, "") | json.loads(unseal(row.secrets_sealed, aad=_aad(appid)))
    except Unreadable:
        raise BadAccount("secret") from None


def _save(row: WeChatAccount, kept: Mapping[str, str]) -> None:
    row.secrets_sealed = _sealed(row.appid, kept)
    row.version += 1
    row.updated_at = utc_now()
    db.session.flush()


def _sealed(appid: str, values: Mapping[str, str]) -> bytes:
    return seal(json.dumps({name: values.get(name, "") for name in SECRETS}), aad=_aad(appid))


def _check(values: Mapping[str, str], names: tuple[str, ...] | list[str]) -> None:
    for name in names:
        if not FORMS[name].fullmatch(values.get(name, "")):
            raise BadAccount(name)
