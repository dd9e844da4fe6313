"""What `photoseek up` decides before it starts anything; tests/e2e/test_up.py runs it."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.services import free_ports
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    held_for_up,
    locked_data_folder,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.library_models import (
    LibraryModel,
    library_models,
)
from ingestion_orchestration_fastapi_app.cli.up.launcher import LaunchFailed
from ingestion_orchestration_fastapi_app.cli.up.library_model import Choice, choice
from ingestion_orchestration_fastapi_app.cli.up.run import (
    Plan,
    demo_plan,
    up,
    wanted_services,
)
from ingestion_orchestration_fastapi_app.cli.view.progress import (
    SHOWN_FAILURES,
    eta_text,
    failure_lines,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.unit.stand_in_orchestrator import NOW, stand_in_orchestrator
from utils.contract import ErrorCode, FailureReply


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_services_are_told_no_roots_but_those_that_are_set() -> None:
    for service in wanted_services(Plan(Settings(), "default", photos="/mnt/a:b")):
        assert "INGEST_ROOTS" not in service.environment


def test_each_service_gets_the_address_that_the_other_expects() -> None:
    settings = Settings(ml_inference_service_url="http://localhost:9001", orchestrator_port=9002)
    inference, orchestrator = wanted_services(Plan(settings, "default"))
    assert inference.environment["ML_PORT"] == "9001"
    assert (inference.port, orchestrator.port) == (9001, 9002)
    assert orchestrator.environment["ORCHESTRATOR_PORT"] == "9002"


def test_of_several_inference_services_the_first_of_this_machine_is_started() -> None:
    urls = "http://gpu.example:8001,http://127.0.0.1:9001,http://localhost:9002"
    inference, orchestrator = wanted_services(Plan(Settings(ml_inference_service_url=urls), "d"))
    assert (inference.name, inference.port, orchestrator.name) == (
        "inference",
        9001,
        "orchestrator",
    )


def test_an_inference_service_on_another_machine_is_not_started_here() -> None:
    settings = Settings(ml_inference_service_url="http://gpu.example:8001")
    assert [one.name for one in wanted_services(Plan(settings, "default"))] == ["orchestrator"]


def test_nothing_starts_that_would_let_strangers_in() -> None:
    settings = Settings(orchestrator_host="0.0.0.0")
    with pytest.raises(LaunchFailed, match="ALLOW_NO_KEY=1"):
        wanted_services(Plan(settings, "default"))


@pytest.mark.parametrize(
    ("api_key", "ml_api_key", "asked"),
    [(None, None, ""), ("one", None, "one"), ("one", "other", "other"), (None, "other", "other")],
)
def test_the_inference_service_asks_for_the_key_that_it_will_be_shown(
    api_key: str | None, ml_api_key: str | None, asked: str
) -> None:
    settings = Settings.model_validate({"api_key": api_key, "ml_api_key": ml_api_key})
    inference, _orchestrator = wanted_services(Plan(settings, "default"))
    assert inference.environment["API_KEY"] == asked


def test_the_demo_keeps_everything_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(store_uri="s3://elsewhere/mine", diskcache_dir=Path("/elsewhere"))
    plan = demo_plan(settings, collection="default", once=False)
    for service in wanted_services(plan):
        assert service.log_path.is_relative_to(tmp_path / ".demo")
        for name in ("DATA_DIR", "STORE_URI", "DISKCACHE_DIR"):
            assert Path(service.environment[name]).is_relative_to(tmp_path / ".demo")
        assert service.environment["CLIP_MODEL"] == "tiny-shapes"
    assert plan.photos == str(tmp_path / ".demo/pictures")


@pytest.mark.anyio
async def test_a_taken_port_ends_up_before_anything_is_fetched_or_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = Settings(orchestrator_port=int(other.getsockname()[1]))
        settings = settings.model_copy(update={"ml_inference_service_url": "http://gpu.example"})
        plan = demo_plan(settings, collection="default", once=False)
        assert await up(plan, Console(file=said)) == 1
    assert "ORCHESTRATOR_PORT" in said.getvalue()
    assert not (tmp_path / ".demo").exists()


@pytest.mark.anyio
@pytest.mark.parametrize("photos", ["/my photos", None])
async def test_where_photoseek_runs_already_it_says_where_and_how_to_add_photos(
    tmp_path: Path, photos: str | None
) -> None:
    log = tmp_path / "data/logs/orchestrator.log"
    log.parent.mkdir(parents=True)
    log.write_text("of the one that runs")
    said = io.StringIO()
    with stand_in_orchestrator() as (_, port):
        settings = Settings(orchestrator_port=port, data_dir=tmp_path / "data")
        plan = Plan(settings, "default", photos=photos)
        assert await up(plan, Console(file=said)) == 1
    assert f"runs already, at http://127.0.0.1:{port}" in said.getvalue()
    folder = "'/my photos'" if photos else "DIR"
    assert f"photoseek ingest {folder}\n" in said.getvalue()
    assert [one.name for one in log.parent.iterdir()] == [log.name]
    assert log.read_text() == "of the one that runs"


@pytest.mark.anyio
@pytest.mark.parametrize("holder", [held_for_up, locked_data_folder])
async def test_a_second_copy_on_the_same_data_never_moves_the_firsts_logs(
    tmp_path: Path, holder: Callable[[Path], AbstractContextManager[None]]
) -> None:
    log = tmp_path / "logs/inference.log"
    log.parent.mkdir(parents=True)
    log.write_text("of the one that runs")
    said = io.StringIO()
    ports = free_ports(2)
    settings = Settings(
        orchestrator_port=ports[0],
        ml_inference_service_url=f"http://127.0.0.1:{ports[1]}",
        data_dir=tmp_path,
    )
    with holder(tmp_path):
        assert await up(Plan(settings, "default"), Console(file=said)) == 1
    assert "ERR_DATA_FOLDER_LOCKED" in said.getvalue()
    assert log.read_text() == "of the one that runs"
    assert not log.with_suffix(".previous.log").exists()


TINY = LibraryModel("tiny-shapes", "open_clip_model.safetensors")
LARGE = LibraryModel("ViT-L-14", "datacomp")


def chosen(models: dict[str, LibraryModel], **asked: str) -> Choice:
    given = {"collection": "default", "clip_model": "", "clip_pretrained": "", **asked}
    return choice(models, photos=given.pop("photos", None), **given)


def test_a_library_goes_on_with_the_model_that_it_was_made_with() -> None:
    again = {"CLIP_MODEL": "tiny-shapes", "CLIP_PRETRAINED": TINY.weights}
    for models in ({"default": TINY}, {"cats": TINY}, {"default": TINY, "cats": LARGE}):
        made = chosen(models)
        assert made.environment == again
        assert "tiny-shapes" in str(made.note)
    assert "cats" in str(chosen({"default": TINY, "cats": LARGE}).note)
    assert chosen({"default": TINY, "cats": LARGE}, collection="cats").environment == {
        "CLIP_MODEL": "ViT-L-14",
        "CLIP_PRETRAINED": "datacomp",
    }


def test_a_new_library_and_one_of_several_models_get_the_default_model() -> None:
    assert chosen({}) == Choice()
    several = chosen({"cats": TINY, "dogs": LARGE})
    assert several.environment == {}
    assert "cats: tiny-shapes, dogs: ViT-L-14" in str(several.note)


def test_a_model_that_is_asked_for_wins_and_is_refused_where_it_does_not_fit() -> None:
    assert chosen({"default": TINY}, clip_model="ViT-L-14") == Choice()
    assert chosen({"default": TINY}, clip_pretrained="other") == Choice()
    assert chosen({"default": TINY}, clip_model="tiny-shapes", photos="/photos") == Choice()
    assert chosen({"default": TINY}, clip_model="B", photos="/p", collection="new") == Choice()
    with pytest.raises(LaunchFailed, match=r"CLIP_MODEL=tiny-shapes.*--collection NAME"):
        chosen({"default": TINY}, clip_model="ViT-L-14", photos="/photos")


@pytest.mark.anyio
async def test_the_models_are_read_from_the_ledger_also_after_a_kill(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    assert library_models(ledger) == {}
    async with open_ledger(ledger) as opened:
        for name in ("default", "new"):
            await opened.collections.create(name, identity=name)
        collection = await opened.collections.find("default")
        assert collection is not None
        new = NewGeneration("default", "tiny-shapes", "w", 8, "f")
        await opened.generations.bind(collection.id, new, synced_version=1)
        while_open = library_models(ledger)  # all of it may be in the log still
    assert while_open == library_models(ledger) == {"default": LibraryModel("tiny-shapes", "w")}
    ledger.write_bytes(b"this is no database" * 500)
    assert library_models(ledger) == {}


@pytest.mark.parametrize(
    ("eta_s", "text"),
    [(None, "ETA unknown"), (0.4, "ETA 0:00"), (75, "ETA 1:15"), (3_661, "ETA 1:01:01")],
)
def test_time_to_go_is_read_like_a_clock(eta_s: float | None, text: str) -> None:
    assert eta_text(eta_s) == text


def test_failures_are_grouped_by_code_with_the_first_paths_and_the_rest_counted() -> None:
    failures = [
        FailureReply(path=f"/p/{n:03}.jpg", code=ErrorCode.FILE_EMPTY, detail="empty", at=NOW)
        for n in range(SHOWN_FAILURES + 5)
    ]
    lines = failure_lines(failures, {"ERR_FILE_EMPTY": 1015, "ERR_DECODING_RAW": 2})
    assert lines[:2] == ["ERR_DECODING_RAW: 2", "  and 2 more"]
    assert lines[2:4] == ["ERR_FILE_EMPTY: 1,015", "  /p/000.jpg (empty)"]
    assert lines[-1] == f"  and {1015 - SHOWN_FAILURES:,} more"
    assert len(lines) == 2 + 1 + SHOWN_FAILURES + 1
