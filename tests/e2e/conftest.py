"""Both services as real processes on free ports of the loopback, with the shipped tiny model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from benchmarks.services import free_ports
from utils.process.parent_death import dying_with_parent

READY_LIMIT_POLLS = 3000  # of 0.1 s each
STOP_LIMIT_S = 30.0


@dataclass
class ServiceProcess:
    """One service. `start` after `kill` or `stop` uses the same port, data and log."""

    name: str
    module: str
    port: int
    environment: Mapping[str, str]
    log_path: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self, *, wait: bool = True, **environment: str) -> None:
        """`environment` is added for this start only."""
        assert self._process is None, f"{self.name} runs already"
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                dying_with_parent([sys.executable, "-m", self.module], parent_pid=os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment, **environment},  # noqa: TID251
                start_new_session=True,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        for _ in range(READY_LIMIT_POLLS):
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health/ready", trust_env=False).status_code == 200:
                    return
            assert self._process is not None, f"{self.name} does not run"
            with suppress(subprocess.TimeoutExpired):  # pauses until it dies, or 0.1 s
                code = self._process.wait(timeout=0.1)
                raise AssertionError(f"{self.name} ended with {code}:\n{self.log()[-6000:]}")
        raise AssertionError(f"{self.name} is not ready:\n{self.log()[-6000:]}")

    def kill(self) -> None:
        """`kill -9`, its children too. Nothing happens when it does not run."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM)

    def end_by(self, number: signal.Signals, *, limit_s: float = STOP_LIMIT_S) -> int:
        """Returns the exit status. Raises subprocess.TimeoutExpired."""
        return self._end(number, limit_s=limit_s)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _end(self, number: signal.Signals, *, limit_s: float = STOP_LIMIT_S) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return process.wait(timeout=limit_s)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(frozen=True)
class Services:
    """`root` may be ingested with everything below it; `pictures` in it are the demo's."""

    orchestrator: ServiceProcess
    inference: ServiceProcess
    data_dir: Path
    root: Path
    pictures: Path


def service_pair(folder: Path) -> Services:
    """Two services that share nothing with any other pair; neither is started."""
    ml_port, port = free_ports(2)
    data_dir, root = folder / "data", folder / "library"
    root.mkdir(parents=True)
    inference = ServiceProcess(
        "inference",
        "ml_inference_fastapi_app",
        ml_port,
        {
            "ML_HOST": "127.0.0.1",
            "ML_PORT": str(ml_port),
            "CLIP_MODEL": "tiny-shapes",
            "MODEL_CACHE_DIR": str(folder / "models"),
            "ML_OFFLINE": "1",
        },
        folder / "inference.log",
    )
    orchestrator = ServiceProcess(
        "orchestrator",
        "ingestion_orchestration_fastapi_app",
        port,
        {
            "ORCHESTRATOR_HOST": "127.0.0.1",
            "ORCHESTRATOR_PORT": str(port),
            "ML_INFERENCE_SERVICE_URL": inference.url,
            "DATA_DIR": str(data_dir),
            "INGEST_ROOTS": str(root),
            "STORE_LINGER_S": "0.2",
            "MIN_FREE_BYTES": "0",
        },
        folder / "orchestrator.log",
    )
    return Services(orchestrator, inference, data_dir, root, root / "pictures")


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Both services, ready, and the demo's pictures, not yet ingested."""
    with running(service_pair(tmp_path_factory.mktemp("services"))) as pair:
        yield pair


@contextmanager
def running(pair: Services, **inference_settings: str) -> Iterator[Services]:
    """Ready until the block ends, with the demo's pictures drawn."""
    try:
        pair.inference.start(wait=False, **inference_settings)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "ml_inference_fastapi_app.tiny_models.demo_pictures",
                str(pair.pictures),
            ],
            check=True,
            capture_output=True,
        )
        pair.inference.wait_ready()
        pair.orchestrator.start()
        yield pair
    finally:
        pair.orchestrator.stop()
        pair.inference.stop()
