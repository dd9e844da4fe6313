"""known?: content whose artefacts exist already needs neither decoding nor inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.library.new_points import point_of
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.grouping import grouped
from ingestion_orchestration_fastapi_app.ingest.items import (
    Receive,
    Result,
    Send,
    ToDecode,
    ToLookUp,
    stored,
)

GROUP = 64  # files whose bytes are held while the cache is asked: kept small
LINGER_S = 0.05


async def known(
    job: JobContext, files: Receive[ToLookUp], out: Send[ToDecode], results: Send[Result]
) -> None:
    """Asks the cache in groups. Copies of what is in flight wait for it."""
    async with files, out, results:
        async for group in grouped(files, most=GROUP, linger_s=LINGER_S, more=_more(job)):
            fresh = [loaded for loaded in group if not await _waits(job, loaded)]
            vectors, pictures, captions = await _cached(job, fresh)
            known_ends: list[Result] = []
            wanted: list[ToDecode] = []
            copies: list[ToLookUp] = []
            for loaded in fresh:  # no await inside: of two copies in one group one claims
                sha256 = loaded.content.sha256
                vector, picture = vectors.get(sha256), pictures.get(sha256)
                caption = captions.get(sha256)
                if job.wants_captions and caption is None:
                    vector = None  # one request makes both
                if vector is not None and picture is not None:
                    known_ends.append(_end(job, loaded.without_bytes(), picture, vector, caption))
                elif sha256 in job.deduplicator:
                    copies.append(loaded)
                else:
                    job.deduplicator.claim(sha256)
                    wanted.append(ToDecode(loaded=loaded, vector=vector, caption=caption))
            for copy in copies:
                parked = await _parked(job, copy)
                assert parked, "what was not sent on cannot have ended"
            for end in known_ends:
                job.crash_suspects.decoded(end.file_outcome.point_id)
                await results.send(end)
                job.crash_suspects.leave(end.file_outcome.point_id)
            for item in wanted:
                await out.send(item)


def _more(job: JobContext) -> Callable[[], bool]:
    """Nothing joins a file that is tried alone."""
    return lambda: not job.crash_suspects.is_one_alone


def _end(
    job: JobContext, loaded: ToLookUp, picture: Picture, vector: Vector, caption: str | None
) -> Result:
    """Cached; or embedded by this very job, which was cut off before it could say so."""
    end = cached(job, loaded, picture, vector, caption=caption)
    outcome = job.intended.get(loaded.candidate.point_id, Outcome.CACHED)
    return replace(end, file_outcome=replace(end.file_outcome, outcome=outcome))


async def _waits(job: JobContext, loaded: ToLookUp) -> bool:
    return loaded.content.sha256 in job.deduplicator and await _parked(job, loaded)


async def _parked(job: JobContext, copy: ToLookUp) -> bool:
    parked = await job.deduplicator.attach(copy)
    if parked:
        job.crash_suspects.leave(copy.candidate.point_id)
    return parked


async def _cached(
    job: JobContext, files: list[ToLookUp]
) -> tuple[dict[bytes, Vector], dict[bytes, Picture], dict[bytes, str]]:
    if job.request.force or not files:
        return {}, {}, {}
    cache = job.ports.cache
    captions: dict[bytes, str] = {}
    hashes = list({loaded.content.sha256 for loaded in files})
    with job.progress.busy("known"):
        vectors = await cache.vectors([job.vector_key(sha256) for sha256 in hashes])
        pictures = await cache.pictures(job.ports.preparation.version, hashes)
        if job.caption_fingerprint is not None:  # also where none is wanted: it costs nothing
            captions = await cache.captions(job.caption_fingerprint, hashes)
    return {key.sha256: vector for key, vector in vectors.items()}, pictures, captions


def cached(
    job: JobContext, loaded: ToLookUp, picture: Picture, vector: Vector, *, caption: str | None
) -> Result:
    """The end of a file whose content was embedded before, or as another file."""
    point = point_of(
        loaded.content,
        picture,
        vector,
        point_id=loaded.candidate.point_id,
        caption=caption,
        fingerprint=job.fingerprint,
        job_id=job.job_id,
    )
    return stored(
        loaded, point, picture, Outcome.CACHED, caption_fingerprint=job.caption_fingerprint
    )
