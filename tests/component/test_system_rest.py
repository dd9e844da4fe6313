"""What the orchestrator says of itself over HTTP."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
import structlog
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.settings import Settings
from ingestion_orchestration_fastapi_app.system import series as system_series
from ingestion_orchestration_fastapi_app.system import storage as system_storage
from tests.component.orchestrator_app import PATIENCE_S, FakeService, library, orchestrator, paint
from utils.contract.system.overview import StoragePart
from utils.web.logs import setup_logging

pytestmark = pytest.mark.anyio


@pytest.fixture
def set_up_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config()
    setup_logging("DEBUG")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def bytes_below(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


async def test_the_system_says_what_runs_and_on_what(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        told = await running.get("/system")
        with sqlite3.connect(tmp_path / "data" / "ledger.sqlite") as ledger:
            [schema] = ledger.execute("PRAGMA user_version").fetchone()
        assert told["schema_version"] == schema > 20
        assert told["libraries"]["lancedb"] == version("lancedb")
        assert told["python"].startswith("3.")
        assert told["host"]["cores"] >= 1
        assert told["host"]["memory_bytes"] > told["host"]["resident_bytes"] > 10_000_000
        assert told["uptime_s"] >= 0
        assert told["key"] == {"is_set": False, "source": None}


async def test_the_parts_of_the_disk_are_what_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_storage, "MAX_AGE_S", 0.0)
    library(tmp_path)
    data = tmp_path / "data"

    def lies_there() -> tuple[int, int, int]:
        ledger = sum(file.stat().st_size for file in data.glob("ledger.sqlite*"))
        return bytes_below(data / "store"), bytes_below(data / "cache" / "pictures"), ledger

    async with orchestrator(tmp_path) as running:
        await running.ingested()
        with fail_after(PATIENCE_S):
            while True:  # until what is done after an import is done
                before = lies_there()
                storage = (await running.get("/system"))["storage"]
                parts = {one["name"]: one for one in storage["parts"]}
                told = tuple(parts[name]["bytes"] for name in ("store", "thumbnails", "ledger"))
                if before == told:
                    break
                await sleep(0.01)
        assert min(before) > 0
        assert set(parts) == set(StoragePart)
        assert parts["logs"]["bytes"] == 0, "a folder that is not there takes nothing"
        assert parts["previews"]["limit_bytes"] == 10 * 2**30
        assert storage["used_bytes"] == sum(one["bytes"] for one in parts.values())
        assert 0 < storage["free_bytes"] < storage["total_bytes"]
        assert storage["measured_at"] is not None


async def test_jobs_that_have_not_ended_are_counted(tmp_path: Path) -> None:
    paint(tmp_path / "photos" / "red.png", "red")
    async with orchestrator(tmp_path, service=FakeService(down=True)) as running:
        assert set((await running.get("/system"))["jobs"].values()) == {0}
        first = await running.post("/ingest/", {"directory_path": str(running.photos)})
        await running.post("/ingest/", {"directory_path": str(running.photos), "force": True})
        with fail_after(PATIENCE_S):
            while (jobs := (await running.get("/system"))["jobs"])["queued"] != 1:
                await sleep(0.01)  # the first is yet to begin
        assert jobs["running"] + jobs["waiting_for_ml"] == 1
        running.service.down = False
        await running.ended(first.json()["job_id"])


async def test_a_key_is_said_to_be_set_and_from_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "correct horse")
    async with orchestrator(tmp_path, headers={"X-API-Key": "correct horse"}) as running:
        told = await running.http.get("/api/v1/system")
        assert told.json()["key"] == {"is_set": True, "source": "environment"}
        assert "correct horse" not in told.text
    monkeypatch.delenv("API_KEY")
    (tmp_path / "key").write_text("battery staple\n")
    headers = {"X-API-Key": "battery staple"}
    async with orchestrator(tmp_path, headers=headers, api_key_file=tmp_path / "key") as running:
        assert (await running.get("/system"))["key"] == {"is_set": True, "source": "file"}


async def test_a_data_folder_whose_name_is_no_utf_8_is_shown(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/data-\xff"))
    async with orchestrator(tmp_path, data_dir=folder) as running:
        storage = (await running.get("/system"))["storage"]
        assert storage["data_dir"].endswith("data-\\xff")
        assert all("data-\\xff" in one["location"] for one in storage["parts"])


async def test_settings_are_shown_with_their_sources_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRASH_DAYS", "90")
    monkeypatch.setenv("MAX_RUNNING_JOBS", "")  # which is the default
    async with orchestrator(
        tmp_path,
        api_key="correct horse",
        ml_inference_service_url="http://you:hunter2@gpu:8001,http://127.0.0.1:8001",
        headers={"X-API-Key": "correct horse"},
    ) as running:
        answer = await running.http.get("/api/v1/system/settings")
        shown = {one["name"]: one for one in answer.json()["settings"]}
        assert set(shown) == {name.upper() for name in Settings.model_fields}
        days = shown["TRASH_DAYS"]
        assert (days["value"], days["default"], days["source"]) == (90, 30, "environment")
        assert days["description"] == Settings.model_fields["trash_days"].description
        assert shown["MAX_RUNNING_JOBS"]["source"] == "default"
        assert shown["DATA_DIR"]["value"] == str(tmp_path / "data")
        assert shown["INGEST_ROOTS"]["value"] == [str(running.photos)]
        assert shown["ML_INFERENCE_SERVICE_URL"]["value"] == (
            "http://***@gpu:8001,http://127.0.0.1:8001"
        )
        key = shown["API_KEY"]
        assert (key["value"], key["is_secret"], key["is_set"]) == (None, True, True)
        assert not shown["ML_API_KEY"]["is_set"]
        assert "correct horse" not in answer.text
        assert "hunter2" not in answer.text


async def test_without_a_key_the_local_user_sees_all_of_the_system(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for path in ("", "/settings", "/log", "/series"):
            assert (await running.http.get(f"/api/v1/system{path}")).status_code == 200
            refused = await running.http.get(f"/api/v1/system{path}?all=1")
            assert refused.status_code == 400, "unknown parameters are refused"


@pytest.mark.usefixtures("set_up_logging")
async def test_the_log_is_tailed_without_lines_of_its_own(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        before = await running.get("/system/log")
        job = await running.ingested()
        news = await running.get(f"/system/log?after={before['next_after']}&limit=600")
        told = [line["event"] for line in news["lines"]]
        assert "job_started" in told
        started = next(line for line in news["lines"] if line["event"] == "job_started")
        assert started["keys"]["job_id"] == job["job_id"]
        assert started["level"] == "info"
        assert any(line["keys"].get("path") == "/api/v1/ingest/" for line in news["lines"])
        assert all("/system" not in str(line["keys"].get("path")) for line in news["lines"])
        assert news["missed"] == 0
        later = await running.get(f"/system/log?after={news['next_after']}")
        assert later["lines"] == [], "to ask is no news"
        logging.getLogger("some.library").error("it broke")
        logging.getLogger("some.library").info("it goes on")
        asked = f"/system/log?after={news['next_after']}&level=warning"
        [line] = (await running.get(asked))["lines"]
        assert (line["event"], line["level"], line["logger"]) == (
            *("it broke", "error"),
            "some.library",
        )


@pytest.mark.usefixtures("set_up_logging")
async def test_a_key_that_is_logged_by_mistake_is_not_shown(tmp_path: Path) -> None:
    headers = {"X-API-Key": "correct horse"}
    async with orchestrator(tmp_path, api_key="correct horse", headers=headers) as running:
        logging.getLogger("some.library").warning("sent correct horse to http://a:b@host/x")
        answer = await running.http.get("/api/v1/system/log")
        assert answer.json()["lines"][-1]["event"] == "sent *** to http://***@host/x"
        assert "correct horse" not in answer.text


async def test_the_process_logs_nowhere_else_once_it_has_ended(tmp_path: Path) -> None:
    before = logging.getLogger().handlers[:]
    async with orchestrator(tmp_path):
        assert len(logging.getLogger().handlers) == len(before) + 1
    assert logging.getLogger().handlers == before


async def test_the_last_hour_tells_what_was_done_between_two_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_series, "STEP_S", 3600.0)  # no point of its own comes between
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        series = running.app.state.services.system.series
        with fail_after(PATIENCE_S):
            while not series.points:  # the first is measured as soon as it serves
                await sleep(0.01)
        [first] = (await running.get("/system/series"))["points"]
        assert (first["search_p95_ms"], first["embedded_per_s"]) == (None, None)
        assert first["waiting_images"] == 0
        assert first["resident_bytes"] > 10_000_000
        job = await running.ingested()
        for _ in range(3):
            found = await running.post("/search/text", {"query": "red"})
            assert found.status_code == 200
        await series.measure()
        await series.measure()
        told = await running.get("/system/series")
        _, busy, idle = told["points"]
        assert told["step_s"] == 30
        assert 0 < busy["search_p95_ms"] < 10_000
        assert busy["embedded_per_s"] > 0
        assert job["counts"]["embedded"] > 0
        assert (idle["search_p95_ms"], idle["embedded_per_s"]) == (None, 0)
        assert busy["at"] > first["at"]


class BusyService(FakeService):
    """Answers, and takes no batch of images as long as `is_busy`."""

    is_busy = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_busy and "batch" in request.url.path:
            raise httpx.ConnectError("refused")
        return super().__call__(request)


async def test_images_that_wait_in_running_jobs_are_counted(tmp_path: Path) -> None:
    for number in range(3):
        paint(tmp_path / "photos" / f"{number}.png", "red", side_px=60 + number)
    service = BusyService()
    async with orchestrator(tmp_path, service=service) as running:
        accepted = await running.post("/ingest/", {"directory_path": str(running.photos)})
        series = running.app.state.services.system.series
        with fail_after(PATIENCE_S):
            while True:
                await series.measure()
                if series.points[-1].waiting_images == 3:
                    break
                await sleep(0.01)
        service.is_busy = False
        await running.ended(accepted.json()["job_id"])
        await series.measure()
        assert series.points[-1].waiting_images == 0
