"""A dry run is bounded: of many files it opens some, and counts all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import CapacityLimiter, create_task_group

from ingestion_orchestration_fastapi_app.domain.jobs.dry_runs import dry_run_request
from ingestion_orchestration_fastapi_app.domain.jobs.imports import IngestOptions, import_request
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.dry_run.costs import Costs
from ingestion_orchestration_fastapi_app.dry_run.job import DryRun
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from tests.component.bench import Bench, BenchScheduler, mixed_folder
from tests.component.test_pipeline_captions import captioning
from tests.fake_inference import FakeInference
from tests.fakes import OLD_NS
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio
OUTCOMES = ("unchanged", "cached", "embedded", "failed", "skipped")


class DryBench(Bench):
    """A bench whose dry runs open so many files."""

    def __init__(self, *, sample_files: int = 1000, inference: FakeInference | None = None) -> None:
        super().__init__(inference=inference or FakeInference())
        self.sample_files = sample_files

    def dry_scheduler(self) -> BenchScheduler:
        ports, collections = self.ports(), self.collections()
        pool = InferencePool(ports.inference)
        dry_run = DryRun(
            collections,
            pool,
            Costs(lambda: 10**12, 0, CapacityLimiter(1)),
            read_workers=2,
            delete_guard_percent=20,
            sample_files=self.sample_files,
        )
        kinds = Kinds([dry_run.kind])
        return BenchScheduler(ports, kinds, max_running=1, max_waiting=1, pool=pool)


async def dry(bench: DryBench, *, captions: bool = False) -> tuple[JobRecord, Report]:
    options = IngestOptions(captions=captions)
    scheduler = bench.dry_scheduler()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        request = dry_run_request(import_request("default", b"/photos", options))
        record = await scheduler.submit(await bench.collection(), request)
        ended = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    assert ended.state is JobState.COMPLETED, ended.reason
    report = report_of(ended.checkpoint.report)
    assert report.numbers["found"] == sum(report.numbers[one] for one in OUTCOMES)
    return ended, report


def counted(job: JobRecord, names: Sequence[str] = OUTCOMES) -> dict[str, int]:
    return {name: getattr(job.counts, name) for name in names}


async def test_of_many_files_some_are_opened_and_all_are_counted() -> None:
    bench = DryBench(sample_files=50)
    for number in range(600):
        bench.library.put(b"%03d.jpg" % number, b"image %d" % number)
        bench.library.put(b"%03d.txt" % number, b"text")
    job, report = await dry(bench)
    numbers = report.numbers
    assert 25 < numbers["looked_into"] <= 50
    assert (numbers["found"], numbers["new"], numbers["to_open"]) == (1200, 1200, 1200)
    assert 300 < numbers["embedded"] < 900
    assert len(bench.library.opened) < 400  # fifty for each halving
    assert any("estimated" in warning for warning in job.progress.warnings)


async def test_no_batch_is_sent_and_no_point_is_stored() -> None:
    bench = DryBench()
    mixed_folder(bench.library)
    _, report = await dry(bench)
    assert not bench.inference.batches
    assert not await bench.store.tables()
    assert report.numbers["new"] == report.numbers["found"] == 28
    # What only decoding or the device finds out is no failure yet; copies of it are copies.
    told = {name: report.numbers[name] for name in OUTCOMES}
    assert told == {"unchanged": 0, "cached": 3, "embedded": 23, "failed": 1, "skipped": 1}
    assert report.findings["failed: ERR_FILE_EMPTY"].count == 1


async def test_of_a_library_that_is_known_it_tells_exactly_what_an_import_does() -> None:
    bench = DryBench()
    mixed_folder(bench.library)
    await bench.job()
    bench.library.put(b"000.jpg", b"image 0", mtime_ns=OLD_NS + 1)  # the same content
    bench.library.put(b"001.jpg", b"image new", mtime_ns=OLD_NS + 1)
    bench.library.put(b"times.jpg", b"image times", settled=False)
    del bench.library.files[b"odd.jpg"]
    for round_number in range(2):
        _, report = await dry(bench)
        job = await bench.job()
        told = {name: report.numbers[name] for name in OUTCOMES}
        assert told == counted(job), round_number
    assert report.numbers["opened_again"] == 1  # whose times could not be trusted
    assert report.findings[f"failed: {ErrorCode.DECODING_IMAGE}"].count == 2


async def test_a_caption_that_is_wanted_and_lacking_is_no_content_that_is_known() -> None:
    bench = DryBench(inference=captioning())
    for number in range(4):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)
    await bench.job()
    for wanted in (False, True):
        _, report = await dry(bench, captions=wanted)
        assert report.numbers["unchanged"] == (0 if wanted else 4)
        assert report.numbers["embedded"] == (4 if wanted else 0)
    job = await bench.job(captions=True)
    assert job.counts.embedded == 4
