"""A disk or share that fails for a moment costs no file; one bad file costs itself alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.adapters.local_files import (
    filesystem,
    regular_file,
    whole_file,
)
from ingestion_orchestration_fastapi_app.ingest.lookups import folder_scan
from ingestion_orchestration_fastapi_app.ingest.suspects import embed_control, read_control
from tests.component.bench import PATIENCE_S, Bench
from tests.component.job_steps import started
from tests.component.orchestrator_app import orchestrator, paint
from utils.contract import ErrorCode, JobCounts, JobState
from utils.problems import Rejected

pytestmark = pytest.mark.anyio

BAD = b"05.jpg"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_control, "GAP_S", 0.002)
    monkeypatch.setattr(read_control, "RETRY_S", 0.002)
    monkeypatch.setattr(folder_scan, "RETRY_STALLED_S", 0.002)


def bench_of(images: int = 10) -> Bench:
    bench = Bench()
    for number in range(images):
        bench.library.put(b"%02d.jpg" % number, b"image %d" % number)
    return bench


async def test_a_file_that_alone_cannot_be_read_fails_alone_and_not_for_good() -> None:
    bench = bench_of()
    bench.library.failing = lambda path: path == BAD
    job = await bench.job()
    assert (job.state, job.counts) == (
        JobState.COMPLETED,
        JobCounts(found=10, embedded=9, failed=1),
    )
    assert job.errors_by_code == {ErrorCode.FILE_READ: 1}
    assert bench.library.opened.count(BAD) == 3, "at first, and in two rounds between good files"
    bench.library.failing = lambda path: False
    job = await bench.job()
    assert job.counts == JobCounts(found=10, unchanged=9, embedded=1)


async def test_a_file_that_fails_for_a_moment_is_read_later_in_the_same_job() -> None:
    bench = bench_of()
    left = {BAD: 2}

    def failing(path: bytes) -> bool:
        left[path] = left.get(path, 0) - 1
        return left[path] >= 0

    bench.library.failing = failing
    assert (await bench.job()).counts == JobCounts(found=10, embedded=10)


@pytest.mark.parametrize("failures", [1, 2, 50])
async def test_an_original_that_cannot_be_read_while_it_is_sent_is_sent_again(
    failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed_control, "STRIKE_GAP_S", 0.002)
    bench = bench_of()
    bench.library.put(b"a.dng", b"image raw")
    calls = 0

    def failing(path: bytes) -> bool:
        nonlocal calls
        calls += path == b"a.dng"
        return path == b"a.dng" and 1 < calls <= 1 + failures  # at first it is opened and hashed

    bench.library.failing = failing
    job = await bench.job()
    failed = int(failures > 2)
    assert job.counts == JobCounts(found=11, embedded=11 - failed, failed=failed)


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_job_waits_for_a_disk_that_fails_and_blames_no_file(is_known: bool) -> None:
    """Known: the control is what the ledger knows; else what this job has read."""
    bench = bench_of()
    if is_known:
        await bench.job()
        for number in range(10, 20):
            bench.library.put(b"%02d.jpg" % number, b"image %d" % number)
    seen: set[bytes] = set()
    dead = is_known

    def failing(path: bytes) -> bool:
        nonlocal dead
        seen.add(path)
        dead = dead or len(seen) > 5
        return dead

    bench.library.failing = failing
    async with started(bench) as scheduler:
        job = await bench.submitted(scheduler)
        with fail_after(PATIENCE_S):
            while (progress := scheduler.live_progress(job.id)) is None or (
                progress.state[2] is not ErrorCode.FILE_READ
            ):
                await sleep(0.001)
        assert progress.state[0] is JobState.PAUSED
        assert "/photos: input/output error" in (progress.state[1] or "")
        bench.library.failing = lambda path: False
        ended = await bench.ended(job.id)
    assert (ended.state, ended.counts.failed, ended.errors_by_code) == (JobState.COMPLETED, 0, {})
    assert ended.counts.embedded == 10


@pytest.mark.parametrize("code", [ErrorCode.FILE_READ, ErrorCode.OVERLOADED])
async def test_a_job_waits_for_a_folder_that_cannot_be_listed_now(code: ErrorCode) -> None:
    bench = bench_of()
    bench.library.stalls = [Rejected(code, "not now")] * 3
    job = await bench.job()
    assert (job.state, job.counts) == (JobState.COMPLETED, JobCounts(found=10, embedded=10))
    waits = [line.detail for line in job.progress.log if line.event == "job_paused"]
    assert waits == [f"{code}: /photos: not now"] * 3


class Failing:
    """In the place of `os` in a module: `pread` fails so often at each file named `bad`."""

    def __init__(self, number: int, times: int) -> None:
        self._number = number
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def pread(self, descriptor: int, *args: int) -> bytes:
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if "bad" in name.rpartition("/")[2] and self._times:
            self._times -= 1
            raise OSError(self._number, os.strerror(self._number))
        return os.pread(descriptor, *args)


@pytest.mark.parametrize(
    "number", [errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM]
)
async def test_no_moment_of_the_system_fails_a_file_or_a_job(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion_orchestration_fastapi_app.jobs.context.RETRY_STORAGE_S", 0.01)
    for module in (filesystem, whole_file):  # the header is read, and then the whole
        monkeypatch.setattr(module, "os", Failing(number, 1))
    async with orchestrator(tmp_path) as running:
        for name in ("a", "bad", "c"):
            paint(running.photos / f"{name}.png", "red", side_px=60 + len(name))
        job = await running.ingested()
    assert (job["state"], job["reason"], job["errors_by_code"]) == ("completed", None, {})
    assert job["counts"]["failed"] == 0


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_read_fault_is_what_the_disk_says_now(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad").write_bytes(b"x" * 100)
    path = os.fsencode(tmp_path / "bad")
    assert regular_file.read_fault(path) is None
    monkeypatch.setattr(regular_file, "os", Failing(number, 1))
    fault = regular_file.read_fault(path)
    assert fault is not None
    assert fault.code is ErrorCode.FILE_READ
    assert regular_file.read_fault(os.fsencode(tmp_path / "gone")) is None
