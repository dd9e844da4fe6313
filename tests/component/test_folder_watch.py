"""Real folders: inotify tells what happens in them, and its limits are said, not suffered."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from anyio import Event, fail_after

from ingestion_orchestration_fastapi_app.adapters.inotify.folder_watch import InotifyEvents
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import mount_number
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import (
    DirtyFolders,
    DirtySnapshot,
    Feed,
    NoEventsError,
)

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from tests.component.inotify_limits import refuse, refuse_instances  # Linux alone

pytestmark = pytest.mark.anyio

PATIENCE_S = 120


class Followed:
    """A folder with its feed; `until` waits for what the kernel tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.touched = DirtyFolders(lambda: 0.0)
        self.woken = Event()
        self.feed: Feed | None = None
        self.seen: dict[str, bool] = {}

    def wake(self) -> None:
        self.woken.set()

    async def until(self, wanted: dict[str, bool]) -> DirtySnapshot:
        """Folders, relative, and whether what lies deeper is meant."""
        return await self._until(
            lambda taken: wanted.items() <= self.seen.items() and bool(wanted or taken.whole)
        )

    async def until_met(self, name: str) -> None:
        """Whether or not what lies deeper is meant."""
        await self._until(lambda _: name in self.seen)

    async def _until(self, is_told: Callable[[DirtySnapshot], bool]) -> DirtySnapshot:
        with fail_after(PATIENCE_S):
            while True:
                self.woken = Event()
                taken = self.touched.take()
                for path, deep in taken.folders.items():
                    name = os.path.relpath(os.fsdecode(path), self.folder)
                    self.seen[name] = deep or self.seen.get(name, False)
                if is_told(taken):
                    return taken
                await self.woken.wait()


@pytest.fixture
async def events() -> AsyncIterator[InotifyEvents]:
    async with InotifyEvents(ExcludeRules()) as events:
        yield events


async def follow(events: InotifyEvents, folder: Path, *, recursive: bool = True) -> Followed:
    followed = Followed(folder)
    followed.feed = await events.follow(
        os.fsencode(folder), recursive=recursive, touched=followed.touched, wake=followed.wake
    )
    return followed


async def test_what_happens_in_a_folder_and_below_it_is_told(
    events: InotifyEvents, tmp_path: Path
) -> None:
    (tmp_path / "old" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    photos = tmp_path / "old"
    seen = await follow(events, photos)
    assert seen.feed is not None
    (photos / "a.jpg").write_bytes(b"1")
    await seen.until({".": False})
    (photos / "new" / "inner").mkdir(parents=True)
    await seen.until({"new": True})
    (photos / "new" / "inner" / os.fsdecode(b"\xff.jpg")).write_bytes(b"1")
    await seen.until_met(
        "new/inner"
    )  # its folder may be followed by now, or still be looked through
    os.rename(photos / "new", photos / "moved")
    await seen.until({"moved": True})
    seen.seen.clear()
    (photos / "moved" / "inner" / "b.jpg").write_bytes(b"1")
    await seen.until({"moved/inner": False})
    os.rename(photos / "moved", tmp_path / "elsewhere" / "moved")
    await seen.until({"moved": True})
    os.rename(tmp_path / "elsewhere" / "moved", photos / "back")
    await seen.until({"back": True})
    shutil.rmtree(photos / "back")
    os.chmod(photos / "a.jpg", 0o600)
    await seen.until({"back/inner": True, ".": False})
    assert not seen.feed.broken
    await seen.feed.close()


async def test_reading_and_excluded_names_are_no_events(
    events: InotifyEvents, tmp_path: Path
) -> None:
    (tmp_path / "@eaDir").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"1")
    seen = await follow(events, tmp_path)
    (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "@eaDir" / "thumb.jpg").write_bytes(b"1")
    (tmp_path / ".hidden").write_bytes(b"1")
    (tmp_path / ".trash").mkdir()
    (tmp_path / "last").mkdir()  # events come in order
    await seen.until({"last": True})
    assert seen.seen == {"last": True}
    assert seen.feed is not None
    await seen.feed.close()


async def test_without_recursion_folders_below_are_not_followed(
    events: InotifyEvents, tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    seen = await follow(events, tmp_path, recursive=False)
    (tmp_path / "below" / "a.jpg").write_bytes(b"1")
    (tmp_path / "b.jpg").write_bytes(b"1")
    await seen.until({".": False})
    assert seen.seen == {".": False}
    assert seen.feed is not None
    await seen.feed.close()


async def test_a_folder_that_is_moved_away_breaks_its_feed(
    events: InotifyEvents, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    seen = await follow(events, tmp_path / "photos")
    device = await events.device(os.fsencode(tmp_path / "photos"))
    assert device == mount_number(os.fsencode(tmp_path))
    os.rename(tmp_path / "photos", tmp_path / "other")
    assert (await seen.until({})).whole
    assert seen.feed is not None
    assert seen.feed.broken
    await seen.feed.close()
    assert await events.device(os.fsencode(tmp_path / "photos")) is None


@pytest.mark.parametrize("after", [0, 2])
async def test_the_limit_of_watched_folders_is_said(
    after: int, events: InotifyEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    refuse(monkeypatch, errno.ENOSPC, after=after)
    with pytest.raises(NoEventsError, match="max_user_watches"):
        await follow(events, tmp_path)


async def test_the_limit_that_a_new_folder_meets_breaks_the_feed(
    events: InotifyEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, errno.ENOSPC, after=1)
    seen = await follow(events, tmp_path)
    (tmp_path / "new").mkdir()
    assert (await seen.until({})).whole
    assert seen.feed is not None
    assert seen.feed.broken
    await seen.feed.close()


async def test_a_folder_that_is_closed_to_the_service_is_passed_over(
    events: InotifyEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    refuse(monkeypatch, errno.EACCES, after=1)
    seen = await follow(events, tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"1")
    await seen.until({".": False})
    assert seen.feed is not None
    await seen.feed.close()


async def test_the_limit_of_instances_is_said(
    events: InotifyEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_instances(monkeypatch)
    with pytest.raises(NoEventsError, match="max_user_instances"):
        await follow(events, tmp_path)


async def test_a_queue_that_ran_over_is_a_look_at_all(
    events: InotifyEvents, tmp_path: Path
) -> None:
    seen = await follow(events, tmp_path)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    names = [os.fsencode(tmp_path / name) for name in ("a", "b")]
    for number in range(limit + 10):  # nothing is read meanwhile
        os.close(os.open(names[number % 2], os.O_CREAT | os.O_WRONLY))
    assert (await seen.until({})).whole
    assert seen.feed is not None
    assert seen.feed.broken
    await seen.feed.close()


async def test_a_folder_that_two_feeds_follow_is_told_to_both_until_each_is_closed(
    events: InotifyEvents, tmp_path: Path
) -> None:
    inner = tmp_path / os.fsdecode(b"\xff inner")
    inner.mkdir()
    outer, other = await follow(events, tmp_path), await follow(events, inner)
    assert outer.feed is not None
    assert other.feed is not None
    (inner / "a.jpg").write_bytes(b"1")
    await outer.until({inner.name: False})
    await other.until({".": False})
    await outer.feed.close()
    (inner / "below").mkdir()
    await other.until({"below": True})
    (inner / "below" / "b.jpg").write_bytes(b"1")
    await other.until_met("below")
    assert not other.feed.broken
    await other.feed.close()
    assert not outer.touched.take().whole
