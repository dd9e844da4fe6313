"""A verdict counts for the readers that gave it: others look again, at nothing that is well."""

from __future__ import annotations

import pytest

from tests.component.bench import Bench, mixed_folder
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
