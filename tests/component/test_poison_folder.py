"""A folder full of poison: each file has its code, and no neighbour notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import orchestrator
from tests.picture_files import encoded, scene
from tests.poison_files import poisons
from utils.imaging.formats import has_image_extension

pytestmark = pytest.mark.anyio


async def test_a_folder_of_poison_costs_no_neighbour(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    bad = [poison for poison in poisons() if has_image_extension(poison.name)]
    for number, poison in enumerate(bad):
        (photos / poison.name).write_bytes(poison.make())
        good = encoded(scene(96, 64, seed=number), "PNG")
        (photos / f"{poison.name}.good.png").write_bytes(good)
    async with orchestrator(tmp_path) as app:
        job = await app.ingested()
        failures = await app.get(f"/jobs/{job['job_id']}/failures?limit=1000")
    codes = {Path(failure["path"]).name: failure["code"] for failure in failures["failures"]}
    counts = job["counts"]
    assert job["state"] == "completed"
    assert counts["embedded"] + counts["failed"] == counts["found"] == 2 * len(bad)
    assert not [name for name in codes if ".good." in name]
    assert {p.name: codes.get(p.name) for p in bad if codes.get(p.name) not in p.codes} == {}
