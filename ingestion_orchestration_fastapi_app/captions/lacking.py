"""The first stage: images that lack a caption, page by page, as the ledger has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from anyio.streams.memory import MemoryObjectSendStream

from ingestion_orchestration_fastapi_app.captions.account import AWAY, KNOWN
from ingestion_orchestration_fastapi_app.captions.context import CaptionContext
from ingestion_orchestration_fastapi_app.captions.items import Result, ToLoad
from ingestion_orchestration_fastapi_app.domain.captions.records import LackingImage
from ingestion_orchestration_fastapi_app.domain.files.change_detection import counts
from ingestion_orchestration_fastapi_app.domain.library.point import Point

PAGE = 256


async def lacking(
    job: CaptionContext,
    out: MemoryObjectSendStream[ToLoad],
    results: MemoryObjectSendStream[Result],
) -> None:
    """What is imported meanwhile comes last. Copies of one picture come together, page by page."""
    async with out, results:
        after = 0
        while page := await _page(job, after):
            after = page[-1].row
            own = [one for one in page if _is_of_this_job(job, one)]
            job.account.without += len(own)  # they are counted as failed already
            others = [one for one in page if one not in own]
            wanted = [one.point_id for one in others if not _is_known(job, one)]
            job.account.pass_over(len(others) - len(wanted), KNOWN)
            if not wanted:
                continue
            points = await _points(job, wanted)
            job.account.pass_over(len(wanted) - len(points), AWAY)
            by_picture: defaultdict[bytes, list[Point]] = defaultdict(list)
            for point in points:
                by_picture[point.picture_key].append(point)
            cache = job.ports.cache
            cached = await cache.captions(job.captioner.fingerprint, list(by_picture))
            for key, alike in by_picture.items():
                if (caption := cached.get(key)) is not None:
                    await results.send(Result(alike, caption))
                else:
                    await out.send(ToLoad(alike))


async def _page(job: CaptionContext, after: int) -> list[LackingImage]:
    with job.progress.busy("look"):
        collection = await job.collections.by_id(job.collection_id)
        wanted = job.wanted(collection)
        captions = job.ports.ledger.captions
        return await captions.lacking(collection.id, wanted, after=after, limit=PAGE)


async def _points(job: CaptionContext, wanted: Sequence[UUID]) -> list[Point]:
    collection = await job.collections.by_id(job.collection_id)
    return await job.ports.store.get(collection.bound().table, wanted)


def _is_of_this_job(job: CaptionContext, one: LackingImage) -> bool:
    """Whether this very job found no words for it, before it was cut off."""
    verdict, began = one.verdict, job.began
    if verdict is None or not verdict.is_verdict or began is None:
        return False
    return verdict.updated_at is not None and verdict.updated_at >= began


def _is_known(job: CaptionContext, one: LackingImage) -> bool:
    """Whether what the captioner said of it before still counts."""
    verdict = one.verdict
    if verdict is None or not verdict.is_verdict:
        return False
    return not job.options.retry and counts(verdict, job.readers)
