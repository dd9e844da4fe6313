"""The last stage: captions become durable in groups. Words, then the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from anyio.streams.memory import MemoryObjectReceiveStream

from ingestion_orchestration_fastapi_app.captions.context import CaptionContext
from ingestion_orchestration_fastapi_app.captions.items import Result
from ingestion_orchestration_fastapi_app.captions.pictures import Absent
from ingestion_orchestration_fastapi_app.domain.captions.records import MadeCaption
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.resources.grouping import grouped
from utils.problems import Rejected


async def store(job: CaptionContext, results: MemoryObjectReceiveStream[Result]) -> None:
    """After a crash between two steps the next run finds the captions in the cache."""
    concurrency = job.concurrency
    async with results:
        async for group in grouped(
            results, most=concurrency.store_rows, linger_s=concurrency.store_linger_s
        ):
            with job.progress.busy("store"):
                written = await job.scope.until_stored(partial(_write, job, group))
            for result in written:
                job.account.count(result)
            job.progress.done = job.account.done
            job.progress.settled(sum(len(one.points) for one in written), opened=True)
            collection = await job.collections.by_id(job.collection_id)
            with job.progress.busy("upkeep"):
                await job.scope.until_stored(partial(job.collections.words.upkeep, collection))


async def _write(job: CaptionContext, group: Sequence[Result]) -> list[Result]:
    """Safe to repeat. Returns what was written."""
    ledger, fingerprint = job.ports.ledger, job.captioner.fingerprint
    async with job.writer():
        collection = await job.collections.by_id(job.collection_id)
        current = await _current(job, collection.bound().table, group)
        said = {point.id: one.said for one in current for point in one.points}
        points = {point.id: point for one in current for point in one.points}
        captions = {
            one: Caption(text, fingerprint) for one, text in said.items() if isinstance(text, str)
        }
        made = [
            MadeCaption(one, _artefact(text, fingerprint))
            for one, text in said.items()
            if not isinstance(text, Absent)
        ]
        counted = job.account.with_counted(current)

        async def settle() -> None:
            await ledger.captions.complete(
                job.scope.job_id,
                collection.id,
                made,
                reader_version=job.ports.preparation.reader_version,
                checkpoint=counted.checkpoint(job.progress),
                progress=job.progress.saved(),
            )

        await job.captioning.write(collection, points, captions, settle=settle)
    return current


async def _current(job: CaptionContext, table: str, group: Sequence[Result]) -> list[Result]:
    """With the images that show what was looked at: imports and people may have changed some."""
    asked = [point.id for one in group for point in one.points]
    now = {point.id: point for point in await job.ports.store.get(table, asked)}

    def unchanged(was: Sequence[Point]) -> list[Point]:
        there = [(one, now[one.id]) for one in was if one.id in now]
        return [point for one, point in there if point.picture_key == one.picture_key]

    current = [replace(one, points=unchanged(one.points)) for one in group]
    return [one for one in current if one.points]


def _artefact(said: str | Rejected, fingerprint: str) -> Artefact:
    if isinstance(said, Rejected):
        return artefacts.caption_failed(said, model=fingerprint)
    return artefacts.stored(Kind.CAPTION, fingerprint)
