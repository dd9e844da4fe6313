"""Generations of a collection: which there are, which one answers, and which one goes."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Response

from ingestion_orchestration_fastapi_app.api.app_state import AppState, AppStateDep
from ingestion_orchestration_fastapi_app.api.library.described import generation_reply
from ingestion_orchestration_fastapi_app.api.links import OF_GENERATIONS, OF_NEW_JOB
from ingestion_orchestration_fastapi_app.api.parameters import CollectionInPath, GenerationId
from ingestion_orchestration_fastapi_app.api.security import READS, WRITES
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.reembedding import REEMBED
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    lane_of,
)
from ingestion_orchestration_fastapi_app.errors import (
    CollectionNotFound,
    DiskFull,
    GenerationNotFound,
    GenerationStateProblem,
    JobStateProblem,
    ModelMismatch,
    QueueFull,
    StoreRead,
    StoreWrite,
    SwitchGuarded,
)
from ingestion_orchestration_fastapi_app.library.generations import generation_of
from ingestion_orchestration_fastapi_app.reembed.models import chosen_model
from utils.contract import (
    API_PREFIX,
    ActivateRequest,
    GenerationList,
    IngestAccepted,
    ReembedOptions,
    ReembedRequest,
)
from utils.problems import MlUnavailable
from utils.web.openapi import located, problems
from utils.web.routing.root_path import external_path

BYTES_PER_IMAGE = 4 * 1024  # beside the vector, which is in the table and in the cache

router = APIRouter(prefix=API_PREFIX, tags=["collections"], dependencies=[READS])


@router.get(
    "/collections/{name}/generations",
    summary="List a collection's generations",
    responses={200: {"links": OF_GENERATIONS}, **problems(CollectionNotFound)},
)
async def list_generations(name: CollectionInPath, services: AppStateDep) -> GenerationList:
    """Each is one table, made by one model. One is active, and answers; others fill, or did answer
    and can do so again.
    """
    return await _listed(services, await services.collections.get(name))


@router.post(
    "/collections/{name}/generations/{generation_id}/activate",
    dependencies=[WRITES],
    summary="Let a generation answer",
    responses=problems(
        CollectionNotFound, GenerationNotFound, SwitchGuarded, DiskFull, StoreRead, StoreWrite
    ),
)
async def activate_generation(
    name: CollectionInPath,
    generation_id: GenerationId,
    body: ActivateRequest,
    services: AppStateDep,
) -> GenerationList:
    """The switch, or the way back, in one call. Searches under way are answered by the one before.

    What was imported since is not in it: `missing` says how many, and the next import, or a
    re-embedding of it, adds them. Where that is more than `DELETE_GUARD_PERCENT`, and over 10, it
    takes `force`.
    """
    collection = await services.collections.get(name)
    generation = generation_of(collection, generation_id)
    generations = services.collections.generations
    if not body.force:
        percent = services.settings.delete_guard_percent
        await generations.check_switch(collection, generation, percent=percent)
    now = await generations.activate(collection.id, generation.id)
    return await _listed(services, now, compared_with=collection.active)


@router.delete(
    "/collections/{name}/generations/{generation_id}",
    dependencies=[WRITES],
    status_code=204,
    summary="Remove a generation",
    responses=problems(
        CollectionNotFound,
        GenerationNotFound,
        GenerationStateProblem,
        JobStateProblem,
        DiskFull,
        StoreRead,
        StoreWrite,
    ),
)
async def remove_generation(
    name: CollectionInPath, generation_id: GenerationId, services: AppStateDep
) -> None:
    """With its table: there is no way back to it. The active one stays."""
    collection = await services.collections.get(name)
    generation = generation_of(collection, generation_id)
    job = await _unfinished(services, collection, generation_id)
    if job is not None:
        raise JobStateProblem(f"The job {job.id} fills the generation: cancel it first.")
    await services.collections.generations.remove(collection.id, generation)


@router.post(
    "/collections/{name}/reembed",
    dependencies=[WRITES],
    status_code=202,
    summary="Embed a collection by another model",
    responses={
        **located(202, "Where the job says how far it is.", OF_NEW_JOB),
        **problems(
            CollectionNotFound,
            GenerationStateProblem,
            JobStateProblem,
            ModelMismatch,
            MlUnavailable,
            DiskFull,
            QueueFull,
            StoreRead,
            StoreWrite,
        ),
    },
)
async def reembed_collection(
    name: CollectionInPath, body: ReembedRequest, response: Response, services: AppStateDep
) -> IngestAccepted:
    """Starts a job that fills another generation beside the one that answers, and lets it answer
    when it has all.

    Searches are answered by the old model until then, so the inference services hold both. A
    generation of the model that is there already is gone on with; so is its unfinished job.
    """
    collection = await services.collections.get(name)
    await services.pool.refresh()
    told = [one.capabilities for one in services.pool.endpoints if one.capabilities is not None]
    if not told:
        raise MlUnavailable(
            "No inference service has said yet which models it holds.", retry_after_s=2.0
        )
    clip = chosen_model(told, collection, body)
    services.scheduler.check_room()
    await _check_space(services, collection, dim=clip.dim)
    generation = await services.collections.generations.begin(collection, clip)
    options = ReembedOptions(
        generation_id=generation.id, switch=body.switch, force_switch=body.force_switch
    )
    record = await _unfinished(services, collection, generation.id)
    if record is None:
        kind = services.scheduler.kinds.named(REEMBED)
        request = kind.request(collection.name, options.model_dump())
        record = await services.scheduler.submit(collection, request)
    status_url = external_path(f"{API_PREFIX}/jobs/{record.id}")
    response.headers["Location"] = status_url
    return IngestAccepted(job_id=record.id, status_url=status_url)


async def _unfinished(
    services: AppState, collection: CollectionRecord, generation_id: int
) -> JobRecord | None:
    """The job that fills it now, or is to."""
    lane = lane_of(generation_id)
    for job in await services.ports.ledger.jobs.list_unfinished():
        if (job.collection_id, job.request.lane) == (collection.id, lane):
            return job
    return None


async def _check_space(services: AppState, collection: CollectionRecord, *, dim: int) -> None:
    """Raises DiskFull."""
    images = await services.ports.ledger.artefacts.count_stored(collection.bound().id)
    needed_bytes = images * (BYTES_PER_IMAGE + 2 * 4 * dim)
    free_bytes = await to_thread.run_sync(services.free_bytes, limiter=services.blocking)
    if needed_bytes > free_bytes - services.settings.min_free_bytes:
        raise DiskFull(
            f"{images:,} images need about {needed_bytes / 1e6:.0f} MB for another model; the disk "
            f"has {free_bytes / 1e6:.0f} MB free."
        )


async def _listed(
    services: AppState, collection: CollectionRecord, *, compared_with: Generation | None = None
) -> GenerationList:
    """`compared_with`: the one that answered before, whose images the active one may lack."""
    source = compared_with or collection.active
    replies = [await generation_reply(services, one, source) for one in collection.generations]
    return GenerationList(collection=collection.name, generations=tuple(replies))
