"""The end of a removal that people asked for: what the ledger says from then on. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import artefact_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library import collection_rows
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.trash import trash_rows
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, without_point
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion

_OUT_OF_CATALOGUE = "DELETE FROM catalogue WHERE collection_id = ? AND point_id = ?"


def end(
    db: sqlite3.Connection,
    collection_id: int,
    point_ids: Sequence[UUID],
    verdicts: Mapping[int, Artefact | None],
    *,
    synced: Sequence[SyncedVersion],
) -> None:
    """`verdicts`: of the points' files, by row; None: what was known of the file itself stays."""
    known = artefact_rows.of_files(db, verdicts)
    changes = artefact_rows.Changes()
    for file_id, verdict in verdicts.items():
        before = known.get(file_id, [])
        changes.add(file_id, before, without_point(before, verdict))
    changes.write(db)
    trash_rows.end_removal(db, collection_id, point_ids, job_number=None)
    db.executemany(_OUT_OF_CATALOGUE, [(collection_id, one.bytes) for one in point_ids])
    for one in synced:
        artefact_rows.end_intents_of(db, one.generation_id, point_ids)
        collection_rows.set_synced_version(db, one)
