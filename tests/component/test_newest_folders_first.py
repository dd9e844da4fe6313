"""An import takes the newest folders first: the pictures of this year can be searched soonest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import fail_after, sleep

from tests.component.orchestrator_app import (
    PATIENCE_S,
    FakeService,
    orchestrator,
    paint,
    refusal,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
MONTHS, IMAGES = 4, 12  # of a year, of a month


@dataclass
class FilledService(FakeService):
    """Has room for so many images, and says 429 to the others until there is more."""

    room: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/batch_embed_and_caption") and self.images >= self.room:
            response = refusal(429, ErrorCode.OVERLOADED)
            response.headers["Retry-After"] = "1"
            return response
        return super().__call__(request)


def three_years(photos: Path) -> None:
    """By month, as a camera fills them; made and named in an order of their own."""
    side_px = 20
    for year in (2023, 2025, 2024):
        for month in range(1, MONTHS + 1):
            folder = photos / "archive" / str(year) / f"{year}-{month:02d}"
            for number in range(IMAGES):
                paint(folder / f"{number}.png", "red", side_px=side_px)
                side_px += 1  # no two contents are one
            at_s = datetime(year, month, 28, tzinfo=UTC).timestamp()
            os.utime(folder, (at_s, at_s))
        os.utime(folder.parent, (at_s, at_s))


async def test_of_three_years_the_newest_is_searchable_first(tmp_path: Path) -> None:
    three_years(tmp_path / "photos")
    a_year = MONTHS * IMAGES
    service = FilledService(room=a_year // 2)
    # Few at once, so that little overtakes: the year is twice as long as what is answered.
    workers = {"hash_workers": 2, "decode_workers": 2}
    settings: dict[str, Any] = {"ml_inference_batch_size": 4, "store_linger_s": 0.01, **workers}
    async with orchestrator(tmp_path, service=service, **settings) as running:
        body = {"directory_path": str(running.photos)}
        job_id = (await running.post("/ingest", body)).json()["job_id"]
        with fail_after(PATIENCE_S):
            while (await running.get(f"/jobs/{job_id}"))["counts"]["embedded"] < service.room:
                await sleep(0.01)  # what is stored is what is waited for
        found = (await running.post("/search/text", {"query": "red", "limit": 50})).json()
        paths = [hit["path"].rpartition("/archive/")[2] for hit in found["results"]]
        assert len(paths) == service.room
        assert {path.partition("/")[0] for path in paths} == {"2025"}
        service.room = 3 * a_year
        job = await running.ended(job_id)
        assert job["counts"]["embedded"] == job["counts"]["found"] == 3 * a_year
