"""Another model's vectors are made beside those that answer, of the same files, and then answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ingestion_orchestration_fastapi_app.adapters.lance.rows import NO_VECTOR
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, State, found
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.files.records import LackingFile
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.library.generation import GenerationState
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.reembed import lacking_files
from ingestion_orchestration_fastapi_app.reembed.lacking_files import LackingFiles
from tests.component.bench import Bench, mixed_folder
from tests.component.reembed_steps import (
    OTHER,
    bench_of_two,
    check_whole,
    points_by,
    reembedded,
)
from tests.component.service_fakes import images
from tests.component.test_pipeline import MIXED
from tests.fakes import FINGERPRINT
from utils.contract import CaptionCapabilities, ErrorCode, JobState

pytestmark = pytest.mark.anyio


async def record_of(bench: Bench, path: bytes) -> FileRecord:
    collection = await bench.collection()
    key = FileKey(bench.library.root.id, path)
    return (await bench.ledger.files.recall(collection.id, [key]))[key]


def told(point: Point) -> Point:
    """What the file says, whatever the model."""
    return replace(point, vector=NO_VECTOR, fingerprint="", job_id="")


async def test_all_that_is_stored_is_embedded_by_the_other_model_which_then_answers() -> None:
    bench = bench_of_two()
    mixed_folder(bench.library)
    await bench.job()
    before = await points_by(bench, FINGERPRINT)
    job = await reembedded(bench)
    assert job.counts.found == MIXED.embedded + MIXED.cached
    assert (job.counts.embedded, job.counts.cached) == (MIXED.embedded, MIXED.cached)
    await check_whole(bench)
    after = await points_by(bench, OTHER)
    assert {path: told(one) for path, one in after.items()} == {
        path: told(one) for path, one in before.items()
    }
    states = {one.fingerprint: one.state for one in (await bench.collection()).generations}
    assert states == {FINGERPRINT: GenerationState.RETIRED, OTHER: GenerationState.ACTIVE}
    assert set(await points_by(bench, FINGERPRINT)) == set(before), "there is a way back"
    assert report_of(job.checkpoint.report).numbers == {
        "points": len(before),
        "filled": len(before),
    }
    again = await bench.job()
    assert again.counts.unchanged == len(before)


async def test_content_that_a_model_saw_before_is_not_inferred_again() -> None:
    bench = bench_of_two()
    images(bench.library, 30)
    await bench.job()
    await reembedded(bench)
    collections, collection = bench.collections(), await bench.collection()
    first, second = collection.generations
    await collections.generations.activate(collection.id, first.id)
    await collections.generations.remove(collection.id, second)
    bench.others[0].batches.clear()
    job = await reembedded(bench)
    assert (job.counts.cached, job.counts.embedded) == (30, 0)
    assert bench.others[0].inferred == []
    await check_whole(bench)


async def test_captions_and_words_stay_as_they_are() -> None:
    bench = bench_of_two()
    told = CaptionCapabilities(available=True, model="fake", fingerprint="blip-1")
    bench.inference.told = bench.inference.told.model_copy(update={"captions": told})
    images(bench.library, 12)
    bench.library.put(b"mute.jpg", b"image wordless")
    await bench.job(captions=True)
    before = await bench.captions()
    assert before.pop("mute.jpg") is None
    assert all(before.values())
    await reembedded(bench)
    await check_whole(bench)
    after = await bench.captions()
    assert after.pop("mute.jpg") is None
    assert after == before
    for path in (b"000.jpg", b"mute.jpg"):
        record = await record_of(bench, path)
        caption = found(record.artefacts, Kind.CAPTION, "blip-1")
        assert caption is not None
        assert caption.state is (State.FAILED if path == b"mute.jpg" else State.STORED)
    again = await bench.job(captions=True)
    assert again.counts.unchanged == 13, "no caption is made again"


async def test_a_file_that_changed_since_its_import_is_embedded_as_it_is_now() -> None:
    bench = bench_of_two()
    images(bench.library, 12)
    await bench.job()
    bench.library.put(b"003.jpg", b"image quite another", mtime_ns=2_000_000_000_000_000_000)
    await reembedded(bench)
    await check_whole(bench)
    vector = found((await record_of(bench, b"003.jpg")).artefacts, Kind.VECTOR, FINGERPRINT)
    assert vector is not None
    assert vector.state is State.STALE, "the way back knows that it is of what the file was"


async def test_what_the_other_model_refuses_is_a_failure_and_is_told() -> None:
    bench = bench_of_two()
    images(bench.library, 30)
    bench.library.put(b"odd.jpg", b"image averse")
    await bench.job()
    job = await reembedded(bench)
    assert (job.counts.embedded, job.counts.failed) == (30, 1)
    assert (await bench.collection()).fingerprint == OTHER
    report = report_of(job.checkpoint.report)
    assert report.numbers == {"points": 31, "filled": 30}
    (example,) = report.findings["missing"].examples
    assert example.path == "/photos/odd.jpg"
    assert job.reason is not None
    assert "1 images have no vector" in job.reason
    page, _ = await bench.ledger.jobs.failures(job.id, limit=9, offset=0)
    assert [one.code for one in page] == [ErrorCode.CLIP_INFER]


async def test_files_that_are_away_keep_the_old_model_until_somebody_says_otherwise() -> None:
    bench = bench_of_two()
    images(bench.library, 40)
    await bench.job()
    away = {path: bench.library.files.pop(path) for path in sorted(bench.library.files)[:20]}
    job = await reembedded(bench)
    assert (job.state, job.reason_code) == (JobState.COMPLETED, ErrorCode.SWITCH_GUARD)
    assert "20 of 40 images" in (job.reason or "")
    assert (await bench.collection()).fingerprint == FINGERPRINT
    assert len(await points_by(bench, OTHER)) == 20
    forced = await reembedded(bench, force_switch=True)
    assert forced.counts.found == 0, "what it has is not looked at again"
    assert (await bench.collection()).fingerprint == OTHER
    bench.library.files.update(away)
    assert (await bench.job()).counts.embedded == 20
    await check_whole(bench)


async def test_a_generation_may_be_filled_without_a_switch() -> None:
    bench = bench_of_two()
    images(bench.library, 12)
    await bench.job()
    await reembedded(bench, switch=False)
    assert (await bench.collection()).fingerprint == FINGERPRINT
    assert len(await points_by(bench, OTHER)) == 12
    bench.library.put(b"new.jpg", b"image new")
    await bench.job()
    job = await reembedded(bench)
    assert (job.counts.found, job.counts.embedded) == (1, 1)
    await check_whole(bench)


async def test_a_large_folder_is_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of_two()
    images(bench.library, 30)
    await bench.job()
    parts: list[int] = []
    meet = LackingFiles._met

    def met(
        self: LackingFiles, job: JobContext, folder: dict[FileKey, LackingFile]
    ) -> AsyncIterator[list[File]]:
        parts.append(len(folder))
        return meet(self, job, folder)

    monkeypatch.setattr(LackingFiles, "_met", met)
    monkeypatch.setattr(lacking_files, "MOST_AT_ONCE", 8)
    await reembedded(bench)
    await check_whole(bench)
    assert parts == [8, 8, 8, 6]
