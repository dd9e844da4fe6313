"""How points leave a collection: out of all its tables, by steps that a crash may fall between."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    SyncedVersion,
)
from ingestion_orchestration_fastapi_app.errors import StoreRead
from ingestion_orchestration_fastapi_app.library.trash.trash import Trash
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

log = structlog.get_logger(__name__)


async def remove_points(
    ledger: Ledger,
    store: VectorStore,
    words: CollectionWords,
    trash: Trash,
    collection: CollectionRecord,
    ids: Sequence[UUID],
    *,
    job_id: str | None = None,
) -> list[SyncedVersion]:
    """All steps but the last, for who holds the collection's writer: the ledger's transaction that
    says what became of the files, and is given what this returns. Safe to repeat. First they are
    kept for a while: `job_id` is of the job that removes them.

    They go out of all tables: who goes back to another generation is not to find them again. One
    that does not answer holds nobody up: its intents stay, and what is left goes before it is
    activated.
    """
    synced: list[SyncedVersion] = []
    now = await ledger.collections.find_by_id(collection.id)
    if now is not None:
        await trash.keep(now, ids, job_id=job_id)
    for one in () if now is None else now.generations:  # as they are by now
        await ledger.artefacts.begin_delete(one.id, ids)
        try:
            version = await store.delete(one.table, ids)
        except StoreRead as exc:
            if one.state is GenerationState.ACTIVE:
                raise
            log.warning("generation_left", table=one.table, error=exc.detail)
        else:
            synced.append(SyncedVersion(one.id, version))
    await words.delete(collection, ids)
    return synced
