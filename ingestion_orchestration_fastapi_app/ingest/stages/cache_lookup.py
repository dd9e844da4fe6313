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
    Finished,
    Loaded,
    Receive,
    Send,
    Wanted,
    stored,
)

GROUP = 64  # files whose bytes are held while the cache is asked: kept small
LINGER_S = 0.05


async def known(
    job: JobContext, files: Receive[Loaded], out: Send[Wanted], ends: Send[Finished]
) -> None:
    """Asks the cache in groups. Copies of what is in flight wait for it."""
    async with files, out, ends:
        async for group in grouped(files, most=GROUP, linger_s=LINGER_S, more=_more(job)):
            fresh = [loaded for loaded in group if not await _waits(job, loaded)]
            vectors, pictures, captions = await _cached(job, fresh)
            known_ends: list[Finished] = []
            wanted: list[Wanted] = []
            copies: list[Loaded] = []
            for loaded in fresh:  # no await inside: of two copies in one group one claims
                sha256 = loaded.content.sha256
                vector, picture = vectors.get(sha256), pictures.get(sha256)
                caption = captions.get(sha256)
                if job.wants_captions and caption is None:
                    vector = None  # one request makes both
                if vector is not None and picture is not None:
                    known_ends.append(_end(job, loaded.emptied(), picture, vector, caption))
                elif sha256 in job.in_flight:
                    copies.append(loaded)
                else:
                    job.in_flight.claim(sha256)
                    wanted.append(Wanted(loaded=loaded, vector=vector, caption=caption))
            for copy in copies:
                parked = await _parked(job, copy)
                assert parked, "what was not sent on cannot have ended"
            for end in known_ends:
                job.decodes.survive(end.settlement.point_id)
                await ends.send(end)
                job.decodes.leave(end.settlement.point_id)
            for item in wanted:
                await out.send(item)


def _more(job: JobContext) -> Callable[[], bool]:
    """Nothing joins a file that is tried alone."""
    return lambda: not job.decodes.is_one_alone


def _end(
    job: JobContext, loaded: Loaded, picture: Picture, vector: Vector, caption: str | None
) -> Finished:
    """Cached; or embedded by this very job, which was cut off before it could say so."""
    end = cached(job, loaded, picture, vector, caption=caption)
    outcome = job.intended.get(loaded.candidate.point_id, Outcome.CACHED)
    return replace(end, settlement=replace(end.settlement, outcome=outcome))


async def _waits(job: JobContext, loaded: Loaded) -> bool:
    return loaded.content.sha256 in job.in_flight and await _parked(job, loaded)


async def _parked(job: JobContext, copy: Loaded) -> bool:
    parked = await job.in_flight.park(copy)
    if parked:
        job.decodes.leave(copy.candidate.point_id)
    return parked


async def _cached(
    job: JobContext, files: list[Loaded]
) -> tuple[dict[bytes, Vector], dict[bytes, Picture], dict[bytes, str]]:
    if job.request.force or not files:
        return {}, {}, {}
    cache = job.ports.cache
    captions: dict[bytes, str] = {}
    hashes = list({loaded.content.sha256 for loaded in files})
    with job.tally.busy("known"):
        vectors = await cache.vectors([job.vector_key(sha256) for sha256 in hashes])
        pictures = await cache.pictures(job.ports.preparation.version, hashes)
        if job.caption_fingerprint is not None:  # also where none is wanted: it costs nothing
            captions = await cache.captions(job.caption_fingerprint, hashes)
    return {key.sha256: vector for key, vector in vectors.items()}, pictures, captions


def cached(
    job: JobContext, loaded: Loaded, picture: Picture, vector: Vector, *, caption: str | None
) -> Finished:
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
