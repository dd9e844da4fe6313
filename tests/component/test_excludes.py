"""What the user excludes is not met, and what was imported before it was excluded is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import orchestrator, paint

pytestmark = pytest.mark.anyio


async def test_excluded_files_and_folders_are_not_imported(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, exclude_patterns="proofs/:*.gif") as running:
        for name in ("kept.png", "not.gif", "proofs/1.png", "a/Proofs/2.png", "a/proofs.png"):
            paint(running.photos / name, "red")
        job = await running.ingested()
        assert job["counts"]["found"] == 2
        assert job["counts"]["failed"] == 0


async def test_sync_keeps_what_was_imported_before_it_was_excluded(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for name in ("kept.png", "proofs/1.png", "proofs/below/2.png", "x.gif", "lost.png"):
            paint(running.photos / name, "red")
        assert (await running.ingested())["counts"]["found"] == 5
    patterns = f"proofs/:{tmp_path}/photos/x.gif"
    async with orchestrator(tmp_path, exclude_patterns=patterns) as running:
        (running.photos / "lost.png").unlink()
        (running.photos / "proofs/1.png").unlink()  # nobody looks in there any more
        job = await running.ingested(sync=True)
        assert job["counts"]["found"] == job["counts"]["unchanged"] + job["counts"]["cached"] == 1
        collection = await running.get("/collections/default")
        assert collection["count"] == 4


async def test_what_photoseek_itself_writes_to_is_no_place_for_photos(tmp_path: Path) -> None:
    """The data folder may lie in a folder of photos, also under a name that is a glob."""
    data = tmp_path / "all" / "my [data]*"
    photos = [tmp_path / "all" / "a.png", tmp_path / "all" / "my [data]* too" / "b.png"]
    own = [data / "c.png", data / "store" / "d.png", tmp_path / "all/cache/e.png"]
    for path in (*photos, *own):
        paint(path, "red")
    cache = tmp_path / "all" / "cache"
    async with orchestrator(
        tmp_path, ingest_roots=(tmp_path / "all",), data_dir=data, diskcache_dir=cache
    ) as running:
        running.photos = tmp_path / "all"
        job = await running.ingested(sync=True)
        assert job["counts"]["found"] == 2
        listed = (await running.get("/images"))["images"]
        assert [image["path"] for image in listed] == sorted(map(str, photos))
