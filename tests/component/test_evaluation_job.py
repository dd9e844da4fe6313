"""An evaluation searches for each caption, tells how far down its image stands, and goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.domain.evaluation.nonsense import NONSENSE, nonsense
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Report, report_of
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.domain.search.templates import TEMPLATES
from ingestion_orchestration_fastapi_app.errors import Overloaded
from ingestion_orchestration_fastapi_app.evaluation import run as evaluation_run
from ingestion_orchestration_fastapi_app.evaluation.job import EVALUATE, Evaluate
from ingestion_orchestration_fastapi_app.jobs.kinds import Kinds
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import shipped_texts
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from tests.component.bench import Bench, BenchScheduler
from tests.fake_inference import FakeInference
from tests.fakes import FINGERPRINT
from utils.contract import ErrorCode, EvaluateOptions, JobState

pytestmark = pytest.mark.anyio

IMAGES = 60
CAPTIONS = "/photos/captions.tsv"


@dataclass
class Known(FakeInference):
    """Of these texts a picture that holds just them is the nearest there can be."""

    asked: list[str] = field(default_factory=list)
    breaks_at: int | None = None

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        if self.breaks_at is not None and len(self.asked) >= self.breaks_at:
            raise Overloaded("busy")
        self.asked.append(text)
        return await super().embed_text(text, fingerprint=fingerprint)


def captions(images: int = IMAGES) -> str:
    """The last image is said to be what another one shows; one caption is of no image."""
    lines = [f"{number:03d}.jpg\timage {number:03d} as it is\ten" for number in range(images - 1)]
    lines += [f"{images - 1:03d}.jpg\timage 000\tde", "gone.jpg\timage 001\ten"]
    return "image\tcaption\tlanguage\n" + "\n".join(lines)


async def imported(*, images: int = IMAGES) -> Bench:
    bench = Bench(inference=Known())
    for number in range(images):
        bench.library.put(f"{number:03d}.jpg".encode(), f"image {number:03d} as it is".encode())
    await bench.job()
    return bench


async def scheduler_of(bench: Bench, content: str | None) -> JobScheduler:
    async def read(path: str) -> str:
        assert path == CAPTIONS
        assert content is not None
        return content

    scheduler = bench.scheduler()
    assert bench.pool is not None
    collections, ports = bench.collections(), bench.ports()
    await collections.check_all()
    judging = Judging(ports.ledger.calibrations, ports.store)
    calibrating = Calibrating(ports.ledger, ports.store, bench.pool, collections, judging)
    search = Search(
        collections,
        ports.store,
        bench.pool,
        conditions=LedgerConditions(
            ports.ledger.captions, ports.ledger.annotations, ports.ledger.albums
        ),
        judging=judging,
        templating=Templating(ports.ledger.calibrations),
        shown=lambda _: None,
        query_timeout_s=5,
    )
    kind = Evaluate(collections, bench.pool, calibrating, judging, search, read).kind
    return BenchScheduler(ports, Kinds([kind]), max_running=1, max_waiting=9, pool=scheduler.pool)


async def evaluated(bench: Bench, content: str | None) -> tuple[JobRecord, Report]:
    scheduler = await scheduler_of(bench, content)
    collection = await bench.ledger.collections.find("default")
    assert collection is not None
    path = None if content is None else CAPTIONS
    options = EvaluateOptions(captions_path=path).model_dump()
    request = JobRequest("default", EVALUATE, None, options)
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        record = await scheduler.submit(collection, request)
        ended = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    return ended, report_of(ended.checkpoint.report)


async def test_figures_are_of_every_caption_that_has_an_image() -> None:
    bench = await imported()
    assert not await bench.ledger.calibrations.is_evaluated(FINGERPRINT)
    ended, report = await evaluated(bench, captions())
    assert ended.state is JobState.COMPLETED
    assert report.numbers == {"images": IMAGES, "texts": IMAGES, "texts without an image": 1}
    assert report.about["fingerprint"] == FINGERPRINT
    assert report.about["dtype"] == "float32"
    figures = report.figures
    assert figures["recall at 1"] == pytest.approx((IMAGES - 1) / IMAGES, abs=1e-3)
    assert figures["language en: recall at 1"] == 1.0
    assert figures["language de: recall at 1"] == figures["short: precision at 1"] == 0.0
    assert figures["median rank"] == 1.0
    assert figures["pixel source image: recall at 10"] == figures["recall at 10"]
    assert figures["indexed: recall of the exact first ten"] == 1.0
    assert 0 <= figures["cut at 0.5: F1"] <= 1
    assert figures["nonsense rejected"] >= 0.8
    assert figures["templates: nonsense rejected"] >= 0.8
    assert figures["hybrid: recall at 10"] >= figures["recall at 10"]
    assert "templates: precision at 1 with" not in figures  # no caption is of that kind
    assert not await bench.ledger.calibrations.templates_help(FINGERPRINT)
    assert await bench.ledger.calibrations.is_evaluated(FINGERPRINT)


@dataclass
class Sentences(Known):
    """It knows what a sentence says, and of a name alone it does not."""

    knows_names: bool = False

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        start, _, number = text.rpartition("thing ")
        knows = self.knows_names == (not start)
        said = f"image {number}" if number and knows else text
        return await super().embed_text(said, fingerprint=fingerprint)


@pytest.mark.parametrize("knows_names", [False, True])
async def test_templates_are_used_from_then_on_where_they_help(*, knows_names: bool) -> None:
    bench = Bench(inference=Sentences(knows_names=knows_names))
    for number in range(10):
        bench.library.put(f"{number}.jpg".encode(), f"image {number}".encode())
    await bench.job()
    lines = "\n".join(f"{number}.jpg\tthing {number}" for number in range(10))
    _, report = await evaluated(bench, lines)
    with_them = report.figures["templates: precision at 1 with"]
    without = report.figures["templates: precision at 1 without"]
    assert (without > with_them) if knows_names else (with_them > without)
    assert report.figures["short: precision at 1"] == without
    assert report.figures["templates: they help"] == float(not knows_names)
    assert await bench.ledger.calibrations.templates_help(FINGERPRINT) is not knows_names


async def test_folders_are_classes_where_there_are_no_captions() -> None:
    bench = Bench(inference=Known())
    for number in range(10):
        name = f"image_{number}/{number}.jpg"
        bench.library.put(name.encode(), f"image {number}".encode())
    await bench.job()
    _, report = await evaluated(bench, None)
    assert report.numbers["texts"] == 10
    assert report.figures["recall at 1"] == 1.0
    assert report.figures["short: precision at 1"] == 1.0
    assert "cut at 0.5: F1" not in report.figures  # too few images to calibrate


@pytest.mark.parametrize("is_changed", [False, True])
async def test_it_goes_on_where_it_was_and_counts_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, *, is_changed: bool
) -> None:
    """Of other captions, or of another generation's table, it begins anew."""
    monkeypatch.setattr(evaluation_run, "SAVE_EVERY", 10)
    bench = await imported()
    service = bench.inference
    assert isinstance(service, Known)
    service.breaks_at = len(shipped_texts().all_of_them) + 25
    scheduler = await scheduler_of(bench, captions())
    collection = await bench.ledger.collections.find("default")
    assert collection is not None
    options = EvaluateOptions(captions_path=CAPTIONS).model_dump()
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        record = await scheduler.submit(collection, JobRequest("default", EVALUATE, None, options))
        await bench.until(record.id, lambda job: job.progress.done == 20)
        tg.cancel_scope.cancel()
    service.breaks_at = None
    asked = len(service.asked)
    scheduler = await scheduler_of(bench, captions(IMAGES - 5 if is_changed else IMAGES))
    async with create_task_group() as tg:
        await tg.start(scheduler.serve)
        ended = await bench.ended(record.id)
        tg.cancel_scope.cancel()
    report = report_of(ended.checkpoint.report)
    assert ended.state is JobState.COMPLETED
    texts, done = (IMAGES - 5, 0) if is_changed else (IMAGES, 20)
    assert report.numbers["texts"] == texts
    assert report.figures["recall at 1"] == pytest.approx((texts - 1) / texts, abs=1e-3)
    # Nonsense is asked for as it is, and by each template.
    assert len(service.asked) - asked == texts - done + NONSENSE * (1 + len(TEMPLATES))


@pytest.mark.parametrize(
    ("content", "where"),
    [("no tab here", "Line 1"), ("gone.jpg\ta dog", "None of the captions")],
)
async def test_what_is_no_file_of_its_captions_ends_the_job_in_words(
    content: str, where: str
) -> None:
    bench = await imported(images=5)
    ended, _ = await evaluated(bench, content)
    assert (ended.state, ended.reason_code) == (JobState.FAILED, ErrorCode.VALIDATION)
    assert ended.reason is not None
    assert where in ended.reason
    assert not await bench.ledger.calibrations.is_evaluated(FINGERPRINT)


def test_the_nonsense_that_is_asked_is_none_that_is_shipped() -> None:
    asked = [nonsense(number) for number in range(NONSENSE)]
    assert len(set(asked)) == NONSENSE
    assert not set(asked) & set(shipped_texts().nonsense)
    assert {len(text.split()) for text in asked} == {1, 2, 3}
    assert all(3 <= len(word) <= 9 for text in asked for word in text.split())
