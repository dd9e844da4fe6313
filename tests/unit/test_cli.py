"""The `photoseek` command against a small stand-in for the orchestrator, over real HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ingestion_orchestration_fastapi_app.adapters.local_secret import (
    local_secret,
    read_local_secret,
)
from ingestion_orchestration_fastapi_app.cli.app import app
from ingestion_orchestration_fastapi_app.cli.calls import base_url
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.up.run import demo_plan
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.unit.stand_in_orchestrator import (
    JOB_ID,
    RETRY_ID,
    SETTLED,
    StandInOrchestrator,
    hit,
    job,
    stand_in_orchestrator,
)
from utils.contract import ErrorCode, JobState, ProblemBody


@pytest.fixture
def orchestrator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInOrchestrator]:
    with stand_in_orchestrator() as (stand_in, port):
        monkeypatch.setenv("ORCHESTRATOR_PORT", str(port))
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))  # no service of this user's
        yield stand_in


def photoseek(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


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
    assert (method, path) == ("POST", "/api/v1/search/text")
    assert (body["query"], body["limit"]) == ("a red circle", 3)


def test_a_long_path_is_never_cut_or_folded(orchestrator: StandInOrchestrator) -> None:
    path = "/photos/" + "x" * 300 + "/[bold].png"
    orchestrator.hits = (hit(path, 0.25),)
    assert photoseek("search", "x").output == f"0.250\t{path}\n"


def test_nothing_found_is_said(orchestrator: StandInOrchestrator) -> None:
    orchestrator.hits = ()
    assert "Nothing found" in photoseek("search", "x").output


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


def test_ingest_follows_the_job_and_lists_failures_by_code(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    orchestrator.jobs = [
        job(JobState.QUEUED),
        job(JobState.WAITING_FOR_ML, reason="the service is loading"),
        job(JobState.COMPLETED, SETTLED),
    ]
    result = photoseek("ingest", str(tmp_path), "--force", "--no-recursive")
    assert result.exit_code == 0
    body = orchestrator.heard[0][2]
    assert (body["directory_path"], body["force"], body["recursive"]) == (
        str(tmp_path),
        True,
        False,
    )
    assert "waiting_for_ml (the service is loading): 0 of 3 files" in result.output
    assert "2.5 images/s, 0 failed, ETA 1:01" in result.output
    assert "ERR_FILE_EMPTY: 2" in result.output
    assert "/photos/a.jpg (empty)" in result.output
    assert "\x1b" not in result.output, "a file's name cannot steer the terminal"
    assert f"photoseek jobs failures {JOB_ID}" in result.output


@pytest.mark.parametrize("word", ["pause", "resume", "cancel"])
def test_a_job_is_controlled_by_its_id(orchestrator: StandInOrchestrator, word: str) -> None:
    orchestrator.jobs = [job(JobState.PAUSED, reason="paused on request")]
    result = photoseek("jobs", word, JOB_ID)
    assert result.exit_code == 0
    assert result.output.startswith(f"Job {JOB_ID} paused (paused on request): 0 of 3 files")
    assert orchestrator.heard == [("POST", f"/api/v1/jobs/{JOB_ID}/{word}", {})]


def test_trying_failed_files_again_names_the_new_job(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("jobs", "retry-failed", JOB_ID)
    said = f"Job {RETRY_ID} accepted; see `photoseek jobs show {RETRY_ID}`.\n"
    assert (result.exit_code, result.output) == (0, said)


def test_a_stopped_removal_is_told_with_its_code_and_exit_status_1(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [
        job(JobState.COMPLETED, reason="Very many.", reason_code=ErrorCode.DELETE_GUARD)
    ]
    result = photoseek("ingest", "/photos", "--sync")
    assert (result.exit_code, result.stderr) == (1, "ERR_DELETE_GUARD: Very many.\n")
    orchestrator.jobs = [job(JobState.COMPLETED, removed=7)]
    result = photoseek("ingest", "/photos", "--sync", "--confirm-deletes")
    assert result.exit_code == 0
    assert "7 removed" in result.output
    posted = [body for _, path, body in orchestrator.heard if path == "/api/v1/ingest"]
    assert [(body["sync"], body["confirm_deletes"]) for body in posted] == [
        (True, False),
        (True, True),
    ]
    assert photoseek("ingest", "/photos", "--confirm-deletes").exit_code == 2


def test_ingest_sends_an_absolute_path(
    orchestrator: StandInOrchestrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photoseek("ingest", "my photos", "--no-wait")
    assert orchestrator.heard[0][2]["directory_path"] == str(tmp_path / "my photos")


def test_ingest_says_whether_to_watch_only_when_told_to(orchestrator: StandInOrchestrator) -> None:
    for option in ((), ("--watch",), ("--no-watch",)):
        photoseek("ingest", "/photos", "--no-wait", *option)
    assert [body["watch"] for _, _, body in orchestrator.heard] == [None, True, False]


def test_ingest_without_waiting_names_the_job(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("ingest", "/photos", "--no-wait")
    assert result.exit_code == 0
    assert JOB_ID in result.output
    assert len(orchestrator.heard) == 1


def test_ingest_creates_a_collection_only_when_told_to(orchestrator: StandInOrchestrator) -> None:
    photoseek("ingest", "/photos", "--collection", "cats", "--no-wait")
    assert [path for _, path, _ in orchestrator.heard] == ["/api/v1/ingest"]
    photoseek("ingest", "/photos", "--collection", "cats", "--no-wait", "--create")
    assert orchestrator.heard[1] == ("POST", "/api/v1/collections", {"name": "cats"})


def test_a_failed_job_is_exit_status_1_with_its_reason(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [
        job(JobState.FAILED, reason="Another model.", reason_code=ErrorCode.MODEL_MISMATCH)
    ]
    result = photoseek("ingest", "/photos")
    assert result.exit_code == 1
    assert "ERR_MODEL_MISMATCH: Another model." in result.stderr


def test_status_lists_services_collections_and_jobs(orchestrator: StandInOrchestrator) -> None:
    result = photoseek("status")
    assert result.exit_code == 0
    assert "services\torchestrator\tready" in result.output
    assert "services\tinference http://127.0.0.1:8001\tready" in result.output
    assert "collections\tdefault\t1,234\ttiny-shapes" in result.output
    assert f"latest jobs\t{JOB_ID}\tcompleted\t3 of 3\t2\t/photos" in result.output


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
