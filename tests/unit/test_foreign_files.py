"""What other programs keep is passed over, and no folder of photographs for its name alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.picture_files import put
from tests.unit.test_scan import BYTES, scanned

pytestmark = pytest.mark.anyio


async def found_names(directory: Path) -> set[str]:
    files, faults = await scanned(directory)
    assert not faults
    return {os.fsdecode(file.path) for file in files}


async def test_what_other_programs_keep_beside_photographs_is_passed_over(tmp_path: Path) -> None:
    for name in (
        "@eaDir/1.jpg", ".thumbnails/2.jpg", "a/.git/3.jpg", "x.lrdata/4.jpg", ".5.jpg",
        ".dtrash/a.jpg", ".Trash-1000/files/a.jpg", ".stversions/a.jpg", ".@__thumb/a.jpg",
        "#recycle/a.jpg", "#snapshot/a.jpg", "$Recycle.Bin/S-1-5/a.jpg", "@Recycle/a.jpg",
        "Catalog.lrcat-data/a.jpg", "Session/CaptureOne/Cache/Thumbnails/a.jpg", "Thumbs.db",
        "My.cocatalog/Cache/a.jpg", "appdata_oc1a2b/preview/a.jpg", "iPhoto Library/Data/a.jpg",
        "L.lrlibrary/1a2b/previews/a.jpg",
    ):  # fmt: skip
        put(tmp_path / name, BYTES)
    kept = {
        "kept.jpg", "thumbs/a.jpg", "Cache/a.jpg", "Previews/a.jpg", "Data/a.jpg", "trash/a.jpg",
        "Session/CaptureOne/a.jpg", "iPhoto Library/Originals/a.jpg", "resources/a.jpg",
        "L.lrlibrary/1a2b/originals/a.jpg", "appdata/a.jpg",
    }  # fmt: skip
    for name in kept:
        put(tmp_path / name, BYTES)
    assert await found_names(tmp_path) == kept


@pytest.mark.parametrize(
    "library",
    ["Photos Library.photoslibrary", "A.APLIBRARY", "i.photolibrary", "i.migratedphotolibrary"],
)
async def test_only_originals_of_a_photo_library_are_met(tmp_path: Path, library: str) -> None:
    for name in (
        "resources/derivatives/a.jpg", "resources/renders/b.jpeg", "database/c.jpg",
        "Previews/d.jpg", "Thumbnails/e.jpg", "private/f.jpg", "scopes/cloudsharing/g.jpg",
        "Data.noindex/h.jpg",
    ):  # fmt: skip
        put(tmp_path / library / name, BYTES)
    kept = {f"{library}/originals/0/a.heic", f"{library}/Masters/2012/resources/b.jpg"}
    for name in kept:
        put(tmp_path / name, BYTES)
    assert await found_names(tmp_path) == kept


async def test_a_folder_that_its_program_marked_is_passed_over_and_others_of_its_name_are_not(
    tmp_path: Path,
) -> None:
    for folder in ("upload/thumbs", "upload/encoded-video", "library", "mine/thumbs"):
        put(tmp_path / "immich" / folder / "deep/a.jpg", BYTES)
    for folder in ("upload/thumbs", "upload/encoded-video", "library"):
        put(tmp_path / "immich" / folder / ".immich", BYTES)
    put(tmp_path / "prism/storage/.ppstorage", BYTES)
    put(tmp_path / "prism/storage/cache/a.jpg", BYTES)
    assert await found_names(tmp_path) == {
        "immich/library/deep/a.jpg",
        "immich/mine/thumbs/deep/a.jpg",
    }
    asked_for = tmp_path / "prism/storage"
    assert await found_names(asked_for) == {"cache/a.jpg"}


async def test_exiftools_copy_is_passed_over_while_the_file_is_there(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.jpg_original", "alone.jpg_original", "_original"):
        put(tmp_path / name, BYTES)
    (tmp_path / "folder.jpg").mkdir()
    put(tmp_path / "folder.jpg_original", BYTES)
    assert await found_names(tmp_path) == {
        "a.jpg",
        "alone.jpg_original",
        "_original",
        "folder.jpg_original",
    }
