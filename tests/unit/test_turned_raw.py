"""A RAW that a sidecar turns: its preview, its placeholder, and what a service made of it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from anyio import CapacityLimiter
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inference_http.developed_preview import (
    developed_preview_of,
)
from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Original,
    Prepared,
    Upload,
)
from tests.fakes import root_threads
from tests.picture_files import dng, put, scene
from utils.contract import ClipUpload
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import thumbnail_webp
from utils.metadata.photo_metadata import Metadata
from utils.sandbox.pool import DecoderPool

pytestmark = pytest.mark.anyio
CLIP = ClipUpload(side_px=96, crop="center")
TURN = 6


def content(folder: Path, data: bytes) -> Content:
    file = put(folder / "a.dng", data)
    sha256 = hashlib.sha256(data).digest()
    return Content(file, b"", sha256, "dng", Metadata(sidecar_turn=TURN), mtime_trusted=True)


async def prepared(raw: Content) -> Prepared:
    async with DecoderPool(workers=1, timeout_s=60, memory_bytes=1024**3) as pool:
        preparing = ImagePreparation(CapacityLimiter(1), pool, root_threads(), max_pixels=10**7)
        result = await preparing.prepare(raw, CLIP)
    assert isinstance(result, Prepared)
    return result


async def test_its_preview_is_turned(tmp_path: Path) -> None:
    sensor = scene(600, 400)
    found = await prepared(content(tmp_path, dng(sensor)))
    upright = await prepared(
        replace(content(tmp_path, dng(sensor, orientation=TURN)), metadata=Metadata())
    )
    assert (found.picture.width_px, found.picture.height_px) == (400, 600)
    assert isinstance(found.upload, Upload)
    assert found.upload == upright.upload
    assert found.picture.phash == upright.picture.phash


async def test_what_a_service_must_develop_is_told_how_it_is_turned(tmp_path: Path) -> None:
    raw = content(tmp_path, dng(scene(600, 400), preview=False))
    found = await prepared(raw)
    assert isinstance(found.upload, Original)
    assert (found.upload.turn, found.upload.sha256) == (TURN, raw.sha256)
    assert (found.picture.width_px, found.picture.height_px) == (400, 600)
    with Image.open(BytesIO(found.picture.thumbnail)) as grey:
        assert grey.height > grey.width


def test_a_services_thumbnail_is_turned() -> None:
    small = scene(300, 200)
    said = base64.b64encode(thumbnail_webp(small, 320)).decode()
    found = developed_preview_of(said, side_px=320, turn=TURN)
    assert found is not None
    with Image.open(BytesIO(found.thumbnail)) as turned:
        assert turned.size == (200, 300)
        expected = small.transpose(Image.Transpose.ROTATE_270)
        assert (perceptual_hash(turned.convert("RGB")) ^ perceptual_hash(expected)).bit_count() <= 6
