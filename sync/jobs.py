"""What workers and the scheduler do with order sources."""

from __future__ import annotations

from datetime import datetime

from core.tasks import Run, external_task, periodic
from core.work import transact
from sync import queries, service
from sync.pull import pull

EVERY_S = 60


@periodic("sync.pull_all", every=EVERY_S)
def pull_all(period: str) -> None:
    """Once a minute: have every enabled source read."""
    for source_id in queries.enabled_ids():
        service.ask_for_pull(source_id, key=f"sync.pull:{source_id}:{period}")


@external_task("sync.pull")
def pull_source(run: Run) -> None:
    """Read one source up to now. What a failing feed says is kept with the source; the next minute tries again.

    While a long reading goes on, more are asked for: those that it answers as well have nothing left to do.
    """
    source_id, asked_at = int(run.body["source_id"]), run.body.get("asked_at")
    if asked_at and transact(lambda: queries.is_read_up_to(source_id, datetime.fromisoformat(asked_at))):
        return
    pull(source_id, keep=run.keep)
