"""What the ledger's twin keeps of a collection, and what a settlement makes of a row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    Outcome,
    Verdict,
)
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord


@dataclass
class Row:
    point_id: UUID
    record: FileRecord


@dataclass
class ByteCache:
    """All of one collection."""

    record: CollectionRecord
    files: dict[FileKey, Row] = field(default_factory=dict)
    intents: dict[UUID, tuple[str, Outcome] | None] = field(default_factory=dict)
    doomed: set[UUID] = field(default_factory=set)  # intents to delete, among the others
    devices: dict[bytes, int] = field(default_factory=dict)
    known_before: dict[bytes, frozenset[FileKey]] = field(default_factory=dict)  # another device
    decode_starts: dict[UUID, DecodeStart] = field(default_factory=dict)


def judged(record: FileRecord, one: FileOutcome) -> FileRecord:
    is_stored = one.verdict is Verdict.STORED
    fingerprint = (one.stored_fingerprint if is_stored else None) or record.stored_fingerprint
    return replace(
        record,
        stat=one.stat,
        settled=one.settled,
        verdict=one.verdict,
        code=one.code,
        detail=one.detail,
        sha256=one.sha256,
        stored_fingerprint=fingerprint,
        stale=not is_stored and fingerprint is not None,
    )
