"""The containers of docker-compose.yml, used as their owner uses them, and ill-used."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from ml_inference_fastapi_app.tiny_models.demo_pictures import write_demo_pictures
from tests.docker.conftest import Report
from tests.docker.engine import Engine
from tests.e2e.rest import Rest, rest

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

LIMIT_S = 240.0
KEY = "a-key-for-this-check-alone"
SERVICES = ("orchestrator-cpu", "inference-cpu")


@dataclass
class Project:
    engine: Engine
    given: dict[str, str]

    @property
    def name(self) -> str:
        return self.given["COMPOSE_PROJECT_NAME"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.given['ORCHESTRATOR_PORT']}"

    def compose(self, *words: str, check: bool = True) -> str:
        return self.engine.compose(*words, given=self.given, check=check)

    def container(self, service: str) -> str:
        return self.compose("ps", "-q", service).split()[-1]

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        return self.engine.docker("exec", self.container(service), *command, check=check)

    def up(self, **more: str) -> None:
        words = ("up", "--detach", "--no-build")
        self.engine.compose(*words, given={**self.given, **more})
        eventually(lambda: {self.health(one) for one in SERVICES} == {"healthy"})

    def health(self, service: str) -> str:
        state = self.engine.inspected(self.container(service))["State"]
        assert isinstance(state, dict)
        return str(state["Health"]["Status"])

    def started_at(self, service: str) -> str:
        state = self.engine.inspected(self.container(service))["State"]
        assert isinstance(state, dict)
        return str(state["StartedAt"])


def eventually(met: Callable[[], bool]) -> None:
    """An engine tells nobody when a container has changed."""
    limit_s = time.monotonic() + LIMIT_S
    while not met():
        assert time.monotonic() < limit_s, "it did not come to that"


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@pytest.fixture(scope="module")
def seen_by_containers() -> Iterator[Path]:
    """A folder that every user may read: pytest's own are for one alone."""
    with TemporaryDirectory(prefix="photoseek-check-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def photos(seen_by_containers: Path) -> Path:
    folder = seen_by_containers / "photos"
    write_demo_pictures(folder)
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o644)
    return folder


@pytest.fixture(scope="module")
def project(
    docker_engine: Engine, images: dict[str, str], photos: Path, report: Report
) -> Iterator[Project]:
    """Other ports than usual: the health checks follow them."""
    one = Project(
        docker_engine,
        {
            "COMPOSE_PROJECT_NAME": "photoseek-check",
            "PHOTOS": str(photos),
            "CLIP_MODEL": "tiny-shapes",
            "BLIP_MODEL": "tiny-captions",
            "ORCHESTRATOR_PORT": free_port(),
            "ML_PORT": "8765",
        },
    )
    one.compose("down", "--volumes", check=False)
    begun_s = time.monotonic()
    try:
        one.up()
        report.add(
            "up, until both are healthy, on other ports", f"{time.monotonic() - begun_s:.0f} s"
        )
        yield one
    finally:
        logs = one.compose("logs", "--no-color")
        one.compose("down", "--volumes")
    left = docker_engine.docker("volume", "ls", "--quiet", f"--filter=name={one.name}")
    assert left.strip() == ""
    assert KEY not in logs
    report.add("down -v", "no container, no volume left; no key in the logs")


@pytest.fixture
def api(project: Project) -> Iterator[Rest]:
    with rest(project.url) as one:
        yield one


@pytest.fixture(scope="module")
def imported(project: Project, report: Report) -> int:
    """How many pictures are in."""
    with rest(project.url) as one:
        counts = one.ingested(Path("/photos"))["counts"]
    assert counts["failed"] == 0
    report.add("import of drawn pictures", json.dumps(counts))
    return int(counts["embedded"])


def everything_is_there(project: Project, pictures: int) -> None:
    with rest(project.url) as one:
        assert one.call("GET", "/images?limit=1")["total"] == pictures
        assert one.search("a red circle", limit=3)
        again = one.ingested(Path("/photos"))["counts"]
    assert (again["unchanged"], again["embedded"]) == (again["found"], 0)


