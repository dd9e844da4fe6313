"""Files that are sent as they are: what changes on the way, and who takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Embedded,
    Original,
    Sendable,
    Upload,
)
from ingestion_orchestration_fastapi_app.domain.library.picture import DevelopedPreview
from ingestion_orchestration_fastapi_app.ingest.items import ROW_BYTES
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from tests.component.bench import Bench, mixed_folder
from tests.fake_inference import FakeInference
from utils.contract import ErrorCode, JobCounts
from utils.problems import Rejected

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


SHOWN = DevelopedPreview(b"webp as developed", 77)


class Developer(FakeInference):
    """Shows the same of every original."""

    async def embed(
        self, uploads: Mapping[str, Sendable], *, captions: bool, fingerprint: str
    ) -> dict[str, Embedded | Rejected]:
        answers = await super().embed(uploads, captions=captions, fingerprint=fingerprint)
        return {
            one: replace(answer, developed_preview=SHOWN)
            if isinstance(uploads[one], Original) and isinstance(answer, Embedded)
            else answer
            for one, answer in answers.items()
        }


async def shown(bench: Bench) -> dict[str, tuple[str, bytes]]:
    """What each point's file looks like by its hash, and what thumbnail is kept of it."""
    points = await bench.store.get("default", list(await bench.rows()))
    version = bench.preparation.picture_version
    kept = await bench.cache.pictures(version, [point.sha256 for point in points])
    return {
        point.filename: (f"{point.phash:x}", kept[point.sha256].thumbnail[:17]) for point in points
    }


async def test_what_the_service_saw_of_an_original_is_kept_for_its_copies_too() -> None:
    bench = Bench(inference=Developer())
    bench.library.put(b"a.dng", b"image raw")
    bench.library.put(b"b.dng", b"image raw")
    bench.library.put(b"c.jpg", b"image")
    await bench.job()
    bench.library.put(b"later.dng", b"image raw")
    job = await bench.job()
    assert job.counts == JobCounts(found=4, unchanged=3, cached=1)
    found = await shown(bench)
    jpeg = found.pop("c.jpg")
    assert found == dict.fromkeys(("a.dng", "b.dng", "later.dng"), ("4d", SHOWN.thumbnail))
    assert jpeg[1] != SHOWN.thumbnail


async def test_what_a_service_does_not_show_is_as_it_was_prepared() -> None:
    bench = Bench()
    bench.library.put(b"a.dng", b"image raw")
    await bench.job()
    ((phash, thumbnail),) = (await shown(bench)).values()
    assert phash != "4d"
    assert thumbnail.startswith(b"webp")


async def test_an_original_whose_picture_alone_was_let_go_is_seen_by_the_service_again() -> None:
    bench = Bench(inference=Developer())
    bench.library.put(b"a.dng", b"image raw")
    bench.library.put(b"a.jpg", b"image")
    await bench.job()
    for key in [key for key in bench.cache.kept if key.startswith("picture:")]:
        del bench.cache.kept[key]
    bench.library.put(b"b.dng", b"image raw")
    bench.library.put(b"b.jpg", b"image")
    job = await bench.job()
    assert job.counts == JobCounts(found=4, unchanged=2, embedded=1, cached=1)
    assert (await shown(bench))["b.dng"] == ("4d", SHOWN.thumbnail)
