"""One decode gives a job everything; RAW is never developed by the orchestrator."""

from __future__ import annotations

import hashlib
from io import BytesIO
from uuid import uuid4

import numpy as np
import pytest
from anyio import CapacityLimiter
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.image_preparation import (
    Encoding,
    ImagePreparation,
)
from ingestion_orchestration_fastapi_app.core.files import File, FileStat, Metadata, Root
from ingestion_orchestration_fastapi_app.core.records import Content, Prepared
from ingestion_orchestration_fastapi_app.pipeline.ports import Preparation
from tests.picture_files import dng, encoded, exif_with, scene, with_other_preview
from utils.contract import PPM_MEDIA_TYPE, RAW_MEDIA_TYPE, ClipUpload, ErrorCode
from utils.formats import sniff
from utils.image_decoding import decode_for_clip, thumbnail_webp
from utils.problems import Rejected

pytestmark = pytest.mark.anyio
CLIP = ClipUpload(side_px=96, crop="center")
LIMIT = 20_000_000


def preparation(encoding: Encoding = "ppm", max_pixels: int = LIMIT) -> Preparation:
    return ImagePreparation(CapacityLimiter(2), max_pixels=max_pixels, encoding=encoding)


def content(data: bytes) -> Content:
    known = sniff(data)
    assert known is not None
    file = File(Root(uuid4(), b"/photos"), b"a", FileStat(len(data), 0, 0))
    return Content(file, data, hashlib.sha256(data).digest(), known.value, Metadata(), settled=True)


async def prepared(data: bytes, encoding: Encoding = "ppm") -> Prepared:
    result = await preparation(encoding).prepare(content(data), CLIP)
    assert isinstance(result, Prepared)
    return result


async def test_the_upload_is_what_the_inference_service_would_have_made_of_the_file() -> None:
    data = encoded(scene(1200, 900))
    result = await prepared(data)
    assert result.upload.media_type == PPM_MEDIA_TYPE
    sent = decode_for_clip(result.upload.data, CLIP, max_pixels=LIMIT).astype(np.float32)
    own = decode_for_clip(data, CLIP, max_pixels=LIMIT)
    assert sent.shape == (96, 96, 3)
    assert np.abs(sent - own).mean() < 1


async def test_a_jpeg_upload_is_close_to_the_exact_one() -> None:
    data = encoded(scene(1200, 900))
    exact, close = await prepared(data), await prepared(data, "jpeg")
    assert close.upload.media_type == "image/jpeg"
    assert len(close.upload.data) < len(exact.upload.data)
    squares = [decode_for_clip(p.upload.data, CLIP, max_pixels=LIMIT) for p in (exact, close)]
    assert np.abs(squares[0].astype(np.float32) - squares[1]).mean() < 3


async def test_the_picture_is_as_displayed() -> None:
    picture = (await prepared(encoded(scene(1200, 900), exif=exif_with(orientation=6)))).picture
    assert (picture.format, picture.rung, picture.partial) == ("jpeg", "image", False)
    assert (picture.width_px, picture.height_px) == (900, 1200)
    with Image.open(BytesIO(picture.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (240, 320))


async def test_a_cut_jpeg_is_partial() -> None:
    data = encoded(scene(1200, 900), quality=90)
    assert (await prepared(data[: len(data) * 95 // 100])).picture.partial
    result = await preparation().prepare(content(data[: len(data) // 2]), CLIP)
    assert isinstance(result, Rejected)
    assert result.code is ErrorCode.DECODING_IMAGE


async def test_a_bomb_is_rejected() -> None:
    result = await preparation(max_pixels=1000).prepare(content(encoded(scene(64, 64))), CLIP)
    assert isinstance(result, Rejected)
    assert result.code is ErrorCode.IMAGE_TOO_LARGE


async def test_a_raw_is_prepared_from_its_preview() -> None:
    result = await prepared(dng(scene(600, 400), preview_px=480, orientation=6))
    assert result.upload.media_type == PPM_MEDIA_TYPE
    assert (result.picture.format, result.picture.rung) == ("dng", "preview")
    assert (result.picture.width_px, result.picture.height_px) == (400, 600)


@pytest.mark.parametrize("preview", ["small", "square", "none"])
async def test_a_raw_without_a_preview_that_serves_is_sent_as_it_is(preview: str) -> None:
    sensor = scene(600, 400)
    data = {
        "small": dng(sensor, preview_px=120),
        "square": with_other_preview(dng(sensor), sensor.resize((200, 200))),
        "none": dng(sensor, preview=False),
    }[preview]
    result = await prepared(data)
    assert (result.upload.data, result.upload.media_type) == (data, RAW_MEDIA_TYPE)
    picture = result.picture
    assert (picture.rung, picture.width_px, picture.height_px) == ("developed", 600, 400)
    with Image.open(BytesIO(picture.thumbnail)) as thumbnail:
        assert thumbnail.width / thumbnail.height == pytest.approx(1.5, abs=0.02)


async def test_placeholders_of_different_files_are_no_duplicates() -> None:
    one = (await prepared(dng(scene(600, 400), preview=False))).picture
    other = (await prepared(dng(scene(600, 400, seed=1), preview=False))).picture
    assert (one.phash ^ other.phash).bit_count() > 8


async def test_a_raw_that_libraw_cannot_open_is_a_code() -> None:
    result = await preparation().prepare(content(dng(scene(64, 64))[:300]), CLIP)
    assert isinstance(result, Rejected)
    assert result.code is ErrorCode.DECODING_RAW


async def test_copies_in_another_format_look_alike_and_the_version_names_the_encoding() -> None:
    picture = scene(800, 600)
    one = (await prepared(encoded(picture))).picture
    other = (await prepared(encoded(picture, "PNG"))).picture
    assert (one.phash ^ other.phash).bit_count() <= 4
    assert len(thumbnail_webp(picture, 320)) < 60_000
    assert preparation("ppm").version != preparation("jpeg").version
