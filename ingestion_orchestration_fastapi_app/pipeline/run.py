"""One job's pipeline: every buffer and every width."""

from __future__ import annotations

from anyio import create_memory_object_stream, create_task_group

from ingestion_orchestration_fastapi_app.core.window import Window
from ingestion_orchestration_fastapi_app.pipeline.context import JobContext
from ingestion_orchestration_fastapi_app.pipeline.embedding import Slots, embed
from ingestion_orchestration_fastapi_app.pipeline.intake import read, scan
from ingestion_orchestration_fastapi_app.pipeline.items import (
    Candidate,
    Finished,
    Loaded,
    Packed,
    Wanted,
)
from ingestion_orchestration_fastapi_app.pipeline.known import known
from ingestion_orchestration_fastapi_app.pipeline.packing import batch, prepare
from ingestion_orchestration_fastapi_app.pipeline.storing import store

CANDIDATES = 2048  # names only
ENDS = 256  # rows on their way to the store


async def run(job: JobContext) -> None:
    """Until every file below the directory has its end, or a stop was asked for.

    Raises what ended it, as a group.

    scan -> read -> known -> prepare -> batch -> embed -> store
               \\______\\________\\__________________\\____/
    """
    widths = job.widths
    slots = Slots(Window.of_limit(job.capabilities.queue.limit))
    senders = slots.window.cap + 1  # one may wait to be let in while the window is in use

    candidates_out, candidates = create_memory_object_stream[Candidate](CANDIDATES)
    loaded_out, loaded = create_memory_object_stream[Loaded](widths.read_workers)
    wanted_out, wanted = create_memory_object_stream[Wanted](widths.decode_workers)
    packed_out, packed = create_memory_object_stream[Packed](0)
    batches_out, batches = create_memory_object_stream[list[Packed]](0)
    ends_out, ends = create_memory_object_stream[Finished](ENDS)

    # Stages hold clones. The streams, entered last, close first: closing is how a stage ends.
    # The store stands outside what a stop interrupts: what was embedded is still made durable.
    async with create_task_group() as storing, ends_out, ends:
        storing.start_soon(store, job, ends.clone())
        with job.stop.interruptible():
            async with (
                create_task_group() as tg,
                loaded_out,
                wanted_out,
                packed_out,
                batches_out,
                candidates,
                loaded,
                wanted,
                packed,
                batches,
            ):
                tg.start_soon(scan, job, candidates_out)
                for _ in range(widths.read_workers):
                    tg.start_soon(
                        read, job, candidates.clone(), loaded_out.clone(), ends_out.clone()
                    )
                tg.start_soon(known, job, loaded.clone(), wanted_out.clone(), ends_out.clone())
                for _ in range(widths.decode_workers):
                    tg.start_soon(
                        prepare, job, wanted.clone(), packed_out.clone(), ends_out.clone()
                    )
                tg.start_soon(batch, job, packed.clone(), batches_out.clone())
                for _ in range(senders):
                    tg.start_soon(embed, job, slots, batches.clone(), ends_out.clone())
