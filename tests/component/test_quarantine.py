"""A file that takes the orchestrator down twice alone is put aside; who was beside it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import pytest
from anyio import Event, wait_all_tasks_blocked

from ingestion_orchestration_fastapi_app.domain.files import change_detection
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Prepared, Upload
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from ingestion_orchestration_fastapi_app.errors import ConnectionLost, Unreachable
from tests.component.bench import Bench, mixed_folder
from tests.component.job_steps import retried, started
from tests.component.service_fakes import short_waits
from tests.component.test_crashes import Fuse, PowerCutError, cut
from tests.component.test_pipeline import MIXED
from tests.fakes import FakePreparation
from utils.contract import ClipUpload, ErrorCode, JobCounts, JobState
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

POISON = b"010.jpg"
CONDEMNED = MIXED.model_copy(update={"embedded": MIXED.embedded - 1, "failed": MIXED.failed + 1})


class DeadlyPreparation(FakePreparation):
    """Ends the process in the midst of a decoding: of a poison, or where `kill` says so."""

    def __init__(self, *poisons: bytes) -> None:
        super().__init__()
        self.poisons = set(poisons)
        self.kill: Callable[[bytes], bool] = lambda path: False
        self.fuse = Fuse(0, after=False)  # burns here only
        self.inside: set[bytes] = set()
        self.companies: list[frozenset[bytes]] = []  # for each decoding, who was in with it
        self.hold: Event | None = None

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected:
        path = content.file.absolute
        self.inside.add(path)
        self.companies.append(frozenset(self.inside))
        try:
            if self.hold is not None:
                await self.hold.wait()
            if content.file.path in self.poisons or self.kill(content.file.path):
                self.fuse.burnt_at = "prepare"
                raise PowerCutError
            return await super().prepare(content, clip, whole_side_px=whole_side_px)
        finally:
            self.inside.discard(path)


def deadly_bench(*poisons: bytes) -> tuple[Bench, DeadlyPreparation]:
    preparation = DeadlyPreparation(*poisons)
    bench = Bench(preparation=preparation)
    mixed_folder(bench.library)
    return bench, preparation


async def dies(bench: Bench, run: Callable[[], Awaitable[object]]) -> bool:
    """Whether the process died before the run was over."""
    assert isinstance(bench.preparation, DeadlyPreparation)
    bench.preparation.fuse = Fuse(0, after=False)
    bench.preparation.inside.clear()
    await cut(bench, bench.preparation.fuse, run)
    return bench.preparation.fuse.burnt_at is not None


async def only_job(bench: Bench) -> JobRecord:
    (job,) = await bench.ledger.jobs.list_newest(limit=10, offset=0)
    return job


async def suspects(bench: Bench) -> int:
    collection = await bench.collection()
    return len(await bench.ledger.artefacts.decode_starts(collection.id))


async def test_a_file_that_takes_the_process_down_alone_twice_costs_restarts_and_itself() -> None:
    bench, _ = deadly_bench(POISON)
    assert [await dies(bench, run) for run in (bench.job, bench.resumed, bench.resumed)] == [
        True
    ] * 3
    assert not await dies(bench, bench.resumed)
    job = await only_job(bench)
    assert (job.state, job.counts) == (JobState.COMPLETED, CONDEMNED)
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
    failures, _ = await bench.ledger.jobs.failures(job.id, limit=100, offset=0)
    assert [one.display_path for one in failures if one.code is ErrorCode.FILE_QUARANTINED] == [
        "/photos/010.jpg"
    ]
    assert set((await bench.rows()).values()) == {1}
    assert bench.library.opened.count(POISON) == 3
    assert await suspects(bench) == 0
    assert bench.budget.free_bytes == 100_000


async def test_two_poisons_are_both_found() -> None:
    bench, _ = deadly_bench(POISON, b"011.jpg")
    deaths = int(await dies(bench, bench.job))
    while await dies(bench, bench.resumed):
        deaths += 1
    assert deaths <= 6
    job = await only_job(bench)
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 2
    assert job.counts.failed == MIXED.failed + 2


async def test_whoever_was_in_work_at_a_death_is_tried_alone_and_survives_it() -> None:
    bench, preparation = deadly_bench(POISON)
    assert await dies(bench, bench.job)
    in_work = await suspects(bench)
    assert in_work > 2
    preparation.poisons.clear()  # it was something else
    preparation.companies.clear()
    await bench.resumed()
    job = await only_job(bench)
    assert job.counts == MIXED
    assert any(line.event == "files_tried_alone" for line in job.progress.log)
    tried = [company for company in preparation.companies if len(company) == 1]
    assert len(tried) > 2
    assert await suspects(bench) == 0


async def test_two_kills_from_outside_condemn_nobody_who_had_company() -> None:
    """Killed at every decoding, and again at every one of the next life that was in company."""
    for first in range(1, 22, 4):
        bench, preparation = deadly_bench()
        count = iter(range(1, 100))
        preparation.kill = lambda path, count=count, first=first: next(count) == first  # type: ignore[misc]  # a lambda's default has no type
        assert await dies(bench, bench.job)
        collection = await bench.collection()
        lost = await bench.ledger.artefacts.decode_starts(collection.id)
        assert lost

        async def in_company(
            preparation: DeadlyPreparation = preparation, bench: Bench = bench
        ) -> None:
            preparation.kill = lambda path: len(preparation.inside) > 1
            await bench.resumed()

        await dies(bench, in_company)
        preparation.kill = lambda path: False
        await bench.resumed()
        assert (await only_job(bench)).counts == MIXED
        await bench.check_vectors()


async def test_a_kill_while_a_suspect_is_alone_costs_nothing() -> None:
    bench, preparation = deadly_bench()
    preparation.kill = lambda path: path == POISON
    assert await dies(bench, bench.job)
    for _ in range(4):  # each finds another one: who was alone at a death is tried last
        preparation.kill = lambda path: len(preparation.inside) == 1
        assert await dies(bench, bench.resumed)
    preparation.kill = lambda path: False
    await bench.resumed()
    assert (await only_job(bench)).counts == MIXED


async def test_two_kills_that_find_the_same_file_alone_cost_that_one_file_at_most() -> None:
    bench, preparation = deadly_bench()
    preparation.kill = lambda path: path == POISON
    assert await dies(bench, bench.job)
    for _ in range(2):
        assert await dies(bench, bench.resumed)
    preparation.kill = lambda path: False
    await bench.resumed()
    job = await only_job(bench)
    assert (job.state, job.counts.found) == (JobState.COMPLETED, MIXED.found)
    assert job.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
    again = await bench.job(force=True)
    assert again.counts.failed == MIXED.failed, "force opens it again, with a clean record"


@pytest.mark.parametrize("control", [Control.PAUSE, Control.CANCEL, None])
async def test_a_clean_stop_in_the_midst_of_decoding_leaves_no_suspect(
    control: Control | None,
) -> None:
    bench, preparation = deadly_bench()
    preparation.hold = Event()
    async with started(bench) as scheduler:
        job = await bench.submitted(scheduler)
        while not preparation.inside:
            await wait_all_tasks_blocked()
        assert await suspects(bench) > 0
        if control is not None:
            await scheduler.control(job.id, control)
            assert await suspects(bench) == 0
    assert await suspects(bench) == 0  # also where the whole service was stopped
    preparation.hold = None
    if control is None:
        preparation.companies.clear()
        await bench.resumed()
        assert (await only_job(bench)).counts == MIXED


async def test_a_quarantined_file_is_counted_again_unopened_until_it_is_asked_for() -> None:
    bench, preparation = deadly_bench(POISON)
    for run in (bench.job, bench.resumed, bench.resumed, bench.resumed):
        await dies(bench, run)
    condemned = await only_job(bench)
    preparation.poisons.clear()
    opened = bench.library.opened.count(POISON)
    again = await bench.job()
    assert again.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
    assert bench.library.opened.count(POISON) == opened
    async with started(bench) as scheduler:
        again_job = await retried(scheduler, await bench.collection(), condemned)
        ended = await bench.ended(again_job.id)
    assert ended.counts.embedded == 1
    assert ErrorCode.FILE_QUARANTINED not in ended.errors_by_code


async def test_a_file_that_took_the_process_down_is_not_tried_again_by_itself_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(change_detection, "TRIED_AGAIN_AFTER", timedelta(0))
    bench, _ = deadly_bench(POISON)
    for run in (bench.job, bench.resumed, bench.resumed, bench.resumed):
        await dies(bench, run)
    assert not await dies(bench, bench.job)
    newest, _ = await bench.ledger.jobs.list_newest(limit=10, offset=0)
    assert newest.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1


async def test_a_poison_that_is_asked_for_again_needs_as_many_deaths_again() -> None:
    bench, _ = deadly_bench(POISON)
    for run in (bench.job, bench.resumed, bench.resumed, bench.resumed):
        await dies(bench, run)

    async def forced() -> None:
        await bench.job(force=True)

    assert [await dies(bench, run) for run in (forced, bench.resumed, bench.resumed)] == [True] * 3
    assert not await dies(bench, bench.resumed)
    newest, _ = await bench.ledger.jobs.list_newest(limit=10, offset=0)
    assert newest.state is JobState.COMPLETED
    assert newest.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1


async def test_a_file_that_was_mended_meanwhile_is_not_condemned() -> None:
    bench, preparation = deadly_bench(POISON)
    for run in (bench.job, bench.resumed, bench.resumed):
        assert await dies(bench, run)
    preparation.poisons.clear()
    bench.library.put(POISON, b"image mended")
    await bench.resumed()
    assert (await only_job(bench)).counts == MIXED


async def test_a_poison_of_the_inference_service_is_found_across_restarts_of_both() -> None:
    """Losses are forgotten by a restart of the orchestrator, which costs the service two more."""
    bench = Bench()
    mixed_folder(bench.library)
    bench.library.put(b"poison.jpg", b"image poison")
    deaths = restarting = 0
    died = Event()

    def falls(uploads: Mapping[str, Upload]) -> None:
        nonlocal deaths, restarting
        if restarting:
            restarting -= 1
            raise Unreachable("its supervisor is starting it")
        if any(b"poison" in upload.data for upload in uploads.values()):
            deaths, restarting = deaths + 1, 2
            died.set()
            raise ConnectionLost("lost")

    bench.inference.behaviour = falls
    with short_waits():
        async with started(bench) as scheduler:
            job = await bench.submitted(scheduler)
            await died.wait()
        assert deaths == 1, "the orchestrator went down before the poison was found"
        await bench.resumed()
        ended = await bench.ended(job.id)
        assert ended.counts == JobCounts(found=29, embedded=21, cached=2, failed=5, skipped=1)
        assert ended.errors_by_code[ErrorCode.FILE_QUARANTINED] == 1
