"""What one file says of itself costs no other file its row."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.bench import Bench
from tests.component.orchestrator_app import orchestrator, paint
from utils.contract import ErrorCode, JobState
from utils.metadata.photo_metadata import Metadata

pytestmark = pytest.mark.anyio


async def test_a_row_that_cannot_be_written_fails_alone() -> None:
    bench = Bench()
    for number in range(9):
        bench.library.put(b"%d.jpg" % number, b"image %d" % number)
    bench.library.put(b"copy.jpg", b"image 4")
    odd = Metadata(iso="many")  # type: ignore[arg-type]  # what a bug in a reader would give
    bench.library.metadata[b"4.jpg"] = odd
    job = await bench.job()
    assert job.state is JobState.COMPLETED
    assert (job.counts.failed, job.counts.embedded + job.counts.cached) == (1, 9)
    assert job.errors_by_code == {ErrorCode.STORE_ROW: 1}
    assert set((await bench.rows()).values()) == {1}
    assert len(await bench.rows()) == 9
    bench.library.metadata.clear()
    mended = await bench.job()
    assert (mended.counts.failed, mended.counts.unchanged) == (0, 9)
    assert len(await bench.rows()) == 10


@pytest.fixture
def roomy() -> Iterator[Path]:
    """On a file system that holds any time: ext4 ends in 2446 and begins in 1901."""
    if not os.path.isdir("/dev/shm"):
        pytest.skip("no tmpfs here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    "time_s", [-11_644_473_600, 10_413_792_000, -(2**40), 2**40, 253_402_300_800]
)
async def test_a_file_of_any_date_is_stored_like_its_neighbours(roomy: Path, time_s: int) -> None:
    """1601 is what Windows shares say of a time that was never set; 2300, a clock gone wrong."""
    for name in ("old", "fine"):
        paint(roomy / "photos" / f"{name}.png", "red", side_px=len(name) * 16)
    old = roomy / "photos" / "old.png"
    os.utime(old, (0, time_s))
    if old.stat().st_mtime != time_s:
        pytest.skip("this file system holds no such time")
    async with orchestrator(roomy) as running:
        job = await running.ingested()
        assert (job["state"], job["counts"]["embedded"]) == ("completed", 2)
        again = await running.ingested()
        assert (again["state"], again["counts"]["failed"]) == ("completed", 0)
        images = (await running.get("/images"))["images"]
        assert len(images) == 2
        for image in images:
            response = await running.http.get(image["file_url"])
            assert response.content == Path(image["path"]).read_bytes()
