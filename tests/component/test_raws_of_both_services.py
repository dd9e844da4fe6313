"""RAWs through both services: the best pixels that serve, and of the very file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.component.inference_fakes import FakeEmbedder, loaded, served
from tests.component.orchestrator_app import Running, orchestrator
from tests.component.test_raw_uploads import SENSOR
from tests.linear_dng import linear_dng, lossy_dng
from tests.picture_files import dng, encoded, put, scene, with_other_preview

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def both_services(folder: Path) -> AsyncIterator[Running]:
    """The real ones with a real connection between them; only the model is a fake."""
    async with served(FakeEmbedder()) as ml_service:
        async with httpx.AsyncClient(base_url=ml_service.url, trust_env=False, timeout=60) as http:
            await loaded(http)
        async with orchestrator(
            folder, over_network=True, ml_inference_service_url=ml_service.url
        ) as running:
            yield running


VARIANTS = {
    "preview.dng": (dng(SENSOR), "preview"),
    "none.dng": (dng(SENSOR, preview=False), "developed"),
    "square.dng": (
        with_other_preview(dng(scene(96, 64, seed=1)), SENSOR.resize((40, 40))),
        "developed",
    ),
    "small.dng": (dng(scene(96, 64, seed=2), preview_px=20), "developed"),
    "linear.dng": (linear_dng(scene(96, 64, seed=20)), "developed"),
    "lossy.dng": (lossy_dng(scene(96, 64, seed=21)), "developed"),
    "picture.jpg": (encoded(SENSOR), "image"),
} | {
    f"turned-{turn}{'' if preview else '-bare'}.dng": (
        dng(scene(96, 64, seed=turn + 2), preview=preview, orientation=turn),
        "preview" if preview else "developed",
    )
    for turn in range(2, 9)
    for preview in (True, False)
}


async def test_every_raw_takes_the_best_pixel_source_that_serves_it(tmp_path: Path) -> None:
    async with both_services(tmp_path) as running:
        for name, (data, _pixel_source) in VARIANTS.items():
            put(running.photos / name, data)
        job = await running.ingested()
        assert job["counts"]["embedded"] == len(VARIANTS), job
        images = (await running.get("/images?limit=100"))["images"]
        assert {image["filename"]: image["pixel_source"] for image in images} == {
            name: pixel_source for name, (_data, pixel_source) in VARIANTS.items()
        }
        for image in images:
            assert image["rung"] == image["pixel_source"]  # its former name, for one version
            turned = any(f"turned-{turn}" in image["filename"] for turn in range(5, 9))
            size = (image["width_px"], image["height_px"])
            assert size == ((64, 96) if turned else (96, 64)), image["filename"]
        assert job["log"][-1]["detail"] == "completed; stored developed 12, image 1, preview 8"


async def test_what_the_service_developed_is_the_very_file(tmp_path: Path) -> None:
    async with both_services(tmp_path) as running:
        for seed in range(4):
            put(running.photos / f"{seed}.dng", dng(scene(96, 64, seed=seed), preview=False))
        await running.ingested()
        for seed in range(4):
            data = (running.photos / f"{seed}.dng").read_bytes()
            response = await running.http.post(
                "/api/v1/search/image", files={"file": ("q", data)}, data={"limit": "1"}
            )
            [hit] = response.json()["results"]
            assert hit["filename"] == f"{seed}.dng"
            assert hit["score"] > 0.9999
