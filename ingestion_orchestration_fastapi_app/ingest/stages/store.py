"""From ends to durable ends: intents, vectors, words, cache, ledger, in this order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.files.change_detection import is_as_stored
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.errors import RowsRefused
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    failed_after_read,
    unstored,
    unstored_as_excluded,
    unstored_as_forgotten,
)
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import cached
from ingestion_orchestration_fastapi_app.ingest.stages.kept_captions import with_kept_captions
from ingestion_orchestration_fastapi_app.ingest.stages.known_files import of_known_files
from ingestion_orchestration_fastapi_app.resources.grouping import grouped
from utils.contract import ErrorCode
from utils.problems import Rejected


async def store(job: JobContext, results: Receive[Result]) -> None:
    """The collection's one writer. A crash between any two steps loses and doubles nothing."""
    concurrency = job.concurrency
    async with results:
        async for group in grouped(
            results, most=concurrency.store_rows, linger_s=concurrency.store_linger_s
        ):
            remaining = group
            while remaining:
                remaining = await _complete(job, remaining)
            await run_maintenance(job)


async def _complete(job: JobContext, group: list[Result]) -> list[Result]:
    """Makes a group durable, with the copies that waited for it.

    Returns copies that came while it was being written.
    """
    copies = [copy for end in group for copy in _copies(job, end)]
    results = list({end.file_outcome.key: end for end in group + copies}.values())
    with job.progress.busy("store"):
        written = await job.until_stored(partial(_write, job, results))
    for end in written:
        job.progress.ended(end.file_outcome.outcome, end.file_outcome.code)
        if end.point is not None:
            job.progress.stored(end.point.pixel_source)
    for end in group + copies:
        if end.lease is not None:
            end.lease.release()
    job.progress.settled(len(results), opened=True)
    late: list[Result] = []
    for end in group:
        if end.owned_sha256 is not None and not job.deduplicator.release(end.owned_sha256):
            late += _copies(job, end)
            job.deduplicator.release(
                end.owned_sha256
            )  # nothing waits now, and the cache can answer
    return late


def _copies(job: JobContext, end: Result) -> list[Result]:
    if end.owned_sha256 is None:
        return []
    file_outcome = end.file_outcome
    copies = job.deduplicator.take_copies(end.owned_sha256)
    if end.point is not None and end.picture is not None:
        point, picture = end.point, end.picture
        said = _caption_of(end)
        return [
            cached(job, copy, picture, point.vector, caption=point.caption, artefact=said)
            for copy in copies
        ]
    assert file_outcome.code is not None
    fault = Rejected(file_outcome.code, file_outcome.detail or "")
    return [failed_after_read(copy, fault, model=job.fingerprint) for copy in copies]


async def _write(job: JobContext, results: list[Result]) -> list[Result]:
    """As they were settled: a point that the store cannot hold fails alone."""
    while True:
        try:
            return await _write_all(job, results)
        except RowsRefused as exc:
            results = [_refused(job, end, exc.why) for end in results]


async def _without_forgotten(job: JobContext, results: list[Result]) -> list[Result]:
    """Of those that are on their way, somebody may have removed some since they were read."""
    hashes = {end.file_outcome.sha256 for end in results if end.point is not None}
    known = [sha256 for sha256 in hashes if sha256 is not None]
    gone = await job.ports.ledger.forgotten.among(job.collection_id, known)
    return [
        unstored_as_forgotten(end) if end.point and end.file_outcome.sha256 in gone else end
        for end in results
    ]


async def _without_excluded(job: JobContext, results: list[Result]) -> list[Result]:
    """Likewise, by folder."""
    now = await job.ports.ledger.collections.find_by_id(job.collection_id)
    if now is None or not now.excluded:
        return results
    folders = now.excluded
    return [
        unstored_as_excluded(end)
        if end.point and any(is_within(end.point.path, one) for one in folders)
        else end
        for end in results
    ]


def _refused(job: JobContext, end: Result, why: Mapping[UUID, str]) -> Result:
    if end.point is None or end.point.id not in why:
        return end
    fault = Rejected(ErrorCode.STORE_ROW, why[end.point.id])
    return unstored(end, fault, model=job.fingerprint)


async def _write_all(job: JobContext, results: list[Result]) -> list[Result]:
    """Safe to repeat: what an earlier try may have written is merged. Returns what was written."""
    ledger = job.ports.ledger
    async with job.writer:
        await job.check_generation()
        results = await _without_forgotten(job, results)
        results = await _without_excluded(job, results)
        if job.vectors_alone:
            results = await of_known_files(job, results)
        else:
            results = await with_kept_captions(job, results)
        synced = await _write_points(job, results)
        await ledger.files.complete(
            job.job_id,
            job.collection_id,
            [_catalogued(end) for end in results],
            synced=synced,
            progress=job.progress.saved(),
            reader_version=job.ports.preparation.reader_version,
        )
    return results


