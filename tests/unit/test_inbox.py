"""The inbox on a disk: nothing half has a name, no link is followed, and it holds what it may."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ingestion_orchestration_fastapi_app.adapters.inbox.disk import InboxDisk, InboxInUseError
from ingestion_orchestration_fastapi_app.adapters.inbox.room import InboxRoom
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.settings import Settings

DATA = b"some bytes"
SHA = hashlib.sha256(DATA).digest()


def no_links(*_: object, **__: object) -> NoReturn:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=[os.link, no_links], ids=["links", "no links"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> InboxDisk:
    made = InboxDisk(os.fsencode(tmp_path / "inbox"), hard_link=request.param)
    made.prepare()
    return made


def put(disk: InboxDisk, name: str, data: bytes = DATA) -> Any:
    file = disk.begin()
    try:
        file.append(data)
        file.end()
        return disk.place(file, ("cats", "2026-06-01"), name)
    finally:
        file.close()


def names(disk: InboxDisk) -> list[str]:
    top = Path(os.fsdecode(disk.path))
    return sorted(str(one.relative_to(top)) for one in top.rglob("*") if one.is_file())


def test_a_file_has_its_name_when_it_is_whole_and_overwrites_nothing(disk: InboxDisk) -> None:
    file = disk.begin()
    file.append(DATA)
    assert [name.endswith(".part") for name in names(disk)] == [True]
    file.close()
    file.close()
    assert names(disk) == []
    first = put(disk, "a.jpg")
    assert (first.is_new, first.path) == (True, disk.path + b"/cats/2026-06-01/a.jpg")
    assert put(disk, "a.jpg") == type(first)(first.path, is_new=False)
    others = [put(disk, "a.jpg", b"%d" % number) for number in range(14)]
    assert len({one.path for one in others}) == 14
    assert all(one.is_new for one in others)
    assert not any(put(disk, "a.jpg", b"%d" % number).is_new for number in range(14))
    assert Path(os.fsdecode(first.path)).read_bytes() == DATA


def test_what_stands_in_the_way_is_no_file_of_the_same_content(
    disk: InboxDisk, tmp_path: Path
) -> None:
    day = Path(os.fsdecode(disk.path)) / "cats" / "2026-06-01"
    (day / "a.jpg").mkdir(parents=True)
    (tmp_path / "same").write_bytes(DATA)
    (day / "a (2).jpg").symlink_to(tmp_path / "same")
    assert put(disk, "a.jpg").path.endswith(b"/a (3).jpg")


def test_no_link_is_followed_out_of_the_inbox(disk: InboxDisk, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (Path(os.fsdecode(disk.path)) / "cats").symlink_to(away)
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        put(disk, "a.jpg")
    assert list(away.iterdir()) == []


def test_one_process_at_a_time_and_the_next_removes_what_is_half_written(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "inbox")
    first, second = InboxDisk(path), InboxDisk(path)
    first.prepare()
    first.prepare()
    file = first.begin()
    file.append(DATA)
    first.write_note("note", b"text")
    with pytest.raises(InboxInUseError):
        second.prepare()
    assert len(names(first)) == 2, "what another process writes stays"
    first.close()
    assert second.notes() == {"note": b"text"}
    assert names(second) == [".incoming/note"]
    second.remove_note("note")
    second.remove_note("note")
    assert names(second) == []


def test_nothing_is_made_by_asking_for_notes(tmp_path: Path) -> None:
    assert InboxDisk(os.fsencode(tmp_path / "inbox")).notes() == {}
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_held_by_its_content(disk: InboxDisk) -> None:
    path = put(disk, "a.jpg").path
    assert disk.holds(path, SHA)
    assert not disk.holds(path, bytes(32))
    assert not disk.holds(path + b"x", SHA)


@pytest.mark.anyio
async def test_room_is_measured_again_where_it_is_full_or_old() -> None:
    now, there, measured = [0.0], [60], [0]

    def used() -> int:
        measured[0] += 1
        return there[0]

    async def answer(call: Any) -> Any:
        return call()

    room = InboxRoom(used, lambda: 10_000, answer, limit_bytes=100, clock=lambda: now[0])
    await room.take(30)
    with pytest.raises(DiskFull, match="INBOX_MAX_BYTES"):
        await room.take(20)
    assert measured == [1], "it was counted just now"
    room.give_back(30)
    await room.take(20)
    there[0] = 0  # somebody moved files away
    now[0] = 6.0
    await room.take(80)
    assert measured == [2]
    with pytest.raises(DiskFull):
        await room.take(80)
    now[0] = 700.0
    await room.take(1)
    assert measured == [3]


@pytest.mark.anyio
async def test_what_the_disk_must_keep_free_stays_free() -> None:
    async def answer(call: Any) -> Any:
        return call()

    room = InboxRoom(lambda: 0, lambda: 10, answer, limit_bytes=100, clock=lambda: 0.0)
    await room.check(10)
    with pytest.raises(DiskFull, match="MIN_FREE_BYTES"):
        await room.check(11)
    off = InboxRoom(lambda: 0, lambda: 10, answer, limit_bytes=0, clock=lambda: 0.0)
    with pytest.raises(DiskFull, match="takes no uploads"):
        await off.check(0)


def test_an_inbox_above_the_data_is_refused(tmp_path: Path) -> None:
    for inbox in (tmp_path, tmp_path / "data", Path("/")):
        with pytest.raises(ValueError, match="INBOX_DIR"):
            Settings(data_dir=tmp_path / "data", inbox_dir=inbox)
