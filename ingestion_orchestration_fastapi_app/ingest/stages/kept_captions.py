"""A file that is read again, and shows what it showed, keeps the caption that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, stored
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import Result


async def with_kept_captions(job: JobContext, results: Sequence[Result]) -> list[Result]:
    """For who holds the writer: no caption job writes meanwhile. What this job had captioned itself
    has its new caption.
    """
    points = {end.point.id: end.point for end in results if _may_keep(end) and end.point}
    if not points:
        return list(results)
    made = await job.ports.ledger.captions.described(job.collection_id, list(points))
    texts = await _texts(job, made, points) if made else {}
    return [_kept(end, made, texts) for end in results]


def _may_keep(end: Result) -> bool:
    record, outcome = end.record, end.file_outcome
    return (
        end.point is not None
        and end.point.caption is None
        and record is not None
        and record.stat is not None
        and record.sha256 == outcome.sha256
        and record.stat.sidecar_mark == outcome.stat.sidecar_mark
    )


async def _texts(
    job: JobContext, made: Mapping[UUID, CaptionOrigin], points: Mapping[UUID, Point]
) -> dict[UUID, str]:
    """Of the words, or of the cache where they do not answer."""
    words = await job.words.found(job.collection, list(made))
    texts: dict[UUID, str] = {}
    lacking: defaultdict[str, dict[UUID, bytes]] = defaultdict(dict)
    for one, origin in made.items():
        row = words.get(one)
        if row is not None and row.caption and row.caption_fingerprint == origin.fingerprint:
            texts[one] = row.caption
        else:
            lacking[origin.fingerprint][one] = points[one].picture_key
    for model, keys in lacking.items():
        cached = await job.ports.cache.captions(model, list(keys.values()))
        texts |= {one: cached[key] for one, key in keys.items() if key in cached}
    return texts


def _kept(end: Result, made: Mapping[UUID, CaptionOrigin], texts: Mapping[UUID, str]) -> Result:
    point = end.point
    if point is None or point.id not in texts or not _may_keep(end):
        return end
    caption = stored(Kind.CAPTION, made[point.id].fingerprint)
    outcome = replace(end.file_outcome, artefacts=(*end.file_outcome.artefacts, caption))
    return replace(
        end, point=replace(point, caption=texts[point.id]), file_outcome=outcome, keeps_words=False
    )
