"""One engine for all, and the images that are built with it once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.docker.engine import Engine, NoEngineError, engine

IMAGES = {"orchestrator": "photoseek-orchestrator", "inference-cpu": "photoseek-inference-cpu"}


@dataclass
class Report:
    """What was run and what it showed: the table of docs/docker.md."""

    rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, what: str, showed: str) -> None:
        self.rows.append((what, showed))


REPORT = pytest.StashKey[Report]()


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    return pytestconfig.stash.setdefault(REPORT, Report())


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory, report: Report) -> Iterator[Engine]:
    try:
        with engine(tmp_path_factory.mktemp("docker")) as one:
            report.add("engine", one.described)
            yield one
    except NoEngineError as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def images(docker_engine: Engine, report: Report) -> dict[str, str]:
    for target, image in IMAGES.items():
        begun_s = time.monotonic()
        docker_engine.build(target, image)
        size = docker_engine.inspected(image)["Size"]
        assert isinstance(size, int)
        took_s = time.monotonic() - begun_s
        report.add(f"build {image}", f"{size / 1e6:.0f} MB, {took_s:.0f} s")
    return IMAGES


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for what, showed in config.stash.get(REPORT, Report()).rows:
        terminalreporter.write_line(f"| {what} | {showed} |")
