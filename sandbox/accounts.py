"""The accounts of this WeChat: those of the start, and those that were added while it ran."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import Any

from sandbox.config import HOME, Account, Config, ConfigError, checked
from sandbox.errors import ControlError
from sandbox.store import Store, dump

SECRETS = frozenset({"secret", "token", "aes_key", "next_token", "next_aes_key"})
LISTS = ("pages", "link_prefixes")
NEEDED = ("appid", "secret", "token", "aes_key", "callback_url")
MINI = frozenset({"mini"})
OFFICIAL = frozenset({"service", "subscription"})
EVERY = MINI | OFFICIAL
# Longest first: who may make the calls below a path.
REACH = (
    ("/cgi-bin/message/subscribe/", MINI),
    ("/cgi-bin/message/", OFFICIAL),
    ("/cgi-bin/wxaapp/", MINI),
    ("/cgi-bin/qrcode/", OFFICIAL),
    ("/cgi-bin/template/", OFFICIAL),
    ("/cgi-bin/tags/", OFFICIAL),
    ("/cgi-bin/user/", OFFICIAL),
    ("/cgi-bin/menu/", OFFICIAL),
    ("/cgi-bin/get_current_selfmenu_info", OFFICIAL),
    ("/card/", OFFICIAL),
    ("/intp/marketcode/", OFFICIAL),
    ("/wxa/sec/queryblocktmplmsg", OFFICIAL),
    ("/wxa/", MINI),
)
# What exists once in this simulation and belongs to the account it was started for.
HOME_ONLY = (
    "/card/", "/cgi-bin/menu/", "/cgi-bin/get_current_selfmenu_info", "/intp/marketcode/",
)  # fmt: skip


def may_call(account: Account, path: str) -> bool:
    """Whether a token of this account opens `path`; WeChat says 48001 where it does not."""
    if account.owner != HOME and path.startswith(HOME_ONLY):
        return False
    return account.kind in next((kinds for prefix, kinds in REACH if path.startswith(prefix)), EVERY)


def shown(account: Account) -> dict[str, Any]:
    """As the control API shows it: without secrets."""
    body = {key: value for key, value in asdict(account).items() if key not in SECRETS and key != "owner"}
    return body | {
        "home": account.owner == HOME,
        "second_keys": bool(account.next_token or account.next_aes_key),
    }


def _read(body: dict[str, Any]) -> Account:
    known = {field.name for field in fields(Account)}
    kept = {key: value for key, value in body.items() if key in known}
    return Account(**(kept | {name: tuple(kept.get(name) or ()) for name in LISTS}))


class Accounts:
    """The register, kept in the store; what the start said about its own accounts wins over what was kept."""

    def __init__(self, store: Store, config: Config) -> None:
        """Enter the accounts of `config`."""
        self._store = store
        self._config = config
        self.enter_own()

    def enter_own(self) -> None:
        """Write the accounts of the start into the register."""
        with self._store.transaction():
            self._store.run("DELETE FROM accounts WHERE owner = ?", HOME)
            for account in (self._config.account, self._config.mini):
                if account is not None:
                    self.keep(account)

    def keep(self, account: Account) -> None:
        """Enter or overwrite one account."""
        self._store.run(
            "INSERT INTO accounts (appid, owner, kind, body) VALUES (?, ?, ?, ?) ON CONFLICT (appid)"
            " DO UPDATE SET owner = excluded.owner, kind = excluded.kind, body = excluded.body",
            account.appid, account.owner, account.kind, dump(asdict(account)),
        )  # fmt: skip

    def every(self) -> list[Account]:
        """All accounts, the home account first."""
        rows = self._store.rows("SELECT body FROM accounts ORDER BY owner <> '', rowid")
        return [_read(json.loads(row["body"])) for row in rows]

    def find(self, appid: str) -> Account | None:
        """The account with this appid."""
        row = self._store.row("SELECT body FROM accounts WHERE appid = ?", appid)
        return _read(json.loads(row["body"])) if row else None

    def get(self, appid: str) -> Account:
        """The account with this appid, the home account for ""; raises ControlError 404."""
        found = self.find(appid or self._config.account.appid)
        if found is None:
            raise ControlError(404, "unknown_account", "没有这个账号")
        return found

    def of_owner(self, owner: str) -> Account:
        """The account whose things are kept under `owner`."""
        return self.get(owner)

    @property
    def home(self) -> Account:
        """The account this simulation was started for."""
        return self.get("")

    def mini(self, appid: str = "") -> Account:
        """One mini-program, the first without an appid; raises ControlError 404."""
        minis = [account for account in self.every() if account.kind == "mini"]
        found = next((account for account in minis if appid in {"", account.appid}), None)
        if found is None:
            raise ControlError(404, "no_mini", "没有小程序账号")
        return found

    def change(self, appid: str, given: dict[str, Any]) -> Account:
        """Add an account or change some of its fields; raises ControlError 400 naming what is wrong."""
        before = self.find(appid)
        known = {field.name for field in fields(Account)} - {"owner"}
        if set(given) - known or given.get("appid", appid) != appid:
            raise ControlError(400, "unknown_field", "账号没有这样的字段")
        if before is None and not all(given.get(name) for name in NEEDED):
            raise ControlError(400, "missing_field", "请给出 appid、secret、token、aes_key 和 callback_url")
        lists = {name: tuple(str(word) for word in given[name]) for name in LISTS if given.get(name)}
        try:
            account = checked(replace(before, **given | lists) if before else _new(given | lists))
            _second_key(account)
            self.keep(account)
        except (ConfigError, TypeError) as error:
            raise ControlError(400, "bad_account", str(error)) from None
        return account

    def switch(self, appid: str) -> Account:
        """Put the second token and key in place of the first; the first pair becomes the second."""
        account = self.get(appid)
        if not (account.next_token or account.next_aes_key):
            raise ControlError(409, "no_second_keys", "这个账号还没有第二套密钥")
        switched = replace(
            account,
            token=account.next_token or account.token,
            aes_key=account.next_aes_key or account.aes_key,
            next_token=account.token,
            next_aes_key=account.aes_key,
        )
        self.keep(switched)
        return switched


def _second_key(account: Account) -> None:
    """Refuse a second key that could not take the first one's place."""
    if account.next_aes_key:
        checked(replace(account, aes_key=account.next_aes_key), lambda _: "next_aes_key")


def _new(given: dict[str, Any]) -> Account:
    appid = str(given["appid"])
    usual: dict[str, Any] = {
        "original_id": f"gh_{appid[-12:]}",
        "name": appid,
        "format": "json" if given.get("kind") == "mini" else "xml",
    }
    return Account(**(usual | given | {"owner": appid}))
