"""A file is opened once and doubted: by its content, its size, and what happens meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.local_files import local_file, whole_file
from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.domain.files.file import File
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from ingestion_orchestration_fastapi_app.ports.library import Library
from tests.fakes import root_threads
from tests.picture_files import dng, encoded, exif_with, file_at, put, root_of, scene, xmp
from utils.contract import ErrorCode
from utils.imaging.decoding import open_upright
from utils.metadata.photo_metadata import TakenAtSource
from utils.problems import Rejected

pytestmark = pytest.mark.anyio
LIMIT_BYTES = 10_000_000
TAKEN_AT = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # cameras name no zone
PHOTO = encoded(scene(160, 120), exif=exif_with(make="Maker"))


def library(*, max_file_bytes: int = LIMIT_BYTES) -> Library:
    return LocalFiles(root_threads(2), max_file_bytes=max_file_bytes)


async def content_of(file: File) -> Content | Rejected | Skipped:
    opened = await library().open(file)
    if isinstance(opened, Rejected | Skipped):
        return opened
    try:
        return await opened.read()
    finally:
        await opened.close()


async def code_of(path: Path) -> ErrorCode | None:
    verdict = await content_of(file_at(path))
    return verdict.code if isinstance(verdict, Rejected) else None


async def test_content_is_the_original_bytes_with_their_hash(tmp_path: Path) -> None:
    content = await content_of(put(tmp_path / "photo.png", PHOTO))
    assert isinstance(content, Content)
    assert content.data == PHOTO
    assert content.sha256 == hashlib.sha256(PHOTO).digest()
    assert content.format == "jpeg"
    assert content.metadata.camera_make == "Maker"
    assert content.mtime_trusted


async def test_a_sidecar_is_read_with_its_file(tmp_path: Path) -> None:
    for name, title in (("a.jpg.xmp", "Nearest"), ("a.xmp", "Shared")):
        put(tmp_path / name, xmp(title=title, rating=4))
    file = replace(put(tmp_path / "a.jpg", PHOTO), sidecars=(b"a.jpg.xmp", b"a.xmp", b"gone.xmp"))
    content = await content_of(file)
    assert isinstance(content, Content)
    assert (content.metadata.title, content.metadata.rating) == ("Nearest", 4)
    assert content.metadata.camera_make == "Maker"
    assert content.file.stat.sidecar_mark != 0
    assert content.mtime_trusted
    (tmp_path / "a.xmp").write_bytes(xmp(title="Just now"))
    again = await content_of(file)
    assert isinstance(again, Content)
    assert not again.mtime_trusted
    assert again.file.stat != content.file.stat


async def test_a_sidecar_that_is_no_file_or_no_xmp_costs_the_photograph_nothing(
    tmp_path: Path,
) -> None:
    put(tmp_path / "a.xmp", bytes(range(256)) * 100)
    os.mkfifo(tmp_path / "a.jpg.xmp")
    (tmp_path / "b.xmp").symlink_to(tmp_path / "a.xmp")
    names = (b"a.xmp", b"a.jpg.xmp", b"b.xmp")
    content = await content_of(replace(put(tmp_path / "a.jpg", PHOTO), sidecars=names))
    assert isinstance(content, Content)
    assert content.metadata.camera_make == "Maker"


async def test_apples_list_of_edits_is_skipped_and_says_nothing(tmp_path: Path) -> None:
    assert await content_of(put(tmp_path / "a.AAE", PHOTO)) == Skipped("a sidecar of another file")


async def test_the_last_resort_for_the_time_is_the_files_own(tmp_path: Path) -> None:
    content = await content_of(put(tmp_path / "a.jpg", PHOTO))
    assert isinstance(content, Content)
    assert content.metadata.taken_at == datetime(2020, 9, 13, 12, 26, 40)  # noqa: DTZ001  # LONG_AGO_NS, in UTC
    assert content.metadata.taken_at_source is TakenAtSource.FILE_MTIME
    assert content.metadata.taken_at_offset_min == 0


async def test_a_date_in_the_name_counts_before_the_files_own_time(tmp_path: Path) -> None:
    content = await content_of(put(tmp_path / "IMG_20190704_153012.jpg", PHOTO))
    assert isinstance(content, Content)
    assert content.metadata.taken_at == datetime(2019, 7, 4, 15, 30, 12)  # noqa: DTZ001
    assert content.metadata.taken_at_source is TakenAtSource.FILE_NAME
    assert content.metadata.taken_at_offset_min is None
    content = await content_of(put(tmp_path / "IMG-20200913-WA0001.jpg", PHOTO))
    assert isinstance(content, Content)
    assert content.metadata.taken_at_source is TakenAtSource.FILE_MTIME  # which says when, that day


async def test_a_file_written_just_now_is_not_settled(tmp_path: Path) -> None:
    (tmp_path / "new.jpg").write_bytes(PHOTO)
    content = await content_of(file_at(tmp_path / "new.jpg"))
    assert isinstance(content, Content)
    assert not content.mtime_trusted


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.jpg", b"", ErrorCode.FILE_EMPTY),
        ("text.jpg", b"this is text", ErrorCode.FORMAT_UNSUPPORTED),
        ("zeros.nef", bytes(5000), ErrorCode.DECODING_IMAGE),
        ("picture.psd", b"8BPS\0\1" + bytes(99), ErrorCode.FORMAT_UNSUPPORTED),
        ("drawing.svg", b"<?xml version='1.0'?>\n<svg/>", ErrorCode.FORMAT_UNSUPPORTED),
        ("invoice.pdf", b"%PDF-1.7", None),
        ("favicon.ico", b"\0\0\1\0\1", None),
        ("empty.txt", b"", None),
        ("notes.txt", b"this is text", None),
        ("noext", b"\0\0\0\x18ftypisom" + bytes(100), None),
        ("photo.xmp", PHOTO, None),
        ("photo.thm", PHOTO, None),
    ],
)
async def test_what_looks_like_an_image_and_is_none_fails_the_rest_is_skipped(
    tmp_path: Path, name: str, data: bytes, code: ErrorCode | None
) -> None:
    verdict = await content_of(put(tmp_path / name, data))
    if code is None:
        assert isinstance(verdict, Skipped)
    else:
        assert isinstance(verdict, Rejected)
        assert verdict.code is code


async def test_an_image_without_an_images_name_is_read(tmp_path: Path) -> None:
    assert isinstance(await content_of(put(tmp_path / "IMG_0001", PHOTO)), Content)


async def test_of_a_video_only_the_header_is_read(tmp_path: Path) -> None:
    """A 4 GB sparse file would take seconds to hash, and a limit would call it a failure."""
    video = tmp_path / "film.mp4"
    with video.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2")
        file.truncate(4 * 1024**3)
    assert isinstance(await library().open(file_at(video)), Skipped)


async def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    file = put(tmp_path / "big.jpg", PHOTO + bytes(1000))
    verdict = await library(max_file_bytes=len(PHOTO)).open(file)
    assert isinstance(verdict, Rejected)
    assert verdict.code is ErrorCode.FILE_TOO_LARGE


async def test_files_that_are_gone_or_became_something_else_have_a_verdict(tmp_path: Path) -> None:
    gone = put(tmp_path / "gone.jpg", PHOTO)
    (tmp_path / "gone.jpg").unlink()
    verdict = await content_of(gone)
    assert isinstance(verdict, Rejected)
    assert verdict.code is ErrorCode.FILE_NOT_FOUND
    os.mkfifo(tmp_path / "gone.jpg")
    assert isinstance(await content_of(gone), Skipped)
    (tmp_path / "link.jpg").symlink_to(put(tmp_path / "target.jpg", PHOTO).absolute.decode())
    assert isinstance(await content_of(file_at(tmp_path / "link.jpg")), Skipped)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    put(tmp_path / "mine.jpg", PHOTO)
    (tmp_path / "mine.jpg").chmod(0)
    assert await code_of(tmp_path / "mine.jpg") is ErrorCode.FILE_PERMISSION


async def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    """The descriptor still holds the old file: what the path names now is what counts."""
    opened = await library().open(put(tmp_path / "a.jpg", PHOTO))
    assert not isinstance(opened, Rejected | Skipped)
    other = encoded(scene(64, 64, seed=5))
    put(tmp_path / "b.jpg", other)
    (tmp_path / "b.jpg").rename(tmp_path / "a.jpg")
    content = await opened.read()
    await opened.close()
    assert isinstance(content, Content)
    assert content.data == other
    assert content.file.stat == file_stat((tmp_path / "a.jpg").stat())


async def test_a_file_that_keeps_changing_is_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.jpg"
    opened = await library().open(put(path, PHOTO))
    assert not isinstance(opened, Rejected | Skipped)
    monkeypatch.setattr(local_file, "read_whole", _growing(path))
    content = await opened.read()
    await opened.close()
    assert isinstance(content, Rejected)
    assert content.code is ErrorCode.FILE_CHANGED


def _growing(path: Path) -> Callable[[int, int], tuple[bytes, bytes, int]]:
    """Reads as ever, while another program appends."""
    really = whole_file.read_whole

    def read(descriptor: int, size_bytes: int) -> tuple[bytes, bytes, int]:
        result = really(descriptor, size_bytes)
        with path.open("ab") as file:
            file.write(b"more")
        return result

    return read


async def test_a_file_removed_while_it_was_read_is_gone(tmp_path: Path) -> None:
    opened = await library().open(put(tmp_path / "a.jpg", PHOTO))
    assert not isinstance(opened, Rejected | Skipped)
    (tmp_path / "a.jpg").unlink()
    content = await opened.read()
    await opened.close()
    assert isinstance(content, Rejected)
    assert content.code is ErrorCode.FILE_NOT_FOUND


async def test_a_name_that_is_no_utf8_is_opened_like_any(tmp_path: Path) -> None:
    name = b"caf\xe9\xff.jpg"
    assert isinstance(await content_of(put(tmp_path / os.fsdecode(name), PHOTO)), Content)


async def test_every_descriptor_is_closed(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for name, data in (("a.jpg", PHOTO), ("b.txt", b"text"), ("c.jpg", b""), ("d.jpg", b"text")):
        await content_of(put(tmp_path / name, data))
    files = library().scan(os.fsencode(tmp_path), recursive=True, roots=[root_of(tmp_path)])
    async for _ in files:
        break
    await files.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(os.listdir("/proc/self/fd")) == before


async def test_the_reservation_covers_the_file_and_its_pixels(tmp_path: Path) -> None:
    jpeg, png = encoded(scene(2000, 1500)), encoded(scene(2000, 1500), "PNG")
    needs = {}
    for name, data in (("a.jpg", jpeg), ("b.png", png)):
        opened = await library().open(put(tmp_path / name, data))
        assert not isinstance(opened, Rejected | Skipped)
        needs[name] = opened.need_bytes(min_side_px=448)
        await opened.close()
        assert needs[name] > len(data)
    assert needs["b.png"] >= len(png) + 2000 * 1500 * 4
    assert needs["a.jpg"] < len(jpeg) + 2000 * 1500 * 4


async def test_the_reservation_is_for_the_side_that_the_model_needs(tmp_path: Path) -> None:
    jpeg = encoded(scene(4000, 3000))
    opened = await library().open(put(tmp_path / "a.jpg", jpeg))
    assert not isinstance(opened, Rejected | Skipped)
    needs = {side_px: opened.need_bytes(min_side_px=side_px) for side_px in (320, 448, 768, 1600)}
    await opened.close()
    assert needs[320] < needs[448] < needs[768] < needs[1600]
    for side_px, need_bytes in needs.items():
        decoded = open_upright(jpeg, min_side_px=side_px, max_pixels=12_000_000).image
        assert need_bytes > len(jpeg) + 2 * 4 * decoded.width * decoded.height


async def test_of_a_raw_the_hash_and_the_metadata_are_kept_and_no_bytes(tmp_path: Path) -> None:
    data = dng(scene(640, 480), taken_at=TAKEN_AT) + bytes(3_000_000)
    opened = await library().open(put(tmp_path / "a.dng", data))
    assert not isinstance(opened, Rejected | Skipped)
    content = await opened.read()
    await opened.close()
    assert isinstance(content, Content)
    assert content.data == b""
    assert content.sha256 == hashlib.sha256(data).digest()
    assert content.metadata.taken_at == TAKEN_AT
