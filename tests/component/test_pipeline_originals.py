"""Files that are sent as they are: what changes on the way, and who takes its place."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ingestion_orchestration_fastapi_app.core.records import Upload
from ingestion_orchestration_fastapi_app.pipeline.budget import MemoryBudget
from ingestion_orchestration_fastapi_app.pipeline.items import ROW_BYTES
from tests.component.bench import Bench, mixed_folder
from utils.contract import ErrorCode, JobCounts

pytestmark = pytest.mark.anyio


async def test_an_original_that_changes_before_it_is_sent_costs_no_neighbour() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.put(b"changes.dng", b"image raw, 1")
    bench.library.put(b"stays.dng", b"image raw, 2")

    def changes(uploads: Mapping[str, Upload]) -> None:
        bench.library.files[b"changes.dng"].data = b"image of something else"

    bench.inference.behaviour = changes
    job = await bench.job()
    assert job.counts == JobCounts(found=30, embedded=22, cached=2, failed=5, skipped=1)
    assert job.errors_by_code[ErrorCode.FILE_CHANGED] == 1
    await bench.check_vectors()


async def test_a_copy_takes_the_place_of_an_original_that_changed() -> None:
    bench = Bench()
    for name in (b"a", b"b", b"c", b"d"):
        bench.library.put(name + b".dng", b"image raw")

    def first_two_change(uploads: Mapping[str, Upload]) -> None:
        for name in (b"a", b"b"):
            bench.library.files[name + b".dng"].data = b"image of something else"

    bench.inference.behaviour = first_two_change
    job = await bench.job()
    assert job.counts.failed + job.counts.embedded + job.counts.cached == 4
    assert job.counts.embedded == 1  # of a or b nothing, whichever was first
    assert job.errors_by_code == {ErrorCode.FILE_CHANGED: job.counts.failed}
    assert set(bench.inference.inferred) == {b"image raw"}


async def test_a_copy_takes_the_place_of_a_file_that_was_lost_before_its_preparation() -> None:
    bench = Bench()
    for name in (b"a", b"b", b"c"):
        bench.library.put(name + b".dng", b"image raw")
    bench.preparation.lost = {b"a.dng", b"b.dng"}
    job = await bench.job()
    assert job.counts.failed + job.counts.embedded + job.counts.cached == 3
    assert job.counts.embedded == 1
    assert job.errors_by_code.get(ErrorCode.FILE_CHANGED, 0) == job.counts.failed
    assert bench.inference.inferred == [b"image raw"]


async def test_an_original_that_waits_to_be_sent_takes_no_memory() -> None:
    bench = Bench(budget=MemoryBudget(1_000_000))
    bench.library.need_bytes = 900_000
    bench.library.put(b"a.dng", b"image raw")
    free_bytes: list[int] = []
    bench.inference.behaviour = lambda uploads: free_bytes.append(bench.budget.free_bytes)
    await bench.job()
    assert free_bytes == [1_000_000 - ROW_BYTES]
