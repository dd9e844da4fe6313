"""The end of a removal that people asked for: what the twin says from then on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, without_point
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from tests.memory_ledger.state import Row, State


def end(
    state: State,
    collection_id: int,
    point_ids: Collection[UUID],
    verdict: Callable[[Row], Artefact | None],
    *,
    synced: Sequence[SyncedVersion],
) -> None:
    kept = state.collections[collection_id]
    for row in kept.files.values():
        if row.point_id in point_ids:
            left = without_point(row.record.artefacts, verdict(row))
            row.record = replace(row.record, artefacts=tuple(left))
    state.end_removal(collection_id, point_ids, job_id=None)
    for point_id in point_ids:
        kept.catalogue.pop(point_id, None)
        kept.doubted.discard(point_id)
    for one in synced:
        for point_id in point_ids:
            kept.intents.get(one.generation_id, {}).pop(point_id, None)
        state.set_synced(one)
