"""Steps of tests that stop jobs: a supervisor for a while, and a service that is stuck."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from anyio import create_task_group, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import Overloaded
from ingestion_orchestration_fastapi_app.ingest.retry_failed import retry_request
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component.bench import Bench
from tests.component.test_pipeline import MIXED


@asynccontextmanager
async def started(
    bench: Bench, collections: Collections | None = None
) -> AsyncIterator[JobScheduler]:
    """A fresh supervisor over what the bench keeps; leaving is as good as a kill."""
    scheduler = bench.scheduler(collections)
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        yield scheduler
        tg.cancel_scope.cancel()


async def retried(
    scheduler: JobScheduler, collection: CollectionRecord, job: JobRecord
) -> JobRecord:
    """The job that tries the failed files of an ended one again."""
    return await scheduler.submit(collection, retry_request(collection, job))


def stuck_after(bench: Bench, batches: int) -> None:
    """The service answers so many batches, then says 429 until `free` is called."""
    answered = iter(range(batches))

    def busy(uploads: Mapping[str, Upload]) -> None:
        if next(answered, None) is None:
            raise Overloaded("busy", retry_after_s=30)

    bench.inference.behaviour = busy


def free(bench: Bench) -> None:
    """The time that the service asked for is over, too."""
    bench.inference.behaviour = lambda uploads: None
    assert bench.pool is not None
    for endpoint in bench.pool.endpoints:
        endpoint.well_again()
    bench.pool.notify()


async def half_done(bench: Bench, scheduler: JobScheduler) -> JobRecord:
    """A job that has embedded two batches and waits for the service."""
    stuck_after(bench, 2)
    job = await bench.submitted(scheduler)
    await bench.until(job.id, lambda record: record.counts.found == MIXED.found)
    while len(bench.inference.batches) < 2:
        await wait_all_tasks_blocked()
    await wait_all_tasks_blocked()
    return job
