"""What is sent for a caption: the whole picture beside CLIP's crop, which stays what it was."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inference_http.multipart_body import MultipartBody
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Prepared, Upload
from ml_inference_fastapi_app.serving.multipart import MultipartStream, PartLimits
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    coloured_scenes,
    draw,
)
from tests.fakes import root_threads
from tests.torch_clips import load_torch_clip
from tests.unit.test_image_preparation import content
from utils.imaging.decoding import decode_for_clip, decode_for_models, squashed
from utils.sandbox.pool import DecoderPool
from utils.web.bodies.multipart import boundary_of

pytestmark = pytest.mark.anyio

LIMIT = 10_000_000
WHOLE_PX = 384


def photographs() -> list[bytes]:
    """Large enough for the decoder to scale down, otherwise with captions than without."""
    files = []
    for number, scene in enumerate(coloured_scenes()[::300]):
        out = BytesIO()
        sides = ((3000, 2000), (2000, 3000), (1600, 1600))[number % 3]
        seed = FIRST_HELD_OUT_SEED + number
        draw(scene, seed, width_px=sides[0], height_px=sides[1]).save(out, "JPEG", quality=90)
        files.append(out.getvalue())
    return files


async def test_clips_vectors_are_the_same_with_captions_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip = load_torch_clip(model="tiny-shapes", pretrained="", cache_dir=tmp_path, device="cpu")
    upload = clip.description.upload
    plain, beside, original = [], [], []
    async with DecoderPool(workers=1, timeout_s=60, memory_bytes=1024**3) as pool:
        preparation = ImagePreparation(CapacityLimiter(1), pool, root_threads(), max_pixels=LIMIT)
        for data in photographs():
            without = await preparation.prepare(content(data), upload)
            result = await preparation.prepare(content(data), upload, whole_side_px=WHOLE_PX)
            assert isinstance(without, Prepared)
            assert isinstance(result, Prepared)
            assert isinstance(result.upload, Upload)
            assert isinstance(without.upload, Upload)
            plain.append(decode_for_clip(without.upload.data, upload, max_pixels=LIMIT))
            beside.append(decode_for_clip(result.upload.data, upload, max_pixels=LIMIT))
            both = decode_for_models(data, upload, whole_side_px=WHOLE_PX, max_pixels=LIMIT)
            original.append(both.clip)
            sent = decode_for_clip(result.upload.whole, squashed(WHOLE_PX), max_pixels=LIMIT)
            assert both.whole is not None
            assert np.abs(sent.astype(float) - both.whole).mean() < 1
    vectors = clip.embed_images(np.stack(plain))
    for others in (beside, original):
        cosines = np.sum(vectors * clip.embed_images(np.stack(others)), axis=1)
        assert cosines.min() > 0.999, cosines


async def test_a_whole_picture_goes_just_before_its_image() -> None:
    uploads = {"a": Upload(b"1", "image/jpeg", b"whole 1"), "b": Upload(b"2", "image/jpeg")}
    with MultipartBody("files", uploads, root_threads()) as body:
        sent = b"".join([chunk async for chunk in body])
    assert len(sent) == int(body.headers["Content-Length"])
    stream = MultipartStream(boundary_of(body.headers["Content-Type"]), PartLimits(9, 1000, 10_000))
    parts = [(part.name, part.filename, part.data) for part in stream.feed(sent)]
    assert parts == [
        ("wholes", "a", b"whole 1"),
        ("files", "a", b"1"),
        ("files", "b", b"2"),
    ]
