"""Sidecars on a real disk: whose they are, whole or not at all, and never through a link."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import anyio
import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files.writing.atomic_write import (
    temporary_name,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.writing.sidecar_files import (
    LocalSidecars,
)
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.ports.sidecar_files import PlannedSidecar, WrittenMarks
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from tests.picture_files import put
from tests.unit.sidecar_steps import NAMES, SAID, planned, writing, written
from tests.unit.test_scan import BYTES, scanned
from tests.unit.test_sidecar_edit import DARKTABLE, LIGHTROOM
from utils.contract import ErrorCode
from utils.metadata.xmp import read_xmp
from utils.problems import Rejected

pytestmark = pytest.mark.anyio


def rating(path: Path) -> int | None:
    return read_xmp(path.read_bytes())[0].rating


@pytest.mark.parametrize(
    ("there", "photo", "expected"),
    [
        ({}, "a.jpg", "a.jpg.xmp"),
        ({"a.jpg.xmp": DARKTABLE}, "a.jpg", "a.jpg.xmp"),
        ({"a.jpg.XMP": DARKTABLE}, "a.jpg", "a.jpg.XMP"),
        ({"a.xmp": LIGHTROOM}, "a.jpg", "a.xmp"),
        ({"a.xmp": LIGHTROOM, "a.nef": BYTES}, "a.jpg", "a.jpg.xmp"),
        ({"a.xmp": LIGHTROOM, "a.mov": b"film"}, "a.jpg", "a.xmp"),
        ({"a.xmp": LIGHTROOM, "a.jpg.xmp": DARKTABLE}, "a.jpg", "a.jpg.xmp"),
    ],
)
async def test_the_sidecar_of_a_photograph_alone_is_the_one_that_is_written(
    tmp_path: Path, there: dict[str, bytes], photo: str, expected: str
) -> None:
    put(tmp_path / photo, BYTES)
    for name, data in there.items():
        put(tmp_path / name, data)
    await written(writing(), tmp_path, [photo.encode()])
    assert rating(tmp_path / expected) == 4
    names = {*there, photo, expected}
    assert {one.name for one in tmp_path.iterdir()} == names
    for name, data in there.items():
        if name != expected:
            assert (tmp_path / name).read_bytes() == data


@pytest.mark.parametrize("of", ["nef", "NEF", "jpg"])
async def test_one_that_names_an_extension_is_written_for_that_alone(
    tmp_path: Path, of: str
) -> None:
    named = LIGHTROOM.replace(
        b'crs:HasSettings="True"',
        b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:SidecarForExtension="%s"'
        % of.encode(),
    )
    for name in ("a.nef", "a.jpg"):
        put(tmp_path / name, BYTES)
    put(tmp_path / "a.xmp", named)
    await written(writing(), tmp_path, [b"a.nef"])
    expected = "a.xmp" if of.lower() == "nef" else "a.nef.xmp"
    assert rating(tmp_path / expected) == 4


async def test_marks_are_those_that_a_scan_finds(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "b.mov"):
        put(tmp_path / name, BYTES)
    put(tmp_path / "b.xmp", LIGHTROOM)

    async def marks() -> dict[bytes, int]:
        files, _ = await scanned(tmp_path)
        return {file.path: file.stat.sidecar_mark for file in files}

    before = await marks()
    files = writing()
    plans = [await planned(files, tmp_path, name) for name in (b"a.jpg", b"b.jpg")]
    made = [one for one in plans if isinstance(one, PlannedSidecar)]
    assert [set(one.marks) for one in made] == [{b"a.jpg"}, {b"b.jpg", b"b.mov"}]
    for one in made:
        assert dict(one.marks) == {name: before[name] for name in one.marks}
    done = await files.commit(os.fsencode(tmp_path), made)
    after = await marks()
    for result in done:
        assert isinstance(result, WrittenMarks)
        assert dict(result.marks) == {name: after[name] for name in result.marks}
    assert after[b"a.jpg"] != before[b"a.jpg"] == 0


async def test_a_new_one_has_the_folders_rights_and_one_that_is_there_keeps_its_own(
    tmp_path: Path,
) -> None:
    for name in ("a.jpg", "b.jpg"):
        put(tmp_path / name, BYTES)
    put(tmp_path / "b.jpg.xmp", DARKTABLE)
    (tmp_path / "b.jpg.xmp").chmod(0o640)
    tmp_path.chmod(0o775)
    os.utime(tmp_path / "a.jpg", ns=(5, 5))
    await written(writing(), tmp_path, [b"a.jpg", b"b.jpg"])
    modes = [stat.S_IMODE((tmp_path / f"{name}.jpg.xmp").stat().st_mode) for name in "ab"]
    assert modes == [0o664, 0o640]
    assert (tmp_path / "a.jpg").stat().st_mtime_ns == 5
    assert (tmp_path / "a.jpg").read_bytes() == BYTES


async def test_no_link_is_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        put(folder / "a.jpg", BYTES)
    put(outside / "other.xmp", DARKTABLE)
    (inside / "a.jpg.xmp").symlink_to(outside / "other.xmp")
    (inside / "b.jpg").symlink_to(outside / "a.jpg")
    (tmp_path / "link").symlink_to(outside)
    files = writing()
    for folder, name in ((inside, b"a.jpg"), (inside, b"b.jpg"), (tmp_path / "link", b"a.jpg")):
        assert isinstance(await planned(files, folder, name), Rejected)
    assert (outside / "other.xmp").read_bytes() == DARKTABLE
    assert {one.name for one in outside.iterdir()} == {"a.jpg", "other.xmp"}
    trap = inside / os.fsdecode(temporary_name(b"c.jpg.xmp"))
    trap.symlink_to(outside / "a.jpg")
    put(inside / "c.jpg", BYTES)
    await written(files, inside, [b"c.jpg"])
    assert (outside / "a.jpg").read_bytes() == BYTES
    assert rating(inside / "c.jpg.xmp") == 4
    assert not trap.exists()


async def test_what_others_write_meanwhile_stays(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", BYTES)
    put(tmp_path / "b.jpg", BYTES)
    put(tmp_path / "b.jpg.xmp", DARKTABLE)
    files = writing()
    for name in (b"a.jpg", b"b.jpg"):
        plan = await planned(files, tmp_path, name)
        assert isinstance(plan, PlannedSidecar)
        put(tmp_path / f"{name.decode()}.xmp", LIGHTROOM)
        (result,) = await files.commit(os.fsencode(tmp_path), [plan])
        assert isinstance(result, Rejected)
        assert result.code is ErrorCode.FILE_CHANGED
        assert (tmp_path / f"{name.decode()}.xmp").read_bytes() == LIGHTROOM
    assert {one.name for one in tmp_path.iterdir()} == {
        "a.jpg", "a.jpg.xmp", "b.jpg", "b.jpg.xmp",
    }  # fmt: skip


async def test_one_bad_sidecar_is_refused_and_its_neighbours_are_written(tmp_path: Path) -> None:
    for name in NAMES:
        put(tmp_path / name.decode(), BYTES)
    put(tmp_path / "b.jpg.xmp", b"<!DOCTYPE x><x/>")
    long = b"x" * 250 + b".jpg"
    put(tmp_path / long.decode(), BYTES)
    files = writing()
    plans = [await planned(files, tmp_path, name) for name in (*NAMES, long, b"gone.jpg")]
    codes = [one.code if isinstance(one, Rejected) else None for one in plans]
    assert codes == [
        None,
        ErrorCode.SIDECAR,
        None,
        ErrorCode.SIDECAR,
        ErrorCode.FILE_NOT_FOUND,
    ]
    assert (tmp_path / "b.jpg.xmp").read_bytes() == b"<!DOCTYPE x><x/>"


async def test_a_folder_that_may_not_be_used_is_not_touched(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", BYTES)
    files = LocalSidecars(RootThreads(lambda _: b"/", each=2), is_allowed=lambda _: False)
    plan = await planned(files, tmp_path, b"a.jpg")
    assert isinstance(plan, Rejected)
    assert plan.code is ErrorCode.DIRECTORY_NOT_ALLOWED
    assert isinstance(await planned(writing(), tmp_path / "gone", b"a.jpg"), Rejected)


async def test_what_can_be_written_to_is_said(tmp_path: Path) -> None:
    files = writing()
    assert await files.why_not_writable(os.fsencode(tmp_path)) is None
    assert await files.why_not_writable(os.fsencode(tmp_path / "gone")) is not None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
async def test_a_full_disk_is_the_moments_fault_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a.jpg", BYTES)
    files = writing()
    plan = await planned(files, tmp_path, b"a.jpg")
    assert isinstance(plan, PlannedSidecar)
    full = os.open("/dev/full", os.O_WRONLY)
    real = os.write
    monkeypatch.setattr(os, "write", lambda _, data: real(full, data))
    with pytest.raises(DiskFull):
        await files.commit(os.fsencode(tmp_path), [plan])
    monkeypatch.undo()
    os.close(full)
    assert [one.name for one in tmp_path.iterdir()] == ["a.jpg"]
    (done,) = await files.commit(os.fsencode(tmp_path), [plan])
    assert isinstance(done, WrittenMarks)
    assert rating(tmp_path / "a.jpg.xmp") == 4
    (again,) = await files.commit(os.fsencode(tmp_path), [plan])
    assert again == done, "a step that is repeated changes nothing"


KILLS = [
    (name, call, phase)
    for name in ("open", "write", "fsync", "rename")
    for call in (1, 3)
    for phase in ("before", "after")
]


@pytest.mark.parametrize(("name", "call", "phase"), KILLS, ids=str)
async def test_a_kill_at_any_step_leaves_each_sidecar_whole_as_before_or_after(
    tmp_path: Path, name: str, call: int, phase: str
) -> None:
    for photo in NAMES:
        put(tmp_path / photo.decode(), BYTES)
    put(tmp_path / "c.jpg.xmp", LIGHTROOM)
    command = [sys.executable, "-m", "tests.unit.sidecar_child", str(tmp_path), name, str(call)]
    died = await anyio.run_process([*command, phase], check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    for photo in NAMES:
        sidecar = tmp_path / f"{photo.decode()}.xmp"
        if sidecar.exists() and sidecar.read_bytes() != LIGHTROOM:
            assert rating(sidecar) == SAID.rating
    again = writing()
    plans = [await planned(again, tmp_path, photo) for photo in NAMES]
    made = [one for one in plans if isinstance(one, PlannedSidecar)]
    assert len(made) == len(NAMES)
    await again.commit(os.fsencode(tmp_path), made)
    names = [one.name for one in tmp_path.iterdir()]
    assert sorted(names) == sorted(
        [*map(bytes.decode, NAMES), *(f"{n.decode()}.xmp" for n in NAMES)]
    )
    assert [rating(tmp_path / f"{photo.decode()}.xmp") for photo in NAMES] == [4, 4, 4]
