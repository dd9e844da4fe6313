"""From ends to durable ends: intents, vector store, cache, ledger, in this order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.errors import RowsRefused
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.grouping import grouped
from ingestion_orchestration_fastapi_app.ingest.items import Finished, Receive, spoilt, unstored
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import cached
from utils.contract import ErrorCode
from utils.problems import Rejected


async def store(job: JobContext, ends: Receive[Finished]) -> None:
    """The collection's one writer. A crash between any two steps loses and doubles nothing."""
    widths = job.widths
    async with ends:
        async for group in grouped(ends, most=widths.store_rows, linger_s=widths.store_linger_s):
            remaining = group
            while remaining:
                remaining = await _settle(job, remaining)
            await keep_up(job)


async def _settle(job: JobContext, group: list[Finished]) -> list[Finished]:
    """Makes a group durable, with the copies that waited for it.

    Returns copies that came while it was being written.
    """
    copies = [copy for end in group for copy in _copies(job, end)]
    ends = list({end.settlement.key: end for end in group + copies}.values())
    with job.tally.busy("store"):
        written = await job.until_stored(partial(_write, job, ends))
    for end in written:
        if end.point is not None:
            job.tally.stored(end.point.rung)
    for end in group + copies:
        if end.lease is not None:
            end.lease.release()
    job.tally.settled(len(ends), opened=True)
    late: list[Finished] = []
    for end in group:
        if end.claim is not None and not job.in_flight.end(end.claim):
            late += _copies(job, end)
            job.in_flight.end(end.claim)  # nothing waits now, and the cache can answer
    return late


def _copies(job: JobContext, end: Finished) -> list[Finished]:
    if end.claim is None:
        return []
    settlement = end.settlement
    copies = job.in_flight.take(end.claim)
    if end.point is not None and end.picture is not None:
        point, picture = end.point, end.picture
        return [cached(job, copy, picture, point.vector, caption=point.caption) for copy in copies]
    assert settlement.code is not None
    fault = Rejected(settlement.code, settlement.detail or "")
    return [spoilt(copy, fault) for copy in copies]


async def _write(job: JobContext, ends: list[Finished]) -> list[Finished]:
    """As they were settled: a point that the store cannot hold fails alone."""
    while True:
        try:
            await _write_all(job, ends)
        except RowsRefused as exc:
            ends = [_refused(end, exc.why) for end in ends]
        else:
            return ends


def _refused(end: Finished, why: Mapping[UUID, str]) -> Finished:
    if end.point is None or end.point.id not in why:
        return end
    return unstored(end, Rejected(ErrorCode.STORE_ROW, why[end.point.id]))


async def _write_all(job: JobContext, ends: list[Finished]) -> None:
    """Safe to repeat: what an earlier try may have written is merged."""
    ledger, store = job.ports.ledger, job.ports.store
    points = [end.point for end in ends if end.point is not None]
    version: int | None = None
    if points:
        ids = [point.id for point in points]
        may_exist = await ledger.may_exist(job.collection_id, ids)
        outcomes = {end.point.id: end.settlement.outcome for end in ends if end.point}
        await ledger.intend(job.job_id, job.collection_id, outcomes)
        version = await store.write(job.collection, points, may_exist=may_exist)
        await _remember(job, ends)
    await ledger.settle(
        job.job_id,
        job.collection_id,
        [end.settlement for end in ends],
        synced_version=version,
        progress=job.tally.progress(),
    )


async def _remember(job: JobContext, ends: list[Finished]) -> None:
    """New vectors, pictures and captions, for copies and moved files to come."""
    vectors: dict[VectorKey, Vector] = {}
    pictures = {}
    captions: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
    for end in ends:
        if end.claim is None or end.point is None or end.picture is None:
            continue
        if end.is_new_vector:
            vectors[job.vector_key(end.claim)] = end.point.vector
        if end.is_new_picture:
            pictures[end.claim] = end.picture
        if end.caption_fingerprint is not None and end.point.caption is not None:
            captions[end.caption_fingerprint][end.claim] = end.point.caption
    for fingerprint, said in captions.items():
        await job.ports.cache.put_captions(fingerprint, said)
    # Vectors last: a crash in between leaves contents that will be embedded, and counted, again.
    if pictures:
        await job.ports.cache.put_pictures(job.ports.preparation.version, pictures)
    if vectors:
        await job.ports.cache.put_vectors(vectors)


async def keep_up(job: JobContext) -> None:
    """What the table needs now and then, between its writes."""
    with job.tally.busy("upkeep"):
        version = await job.until_stored(partial(job.ports.store.upkeep, job.collection))
        if version is not None:
            write = partial(job.ports.ledger.set_synced_version, job.collection_id, version)
            await job.until_stored(write)
