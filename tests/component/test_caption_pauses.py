"""A caption job that is paused goes on where it was, and counts nothing twice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from anyio import Event

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Upload
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.jobs.states import Control
from tests.component.test_caption_job import imported
from utils.contract import JobState

pytestmark = pytest.mark.anyio


async def test_a_paused_job_keeps_what_it_has_and_goes_on_where_it_was() -> None:
    names = [f"{number:02d}" for number in range(30)]
    caption = await imported(*names)
    bench = caption.bench
    half_way = Event()

    def stops(uploads: Mapping[str, Upload]) -> None:
        if len(bench.inference.captioned) == 3:
            half_way.set()

    bench.inference.behaviour = stops
    async with caption.serving() as scheduler:
        record = await caption.submitted(scheduler)
        await half_way.wait()
        await scheduler.control(record.id, Control.PAUSE)
        paused = await bench.until(record.id, lambda one: one.state is JobState.PAUSED)
    done = sum(text is not None for text in (await bench.captions()).values())
    assert paused.progress.done == done < 30
    async with caption.serving() as scheduler:
        await scheduler.control(record.id, Control.RESUME)
        ended = await bench.ended(record.id)
    assert ended.state is JobState.COMPLETED
    assert (ended.progress.done, ended.progress.total) == (30, 30)
    seen = [data for batch in bench.inference.captioned for data in batch]
    assert len(set(seen)) == 30
    assert all((await bench.captions()).values())


async def test_what_failed_before_a_pause_is_neither_asked_nor_counted_again() -> None:
    names = ["wordless", *(f"{number:02d}" for number in range(20))]
    caption = await imported(*names)
    bench = caption.bench
    half_way = Event()

    def stops(uploads: Mapping[str, Upload]) -> None:
        if len(bench.inference.captioned) == 3:
            half_way.set()

    bench.inference.behaviour = stops
    async with caption.serving() as scheduler:
        record = await caption.submitted(scheduler, retry=True)
        await half_way.wait()
        await scheduler.control(record.id, Control.PAUSE)
        await bench.until(record.id, lambda one: one.state is JobState.PAUSED)
    async with caption.serving() as scheduler:
        await scheduler.control(record.id, Control.RESUME)
        ended = await bench.ended(record.id)
    report = report_of(ended.checkpoint.report)
    assert report.numbers == {"captioned": 20, "failed": 1, "away": 0, "known": 0}
    assert (ended.progress.done, ended.progress.total) == (21, 21)
    seen = [data for batch in bench.inference.captioned for data in batch]
    assert seen.count(b"image wordless") == 1
