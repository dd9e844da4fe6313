"""A collection and its generations as they are now, for those who ask."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.api.views import collection_reply
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite
from utils.contract import (
    CollectionDetail,
    CollectionReply,
    DiskUse,
    GenerationReply,
    IndexCounts,
    LastJob,
    TrashUse,
)


async def described(services: AppState, record: CollectionRecord) -> CollectionReply:
    """In short. One whose table cannot be read is described, too."""
    count: int | None = 0
    hidden = 0
    detail = services.collections.damaged.lost(record.id)
    if record.active is not None:
        try:
            async with services.collections.reading(record.name):
                shown = Filters(within=services.allowed.shown(record))
                count = await services.ports.store.count(record.active.table, shown)
                if record.hidden:
                    seen = replace(shown, outside=record.hidden)
                    others = await services.ports.store.count(record.active.table, seen)
                    hidden = max(0, count - others)  # an import may store between the two
        except StoreRead as exc:
            count, detail = None, exc.detail
    return collection_reply(
        record, count=count, hidden=hidden, detail=detail, watching=services.watching
    )


async def detailed(services: AppState, record: CollectionRecord) -> CollectionDetail:
    """All of it: also what takes a look at each of its tables."""
    short, active = await described(services, record), record.active
    replies = {one.id: await generation_reply(services, one, active) for one in record.generations}
    answers = None if active is None else replies.pop(active.id)
    return CollectionDetail(
        **dict(short),
        created_at=min((one.created_at for one in record.generations), default=None),
        generation=answers,
        other_generations=tuple(replies.values()),
        disk=await _disk_use(services, record),
        index=await _index_counts(services, active),
        trash=await _trash_use(services, record),
        last_job=await _last_job(services, record),
    )


async def generation_reply(
    services: AppState, generation: Generation, source: Generation | None
) -> GenerationReply:
    """`source`: the one whose images it may lack."""
    count: int | None = None
    with suppress(StoreRead, ValueError):  # its table is damaged, or not there
        count = await services.ports.store.count(generation.table)
    missing = 0
    if source is not None and source.id != generation.id:
        count_missing = services.ports.ledger.generations.count_missing
        missing = await count_missing(source.id, generation.id)
    return GenerationReply(
        id=generation.id,
        state=generation.state.value,
        model=generation.model,
        weights=generation.weights,
        dim=generation.dim,
        fingerprint=generation.fingerprint,
        count=count,
        missing=missing,
        created_at=generation.created_at,
        activated_at=generation.activated_at,
    )


async def _disk_use(services: AppState, record: CollectionRecord) -> DiskUse | None:
    store, words = services.ports.store, services.ports.words
    active, table = record.active, record.words_table
    try:
        sizes = {one.id: await store.disk_bytes(one.table) for one in record.generations}
        of_words = 0 if table is None else await words.disk_bytes(table)
    except (StoreRead, StoreWrite, ValueError):
        return None
    answers = 0 if active is None else sizes.pop(active.id)
    return DiskUse(vectors=answers, other_vectors=sum(sizes.values()), words=of_words)


async def _index_counts(services: AppState, active: Generation | None) -> IndexCounts | None:
    if active is None:
        return IndexCounts(indexed=0, unindexed=0)
    try:
        size = await services.ports.store.size(active.table)
    except (StoreRead, ValueError):
        return None
    return IndexCounts(indexed=size.points - size.unindexed_points, unindexed=size.unindexed_points)


async def _trash_use(services: AppState, record: CollectionRecord) -> TrashUse:
    size = await services.ports.ledger.trash.size(record.id)
    kept_for = timedelta(days=services.settings.trash_days)
    return TrashUse(
        points=size.points,
        bytes=size.size_bytes,
        expires_at=None if size.oldest_at is None else size.oldest_at + kept_for,
        last_expires_at=None if size.newest_at is None else size.newest_at + kept_for,
    )


async def _last_job(services: AppState, record: CollectionRecord) -> LastJob | None:
    job = None
    if record.last_job_id is not None:
        job = await services.ports.ledger.jobs.find(record.last_job_id)
    if job is None:
        return None
    live = services.scheduler.live_progress(job.id)
    return LastJob(
        job_id=job.id,
        kind=job.request.kind,
        state=job.state if live is None else live.state[0],
        finished_at=job.finished_at,
    )
