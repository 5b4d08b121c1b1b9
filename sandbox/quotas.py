"""How often each call may be made in a day (reference contract section 1.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.config import HOME
from sandbox.errors import WeChatError
from sandbox.store import Store

SHANGHAI = timedelta(hours=8)
CLEARS_A_MONTH = 10
DAILY = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/menu/addconditional": 2_000,
    "/cgi-bin/menu/delconditional": 2_000,
    "/cgi-bin/menu/trymatch": 20_000,
    "/cgi-bin/media/uploadimg": 5_000,
    "/cgi-bin/media/upload": 5_000,
    "/cgi-bin/media/get": 10_000,
    "/cgi-bin/message/mass/sendall": 100,
    "/cgi-bin/message/mass/send": 100,
    "/cgi-bin/message/mass/preview": 100,
    "/cgi-bin/user/info/updateremark": 10_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
    "/cgi-bin/user/info/batchget": 5_000_000,
    "wecom:contact_ways": 500_000,  # in all, not a day
    "wecom:temporary_contact_ways": 100_000,
    "/cgi-bin/message/subscribe/send": 10_000_000,
    "/wxa/generate_urllink": 500_000,
    "/wxa/generatescheme": 500_000,
}


def today() -> str:
    """The day that counts, as WeChat cuts it."""
    return (datetime.now(UTC) + SHANGHAI).strftime("%Y-%m-%d")


def _name(path: str, owner: str) -> str:
    """What a counter is kept under: the home account's bear the path alone."""
    return path if owner == HOME else f"{owner} {path}"


class Quotas:
    """Counts every account's calls by day; raises 45009 above the limit."""

    def __init__(self, store: Store) -> None:
        """Keep the counters in `store`."""
        self._store = store

    def count(self, path: str, owner: str = HOME) -> None:
        """Count one call of an account; raises WeChatError 45009 when the day's share is used up."""
        with self._store.transaction():
            self._store.run(
                "INSERT INTO quotas VALUES (?, ?, 1) ON CONFLICT (day, path) DO UPDATE SET used = used + 1",
                today(), _name(path, owner),
            )  # fmt: skip
            used = self.used_of(path, owner)
        limit = self.limit(path)
        if limit and used > limit:
            raise WeChatError(45009)

    def used_of(self, path: str, owner: str = HOME) -> int:
        """How often an account made this call today."""
        return self._store.number(
            "SELECT used FROM quotas WHERE day = ? AND path = ?", today(), _name(path, owner)
        )

    def clear_path(self, path: str, owner: str = HOME) -> None:
        """Start the counter of one call again."""
        self._store.run("DELETE FROM quotas WHERE day = ? AND path = ?", today(), _name(path, owner))

    def limit(self, path: str) -> int:
        """The daily share of a path; 0 where there is none."""
        own = self._store.row("SELECT daily FROM quota_limits WHERE path = ?", path)
        return int(own["daily"]) if own else DAILY.get(path, 0)

    def set_limit(self, path: str, daily: int) -> None:
        """Give one path another daily share."""
        self._store.run(
            "INSERT INTO quota_limits VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET daily = excluded.daily",
            path, daily,
        )  # fmt: skip

    def used(self, owner: str = HOME) -> dict[str, dict[str, int]]:
        """Today's counters of an account beside their limits."""
        rows = self._store.rows("SELECT path, used FROM quotas WHERE day = ? ORDER BY path", today())
        start = _name("", owner)
        own = [
            (row["path"].removeprefix(start), row["used"])
            for row in rows
            if row["path"].startswith(start) and (start or " " not in row["path"])
        ]
        return {path: {"used": used, "limit": self.limit(path)} for path, used in own}

    def clear(self, owner: str = HOME) -> None:
        """What `clear_quota` does: start again, at most ten times a month."""
        month = f"clears:{today()[:7]}{owner}"
        with self._store.transaction():
            done = int(self._store.get(month) or 0)
            if done >= CLEARS_A_MONTH:
                raise WeChatError(48006)
            self._store.put(month, str(done + 1))
            for path in self.used(owner):
                self.clear_path(path, owner)
