"""Two real inference services of two models: searches and imports of both, at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import create_task_group

from tests.component.inference_fakes import DESCRIPTION, FakeEmbedder, eventually, loaded, served
from tests.component.orchestrator_app import Running, orchestrator, paint

pytestmark = pytest.mark.anyio

ONE, TWO = (replace(DESCRIPTION, model=name, fingerprint=f"{name}-1") for name in ("one", "two"))


def more_photos(running: Running, folder: str, number: int) -> None:
    for each in range(number):
        paint(running.photos / folder / f"{each}.png", f"#{each * 9:02x}{len(folder):02x}40")


async def imported(running: Running, collection: str, folder: str) -> Any:
    body = {"directory_path": str(running.photos / folder), "collection": collection}
    accepted = await running.post("/ingest", body)
    assert accepted.status_code == 202, accepted.text
    return await running.ended(accepted.json()["job_id"])


async def test_each_collection_is_filled_and_searched_by_its_own_model(tmp_path: Path) -> None:
    """A job uses the service of its collection's model, wherever in the list that is."""
    embedders = FakeEmbedder(description=ONE), FakeEmbedder(description=TWO)
    async with served(embedders[0]) as one, served(embedders[1]) as two:
        for service in (one, two):
            async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
                await loaded(client)
        for urls, collection in ((f"{one.url},{two.url}", "a"), (f"{two.url},{one.url}", "b")):
            # A new collection gets the model of the first service of the setting.
            async with orchestrator(
                tmp_path, over_network=True, ml_inference_service_url=urls
            ) as running:
                more_photos(running, "begin", 4)
                assert (await running.post("/collections", {"name": collection})).is_success
                assert (await imported(running, collection, "begin"))["counts"]["embedded"] == 4
        async with orchestrator(
            tmp_path, over_network=True, ml_inference_service_url=f"{one.url},{two.url}"
        ) as running:
            for folder in ("a-photos", "b-photos"):
                more_photos(running, folder, 20)
            jobs: dict[str, Any] = {}

            async def fills(collection: str) -> None:
                jobs[collection] = await imported(running, collection, f"{collection}-photos")

            async def searches(collection: str) -> None:
                for text in ("red", "blue", "green"):
                    answer = await running.post(
                        "/search/text", {"query": text, "collection": collection, "limit": 50}
                    )
                    assert answer.is_success, answer.text
                    assert len(answer.json()["results"]) >= 4

            async with create_task_group() as tg:
                for collection in ("a", "b"):
                    tg.start_soon(fills, collection)
                    tg.start_soon(searches, collection)
            for collection, description in (("a", ONE), ("b", TWO)):
                assert jobs[collection]["state"] == "completed"
                assert jobs[collection]["counts"]["failed"] == 0
                told = await running.get(f"/collections/{collection}")
                assert (told["model"], told["count"]) == (description.model, 24)

            async def seen() -> bool:
                return len(await states(running)) == 2

            await eventually(seen)
            assert await states(running) == ["ready", "other_model"]


async def states(running: Running) -> list[str]:
    return [one["state"] for one in (await running.get("/capabilities"))["inference_services"]]
