"""The control API, the accounts: add one, change it, give it second keys and switch to them."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.accounts import shown
from sandbox.control import body
from sandbox.world import world

bp = Blueprint("control_accounts", __name__, url_prefix="/sandbox/api/accounts")


@bp.get("")
def list_accounts() -> ResponseReturnValue:
    """All accounts without their secrets, the home account first."""
    return jsonify([shown(account) for account in world().accounts.every()])


@bp.post("")
def add_account() -> ResponseReturnValue:
    """One more account: {appid, kind, secret, token, aes_key, callback_url, original_id?, mode?, format?, …}.

    The appid of an account that is there changes that account instead: saying the same twice is saying it once.
    """
    given = body()
    return jsonify(shown(world().accounts.change(str(given.get("appid") or ""), given))), 201


@bp.get("/<appid>")
def one_account(appid: str) -> ResponseReturnValue:
    """One account."""
    return jsonify(shown(world().accounts.get(appid)))


@bp.patch("/<appid>")
def change_account(appid: str) -> ResponseReturnValue:
    """Change fields of an account: another callback, mode or format, or second keys (next_token, next_aes_key)."""
    accounts = world().accounts
    return jsonify(shown(accounts.change(accounts.get(appid).appid, body())))


@bp.post("/<appid>/switch")
def switch_keys(appid: str) -> ResponseReturnValue:
    """The second token and key take the place of the first, which become the second: pushes use them from now on."""
    return jsonify(shown(world().accounts.switch(appid)))


@bp.post("/<appid>/verify")
def verify(appid: str) -> ResponseReturnValue:
    """Check an account's callback address as its console does."""
    here = world()
    return jsonify(ok=here.speaker(here.accounts.get(appid).owner).verify())
