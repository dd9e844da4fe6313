"""What is no longer the picture that was imported is not served in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Event

import pytest
from anyio import create_task_group, fail_after, to_thread

from tests.component.orchestrator_app import PATIENCE_S, check_problem
from tests.component.test_original_files import imported, picture
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


def by_a_link(path: Path, secret: Path) -> None:
    path.unlink()
    path.symlink_to(secret)


def by_a_linked_folder(path: Path, secret: Path) -> None:
    elsewhere = secret.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.copy2(secret, elsewhere / path.name)
    shutil.rmtree(path.parent)
    path.parent.symlink_to(elsewhere)


def by_another_file(path: Path, secret: Path) -> None:
    path.write_bytes(secret.read_bytes())


def by_as_many_other_bytes(path: Path, secret: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40] + bytes(40))


def by_another_of_the_same_size_and_time(path: Path, secret: Path) -> None:
    other, times = path.with_name("other.bmp"), path.stat()
    picture(other, format="BMP", colour="blue")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert other.stat().st_size == times.st_size
    other.replace(path)


def by_a_pipe(path: Path, secret: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def by_nothing(path: Path, secret: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "replaced",
    [by_a_link, by_a_linked_folder, by_another_file, by_as_many_other_bytes, by_a_pipe, by_nothing],
)
async def test_what_is_no_longer_the_imported_picture_is_not_served(
    tmp_path: Path, replaced: Callable[[Path, Path], None]
) -> None:
    path = picture(tmp_path / "photos" / "trip" / "a.jpg")
    secret = tmp_path / "secret"
    secret.write_bytes(b"root:x:0:0")
    async with imported(tmp_path, path) as (running, [url]):
        replaced(path, secret)
        response = await running.http.get(url)
        check_problem(response, 404, ErrorCode.IMAGE_NOT_FOUND)
        assert b"root:" not in response.content


async def test_not_even_the_picture_itself_is_read_through_a_link(tmp_path: Path) -> None:
    path = picture(tmp_path / "photos" / "trip" / "a.jpg")
    async with imported(tmp_path, path) as (running, [url]):
        path.parent.rename(tmp_path / "moved")
        path.parent.symlink_to(tmp_path / "moved")
        check_problem(await running.http.get(url), 404, ErrorCode.IMAGE_NOT_FOUND)


@pytest.mark.parametrize("hours_old", [0, 5])
async def test_another_picture_that_looks_the_same_is_not_served(
    tmp_path: Path, hours_old: int
) -> None:
    """A size and an mtime can be given to any file: also where the ledger trusts the times."""
    path = picture(tmp_path / "photos" / "a.bmp", format="BMP")
    time_ns = path.stat().st_mtime_ns - hours_old * 3600 * 10**9
    os.utime(path, ns=(time_ns, time_ns))
    whole = path.read_bytes()
    async with imported(tmp_path, path) as (running, [url]):
        assert (await running.http.get(url)).content == whole
        by_another_of_the_same_size_and_time(path, path)
        for headers in ({}, {"Range": "bytes=0-99"}, {"If-None-Match": "*"}):
            for method in ("GET", "HEAD"):
                response = await running.http.request(method, url, headers=headers)
                assert response.status_code == 404
        job = await running.ingested()
        assert job["counts"]["embedded"] == 1
        assert (await running.http.get(url)).content == path.read_bytes() != whole


async def test_a_folder_that_flips_into_a_link_never_shows_what_is_behind_it(
    tmp_path: Path,
) -> None:
    path = picture(tmp_path / "photos" / "trip" / "a.jpg")
    whole = path.read_bytes()
    behind = tmp_path / "behind"
    behind.mkdir()
    # Of the same size, time and format: nothing but the link itself tells them apart.
    (behind / "a.jpg").write_bytes(whole[:-40] + bytes(38) + whole[-2:])
    shutil.copystat(path, behind / "a.jpg")
    trip, aside = path.parent, tmp_path / "aside"
    done = Event()
    pauses = Random(1)

    def flip() -> None:
        # Without the pauses a busy machine never meets the folder itself.
        while not done.wait(pauses.random() * 0.002):
            trip.rename(aside)
            trip.symlink_to(behind)
            done.wait(pauses.random() * 0.001)
            trip.unlink()
            aside.rename(trip)

    async with imported(tmp_path, path) as (running, [url]), create_task_group() as tg:
        tg.start_soon(to_thread.run_sync, flip)
        statuses: list[int] = []
        try:
            with fail_after(PATIENCE_S):
                while len(statuses) < 150 or len(set(statuses)) < 2:
                    response = await running.http.get(url)
                    statuses.append(response.status_code)
                    assert response.status_code == 404 or response.content == whole
        finally:
            done.set()
        assert set(statuses) == {200, 404}
