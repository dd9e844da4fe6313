"""A verdict counts for the readers that gave it: others look again, at nothing that is well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion_orchestration_fastapi_app.domain.files import change_detection
from tests.component.bench import Bench, mixed_folder
from tests.component.test_quarantine import POISON, deadly_bench, suspects
from utils.contract import ErrorCode, JobCounts

pytestmark = pytest.mark.anyio


async def test_other_readers_open_what_was_skipped_or_refused_and_nothing_else() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    first = await bench.job()
    assert first.counts.failed > 0
    assert first.counts.skipped > 0
    bench.library.opened.clear()
    again = await bench.job()
    # What only its model refused is tried again by every import.
    assert set(bench.library.opened) == {b"odd.jpg"}
    bench.library.opened.clear()
    bench.preparation.reader_version = "fake-2"
    other = await bench.job()
    assert set(bench.library.opened) == {
        b"corrupt-copy.jpg",
        b"corrupt.jpg",
        b"empty.jpg",
        b"notes.txt",
        b"odd.jpg",
    }
    assert other.counts == again.counts
    bench.library.opened.clear()
    assert (await bench.job()).counts == again.counts
    assert set(bench.library.opened) == {b"odd.jpg"}


async def test_what_newer_readers_can_read_is_imported_without_force() -> None:
    bench = Bench()
    bench.library.put(b"new-format.jpg", b"image corrupt")
    refused = await bench.job()
    assert refused.errors_by_code == {ErrorCode.DECODING_IMAGE: 1}
    bench.library.put(b"new-format.jpg", b"image of a format that is known now")
    bench.preparation.reader_version = "fake-2"
    assert (await bench.job()).counts == JobCounts(found=1, embedded=1)


async def test_what_was_not_decoded_in_time_is_tried_once_more_a_day_later_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, preparation = deadly_bench()
    preparation.late = {POISON}
    assert (await bench.job()).errors_by_code[ErrorCode.DECODING_TIMEOUT] == 1
    bench.library.opened.clear()
    assert (await bench.job()).errors_by_code[ErrorCode.DECODING_TIMEOUT] == 1
    assert POISON not in bench.library.opened, "not on the same day"
    monkeypatch.setattr(change_detection, "TRIED_AGAIN_AFTER", timedelta(0))
    preparation.late.clear()
    for number in range(5):
        bench.library.put(b"more %d.jpg" % number, b"image more %d" % number)
    preparation.companies.clear()
    job = await bench.job()
    assert ErrorCode.DECODING_TIMEOUT not in job.errors_by_code
    assert job.counts.embedded == 6
    path = b"/photos/" + POISON
    assert [company for company in preparation.companies if path in company] == [{path}]
    assert await suspects(bench) == 0
