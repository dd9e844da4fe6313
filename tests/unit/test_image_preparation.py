"""One decode gives a job everything; RAW is never developed by the orchestrator."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from anyio import CapacityLimiter, create_task_group, fail_after, wait_all_tasks_blocked
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters import image_preparation
from ingestion_orchestration_fastapi_app.adapters.image_preparation import (
    Encoding,
    ImagePreparation,
)
from ingestion_orchestration_fastapi_app.adapters.local_files import original_file
from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Original,
    Prepared,
    Skipped,
    Upload,
)
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from tests.fakes import root_threads
from tests.hostile_decoder import gif
from tests.linear_dng import linear_dng, lossy_dng
from tests.picture_files import dng, encoded, exif_with, put, scene, with_other_preview
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ClipUpload, ErrorCode
from utils.imaging.decoding import decode_for_clip, encode_ppm
from utils.imaging.formats import sniff
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.thumbnail import thumbnail_webp
from utils.metadata.photo_metadata import Metadata
from utils.problems import Rejected
from utils.sandbox.pool import DecoderPool

pytestmark = pytest.mark.anyio
CLIP = ClipUpload(side_px=96, crop="center")
LIMIT = 20_000_000


@asynccontextmanager
async def preparation(
    encoding: Encoding = "ppm",
    max_pixels: int = LIMIT,
    timeout_s: float = 60,
    module: str = "utils.sandbox.worker",
) -> AsyncIterator[Preparation]:
    async with DecoderPool(
        workers=2, timeout_s=timeout_s, memory_bytes=1024**3, control_gap_s=0.01, module=module
    ) as pool:
        yield ImagePreparation(
            CapacityLimiter(2), pool, root_threads(), max_pixels=max_pixels, encoding=encoding
        )


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def content(data: bytes) -> Content:
    """Of a file in the working directory, as it is read."""
    known = sniff(data)
    assert known is not None
    file = put(Path.cwd() / uuid4().hex, data)
    sha256 = hashlib.sha256(data).digest()
    data = b"" if known.is_raw else data
    return Content(file, data, sha256, known.value, Metadata(), mtime_trusted=True)


async def prepared(data: bytes, encoding: Encoding = "ppm") -> Prepared:
    async with preparation(encoding) as preparing:
        result = await preparing.prepare(content(data), CLIP)
    assert isinstance(result, Prepared)
    return result


async def rejected(data: bytes, max_pixels: int = LIMIT) -> ErrorCode:
    async with preparation(max_pixels=max_pixels) as preparing:
        result = await preparing.prepare(content(data), CLIP)
    assert isinstance(result, Rejected)
    return result.code


def pixels(result: Prepared) -> bytes:
    assert isinstance(result.upload, Upload)
    return result.upload.data


async def test_the_upload_is_what_the_inference_service_would_have_made_of_the_file() -> None:
    data = encoded(scene(1200, 900))
    result = await prepared(data)
    assert result.upload.media_type == PPM_MEDIA_TYPE
    sent = decode_for_clip(pixels(result), CLIP, max_pixels=LIMIT).astype(np.float32)
    own = decode_for_clip(data, CLIP, max_pixels=LIMIT)
    assert sent.shape == (96, 96, 3)
    assert np.abs(sent - own).mean() < 1


async def test_a_jpeg_upload_is_close_to_the_exact_one() -> None:
    data = encoded(scene(1200, 900))
    exact, close = await prepared(data), await prepared(data, "jpeg")
    assert close.upload.media_type == "image/jpeg"
    assert close.upload.size_bytes < exact.upload.size_bytes
    squares = [decode_for_clip(pixels(p), CLIP, max_pixels=LIMIT) for p in (exact, close)]
    assert np.abs(squares[0].astype(np.float32) - squares[1]).mean() < 3


async def test_the_picture_is_as_displayed() -> None:
    picture = (await prepared(encoded(scene(1200, 900), exif=exif_with(orientation=6)))).picture
    assert (picture.format, picture.pixel_source, picture.partial) == ("jpeg", "image", False)
    assert (picture.width_px, picture.height_px) == (900, 1200)
    with Image.open(BytesIO(picture.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (240, 320))


async def test_a_cut_jpeg_is_partial() -> None:
    data = encoded(scene(1200, 900), quality=90)
    assert (await prepared(data[: len(data) * 95 // 100])).picture.partial
    assert await rejected(data[: len(data) // 2]) is ErrorCode.DECODING_IMAGE


async def test_a_bomb_is_rejected() -> None:
    for name in ("JPEG", "HEIF"):
        bomb = encoded(scene(64, 64), name)
        assert await rejected(bomb, max_pixels=1000) is ErrorCode.IMAGE_TOO_LARGE


async def test_raws_whose_share_does_not_answer_hold_no_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw, back = content(dng(scene(600, 400), preview_px=480)), threading.Event()
    really = open_regular

    def hanging(path: bytes) -> int | Rejected | Skipped:
        back.wait(30)
        return really(path)

    monkeypatch.setattr(original_file, "open_regular", hanging)
    async with preparation() as preparing:
        async with create_task_group() as tg:
            for _ in range(3):  # more than there are decoders
                tg.start_soon(preparing.prepare, raw, CLIP)
            await wait_all_tasks_blocked()
            with fail_after(60):
                jpeg = await preparing.prepare(content(encoded(scene(300, 200))), CLIP)
            assert isinstance(jpeg, Prepared)
            tg.cancel_scope.cancel()  # nobody waits for them
        back.set()


async def test_a_raw_is_prepared_from_its_preview() -> None:
    result = await prepared(dng(scene(600, 400), preview_px=480, orientation=6))
    assert result.upload.media_type == PPM_MEDIA_TYPE
    assert (result.picture.format, result.picture.pixel_source) == ("dng", "preview")
    assert (result.picture.width_px, result.picture.height_px) == (400, 600)


@pytest.mark.parametrize("preview", ["small", "square", "none", "none, linear", "none, lossy"])
async def test_a_raw_without_a_preview_that_serves_is_sent_as_it_is(preview: str) -> None:
    sensor = scene(600, 400)
    data = {
        "small": dng(sensor, preview_px=120),
        "square": with_other_preview(dng(sensor), sensor.resize((200, 200))),
        "none": dng(sensor, preview=False),
        "none, linear": linear_dng(sensor),
        "none, lossy": lossy_dng(sensor),
    }[preview]
    raw = content(data)
    async with preparation() as preparing:
        result = await preparing.prepare(raw, CLIP)
    assert isinstance(result, Prepared)
    assert result.upload == Original(raw.file, raw.sha256, RAW_MEDIA_TYPE)
    assert result.upload.held_bytes == 0
    picture = result.picture
    assert (picture.pixel_source, picture.width_px, picture.height_px) == ("developed", 600, 400)
    with Image.open(BytesIO(picture.thumbnail)) as thumbnail:
        assert thumbnail.width / thumbnail.height == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("change", ["touched", "rewritten", "gone"])
async def test_a_preview_of_a_file_that_changed_after_it_was_hashed_does_not_count(
    change: str,
) -> None:
    raw = content(dng(scene(600, 400), preview_px=480))
    path, stat = Path(os.fsdecode(raw.file.absolute)), raw.file.stat
    if change == "gone":
        path.unlink()
    if change == "rewritten":
        path.write_bytes(dng(scene(600, 400, seed=1), preview_px=480)[: stat.size_bytes])
        os.truncate(path, stat.size_bytes)
        os.utime(path, ns=(stat.mtime_ns, stat.mtime_ns))  # only the ctime tells
    if change == "touched":
        os.utime(path)
    async with preparation() as preparing:
        result = await preparing.prepare(raw, CLIP)
    assert isinstance(result, Rejected)
    expected = ErrorCode.FILE_NOT_FOUND if change == "gone" else ErrorCode.FILE_CHANGED
    assert result.code is expected


async def test_placeholders_of_different_files_are_no_duplicates() -> None:
    one = (await prepared(dng(scene(600, 400), preview=False))).picture
    other = (await prepared(dng(scene(600, 400, seed=1), preview=False))).picture
    assert (one.phash ^ other.phash).bit_count() > 8


async def test_a_raw_that_libraw_cannot_open_is_a_code() -> None:
    assert await rejected(dng(scene(64, 64))[:300]) is ErrorCode.DECODING_RAW


async def test_copies_in_another_format_look_alike_and_the_version_names_the_encoding() -> None:
    picture = scene(800, 600)
    one = (await prepared(encoded(picture))).picture
    other = (await prepared(encoded(picture, "PNG"))).picture
    assert (one.phash ^ other.phash).bit_count() <= 4
    assert len(thumbnail_webp(picture, 320)) < 60_000
    async with preparation("ppm") as exact, preparation("jpeg") as close:
        assert exact.upload_version != close.upload_version


@pytest.mark.parametrize("name", ["HEIF", "AVIF", "TIFF", "GIF", "PNG"])
async def test_a_process_and_a_thread_give_the_same(name: str) -> None:
    ready_pillow()
    data = encoded(scene(700, 500), name)
    result = await prepared(data)
    own = encode_ppm(decode_for_clip(data, CLIP, max_pixels=LIMIT))
    sent = np.frombuffer(pixels(result), np.uint8).astype(np.int16)
    # Not the very same: it was decoded for the thumbnail too, and so at twice the scale.
    assert np.abs(sent - np.frombuffer(own, np.uint8)).mean() < 1
    assert (result.picture.width_px, result.picture.height_px) == (700, 500)
    assert result.picture.pixel_source == "image"


async def test_a_file_that_hangs_or_crashes_its_decoder_costs_no_neighbour() -> None:
    files = [gif("hang"), gif("segfault"), gif("eat memory"), *[encoded(scene(64, 64), "GIF")] * 5]
    results: dict[int, Prepared | Rejected] = {}
    async with preparation(timeout_s=8, module="tests.hostile_decoder") as preparing:

        async def prepare(index: int, data: bytes) -> None:
            results[index] = await preparing.prepare(content(data), CLIP)

        async with create_task_group() as tg:
            for index, data in enumerate(files):
                tg.start_soon(prepare, index, data)
    codes = [fault.code for _, fault in sorted(results.items()) if isinstance(fault, Rejected)]
    assert codes == [
        ErrorCode.DECODING_TIMEOUT,
        ErrorCode.FILE_QUARANTINED,
        ErrorCode.IMAGE_TOO_LARGE,
    ]
    assert all(isinstance(results[index], Prepared) for index in range(3, 8))


@pytest.mark.parametrize("name", ["JPEG", "GIF"])
@pytest.mark.parametrize("times", [1, 100])
async def test_memory_that_runs_out_beside_others_is_there_for_a_file_alone(
    name: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = times

    def hungry(square: object) -> bytes:
        nonlocal left
        left -= 1
        if left >= 0:
            raise MemoryError
        return b"P6"

    monkeypatch.setattr(image_preparation, "encode_ppm", hungry)
    async with preparation() as preparing:
        result = await preparing.prepare(content(encoded(scene(64, 48), name)), CLIP)
    if times == 1:
        assert isinstance(result, Prepared)
    else:
        assert isinstance(result, Rejected)
        assert result.code is ErrorCode.IMAGE_TOO_LARGE
        assert left == times - 2