def test_what_is_imported_is_found_and_unchanged_afterwards(
    project: Project, imported: int
) -> None:
    assert imported > 0
    everything_is_there(project, imported)


def test_captions_are_made_where_they_are_asked_for_and_not_where_they_are_off(
    project: Project, imported: int, report: Report
) -> None:
    with rest(project.url) as one:
        one.call("POST", "/collections", json={"name": "captioned"})
        job = one.ingested(Path("/photos"), collection="captioned", captions=True)
        assert job["state"] == "completed"
        [hit] = one.search("a red circle", collection="captioned", limit=1)
        assert hit["caption"]
    project.up(DISABLE_CAPTIONS="1")
    with rest(project.url) as one:
        assert one.call("GET", "/capabilities")["captions_available"] is False
    project.up()
    report.add("captions on, off, on", f"{hit['caption']!r}; then told as not available")


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_lost_when_a_container_is_restarted(
    project: Project, imported: int, service: str, report: Report
) -> None:
    project.engine.docker("restart", project.container(service))
    project.up()
    everything_is_there(project, imported)
    report.add(f"restart of {service}", "all there, nothing inferred again")


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_lost_when_the_process_in_a_container_is_killed(
    project: Project, imported: int, service: str, report: Report
) -> None:
    before = project.started_at(service)
    kill = (
        "import os, pathlib; [os.kill(int(p.parent.name), 9) for p in"
        " pathlib.Path('/proc').glob('[0-9]*/cmdline') if p.parent.name != '1'"
        " and b'_fastapi_app' in p.read_bytes() and int(p.parent.name) != os.getpid()]"
    )
    project.inside(service, "python", "-c", kill, check=False)
    eventually(lambda: project.started_at(service) != before)
    project.up()
    everything_is_there(project, imported)
    report.add(f"kill -9 in {service}", "started again by itself; all there")


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_nobody_special_and_writes_to_its_volumes_alone(
    project: Project, service: str, report: Report
) -> None:
    assert project.inside(service, "id", "-u").strip() == "10001"
    for place in ("/x", "/app/x", "/opt/photoseek/x", "/home/photoseek/x"):
        assert "Read-only file system" in project.inside(service, "touch", place, check=False)
    status = project.inside(service, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    host = project.engine.inspected(project.container(service))["HostConfig"]
    assert isinstance(host, dict)
    assert host["LogConfig"]["Config"] == {"max-file": "5", "max-size": "10m"}
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    report.add(f"{service}: user, root file system, capabilities", "10001, read-only, none")


def test_photos_cannot_be_written(project: Project) -> None:
    answer = project.inside("orchestrator-cpu", "touch", "/photos/x", check=False)
    assert "Read-only file system" in answer


def test_a_volume_that_cannot_be_written_is_said_and_ends_the_start(
    project: Project, report: Report
) -> None:
    told = project.engine.docker(
        "run", "--rm", "--read-only", "--tmpfs=/tmp", "--env=ALLOW_NO_KEY=1",
        f"--volume={project.name}-unwritable:/ledger:ro", "photoseek-orchestrator", check=False,
    )  # fmt: skip
    project.engine.docker("volume", "rm", f"{project.name}-unwritable")
    last = told.strip().splitlines()[-1]
    assert "/ledger" in last, told
    assert "Traceback" not in told
    report.add("a volume that cannot be written", last)


def test_a_key_from_a_file_is_asked_for_and_a_wrong_one_refused(
    project: Project, imported: int, seen_by_containers: Path, report: Report
) -> None:
    file = seen_by_containers / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o644)
    project.up(API_KEY_FILE=str(file))
    try:
        with httpx.Client(base_url=project.url, trust_env=False) as http:
            codes = [
                http.get("/api/v1/images?limit=1", headers=headers).status_code
                for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": KEY})
            ]
            ready = http.get("/health/ready", headers={"X-API-Key": KEY}).json()
        assert codes == [401, 401, 200]
        assert ready["status"] == "ok", "the inference service takes the same key"
    finally:
        project.up()
    report.add("no key, a wrong one, the one of the file", "401, 401, 200")
