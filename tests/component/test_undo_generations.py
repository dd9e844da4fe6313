"""What was removed comes back to each model that is there; others make their vectors anew."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import pytest

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.errors import StoreRead
from tests.component.bench import Bench, mixed_folder
from tests.component.reembed_steps import (
    OTHER,
    bench_of_two,
    check_whole,
    generation_by,
    points_by,
    reembedded,
)
from tests.component.undo_steps import in_trash, left_by, said_by, take_away, undone
from tests.fakes import FINGERPRINT
from tests.memory_store import MemoryStore
from utils.contract import JobState

pytestmark = pytest.mark.anyio

GONE = (b"003.jpg", b"004.jpg", b"copy-a.jpg", b"\xff\xfe.jpg")


async def imported(bench: Bench) -> Bench:
    mixed_folder(bench.library)
    await bench.job()
    return bench


async def removed(bench: Bench) -> tuple[JobRecord, dict[bytes, object]]:
    away = take_away(bench.library, *GONE)
    job = await bench.job(sync=True)
    assert job.progress.removed == len(GONE)
    return job, away


def put_back(bench: Bench, away: dict[bytes, object]) -> None:
    bench.library.files |= away  # type: ignore[arg-type]  # as they were taken


async def test_it_comes_back_to_each_of_two_models() -> None:
    bench = await imported(bench_of_two())
    await reembedded(bench)
    before = {model: set(await points_by(bench, model)) for model in (FINGERPRINT, OTHER)}
    job, away = await removed(bench)
    for model, there in before.items():
        assert set(await points_by(bench, model)) == there - set(GONE)
    put_back(bench, away)
    undo = await undone(bench, job)
    assert said_by(undo).numbers == {"restored": 4, "not_kept": 0, "without_vector": 0}
    await check_whole(bench)
    assert {model: set(await points_by(bench, model)) for model in before} == before
    first, other = [await generation_by(bench, model) for model in (FINGERPRINT, OTHER)]
    assert await bench.ledger.generations.count_missing(other.id, first.id) == 0
    asked = [len(one.inferred) for one in (bench.inference, bench.others[0])]
    assert (await bench.job()).counts.unchanged == len(before[OTHER])
    never = 1  # which the other model is asked for by each import: it has no vector
    asked[1] += never
    assert [len(one.inferred) for one in (bench.inference, bench.others[0])] == asked


async def test_a_model_that_came_later_makes_its_vectors_with_the_next_import() -> None:
    bench = await imported(bench_of_two())
    before = set(await points_by(bench, FINGERPRINT))
    job, away = await removed(bench)
    await reembedded(bench)
    undo = await undone(bench, job)
    assert said_by(undo).numbers == {"restored": 0, "not_kept": 0, "without_vector": 4}
    assert any("4 images have no vector" in warning for warning in undo.progress.warnings)
    assert set(await points_by(bench, FINGERPRINT)) == before
    assert set(await points_by(bench, OTHER)) == before - set(GONE)
    collection = await bench.collection()
    listed = await bench.ledger.catalogue.point_ids(collection.id, after=None, limit=99)
    assert len(listed) == len(before) - len(GONE), "what cannot be found is not shown"
    put_back(bench, away)
    again = await bench.job()
    assert again.counts.embedded + again.counts.cached == len(GONE)
    await check_whole(bench)


async def test_what_has_no_model_any_more_waits_in_the_trash() -> None:
    bench = await imported(bench_of_two())
    job, away = await removed(bench)
    await reembedded(bench)
    collections = bench.collections()
    first = await generation_by(bench, FINGERPRINT)
    await collections.generations.remove((await bench.collection()).id, first)
    undo = await undone(bench, job)
    assert left_by(undo) == {"model_gone": 4}
    assert said_by(undo).numbers["restored"] == 0
    assert (undo.progress.done, undo.progress.total) == (4, 4)
    assert (await in_trash(bench)).points == 4
    put_back(bench, away)
    assert (await bench.job()).counts.failed > 0, "those that no model can read"
    await check_whole(bench)
    assert left_by(await undone(bench, job)) == {"id_taken": 4}
    assert (await in_trash(bench)).points == 0


class AwayOther(MemoryStore):
    """Where the table of the first model does not answer once another one does."""

    away: Collection[str] = ()

    async def write(self, table: str, points: object, *, may_exist: Collection[UUID]) -> int:
        if table in self.away:
            raise StoreRead("It does not answer.")
        return await super().write(table, points, may_exist=may_exist)  # type: ignore[arg-type]


async def test_a_table_that_does_not_answer_holds_nobody_up() -> None:
    bench = bench_of_two()
    bench.store = store = AwayOther()
    await imported(bench)
    await reembedded(bench)
    before = set(await points_by(bench, OTHER))
    job, away = await removed(bench)
    put_back(bench, away)
    store.away = {"default"}
    undo = await undone(bench, job)
    assert (undo.state, said_by(undo).numbers["restored"]) == (JobState.COMPLETED, 4)
    await check_whole(bench)
    assert set(await points_by(bench, FINGERPRINT)) == before - set(GONE)
    first, other = [await generation_by(bench, model) for model in (FINGERPRINT, OTHER)]
    missing = await bench.ledger.generations.count_missing(other.id, first.id)
    assert missing == 4, "and that is known"
