"""What workers and the scheduler do with order sources."""

from __future__ import annotations

from core.tasks import Run, external_task, periodic
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
    """Read one source up to now. What a failing feed says is kept with the source; the next minute tries again."""
    pull(int(run.body["source_id"]))
