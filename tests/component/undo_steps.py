"""Words of the tests of undoing: an import that removes, its undoing, and what must agree then."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.jobs.undoing import UNDO
from ingestion_orchestration_fastapi_app.domain.trash.trashed import OfJob, TrashSize
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.verify.job import VERIFY
from tests.component.bench import Bench
from tests.fakes import FakeLibrary
from utils.contract import JobState

GONE = (b"one/001.jpg", b"one/003.jpg", b"two/000.jpg", b"two/002.jpg", b"two/004.jpg")


def take_away(library: FakeLibrary, *paths: bytes) -> dict[bytes, object]:
    """What is taken away may be put back as it was."""
    return {path: library.files.pop(path) for path in paths}


async def of_kind(
    bench: Bench, kind: str, options: dict[str, object], collections: Collections | None = None
) -> JobRecord:
    scheduler = bench.scheduler(collections)
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        collection = await bench.collection()
        request = scheduler.kinds.named(kind).request("default", options)
        record = await scheduler.submit(collection, request)
        ended = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    return ended


async def undone(bench: Bench, job: JobRecord, collections: Collections | None = None) -> JobRecord:
    return await of_kind(bench, UNDO, {"job_id": job.id}, collections)


def said_by(job: JobRecord) -> Report:
    return report_of(job.checkpoint.report)


def left_by(job: JobRecord) -> dict[str, int]:
    return {why: finding.count for why, finding in said_by(job).findings.items()}


async def in_trash(bench: Bench) -> TrashSize:
    return await bench.ledger.trash.size((await bench.collection()).id)


async def kept_of(bench: Bench, job: JobRecord) -> int:
    collection = await bench.collection()
    return len(await bench.ledger.trash.page(collection.id, OfJob(job.id), after=0, limit=999))


async def check_agreement(bench: Bench, expected: Counter[UUID], where: str = "") -> None:
    """Store, words, ledger and catalogue hold the same points, each once, and a check agrees."""
    assert await bench.rows() == expected, where
    await bench.check_vectors()
    collection = await bench.collection()
    ledger = bench.ledger
    assert await ledger.artefacts.count_stored(collection.bound().id) == len(expected), where
    ids = await ledger.catalogue.point_ids(collection.id, after=None, limit=9999)
    assert set(ids) == set(expected), where
    surely = await ledger.artefacts.surely_stored(collection.bound().id, list(expected))
    assert surely == set(expected), where
    collections = bench.collections()
    await collections.check_all()
    await bench.fill_words(collections)
    check = await of_kind(bench, VERIFY, {"mend": False}, collections)
    assert check.state is JobState.COMPLETED, where
    assert said_by(check).findings == {}, where


async def removed(bench: Bench) -> tuple[JobRecord, dict[bytes, object]]:
    away = take_away(bench.library, *GONE)
    job = await bench.job(sync=True)
    assert job.progress.removed == len(GONE)
    return job, away


def put_back(bench: Bench, away: dict[bytes, object]) -> None:
    bench.library.files |= away  # type: ignore[arg-type]  # as they were taken
