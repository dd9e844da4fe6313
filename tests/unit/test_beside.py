"""What lies beside a file, as a scan tells it: its sidecars, and companions of the same shot."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files import sidecars
from ingestion_orchestration_fastapi_app.adapters.local_files.walking import file_walk
from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from tests.picture_files import put
from tests.unit.test_scan import BYTES, scanned

pytestmark = pytest.mark.anyio


async def test_a_file_comes_with_its_sidecars_and_no_other(tmp_path: Path) -> None:
    for name in (
        "a.jpg", "a.xmp", "a.jpg.xmp", "b.JPG", "b.XMP", "c.jpg", "cc.xmp", "d.x.jpg", "d.x.xmp",
        "below/c.xmp",
    ):  # fmt: skip
        put(tmp_path / name, BYTES)
    (tmp_path / "c.xmp").mkdir()
    files, _ = await scanned(tmp_path)
    beside = {file.path: file.sidecars for file in files if file.stat.sidecar_mark}
    assert beside == {
        b"a.jpg": (b"a.jpg.xmp", b"a.xmp"),
        b"b.JPG": (b"b.XMP",),
        b"d.x.jpg": (b"d.x.xmp",),
    }


async def test_a_sidecar_that_names_an_extension_is_of_that_file_alone(tmp_path: Path) -> None:
    for name in ("a.NEF", "a.NEF.jpg", "a.jpg", "a.NEF.xmp", "a.xmp"):
        put(tmp_path / name, BYTES)
    files, _ = await scanned(tmp_path)
    beside = {file.path: file.sidecars for file in files}
    assert beside[b"a.NEF"] == (b"a.NEF.xmp", b"a.xmp")
    assert beside[b"a.jpg"] == (b"a.xmp",)
    assert beside[b"a.NEF.jpg"] == ()


async def test_googles_json_comes_behind_other_sidecars(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.jpg.json", "a.xmp", "a(1).jpg", "a.jpg(1).json", "b.jpg", "b.json"):
        put(tmp_path / name, BYTES)
    put(tmp_path / "c.jpg", BYTES)
    (tmp_path / "c.jpg.json").mkdir()
    files, _ = await scanned(tmp_path)
    beside = {file.path: file.sidecars for file in files if file.stat.sidecar_mark}
    assert beside == {b"a.jpg": (b"a.xmp", b"a.jpg.json"), b"a(1).jpg": (b"a.jpg(1).json",)}


async def test_a_file_looks_changed_when_a_sidecar_comes_changes_or_goes(tmp_path: Path) -> None:
    async def stat() -> FileStat:
        files, _ = await scanned(tmp_path)
        return next(file.stat for file in files if file.path == b"a.jpg")

    put(tmp_path / "a.jpg", BYTES)
    seen = [await stat()]
    put(tmp_path / "a.xmp", b"<x/>")
    seen.append(await stat())
    put(tmp_path / "a.xmp", b"<longer/>")
    seen.append(await stat())
    (tmp_path / "a.xmp").rename(tmp_path / "a.jpg.xmp")
    seen.append(await stat())
    assert len(set(seen)) == len(seen)
    assert await stat() == seen[-1]
    (tmp_path / "a.jpg.xmp").unlink()
    assert await stat() == seen[0]


async def test_files_without_sidecars_cost_no_look_for_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "alone.jpg", BYTES)
    put(tmp_path / "other.xmp", BYTES)
    looks: list[object] = []
    monkeypatch.setattr(file_walk, "looked_at", lambda *given: looks.append(given))
    files, _ = await scanned(tmp_path)
    assert len(files) == 2
    assert not looks


async def companions(folder: Path) -> dict[bytes, tuple[bytes, ...]]:
    files, _ = await scanned(folder)
    return {file.path: file.companions for file in files if file.companions}


async def test_a_raw_and_its_jpeg_are_told_as_a_pair(tmp_path: Path) -> None:
    for name in (
        "a.NEF",
        "a.JPG",
        "a.jpg.xmp",
        "b.jpg",
        "c.NEF",
        "d.x.cr3",
        "d.x.heic",
        "below/c.JPG",
    ):
        put(tmp_path / name, BYTES)
    assert await companions(tmp_path) == {
        b"a.NEF": (b"a.JPG",),
        b"a.JPG": (b"a.NEF",),
        b"d.x.cr3": (b"d.x.heic",),
        b"d.x.heic": (b"d.x.cr3",),
    }


async def test_a_still_knows_its_film_and_a_film_is_no_picture(tmp_path: Path) -> None:
    for name in (
        "IMG_1.HEIC", "IMG_1.MOV", "IMG_2.JPG", "IMG_2.mp4", "IMG_2.DNG", "PXL_3.MP.jpg",
        "PXL_3.MP", "IMG_4.MOV", "IMG_5.png", "IMG_5.MOV",
    ):  # fmt: skip
        put(tmp_path / name, BYTES)
    assert await companions(tmp_path) == {
        b"IMG_1.HEIC": (b"IMG_1.MOV",),
        b"IMG_2.JPG": (b"IMG_2.DNG", b"IMG_2.mp4"),
        b"IMG_2.DNG": (b"IMG_2.JPG", b"IMG_2.mp4"),
        b"PXL_3.MP.jpg": (b"PXL_3.MP",),
    }


async def test_a_file_looks_changed_when_a_companion_comes_or_goes(tmp_path: Path) -> None:
    async def mark() -> int:
        files, _ = await scanned(tmp_path)
        return next(file.stat.sidecar_mark for file in files if file.path == b"a.jpg")

    put(tmp_path / "a.jpg", BYTES)
    assert await mark() == 0
    put(tmp_path / "a.mov", BYTES)
    alone = await mark()
    put(tmp_path / "a.mov", b"another film")  # it is not read, and may change
    assert await mark() == alone != 0
    put(tmp_path / "a.nef", BYTES)
    both = await mark()
    put(tmp_path / "a.xmp", BYTES)
    assert len({0, alone, both, await mark()}) == 4
    for name in ("a.mov", "a.nef", "a.xmp"):
        (tmp_path / name).unlink()
    assert await mark() == 0


async def test_companions_of_a_huge_folder_have_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecars, "_MAX_SHOTS", 5)
    for number in range(20):
        put(tmp_path / f"{number}.nef", BYTES)
        put(tmp_path / f"{number}.jpg", BYTES)
    assert len(await companions(tmp_path)) == 10
