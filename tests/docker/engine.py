"""A Docker engine: the one that answers, or one of our own where we may start one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docker.stand_in_base import BASE, BUILD, make_base

REPOSITORY = Path(__file__).parents[2]
START_LIMIT_S = 60.0
BUILD_LIMIT_S = 1500.0
CALL_LIMIT_S = 300.0
PLUGIN_SINCE = 23
REAL_BASE = "python:3.12-slim"  # as in the Dockerfile


class NoEngineError(Exception):
    """Says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    environment: dict[str, str]
    base: dict[str, str]  # build arguments
    described: str

    def docker(self, *words: str, limit_s: float = CALL_LIMIT_S, check: bool = True) -> str:
        """What it prints, of both streams. Raises AssertionError with that where it fails."""
        return self._run(["docker", *words], limit_s, check=check)

    def compose(
        self, *words: str, given: dict[str, str], limit_s: float = CALL_LIMIT_S, check: bool = True
    ) -> str:
        file = str(REPOSITORY / "docker-compose.yml")
        command = [*_compose(self.environment), "-f", file, "--profile", "cpu", *words]
        return self._run(command, limit_s, given, check=check)

    def build(self, target: str, image: str) -> None:
        given = [f"--build-arg={name}={value}" for name, value in self.base.items()]
        words = ["build", "--network=host", *given, f"--target={target}", f"--tag={image}"]
        self.docker(*words, str(REPOSITORY), limit_s=BUILD_LIMIT_S)

    def inspected(self, name: str) -> dict[str, object]:
        [found] = json.loads(self.docker("inspect", name))
        assert isinstance(found, dict)
        return found

    def _run(
        self,
        command: list[str],
        limit_s: float,
        given: dict[str, str] | None = None,
        *,
        check: bool,
    ) -> str:
        ran = subprocess.run(
            command,
            env={**self.environment, **(given or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
            check=False,
        )
        assert ran.returncode == 0 or not check, f"{' '.join(command)}\n{ran.stdout[-4000:]}"
        return ran.stdout


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """`folder` takes all that an engine of our own keeps. Raises NoEngineError."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}  # noqa: TID251  # docker's own settings
    environment["PATH"] = f"{_client_folder(environment['PATH'])}:{environment['PATH']}"
    if _compose(environment) == []:
        raise NoEngineError("docker compose is not installed")
    if _answers(environment):
        yield _ready(environment, folder)
        return
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        raise NoEngineError("no Docker engine answers, and none can be started: that takes root")
    with _own(folder) as socket:
        environment["DOCKER_HOST"] = f"unix://{socket}"
        limit_s = time.monotonic() + START_LIMIT_S
        while not _answers(environment):  # it tells nobody when it does
            if time.monotonic() > limit_s:
                log = (folder / "dockerd.log").read_text()[-2000:]
                raise NoEngineError(f"dockerd did not start: {log}")
        yield _ready(environment, folder)


@contextmanager
def _own(folder: Path) -> Iterator[Path]:
    socket = folder / "docker.sock"
    with (folder / "dockerd.log").open("w") as log:
        daemon = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={folder / 'data'}",
                f"--exec-root={folder / 'exec'}",
                f"--host=unix://{socket}",
                f"--pidfile={folder / 'pid'}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield socket
        finally:
            daemon.terminate()
            daemon.wait(60)


def _client_folder(path: str) -> str:
    """Of a client that builds with BuildKit: by its plugin, or by itself, as before version 23."""
    for folder in path.split(":"):
        if (client := shutil.which("docker", path=folder)) is None:
            continue
        plugin = subprocess.run([client, "buildx", "version"], capture_output=True, check=False)
        told = subprocess.run([client, "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"version (\d+)", told.stdout)
        if plugin.returncode == 0 or (version is not None and int(version[1]) < PLUGIN_SINCE):
            return folder
    raise NoEngineError("no docker is installed that builds with BuildKit")


def _compose(environment: dict[str, str]) -> list[str]:
    """Compose as a plugin of docker, or the program of its own before that."""
    asked = subprocess.run(
        ["docker", "compose", "version"], env=environment, capture_output=True, check=False
    )
    if asked.returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


def _answers(environment: dict[str, str]) -> bool:
    asked = subprocess.run(["docker", "info"], env=environment, capture_output=True, check=False)
    return asked.returncode == 0


def _ready(environment: dict[str, str], folder: Path) -> Engine:
    version = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    bare = Engine(environment, {}, "")
    try:
        bare.docker("pull", REAL_BASE)
    except AssertionError:
        sys.stderr.write(f"{REAL_BASE} cannot be fetched: made of Debian's packages instead\n")
        make_base(bare.docker, folder)
        arguments = {"BASE_IMAGE": BASE, "BUILD_IMAGE": BUILD}
        told = f"Docker {version}, a base of Debian's packages"
    else:
        arguments, told = {}, f"Docker {version}, {REAL_BASE}"
    if index := environment.get("TORCH_INDEX"):
        arguments["TORCH_INDEX"] = index
    return Engine(environment, arguments, told)