def _catalogued(end: Result) -> FileOutcome:
    placeholder = None if end.picture is None else end.picture.placeholder
    return replace(end.file_outcome, catalogued=end.point, placeholder=placeholder)


async def _write_points(job: JobContext, results: list[Result]) -> SyncedVersion | None:
    """All but the ends of files."""
    ledger, store = job.ports.ledger, job.ports.store
    points = [end.point for end in results if end.point is not None]
    if not points:
        return None
    synced: SyncedVersion | None = None
    ids = [point.id for point in points]
    rows = await _rows(job, results)
    may_exist = await ledger.artefacts.maybe_written(job.generation.id, ids)
    outcomes = {end.point.id: end.file_outcome.outcome for end in results if end.point}
    await ledger.artefacts.begin_write(job.job_id, job.generation.id, outcomes)
    undisturbed = job.words.undisturbed(job.collection)
    if rows:
        version = await store.write(job.generation.table, rows, may_exist=may_exist)
        synced = SyncedVersion(job.generation.id, version)
    spoken = [end for end in results if not end.keeps_words]
    if said := [end.point for end in spoken if end.point is not None]:
        await job.words.write(
            job.collection,
            said,
            _captions(spoken),
            may_exist=may_exist,
            undisturbed=undisturbed,
        )
    await _fill_cache(job, results)
    return synced


async def _rows(job: JobContext, results: list[Result]) -> list[Point]:
    """Those that differ from what is stored. A row that changes leaves every index of its table: a
    caption, which is a word, changes none.
    """
    alike = [end.point.id for end in results if end.point is not None and _is_as_stored(job, end)]
    there: set[UUID] = set()
    if alike:  # before this write is begun: then the ledger is sure of none
        there = await job.ports.ledger.artefacts.surely_stored(job.generation.id, alike)
    points = [end.point for end in results if end.point is not None]
    return [replace(point, caption=None) for point in points if point.id not in there]


def _is_as_stored(job: JobContext, end: Result) -> bool:
    if end.record is None or job.options.force:
        return False
    outcome = end.file_outcome
    return is_as_stored(
        end.record, outcome.stat, outcome.sha256, model=job.fingerprint, readers=job.readers
    )


def _captions(results: list[Result]) -> dict[UUID, Caption]:
    captions = {}
    for end in results:
        said = _caption_of(end)
        if end.point is not None and end.point.caption is not None:
            captions[end.point.id] = Caption(
                end.point.caption, None if said is None else said.model
            )
    return captions


def _caption_of(end: Result) -> Artefact | None:
    return next((one for one in end.file_outcome.artefacts if one.kind is Kind.CAPTION), None)


async def _fill_cache(job: JobContext, results: list[Result]) -> None:
    """New vectors, pictures and captions, for copies and moved files to come."""
    vectors: dict[VectorKey, Vector] = {}
    pictures = {}
    captions: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
    for end in results:
        if end.owned_sha256 is None or end.point is None or end.picture is None:
            continue
        if end.is_new_vector:
            vectors[job.vector_key(end.owned_sha256)] = end.point.vector
        if end.is_new_picture:
            pictures[end.owned_sha256] = end.picture
        if end.caption_fingerprint is not None and end.point.caption is not None:
            captions[end.caption_fingerprint][end.owned_sha256] = end.point.caption
    for fingerprint, said in captions.items():
        await job.ports.cache.put_captions(fingerprint, said)
    # Vectors last: a crash in between leaves contents that will be embedded, and counted, again.
    if pictures:
        await job.ports.cache.put_pictures(job.ports.preparation.picture_version, pictures)
    if vectors:
        await job.ports.cache.put_vectors(vectors)


async def run_maintenance(job: JobContext) -> None:
    """What the table needs now and then, between its writes."""
    with job.progress.busy("upkeep"):
        # An index is built beside the job: `job.words.upkeep` asks for it.
        upkeep = partial(job.ports.store.upkeep, job.generation.table, indexing=False)
        version = await job.until_stored(upkeep)
        if version is not None:
            put = job.ports.ledger.generations.set_synced_version
            # The writer is not held: what another has written meanwhile is newer.
            await job.until_stored(partial(put, job.generation.id, version, only_newer=True))
        await job.until_stored(partial(job.words.upkeep, job.collection))
