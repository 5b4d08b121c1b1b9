"""What workers and the scheduler do with order sources."""

from __future__ import annotations

from datetime import datetime

from core.clock import utc_now
from core.tasks import Run, external_task, periodic
from core.work import transact
from sync import queries, service
from sync.pull import pull

EVERY_S = 60
# Then others have their turn, and a worker's own limits stay far (core.worker.LONGEST_DRAIN_S, the doorbell's).
LONGEST_RUN_S = 60.0


@periodic("sync.pull_all", every=EVERY_S)
def pull_all(period: str) -> None:
    """Once a minute: have every enabled source read."""
    for source_id in queries.enabled_ids():
        service.ask_for_pull(source_id, key=f"sync.pull:{source_id}:{period}")


@external_task("sync.pull")
def pull_source(run: Run) -> None:
    """Read one source up to now. What a failing feed says is kept with the source; the next minute tries again.

    A long reading is the work of many runs, each of which has the next one put down; those that are asked for
    meanwhile leave it to them, or find that it has answered them as well.
    """
    source_id, written = int(run.body["source_id"]), run.body.get("asked_at")
    asked_at = datetime.fromisoformat(written) if written else utc_now()
    if not transact(lambda: queries.is_read_up_to(source_id, asked_at)):
        pull(source_id, asked_at=asked_at, keep=run.keep, longest_s=LONGEST_RUN_S)
