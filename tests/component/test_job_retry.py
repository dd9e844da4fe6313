"""retry-failed opens exactly the files that failed, whatever their codes."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.errors import JobStateProblem
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import free, retried, started, stuck_after
from tests.fakes import OLD_NS
from utils.contract import JobCounts

pytestmark = pytest.mark.anyio


async def test_retry_failed_opens_exactly_the_failed_files_whatever_their_codes() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    first = await bench.job()
    bench.library.put(b"corrupt.jpg", b"image mended", mtime_ns=OLD_NS + 1)
    bench.library.put(b"new.jpg", b"image new")
    bench.library.opened.clear()
    async with started(bench) as scheduler:
        collection = await bench.collection()
        retry = await retried(scheduler, collection, first)
        assert (await retried(scheduler, collection, first)).id == retry.id
        ended = await bench.ended(retry.id)
    failed = [b"corrupt-copy.jpg", b"corrupt.jpg", b"empty.jpg", b"odd.jpg"]
    assert sorted(bench.library.opened) == failed
    assert ended.counts == JobCounts(found=4, embedded=1, failed=3)
    bench.library.opened.clear()
    async with started(bench) as scheduler:
        again = await retried(scheduler, collection, first)
        assert again.id != retry.id
        ended = await bench.ended(again.id)
    assert b"corrupt.jpg" not in bench.library.opened  # it is stored by now
    assert ended.counts == JobCounts(found=4, unchanged=1, failed=3)


async def test_a_retry_survives_a_restart() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    first = await bench.job()
    stuck_after(bench, 0)
    async with started(bench) as scheduler:
        retry = await retried(scheduler, await bench.collection(), first)
        await bench.until(retry.id, lambda record: record.counts.found == 4)
    free(bench)
    async with started(bench):
        assert (await bench.ended(retry.id)).counts == JobCounts(found=4, failed=4)


async def test_nothing_is_retried_of_a_job_that_runs_or_has_no_failures() -> None:
    bench = Bench()
    bench.library.put(b"a.jpg", b"image a")
    ended = await bench.job()
    async with started(bench) as scheduler:
        collection = await bench.collection()
        with pytest.raises(JobStateProblem, match="No file"):
            await retried(scheduler, collection, ended)
        with pytest.raises(JobStateProblem, match="not ended"):
            await retried(scheduler, collection, await bench.submitted(scheduler))
