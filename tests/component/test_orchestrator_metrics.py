"""What /metrics of the orchestrator says of its work: counts where things happen, and gauges."""

from __future__ import annotations

from pathlib import Path

import pytest
from anyio import fail_after, sleep, sleep_forever
from prometheus_client.parser import text_string_to_metric_families

from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.library.table_sizes import TableSizes
from tests.component.orchestrator_app import (
    PATIENCE_S,
    FakeService,
    Running,
    library,
    orchestrator,
    paint,
)
from tests.memory_ledger import memory_ledger
from tests.memory_store import MemoryStore

pytestmark = pytest.mark.anyio


async def metric(running: Running, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by its labels' values, which are in the order of their names."""
    response = await running.http.get("/metrics")
    assert response.status_code == 200
    return {
        tuple(text for _, text in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == f"photoseek_orchestrator_{name}" and sample.value
    }


async def test_files_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        images = await metric(running, "images_total")
        assert images == {
            ("", "ingest", "embedded"): job["counts"]["embedded"],
            ("", "ingest", "skipped"): job["counts"]["skipped"],
            **{(code, "ingest", "failed"): n for code, n in job["errors_by_code"].items()},
        }
        again = await running.ingested()
        more = await metric(running, "images_total")
        assert more["", "ingest", "unchanged"] == again["counts"]["unchanged"] > 0
        assert (await metric(running, "read_bytes_total"))["ingest",] > 0
        stages = {stage for _, stage in await metric(running, "stage_seconds_total")}
        assert {"scan", "read", "decode", "embed", "store"} <= stages


async def test_what_holds_a_job_is_counted_and_shown(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "red.png", "red")
    async with orchestrator(tmp_path, service=FakeService(down=True)) as running:
        accepted = await running.post("/ingest/", {"directory_path": str(running.photos)})
        with fail_after(PATIENCE_S):
            while ("waiting_for_ml",) not in await metric(running, "jobs"):
                await sleep(0.01)
        assert await metric(running, "jobs") == {("waiting_for_ml",): 1}
        kinds = {(kind, state) for _, kind, state in await metric(running, "holds_total")}
        assert kinds == {("ingest", "waiting_for_ml")}
        running.service.down = False
        await running.ended(accepted.json()["job_id"])
        assert await metric(running, "jobs") == {}


async def test_points_and_memory_are_shown(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, index_threshold_rows=5000) as running:
        await running.post("/collections", {"name": "holidays"})
        job = await running.ingested(collection="holidays")
        stored = job["counts"]["embedded"]
        assert await metric(running, "points") == {("holidays",): stored}
        assert await metric(running, "unindexed_points") == {("holidays",): stored}
        assert set(await metric(running, "in_flight_bytes")) == {("free",)}, "nothing is in work"


class StuckStore(MemoryStore):
    async def exists(self, table: str) -> bool:
        await sleep_forever()
        return True


async def test_a_table_that_cannot_be_looked_at_is_not_waited_for() -> None:
    ledger = memory_ledger()
    slow = await ledger.collections.create("slow", identity="slow")
    new = NewGeneration("slow", "m", "w", 8, "f")
    await ledger.generations.bind(slow.id, new, synced_version=1)
    sizes = TableSizes(ledger.collections, StuckStore(), ledger.trash, limit_s=0.01)
    await sizes.refresh()
    assert sizes.points() == {}
