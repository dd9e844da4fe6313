"""What was inferred once is found again, whatever is changed of the thumbnails."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.content_cache.codec import vector_key
from ingestion_orchestration_fastapi_app.domain.inference.uploads import VectorKey
from tests.component.orchestrator_app import FakeService, colour_vector, orchestrator, paint
from tests.fakes import FINGERPRINT, vector_of

pytestmark = pytest.mark.anyio

IMAGES = 6


def library(folder: Path) -> None:
    for number in range(IMAGES):
        paint(folder / "photos" / f"{number}.png", "red", side_px=60 + number)


async def test_another_size_of_thumbnails_costs_no_vector(tmp_path: Path) -> None:
    library(tmp_path)
    service = FakeService()
    async with orchestrator(tmp_path, service=service) as running:
        assert (await running.ingested())["counts"]["embedded"] == IMAGES
    for side_px in (640, 160, 320):
        async with orchestrator(tmp_path, service=service, thumbnail_side_px=side_px) as running:
            name = f"at-{side_px}"
            await running.post("/collections", {"name": name})
            counts = (await running.ingested(collection=name))["counts"]
            assert (counts["cached"], counts["embedded"]) == (IMAGES, 0)
            images = await running.get(f"/images?collection={name}")
            thumbnail = await running.http.get(images["images"][0]["thumbnail_url"])
            assert thumbnail.status_code == 200
    assert service.images == IMAGES


@pytest.mark.parametrize("side_px", [320, 512])
async def test_vectors_that_an_earlier_version_kept_are_found(tmp_path: Path, side_px: int) -> None:
    """It named them by the thumbnail's side, too."""
    library(tmp_path)
    service = FakeService()
    kept = {}
    for photo in (tmp_path / "photos").iterdir():
        data = photo.read_bytes()
        key = VectorKey(FINGERPRINT, f"3-ppm-{side_px}", hashlib.sha256(data).digest())
        kept[key] = vector_of(data)
        assert vector_key(key) == f"{FINGERPRINT}:3-ppm-{side_px}:{key.sha256.hex()}"
    assert all(len(vector) == len(colour_vector(data)) for vector in kept.values())
    async with open_content_cache(tmp_path / "data" / "cache") as cache:
        await cache.put_vectors(kept)
    async with orchestrator(tmp_path, service=service, thumbnail_side_px=side_px) as running:
        counts = (await running.ingested())["counts"]
    assert (counts["cached"], counts["embedded"]) == (IMAGES, 0)
    assert service.images == 0
