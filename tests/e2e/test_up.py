"""`photoseek up` with both real services: what `make run` gives, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.services import free_ports

PHOTOSEEK = [
    sys.executable,
    "-c",
    "from ingestion_orchestration_fastapi_app.cli import main; main()",
]
END_LIMIT_S = 60
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory: the demo's folder lies in it, and is made once."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture
def environment() -> dict[str, str]:
    ml_port, port = free_ports(2)
    return {
        **os.environ,  # noqa: TID251  # passed on to the command
        "ML_INFERENCE_SERVICE_URL": f"http://127.0.0.1:{ml_port}",
        "ORCHESTRATOR_PORT": str(port),
        "MIN_FREE_BYTES": "0",
        "PYTHONPATH": str(REPOSITORY),  # the working directory is another
        "STORE_LINGER_S": "0.2",
    }


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`up --demo`, yielded when it serves."""
    with subprocess.Popen(
        [*PHOTOSEEK, "up", "--demo"],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as up:
        try:
            assert up.stdout is not None
            said: list[str] = []
            for line in up.stdout:
                said.append(line)
                if "serves at" in line:
                    break
            else:
                raise AssertionError("".join(said))
            yield up
        finally:
            up.kill()


def once(
    folder: Path, environment: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PHOTOSEEK, "up", "--once", *options],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def services_of(up: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    children = psutil.Process(up.pid).children()
    return {child.cmdline()[2].split("_")[0]: child for child in children}


def gone(processes: dict[str, psutil.Process]) -> bool:
    _gone, alive = psutil.wait_procs(list(processes.values()), timeout=END_LIMIT_S)
    return not alive


def test_the_demo_finds_the_right_pictures_and_a_second_run_does_only_what_changed(
    folder: Path, environment: dict[str, str]
) -> None:
    outputs = []
    for _ in range(2):
        ran = once(folder, environment, "--demo")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        outputs.append(ran.stdout)
    for output in outputs:
        for query in ("red circle", "blue square", "green triangle"):
            best = output.split(f"photoseek search a {query}\n")[1].splitlines()[0]
            assert query in best
    pictures = sum(one.is_file() for one in (folder / ".demo/pictures").rglob("*"))
    assert f"{pictures} files found, " in outputs[0]
    assert ", 0 unchanged" in outputs[0]
    assert f"{pictures} files found, 0 embedded, 0 known by content, {pictures} un" in outputs[1]


def test_a_second_copy_is_told_where_the_first_runs_and_leaves_its_logs(
    folder: Path, environment: dict[str, str]
) -> None:
    logs = folder / ".demo/data/logs"
    with serving(folder, environment):
        before = {one.name: one.stat().st_ino for one in logs.iterdir()}
        same = once(folder, environment, "--demo")
        assert same.returncode == 1
        where = f"http://127.0.0.1:{environment['ORCHESTRATOR_PORT']}"
        assert f"Photoseek runs already, at {where}" in same.stdout
        assert "photoseek ingest DIR" in same.stdout
        ml_port, port = free_ports(2)
        elsewhere = {
            "ML_INFERENCE_SERVICE_URL": f"http://127.0.0.1:{ml_port}",
            "ORCHESTRATOR_PORT": str(port),
        }
        beside = once(folder, environment | elsewhere, "--demo")
        assert beside.returncode == 1
        assert "ERR_DATA_FOLDER_LOCKED" in beside.stdout
        assert {one.name: one.stat().st_ino for one in logs.iterdir()} == before
    data = folder / ".demo/data"
    assert [one for one in (data, *data.rglob("*")) if one.lstat().st_mode & 0o077] == []


def test_a_library_goes_on_with_the_model_it_was_made_with(
    folder: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    environment = environment | {
        "DATA_DIR": str(tmp_path / "data"),
        "MODEL_CACHE_DIR": str(tmp_path / "models"),
        "ML_OFFLINE": "1",
    }
    environment.pop("CLIP_MODEL", None)
    photos = tmp_path / "photos"
    draw = [sys.executable, "-m", "ml_inference_fastapi_app.tiny_models.demo_pictures", str(photos)]
    subprocess.run(draw, check=True, cwd=REPOSITORY, capture_output=True)
    first = once(folder, environment | {"CLIP_MODEL": "tiny-shapes"}, "--photos", str(photos))
    assert first.returncode == 0, first.stdout + first.stderr
    said = first.stdout + first.stderr
    assert said.count("tiny-shapes knows drawn, coloured shapes") == 1
    again = once(folder, environment, "--photos", str(photos))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "The model is tiny-shapes, with which the library was made." in again.stdout
    assert ", 0 embedded, " in again.stdout
    other = once(folder, environment | {"CLIP_MODEL": "ViT-B-32"}, "--photos", str(photos))
    assert other.returncode == 1
    assert "was made with CLIP_MODEL=tiny-shapes" in other.stdout
    assert "ERR_MODEL_MISSING" not in other.stdout + other.stderr, "nothing was fetched for it"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_services_cleanly(
    folder: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with serving(folder, environment) as up:
        services = services_of(up)
        assert services.keys() == {"ml", "ingestion"}
        up.send_signal(number)
        assert up.wait(END_LIMIT_S) == 0
        assert gone(services)
    log = folder / ".demo/data/logs/orchestrator.log"
    assert "Application shutdown complete" in log.read_text()


def test_when_one_service_dies_early_the_other_is_stopped_and_up_ends_with_1(
    folder: Path, environment: dict[str, str]
) -> None:
    with serving(folder, environment) as up:
        services = services_of(up)
        services["ml"].kill()
        assert up.stdout is not None
        rest = up.stdout.read()
        assert up.wait(END_LIMIT_S) == 1
        assert "inference service was killed by SIGKILL" in rest
        assert gone(services)


def test_nothing_outlives_up_when_it_is_killed(folder: Path, environment: dict[str, str]) -> None:
    with serving(folder, environment) as up:
        services = services_of(up)
        up.kill()
        assert gone(services)


def test_a_missing_model_ends_up_with_its_remedies_and_starts_nothing(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "photos").mkdir()
    environment |= {
        "CLIP_MODEL": "ViT-B-32",
        "ML_OFFLINE": "1",
        "MODEL_CACHE_DIR": str(tmp_path / "models"),
        "DATA_DIR": str(tmp_path / "data"),
    }
    ran = subprocess.run(
        [*PHOTOSEEK, "up", "--photos", str(tmp_path / "photos")],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    said = ran.stdout + ran.stderr
    assert "ERR_MODEL_MISSING" in said
    assert "tiny-shapes" in said, "a remedy"
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()
