"""Groups that were found become those that are shown, in the ledger: whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ingestion_orchestration_fastapi_app.domain.duplicates.records import NewGroup
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope

MEMBERS_AT_ONCE = 2000  # in a transaction; a group is never cut
_GROUPS_DROPPED = 1000


async def show_groups(
    scope: JobScope, collection: CollectionRecord, *, images: int, groups: Sequence[NewGroup]
) -> None:
    """Each step is durable on return, and may be repeated as a whole after a crash."""
    kept = scope.ports.ledger.duplicate_groups
    begin = partial(kept.begin, collection.id, scope.job_id, images=images)
    with scope.progress.busy("store"):
        run_id = await scope.until_stored(begin)
        if run_id is not None:
            for some in _parts(groups):
                await scope.until_stored(partial(kept.add, run_id, some))
            await scope.until_stored(partial(kept.publish, run_id))
        drop = partial(kept.drop_replaced, collection.id, limit=_GROUPS_DROPPED)
        while await scope.until_stored(drop):
            pass


def _parts(groups: Sequence[NewGroup]) -> list[list[NewGroup]]:
    parts: list[list[NewGroup]] = []
    members = MEMBERS_AT_ONCE
    for one in groups:
        if members + len(one.members) > MEMBERS_AT_ONCE:
            parts.append([])
            members = 0
        parts[-1].append(one)
        members += len(one.members)
    return parts
