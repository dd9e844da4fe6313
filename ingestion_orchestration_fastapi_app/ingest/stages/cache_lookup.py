"""From read files to those that must be decoded: what the cache knows of needs no inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.files.artefacts import stored as stored_artefact
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.library.new_points import point_of
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    ReadFile,
    Receive,
    Result,
    Send,
    forgotten,
    stored,
)
from ingestion_orchestration_fastapi_app.ingest.lookups.cached_content import (
    cached_content,
    needs_no_caption,
)
from ingestion_orchestration_fastapi_app.resources.grouping import grouped

GROUP = 64  # files whose bytes are held while the cache is asked: kept small
LINGER_S = 0.05


async def cache_lookup(
    job: JobContext, files: Receive[ReadFile], out: Send[ReadFile], results: Send[Result]
) -> None:
    """Asks the cache in groups. Copies of what is in flight wait for it."""
    async with files, out, results:
        async for met in grouped(files, most=GROUP, linger_s=LINGER_S, more=_more(job)):
            group = await _remembered(job, met, results)
            fresh = [file for file in group if not await _waits(job, file)]
            known = await cached_content(job, fresh)
            hits: list[Result] = []
            misses: list[ReadFile] = []
            copies: list[ReadFile] = []
            for file in fresh:  # no await inside: of two copies in one group one is the owner
                sha256 = file.content.picture_key
                vector, picture = known.vectors.get(sha256), known.pictures.get(sha256)
                caption = known.captions.get(sha256)
                if caption is None and not needs_no_caption(job, file):
                    vector = None  # one request makes both
                if vector is not None and picture is not None:
                    hits.append(_hit(job, file.without_bytes(), picture, vector, caption))
                elif sha256 in job.deduplicator:
                    copies.append(file)
                else:
                    job.deduplicator.own(sha256)
                    misses.append(replace(file, vector=vector, caption=caption))
            for copy in copies:
                attached = await _attached(job, copy)
                assert attached, "what was not sent on cannot have ended"
            for hit in hits:
                job.crash_suspects.decoded(hit.file_outcome.point_id)
                await results.send(hit)
                job.crash_suspects.release(hit.file_outcome.point_id)
            for miss in misses:
                await out.send(miss)


async def _remembered(
    job: JobContext, group: list[ReadFile], results: Send[Result]
) -> list[ReadFile]:
    """Without those whose content is forgotten: they end here."""
    hashes = list({file.content.sha256 for file in group})
    gone = await job.ports.ledger.forgotten.among(job.collection_id, hashes)
    for file in group:
        if file.content.sha256 in gone:
            job.crash_suspects.decoded(file.point_id)
            await results.send(forgotten(file.without_bytes()))
            job.crash_suspects.release(file.point_id)
    return [file for file in group if file.content.sha256 not in gone]


def _more(job: JobContext) -> Callable[[], bool]:
    """Nothing joins a file that is tried alone."""
    return lambda: not job.crash_suspects.has_isolated_file


def _hit(
    job: JobContext, file: ReadFile, picture: Picture, vector: Vector, caption: str | None
) -> Result:
    """Cached; or embedded by this very job, which was cut off before it could say so."""
    made = caption_artefact(job, caption)
    result = cached(job, file, picture, vector, caption=caption, artefact=made)
    outcome = job.intended.get(file.point_id, Outcome.CACHED)
    return replace(result, file_outcome=replace(result.file_outcome, outcome=outcome))


async def _waits(job: JobContext, file: ReadFile) -> bool:
    return file.content.picture_key in job.deduplicator and await _attached(job, file)


async def _attached(job: JobContext, copy: ReadFile) -> bool:
    attached = await job.deduplicator.attach(copy)
    if attached:
        job.crash_suspects.release(copy.point_id)
    return attached


def caption_artefact(job: JobContext, caption: str | None) -> Artefact | None:
    """Of what the cache has."""
    model = job.caption_fingerprint
    return None if caption is None or model is None else stored_artefact(Kind.CAPTION, model)


def cached(
    job: JobContext,
    file: ReadFile,
    picture: Picture,
    vector: Vector,
    *,
    caption: str | None,
    artefact: Artefact | None,
) -> Result:
    """The end of a file whose content was embedded before, or as another file."""
    point = point_of(
        file.content,
        picture,
        vector,
        point_id=file.point_id,
        caption=caption,
        fingerprint=job.fingerprint,
        job_id=job.job_id,
    )
    return stored(file, point, picture, Outcome.CACHED, caption=artefact)
