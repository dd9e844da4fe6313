"""The `photoseek` command against a small stand-in for the orchestrator, over real HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import (
    local_secret,
    read_local_secret,
)
from ingestion_orchestration_fastapi_app.cli.calls import base_url
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.up.run import demo_plan
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import (
    JOB_ID,
    StandInOrchestrator,
    hit,
    job,
)
from utils.contract import ErrorCode, JobState, ProblemBody


@pytest.mark.parametrize("command", ["up", "ingest", "search", "status", "models", "jobs", "roots"])
def test_help_names_every_command(command: str) -> None:
    overview = photoseek("--help")
    assert overview.exit_code == 0
    assert command in overview.output
    assert photoseek(command, "--help").exit_code == 0


def test_search_prints_score_and_path(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("search", "a red circle", "--limit", "3")
    assert (result.exit_code, result.output) == (0, "0.500\t/photos/red.png\n")
    [(method, path, body)] = orchestrator.heard
    assert (method, path) == ("POST", "/api/v1/search")
    assert (body["query"], body["limit"]) == ("a red circle", 3)


def test_a_long_path_is_never_cut_or_folded(orchestrator: StandInOrchestrator) -> None:
    path = "/photos/" + "x" * 300 + "/[bold].png"
    orchestrator.hits = (hit(path, 0.25),)
    assert photoseek("search", "x").output == f"0.250\t{path}\n"


def test_nothing_found_is_said(orchestrator: StandInOrchestrator) -> None:
    orchestrator.hits = ()
    assert "Nothing found" in photoseek("search", "x").output


def test_hits_that_are_no_nearer_than_chance_are_said_to_be(
    orchestrator: StandInOrchestrator,
) -> None:
    for calibrated in (True, False):
        orchestrator.about = {"nothing_relevant": True, "calibrated": calibrated}
        shown = photoseek("search", "xqzv", "--min-relevance", "0.5")
        assert ("no nearer than chance" in shown.output) == calibrated
        assert "/photos/red.png" in shown.output
    assert orchestrator.heard[-1][2]["min_relevance"] == 0.5


def test_a_problem_is_code_and_detail_and_exit_status_1(orchestrator: StandInOrchestrator) -> None:
    orchestrator.problem = ProblemBody(
        title="There is no such collection",
        status=404,
        detail="There is no collection “cats”.",
        code=ErrorCode.COLLECTION_NOT_FOUND,
        request_id="r",
    )
    result = photoseek("search", "x", "--collection", "cats")
    assert result.exit_code == 1
    assert result.stderr == "ERR_COLLECTION_NOT_FOUND: There is no collection “cats”.\n"


def test_an_absent_orchestrator_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        monkeypatch.setenv("ORCHESTRATOR_PORT", str(nobody.getsockname()[1]))
        result = photoseek("status")
    assert result.exit_code == 1
    assert "photoseek up" in result.stderr
    assert "Traceback" not in result.output


def test_the_api_key_is_shown_to_the_orchestrator(
    orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "s3cret")
    photoseek("search", "x")
    assert orchestrator.keys == ["s3cret"]


def test_of_a_root_that_is_taken_back_no_file_is_gone(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("roots", "remove", "/photos")
    expected = "/photos is no longer a root; nothing in it was touched.\n"
    assert (result.exit_code, result.output) == (0, expected)
    assert [call[:2] for call in orchestrator.heard] == [("DELETE", "/api/v1/roots?path=%2Fphotos")]


def test_the_demo_that_runs_in_this_folder_knows_its_user(
    orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    photoseek("search", "x")
    folder = demo_plan(Settings(), collection="default", once=True).settings.data_dir
    folder.mkdir(parents=True)
    with local_secret(folder):
        demo = read_local_secret(folder)
        photoseek("search", "x")
        (tmp_path / "data").mkdir()
        with local_secret(tmp_path / "data"):
            own = read_local_secret(tmp_path / "data")
            photoseek("search", "x")
    assert orchestrator.secrets == [None, demo, own]


def test_status_lists_services_collections_and_jobs(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("status")
    assert result.exit_code == 0
    assert "services\torchestrator\tready" in result.output
    assert "services\tinference http://127.0.0.1:8001\tready" in result.output
    assert "services\tversion\t1.4.0, schema 29" in result.output
    assert "services\tdisk\t8,750 MB used, 442,382 MB free" in result.output
    assert "collections\tdefault\t1,234\ttiny-shapes" in result.output
    assert f"latest jobs\t{JOB_ID}\tcompleted\t3 of 3\t2\t/photos" in result.output


def test_status_says_why_a_collection_is_damaged(orchestrator: StandInOrchestrator) -> None:
    said = "The table of collection 'default' is gone. Import its folders again."
    told = {"count": None, "state": "damaged", "detail": said}
    orchestrator.collection = orchestrator.collection.model_copy(update=told)
    result = photoseek("status")
    assert result.exit_code == 0
    assert "collections\tdefault\tdamaged\ttiny-shapes" in result.output
    assert said in result.output


def test_status_is_1_when_the_inference_service_is_away(orchestrator: StandInOrchestrator) -> None:
    orchestrator.reachable = False
    result = photoseek("status")
    assert result.exit_code == 1
    assert "refused" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest",),
        ("search", ""),
        ("search", "x", "--limit", "0"),
        ("up", "--photos", "/nowhere/at/all"),
        ("up", "--demo", "--photos", "/"),
        ("fly",),
    ],
)
def test_wrong_usage_is_exit_status_2(arguments: tuple[str, ...]) -> None:
    assert photoseek(*arguments).exit_code == 2


def test_models_run_in_a_process_of_their_own_and_this_one_never_imports_torch() -> None:
    program = (
        "import sys; from typer.testing import CliRunner;"
        "from ingestion_orchestration_fastapi_app.cli.app import app;"
        "code = CliRunner().invoke(app, ['models', 'pull', '--no-such-option']).exit_code;"
        "print(code, 'torch' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "2 False\n"
    assert "--no-such-option" in ran.stderr, "it was passed on"


def test_a_name_that_json_cannot_carry_is_refused() -> None:
    result = photoseek("ingest", "/photos/\udcff")
    assert result.exit_code == 2


def test_an_invalid_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_PORT", "many")
    result = photoseek("status")
    assert result.exit_code == 1
    assert "orchestrator_port" in result.stderr


def test_words_of_a_search_need_no_quotes(orchestrator: StandInOrchestrator) -> None:
    assert photoseek("search", "a", "red  circle", "--limit", "3").exit_code == 0
    assert orchestrator.heard[0][2]["query"] == "a red  circle"


def test_the_beginning_of_a_jobs_id_is_enough(orchestrator: StandInOrchestrator) -> None:
    for begins in (JOB_ID[:4], JOB_ID[:8], JOB_ID[:8].upper()):
        assert photoseek("jobs", "pause", begins).exit_code == 0
        assert orchestrator.heard[-1][1] == f"/api/v1/jobs/{JOB_ID}/pause"
    for too_short in (JOB_ID[:3], "", "&x=y", "../x"):
        result = photoseek("jobs", "pause", too_short)
        assert result.exit_code == 1
        assert "4 or more characters" in result.stderr
    result = photoseek("jobs", "show", "dead")
    assert (result.exit_code, "No job's id begins with dead" in result.stderr) == (1, True)


def test_an_ambiguous_beginning_lists_the_candidates(orchestrator: StandInOrchestrator) -> None:
    other = JOB_ID[:6] + "x" * 26
    orchestrator.jobs = [job(JobState.QUEUED), job(JobState.PAUSED, job_id=other)]
    result = photoseek("jobs", "cancel", JOB_ID[:5])
    assert result.exit_code == 1
    for candidate in (JOB_ID, other, "queued", "paused"):
        assert candidate in result.stderr
    assert [method for method, _, _ in orchestrator.heard] == ["GET"], "nothing was cancelled"


def test_a_missing_collection_offers_to_make_it(orchestrator: StandInOrchestrator) -> None:
    orchestrator.problem = ProblemBody(
        title="There is no such collection",
        status=404,
        detail="There is no collection named 'cats'.",
        code=ErrorCode.COLLECTION_NOT_FOUND,
        request_id="r",
    )
    result = photoseek("ingest", "my photos", "--collection", "cats")
    assert result.exit_code == 1
    assert "photoseek ingest 'my photos' --collection cats --create" in result.stderr


def test_the_version_is_that_of_the_package() -> None:
    result = photoseek("--version")
    assert (result.exit_code, result.output) == (0, f"photoseek {version('photoseek')}\n")


def test_a_wrong_key_says_where_to_put_the_right_one(orchestrator: StandInOrchestrator) -> None:
    orchestrator.problem = ProblemBody(
        title="A valid API key is needed",
        status=401,
        detail="The key is wrong.",
        code=ErrorCode.UNAUTHORIZED,
        request_id="r",
    )
    result = photoseek("status")
    assert result.exit_code == 1
    assert "API_KEY" in result.stderr


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("localhost:8002", "http://localhost:8002"),
        (" http://localhost:8002/ ", "http://localhost:8002"),
        ("https://host/photos/", "https://host/photos"),
        ("http://host:1/api/v1", "http://host:1"),
        ("http://host:1/docs#/jobs", "http://host:1"),
        ("http://[::1]:8002/?q=x#results", "http://[::1]:8002"),
        ("[::1]:8002", "http://[::1]:8002"),
    ],
)
def test_an_address_may_be_written_as_it_is_in_a_browser(url: str, base: str) -> None:
    assert base_url(url) == base


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "http://host:many", ":8002", "a b"])
def test_what_is_no_address_is_wrong_usage(url: str) -> None:
    result = photoseek("status", "--url", url)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("typed", "path", "shown"),
    [
        ("bin/photoseek", "/usr/bin", "bin/photoseek search x"),
        ("./my bin/photoseek", "/usr/bin", "'./my bin/photoseek' search x"),
        ("{here}/bin/photoseek", "{here}/bin", "photoseek search x"),
        ("-c", "/usr/bin", "photoseek search x"),
    ],
)
def test_commands_are_shown_as_this_shell_can_run_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, path: str, shown: str
) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/photoseek"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [typed.format(here=tmp_path)])
    monkeypatch.setenv("PATH", path.format(here=tmp_path))
    assert called("search", "x") == shown


def test_a_collection_is_renamed(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("collections", "rename", "default", "italy")
    assert (result.exit_code, result.output) == (0, "The collection default is called italy now.\n")
    assert orchestrator.heard == [("PATCH", "/api/v1/collections/default", {"name": "italy"})]
