"""A search for duplicates over real files: its groups, its resumption, and what is left out."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.domain.duplicates.records import FoundGroup
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.duplicates import pictures
from tests.component.made_duplicates import SCENES, fill, is_same
from tests.component.orchestrator_app import Running, orchestrator
from utils.contract.duplicates.options import DuplicateClass

pytestmark = pytest.mark.anyio

LEAST_PRECISION = 0.99


async def searched(running: Running, **options: object) -> Any:
    """The ended job."""
    asked = {"kind": "duplicates", "collection": "default", "options": options}
    response = await running.post("/jobs", asked)
    assert response.status_code == 202, response.text
    job = await running.ended(response.json()["job_id"])
    assert job["state"] == "completed", job
    assert job["done"] == job["total"]
    return job


async def groups(running: Running) -> list[tuple[FoundGroup, list[str]]]:
    """Those that are shown, each with the paths of its members."""
    services: AppState = running.app.state.services
    collection = await services.collections.get("default")
    kept = services.ports.ledger.duplicate_groups
    run = await kept.shown(collection.id)
    assert run is not None
    found = await kept.page(
        run.id, NO_FILTERS, kinds=tuple(DuplicateClass), after=0, limit=1000, members=1000
    )
    shown = []
    for one in found:
        ids = [member.point_id for member in one.members]
        points = await services.ports.store.get(collection.bound().table, ids)
        shown.append((one, [point.display_path for point in points]))
    return shown


async def test_copies_are_found_with_precision(tmp_path: Path) -> None:
    fill(tmp_path / "photos")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        job = await searched(running)
        report = await running.get(f"/jobs/{job['job_id']}/report")
        found = await groups(running)
        same = [paths for one, paths in found if one.kind is DuplicateClass.SAME_PICTURE]
        bytes_alike = [paths for one, paths in found if one.kind is DuplicateClass.SAME_BYTES]
    pairs = [pair for paths in same for pair in combinations(paths, 2)]
    right = [pair for pair in pairs if is_same(*pair)]
    assert len(right) / len(pairs) >= LEAST_PRECISION, [one for one in pairs if one not in right]
    assert len(right) >= 0.9 * SCENES * 55  # 11 images of one photograph are 55 pairs
    assert [sorted(path.split("/")[-1] for path in paths) for paths in bytes_alike] == [
        ["original.jpg", "twin.jpg"]
    ] * SCENES
    for paths in same:
        assert paths[0].split("/")[-1] in ("copy-lossless.png", "original.jpg", "twin.jpg")
    assert job["done"] == job["total"] == report["numbers"]["images"] == SCENES * 22
    assert report["numbers"]["same_bytes groups"] == SCENES
    assert report["numbers"]["unconfirmed"] == 0


async def test_only_what_is_asked_for_is_kept(tmp_path: Path) -> None:
    """And a pair is of its strictest class also where that is not asked for."""
    fill(tmp_path / "photos")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await searched(running, classes=["look_alike"], min_cosine=0.999999)
        alike = await groups(running)
        of_folder = await searched(
            running, classes=["same_bytes"], folder_path=f"{running.photos}/scene-1/"
        )
        [(_, paths)] = await groups(running)
    assert of_folder["total"] == 22  # images, however many classes look at them
    assert {one.kind for one, _ in alike} <= {DuplicateClass.LOOK_ALIKE}
    for _, names in alike:
        assert not any(is_same(*pair) for pair in combinations(names, 2))
    assert {path.split("/")[-2] for path in paths} == {"scene-1"}


async def test_an_empty_collection_has_no_duplicates(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "default"})
        await searched(running)
        assert await groups(running) == []


async def test_what_cannot_be_seen_is_counted_and_in_no_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_LOST", 3)
    photos = tmp_path / "photos"
    fill(photos)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        shutil.rmtree(photos / "scene-0")
    shutil.rmtree(tmp_path / "data" / "cache")
    async with orchestrator(tmp_path) as running:
        job = await searched(running, classes=["same_bytes", "same_picture"])
        report = await running.get(f"/jobs/{job['job_id']}/report")
        found = await groups(running)
    assert report["numbers"]["unconfirmed"] > 3
    assert any("could not be made anew" in one for one in job["warnings"])
    of_gone = [one.kind for one, paths in found if "/scene-0/" in paths[0]]
    assert of_gone == [DuplicateClass.SAME_BYTES]
