"""One job's pipeline: every buffer and every width."""

from __future__ import annotations

from anyio import create_memory_object_stream, create_task_group

from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    Result,
    ToDecode,
    ToEmbed,
    ToLookUp,
    ToRead,
)
from ingestion_orchestration_fastapi_app.ingest.stages.batch import batch
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import known
from ingestion_orchestration_fastapi_app.ingest.stages.crash_gate import admit
from ingestion_orchestration_fastapi_app.ingest.stages.decode import prepare
from ingestion_orchestration_fastapi_app.ingest.stages.embed import embed
from ingestion_orchestration_fastapi_app.ingest.stages.read import read
from ingestion_orchestration_fastapi_app.ingest.stages.scan import scan
from ingestion_orchestration_fastapi_app.ingest.stages.store import store

CANDIDATES = 2048  # names only
RESULTS = 256  # rows on their way to the store


async def run(job: JobContext) -> None:
    """Until every file below the directory has its end, or a stop was asked for.

    Raises what ended it, as a group.

    scan -> admit -> read -> known -> prepare -> batch -> embed -> store
               \\______\\______\\________\\__________________\\____/
    """
    concurrency = job.concurrency
    candidates_out, candidates = create_memory_object_stream[ToRead](CANDIDATES)
    admitted_out, admitted = create_memory_object_stream[ToRead](0)
    loaded_out, loaded = create_memory_object_stream[ToLookUp](concurrency.read_workers)
    wanted_out, wanted = create_memory_object_stream[ToDecode](concurrency.decode_workers)
    packed_out, packed = create_memory_object_stream[ToEmbed](0)
    batches_out, batches = create_memory_object_stream[list[ToEmbed]](0)
    results_out, results = create_memory_object_stream[Result](RESULTS)

    # Stages hold clones. The streams, entered last, close first: closing is how a stage ends.
    # The store stands outside what a stop interrupts: what was embedded is still made durable.
    async with create_task_group() as storing, results_out, results:
        storing.start_soon(store, job, results.clone())
        with job.stop.interruptible():
            async with (
                create_task_group() as tg,
                admitted_out,
                loaded_out,
                wanted_out,
                packed_out,
                batches_out,
                candidates,
                admitted,
                loaded,
                wanted,
                packed,
                batches,
            ):
                tg.start_soon(scan, job, candidates_out)
                tg.start_soon(
                    admit, job, candidates.clone(), admitted_out.clone(), results_out.clone()
                )
                for _ in range(concurrency.read_workers):
                    tg.start_soon(
                        read, job, admitted.clone(), loaded_out.clone(), results_out.clone()
                    )
                tg.start_soon(known, job, loaded.clone(), wanted_out.clone(), results_out.clone())
                for _ in range(concurrency.decode_workers):
                    tg.start_soon(
                        prepare, job, wanted.clone(), packed_out.clone(), results_out.clone()
                    )
                tg.start_soon(batch, job, packed.clone(), batches_out.clone())
                tg.start_soon(embed, job, batches.clone(), results_out.clone())
