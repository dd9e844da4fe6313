"""All that is known of one collection, also where some of it cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.component.orchestrator_app import orchestrator
from tests.component.test_generations import IMAGES, filled
from tests.component.test_reembed_searches import IMAGES as MANY
from tests.component.test_reembed_searches import SERVICES, TwoServices, fill, reembed
from tests.fakes import FINGERPRINT

pytestmark = pytest.mark.anyio


async def test_a_new_collection_has_nothing_to_tell(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "new"})
        told = await running.get("/collections/new")
        assert (told["count"], told["generation"], told["other_generations"]) == (0, None, [])
        assert told["disk"] == {"vectors": 0, "other_vectors": 0, "words": 0}
        assert told["index"] == {"indexed": 0, "unindexed": 0}
        assert (told["created_at"], told["last_job"]) == (None, None)


async def test_its_tables_bytes_and_newest_job_are_told(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, service=TwoServices(), **SERVICES) as running:
        fill(running)
        job = await running.ingested()
        one = await running.get("/collections/default")
        assert (one["generation"]["state"], one["generation"]["count"]) == ("active", MANY)
        assert one["created_at"] == one["generation"]["created_at"]
        assert one["last_job"]["job_id"] == job["job_id"]
        assert (one["last_job"]["kind"], one["last_job"]["state"]) == ("ingest", "completed")
        store = tmp_path / "data" / "store"
        there = sum(path.stat().st_size for path in (store / "default.lance").rglob("*"))
        assert 0 < one["disk"]["vectors"] <= there
        assert one["disk"]["words"] > 0
        assert one["index"] == {"indexed": 0, "unindexed": MANY}, "so few need none"
        accepted = await reembed(running)
        await running.ended(accepted.json()["job_id"])
        two = await running.get("/collections/default")
        assert two["generation"]["fingerprint"] != FINGERPRINT
        assert [each["state"] for each in two["other_generations"]] == ["retired"]
        assert two["created_at"] == one["created_at"]
        assert two["disk"]["other_vectors"] >= one["disk"]["vectors"]
        assert two["last_job"]["kind"] == "reembed"
        (listed,) = (await running.get("/collections"))["collections"]
        assert "disk" not in listed, "a list looks at no folder"


async def test_what_cannot_be_read_is_null_and_the_rest_is_told(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        collection, filling = await filled(running)
        shutil.rmtree(tmp_path / "data" / "store" / f"{filling.table}.lance")
    async with orchestrator(tmp_path) as running:
        (tmp_path / "data" / "store" / f"{filling.table}.lance").mkdir(exist_ok=True)
        told = await running.get("/collections/default")
        assert (told["count"], told["generation"]["id"]) == (IMAGES, collection.bound().id)
        (other,) = told["other_generations"]
        assert other["id"] == filling.id
        assert told["disk"]["vectors"] > 0
