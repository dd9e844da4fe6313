"""One run's pipeline: every buffer and every width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from anyio import create_memory_object_stream, create_task_group
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from ingestion_orchestration_fastapi_app.captions.context import CaptionContext
from ingestion_orchestration_fastapi_app.captions.items import Result, ToCaption, ToLoad
from ingestion_orchestration_fastapi_app.captions.lacking import lacking
from ingestion_orchestration_fastapi_app.captions.store import store
from ingestion_orchestration_fastapi_app.ports.captioner import WholePicture
from ingestion_orchestration_fastapi_app.resources.grouping import grouped
from utils.problems import Rejected

TO_CAPTION = 64  # whole pictures that wait, each some 100 KB
RESULTS = 256
BATCH_LINGER_S = 0.1


async def run(job: CaptionContext) -> None:
    """Until no image lacks a caption, or a stop was asked for. Raises what ended it, as a group.

    lacking -> load -> caption -> store
           \\_______\\___________/
    """
    to_load_out, to_load = create_memory_object_stream[ToLoad](0)
    to_caption_out, to_caption = create_memory_object_stream[ToCaption](TO_CAPTION)
    results_out, results = create_memory_object_stream[Result](RESULTS)
    job.progress.queues = {
        "caption": lambda: to_caption.statistics().current_buffer_used,
        "store": lambda: results.statistics().current_buffer_used,
    }
    # The store stands outside what a stop interrupts: what was captioned is still made durable.
    async with create_task_group() as storing, results_out, results:
        storing.start_soon(store, job, results.clone())
        with job.scope.stop.interruptible():
            async with (
                create_task_group() as tg,
                to_load_out,
                to_caption_out,
                to_load,
                to_caption,
            ):
                tg.start_soon(lacking, job, to_load_out.clone(), results_out.clone())
                for _ in range(job.concurrency.load_workers):
                    tg.start_soon(
                        _load, job, to_load.clone(), to_caption_out.clone(), results_out.clone()
                    )
                for _ in range(job.opened.at_once):
                    tg.start_soon(_caption, job, to_caption.clone(), results_out.clone())


async def _load(
    job: CaptionContext,
    images: MemoryObjectReceiveStream[ToLoad],
    out: MemoryObjectSendStream[ToCaption],
    results: MemoryObjectSendStream[Result],
) -> None:
    async with images, out, results:
        async for one in images:
            with job.progress.busy("load"):
                found = await job.pictures.picture(
                    one.points[0], side_px=job.opened.side_px, progress=job.progress
                )
            if isinstance(found, WholePicture):
                await out.send(ToCaption(one.points, found))
            else:
                await results.send(Result(one.points, found))


async def _caption(
    job: CaptionContext,
    images: MemoryObjectReceiveStream[ToCaption],
    results: MemoryObjectSendStream[Result],
) -> None:
    async with images, results:
        async for batch in grouped(images, most=job.opened.batch_images, linger_s=BATCH_LINGER_S):
            with job.progress.busy("caption"):
                asked = {str(one.points[0].id): one.picture for one in batch}
                said = await job.opened.captions(asked)
            await _remember(job, batch, said)
            for one in batch:
                await results.send(Result(one.points, said[str(one.points[0].id)]))


async def _remember(
    job: CaptionContext, batch: Sequence[ToCaption], said: Mapping[str, str | Rejected]
) -> None:
    """At once: whatever happens to the job from now on, it is not asked for again."""
    captions = {
        one.points[0].picture_key: text
        for one in batch
        if isinstance(text := said[str(one.points[0].id)], str)
    }
    put = partial(job.ports.cache.put_captions, job.captioner.fingerprint, captions)
    await job.scope.until_stored(put)
