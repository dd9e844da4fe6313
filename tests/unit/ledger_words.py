"""Words of the ledger's tests: files, their starts and ends, a running job, either ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    FileStat,
    Outcome,
    Root,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import point_id, root_at
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FileStart
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation, NewGeneration
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.memory_ledger import memory_ledger
from utils.contract import ErrorCode, JobCounts, JobState
from utils.problems import Rejected

ROOT = root_at(b"/photos")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
STAT = FileStat(size_bytes=10, mtime_ns=20, ctime_ns=30)
SHA = bytes(range(32))
MODEL = NewGeneration("default", "m", "w", 512, "fp")


@asynccontextmanager
async def a_ledger(kind: str, folder: Path) -> AsyncIterator[Ledger]:
    """The real one or its twin, with a clock that stands still."""
    if kind == "memory":
        yield memory_ledger(clock=lambda: NOW)
    else:
        async with open_ledger(folder / "ledger.sqlite3", clock=lambda: NOW) as opened:
            yield opened


def key(name: bytes, root: Root = ROOT) -> FileKey:
    return FileKey(root.id, name)


def intents(*names: bytes) -> dict[UUID, Outcome]:
    return {pid(name): Outcome.EMBEDDED for name in names}


def pid(name: bytes) -> UUID:
    return point_id("default", ROOT.id, name)


def file_start(name: bytes, outcome: Outcome = Outcome.PENDING) -> FileStart:
    code = ErrorCode.DECODING_IMAGE if outcome is Outcome.FAILED else None
    shown = "/photos/" + name.decode("utf-8", "backslashreplace")
    return FileStart(key(name), pid(name), outcome, shown, code, code and "as before")


def stored(name: bytes, outcome: Outcome = Outcome.EMBEDDED) -> FileOutcome:
    return FileOutcome(
        key=key(name),
        point_id=pid(name),
        display_path="/photos/" + name.decode("utf-8", "backslashreplace"),
        outcome=outcome,
        stat=STAT,
        mtime_trusted=True,
        sha256=SHA,
        artefacts=(artefacts.stored(Kind.VECTOR, "fp"),),
    )


def failed(name: bytes, code: ErrorCode = ErrorCode.DECODING_IMAGE) -> FileOutcome:
    refused = artefacts.failed(Rejected(code, "broken"), model="fp")
    return replace(stored(name, Outcome.FAILED), artefacts=(refused,))


def skipped(name: bytes) -> FileOutcome:
    is_text = artefacts.skipped("a text")
    return replace(stored(name, Outcome.SKIPPED), sha256=None, artefacts=(is_text,))


def known_of(record: FileRecord) -> dict[tuple[str, str], str]:
    """The states of what was made of it, by kind and model."""
    return {(one.kind, one.model): one.state for one in record.artefacts}


async def running(ledger: Ledger, job_id: str = "job-1") -> CollectionRecord:
    """A collection with a root, a generation and a running job."""
    found = await ledger.collections.find("default") or await ledger.collections.create(
        "default", identity="default"
    )
    await ledger.roots.add(found.id, ROOT)
    await ledger.jobs.create(job_id, found.id, import_request("default", ROOT.path))
    await ledger.jobs.move(job_id, JobState.RUNNING)
    await bound(ledger, found)
    return await ledger.collections.find("default") or found


async def bound(
    ledger: Ledger, collection: CollectionRecord, *, synced_version: int = 1
) -> Generation:
    await ledger.generations.bind(collection.id, MODEL, synced_version=synced_version)
    found = await ledger.collections.find(collection.name)
    assert found is not None
    return found.bound()


async def complete(
    ledger: Ledger, collection: CollectionRecord, *outcomes: FileOutcome, job_id: str = "job-1"
) -> None:
    await ledger.files.complete(
        job_id,
        collection.id,
        outcomes,
        synced=None,
        reader_version="readers-1",
        progress=SavedProgress(),
    )


async def counts(ledger: Ledger, job_id: str = "job-1") -> JobCounts:
    job = await ledger.jobs.find(job_id)
    assert job is not None
    return job.counts


async def in_groups(*groups: Sequence[UUID]) -> AsyncIterator[Sequence[UUID]]:
    for group in groups:
        yield group
