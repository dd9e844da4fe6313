"""An import of an export believes nothing, doubles nothing, and loses nothing wherever it ends."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
from anyio import Event, sleep_forever, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL, Control
from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.transfer import export_job, import_job
from ingestion_orchestration_fastapi_app.transfer.import_job import IMPORT
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import started
from tests.component.test_export_job import exported
from tests.component.test_pipeline_captions import captioning
from tests.memory_exports import Rows
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio

IMAGES = 8


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "FILE_BYTES", 5000)
    monkeypatch.setattr(import_job, "GROUP_ROWS", 3)


async def sent() -> Bench:
    """A bench with an export, after some words of people."""
    bench = Bench(inference=captioning())
    mixed_folder(bench.library, images=IMAGES)
    await bench.job(captions=True)
    (point, *_) = await bench.store.page("default", limit=1, offset=0)
    await bench.ledger.annotations.put(point.sha256, Annotation(rating=4))
    await exported(bench)
    return bench


def received(sender: Bench) -> Bench:
    """Another one with the same photographs, that has nothing but the export."""
    bench = Bench(library=sender.library, exports=sender.exports, inference=captioning())
    bench.library.opened.clear()
    return bench


async def asked(bench: Bench, scheduler: JobScheduler, **options: object) -> JobRecord:
    collections = bench.collections()
    manifest, _ = bench.exports.finished["it"]
    identity = manifest.collection.identity
    collection = await collections.found_or_created("default", identity=identity)
    kind = scheduler.kinds.named(IMPORT)
    return await scheduler.submit(collection, kind.request("default", {"source": "it", **options}))


async def imported(bench: Bench, **options: object) -> JobRecord:
    async with started(bench) as scheduler:
        return await bench.ended((await asked(bench, scheduler, **options)).id)


def told(job: JobRecord) -> Report:
    return report_of(job.checkpoint.report)


async def check_same(bench: Bench, sender: Bench) -> None:
    """Rows, captions, words of people, and what the ledger believes of them."""
    assert await bench.rows() == await sender.rows()
    assert set((await bench.rows()).values()) == {1}
    assert await bench.captions() == await sender.captions()
    await bench.check_vectors()
    ids = list(await bench.rows())
    (generation,) = (await bench.collection()).generations
    assert await bench.ledger.artefacts.surely_stored(generation.id, ids) == set(ids)
    points = await bench.store.get("default", ids)
    contents = [point.sha256 for point in points]
    assert await bench.ledger.annotations.find(contents) == (
        await sender.ledger.annotations.find(contents)
    )
    assert await bench.ledger.catalogue.size(1) == len(ids)


async def test_all_comes_back_and_no_file_is_opened_by_the_next_import() -> None:
    sender = await sent()
    bench = received(sender)
    job = await imported(bench)
    assert (job.state, job.reason_code) == (JobState.COMPLETED, None)
    rows = len(await sender.rows())
    assert told(job).numbers["restored"] == job.counts.cached == rows
    assert told(job).findings == {}
    await check_same(bench, sender)
    again = await bench.job(captions=True)
    assert again.counts.unchanged == rows
    assert bench.inference.inferred == [b"image unembeddable"], "which has no vector to restore"
    await check_same(bench, sender)


async def test_a_second_import_writes_nothing() -> None:
    sender = await sent()
    bench = received(sender)
    await imported(bench)
    version = await bench.store.version("default")
    again = await imported(bench)
    assert told(again).numbers["unchanged"] == len(await sender.rows())
    assert told(again).numbers["restored"] == again.counts.found == 0
    assert await bench.store.version("default") == version


STEPS = (
    "begin_write",
    "complete",
    "save_checkpoint",
    "write",
    "put_vectors",
    "put_missing",
    "bind",
    "add",
    "move",
)


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_an_import_that_is_cut_off_at_any_step_ends_as_if_it_had_not_been(
    step: str, is_after: bool
) -> None:
    sender = await sent()
    whole = received(sender)
    expected = told(await imported(whole))
    calls = 0
    while True:
        bench = received(sender)
        job = await cut_off(bench, step, calls + 1, is_after=is_after)
        if job is None:
            break
        async with started(bench):
            ended = await bench.ended(job.id)
        assert (ended.state, told(ended)) == (JobState.COMPLETED, expected), calls + 1
        assert ended.counts == (await whole.ledger.jobs.list_newest(limit=1, offset=0))[0].counts
        await bench.resumed()  # words that a kill left over are made at a start
        await check_same(bench, sender)
        calls += 1
    assert calls


async def cut_off(bench: Bench, step: str, call: int, *, is_after: bool) -> JobRecord | None:
    """As a kill at the n-th call of the step, from 1. None where there are not so many."""
    ledger = bench.ledger
    owners = (
        *(ledger.artefacts, ledger.files, ledger.jobs, bench.store, bench.cache),
        *(ledger.annotations, ledger.generations, ledger.roots),
    )
    owner = next(one for one in owners if hasattr(one, step))
    really, numbers, reached = getattr(owner, step), count(1), Event()

    async def cut(*args: object, **kwargs: object) -> object:
        is_last = next(numbers) == call
        result = None
        if is_after or not is_last:
            result = await really(*args, **kwargs)
        if is_last:
            reached.set()
            await sleep_forever()
        return result

    with pytest.MonkeyPatch.context() as patch:
        async with started(bench) as scheduler:
            job = await asked(bench, scheduler)
            patch.setattr(owner, step, cut)
            while not reached.is_set():
                now = await bench.ledger.jobs.find(job.id)
                assert now is not None
                if now.state in FINAL:
                    return None
                await wait_all_tasks_blocked()
    return job


async def test_a_paused_import_goes_on_behind_its_last_group() -> None:
    sender = await sent()
    bench = received(sender)
    really, reached, go_on = bench.ledger.files.complete, Event(), Event()

    async def held(*args: Any, **kwargs: Any) -> None:
        await really(*args, **kwargs)
        reached.set()
        await go_on.wait()

    with pytest.MonkeyPatch.context() as patch:
        async with started(bench) as scheduler:
            patch.setattr(bench.ledger.files, "complete", held)
            job = await asked(bench, scheduler)
            await reached.wait()
            go_on.set()
            paused = await scheduler.control(job.id, Control.PAUSE)
            assert paused.state is JobState.PAUSED
            assert 0 < paused.progress.done < len(await sender.rows())
    async with started(bench) as scheduler:
        await scheduler.control(job.id, Control.RESUME)
        ended = await bench.ended(job.id)
    assert told(ended).numbers["restored"] == len(await sender.rows())
    await check_same(bench, sender)


async def test_a_damaged_file_costs_its_own_rows() -> None:
    sender = await sent()
    manifest, files = sender.exports.finished["it"]
    assert len(manifest.files) > 1
    second = manifest.files[1]
    damaged: Mapping[str, Rows] = {**files, second.name: files[second.name][:-1]}
    sender.exports.finished["it"] = (manifest, dict(damaged))
    bench = received(sender)
    job = await imported(bench)
    assert (job.state, job.reason_code) == (JobState.COMPLETED, ErrorCode.EXPORT_INVALID)
    assert job.progress.done == job.progress.total == manifest.rows
    assert len(await bench.rows()) == manifest.rows - second.rows
    sender.exports.finished["it"] = (manifest, files)
    again = await imported(bench)
    assert told(again).numbers["restored"] == second.rows
    await check_same(bench, sender)


async def test_images_whose_files_are_gone_stay_and_are_named() -> None:
    sender = await sent()
    bench = received(sender)
    kept = dict(bench.library.files)
    del bench.library.files[b"003.jpg"]
    job = await imported(bench)
    (example,) = told(job).findings["file_absent"].examples
    assert example.path == "/photos/003.jpg"
    assert await bench.rows() == await sender.rows()
    bench.library.files.clear()
    again = await imported(bench)
    assert told(again).findings["file_absent"].count == len(await sender.rows())
    assert any("not there" in warning for warning in again.progress.warnings)
    bench.library.files.update(kept)


async def test_a_model_that_changes_meanwhile_ends_it_before_anything_is_mixed() -> None:
    sender = await sent()
    manifest, files = sender.exports.finished["it"]
    other = manifest.model.model_copy(update={"fingerprint": "another"})
    bench = received(sender)
    await imported(bench)
    rows = await bench.rows()
    changed = manifest.model_copy(update={"model": other})
    sender.exports.finished["it"] = (changed, files)
    job = await imported(bench)
    assert (job.state, job.reason_code) == (JobState.FAILED, ErrorCode.MODEL_MISMATCH)
    assert await bench.rows() == rows
