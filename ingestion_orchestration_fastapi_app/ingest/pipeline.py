"""One job's pipeline: every buffer and every width."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from anyio import create_memory_object_stream, create_task_group

from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import (
    ReadFile,
    Result,
    Send,
    ToEmbed,
    ToRead,
)
from ingestion_orchestration_fastapi_app.ingest.stages.batch import batch
from ingestion_orchestration_fastapi_app.ingest.stages.cache_lookup import cache_lookup
from ingestion_orchestration_fastapi_app.ingest.stages.crash_gate import crash_gate
from ingestion_orchestration_fastapi_app.ingest.stages.decode import decode
from ingestion_orchestration_fastapi_app.ingest.stages.embed import embed
from ingestion_orchestration_fastapi_app.ingest.stages.read import read
from ingestion_orchestration_fastapi_app.ingest.stages.scan import scan
from ingestion_orchestration_fastapi_app.ingest.stages.store import store

SCANNED = 2048  # names only
RESULTS = 256  # rows on their way to the store


Source: TypeAlias = Callable[[JobContext, Send[ToRead]], Coroutine[Any, Any, None]]


async def run(job: JobContext, source: Source = scan) -> None:
    """Until every file of the source has its end, or a stop was asked for.

    Raises what ended it, as a group.

    scan -> crash gate -> read -> cache lookup -> decode -> batch -> embed -> store
                  \\___________\\___________\\__________\\_________________\\____/
    """
    concurrency = job.concurrency
    to_admit_out, to_admit = create_memory_object_stream[ToRead](SCANNED)
    to_read_out, to_read = create_memory_object_stream[ToRead](0)
    to_look_up_out, to_look_up = create_memory_object_stream[ReadFile](concurrency.read_workers)
    to_decode_out, to_decode = create_memory_object_stream[ReadFile](concurrency.decode_workers)
    to_embed_out, to_embed = create_memory_object_stream[ToEmbed](0)
    batches_out, batches = create_memory_object_stream[list[ToEmbed]](0)
    results_out, results = create_memory_object_stream[Result](RESULTS)

    job.progress.queues = {
        "crash_gate": lambda: to_admit.statistics().current_buffer_used,
        "cache_lookup": lambda: to_look_up.statistics().current_buffer_used,
        "decode": lambda: to_decode.statistics().current_buffer_used,
        "store": lambda: results.statistics().current_buffer_used,
    }
    # Stages hold clones. The streams, entered last, close first: closing is how a stage ends.
    # The store stands outside what a stop interrupts: what was embedded is still made durable.
    async with create_task_group() as storing, results_out, results:
        storing.start_soon(store, job, results.clone())
        with job.stop.interruptible():
            async with (
                create_task_group() as tg,
                to_read_out,
                to_look_up_out,
                to_decode_out,
                to_embed_out,
                batches_out,
                to_admit,
                to_read,
                to_look_up,
                to_decode,
                to_embed,
                batches,
            ):
                tg.start_soon(source, job, to_admit_out)
                tg.start_soon(
                    crash_gate, job, to_admit.clone(), to_read_out.clone(), results_out.clone()
                )
                for _ in range(concurrency.read_workers):
                    tg.start_soon(
                        read, job, to_read.clone(), to_look_up_out.clone(), results_out.clone()
                    )
                tg.start_soon(
                    cache_lookup,
                    job,
                    to_look_up.clone(),
                    to_decode_out.clone(),
                    results_out.clone(),
                )
                for _ in range(concurrency.decode_workers):
                    tg.start_soon(
                        decode, job, to_decode.clone(), to_embed_out.clone(), results_out.clone()
                    )
                tg.start_soon(batch, job, to_embed.clone(), batches_out.clone())
                tg.start_soon(embed, job, batches.clone(), results_out.clone())
