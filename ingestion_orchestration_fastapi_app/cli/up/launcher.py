"""Starts and stops the two services as child processes, and says why one did not come up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import anyio
import httpx
from anyio.abc import Process

from utils.process.parent_death import dying_with_parent

POLL_S = 0.2
LOG_TAIL_BYTES = 4000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
STEADY_S = 300.0  # what dies sooner would die again


class LaunchFailed(Exception):
    """The services are not up. The text says what to do; `log_tail` is the child's last words."""

    def __init__(self, detail: str, *, log_tail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.log_tail = log_tail


@dataclass(frozen=True, slots=True)
class Service:
    """How one service is started. `setting` names what to change when its port is taken."""

    name: str
    command: Sequence[str]
    host: str
    port: int
    setting: str
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return http_url(self.host, self.port)


@dataclass(frozen=True, slots=True)
class RunningService:
    service: Service
    process: Process

    def log_tail(self) -> str:
        with suppress(OSError), open(self.service.log_path, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()
        return ""

    async def ended(self) -> str:
        """Waits until the process ends, which a healthy service does not do by itself."""
        code = await self.process.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return f"The {self.service.name} service {how}"


def http_url(host: str, port: int) -> str:
    """Where a client on this machine reaches what listens on that address."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # a comparison
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def check_port_free(service: Service) -> None:
    """Raises LaunchFailed when something listens there, or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn binds
        try:
            probe.bind((service.host, service.port))
        except OSError as exc:
            raise LaunchFailed(
                f"Port {service.port} on {service.host} cannot be used for the {service.name} "
                f"service ({exc.strerror}). Stop what uses it, or set {service.setting}."
            ) from exc


def previous_log(path: Path) -> Path:
    return path.with_suffix(".previous.log")


def fresh_log(path: Path) -> BinaryIO:
    """An empty log; the one of the run before is kept beside it. Both are this user's alone.

    Raises:
        LaunchFailed: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            path.replace(previous_log(path))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise LaunchFailed(f"The log {path} cannot be written: {exc.strerror}.") from exc
    return open(descriptor, "ab")


async def start(service: Service) -> RunningService:
    """Starts it in a session of its own: a Ctrl-C at the terminal reaches only the parent."""
    with fresh_log(service.log_path) as log:
        process = await anyio.open_process(
            dying_with_parent(list(service.command), parent_pid=os.getpid()),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=child_environment(service.environment),
            start_new_session=True,
        )
    return RunningService(service, process)


async def stop(running: Sequence[RunningService], *, grace_s: float) -> None:
    """SIGTERM to all, a bounded wait, then SIGKILL to whoever is left and their children."""
    with anyio.CancelScope(shield=True):
        for one in running:
            with suppress(ProcessLookupError):
                one.process.terminate()
        with anyio.move_on_after(grace_s):
            for one in running:
                await one.process.wait()
        for one in running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.process.pid, signal.SIGKILL)
            await one.process.aclose()


@asynccontextmanager
async def services(
    wanted: Sequence[Service],
    *,
    on_restart: Callable[[str], None] | None = None,
    grace_s: float = 15.0,
    steady_s: float = STEADY_S,
) -> AsyncGenerator[list[RunningService]]:
    """Both run inside the block. When one dies there, the block is cancelled and it is raised;
    with `on_restart`, which hears of it, one that ran for `steady_s` is started again instead.

    Raises:
        LaunchFailed: a port is taken (nothing was started), or a child died.
    """
    for service in wanted:
        check_port_free(service)
    running: list[RunningService] = []
    failures: list[LaunchFailed] = []
    try:
        for service in wanted:
            running.append(await start(service))  # noqa: PERF401  # a later failure stops earlier
        async with anyio.create_task_group() as watch:

            async def watched(at: int) -> None:
                one, began_s = running[at], anyio.current_time()
                ended, log_path = await one.ended(), one.service.log_path
                while on_restart and anyio.current_time() - began_s >= steady_s:
                    on_restart(f"{ended} and is started again. Its log: {previous_log(log_path)}")
                    await stop([one], grace_s=0)  # what it may have left running
                    with anyio.CancelScope(shield=True):  # nothing may start unheeded
                        one = running[at] = await start(one.service)
                    began_s = anyio.current_time()
                    ended = await one.ended()
                detail = f"{ended}. Its log: {log_path}"
                failures.append(LaunchFailed(detail, log_tail=one.log_tail()))
                watch.cancel_scope.cancel()

            for at in range(len(running)):
                watch.start_soon(watched, at)
            yield running
            watch.cancel_scope.cancel()
    except BaseExceptionGroup as group:  # the watchers raise nothing: it holds the block's own
        raise group.exceptions[0] from None
    finally:
        await stop(running, grace_s=grace_s)
    if failures:
        raise failures[0]


async def wait_until_ready(
    names_and_urls: Mapping[str, str], *, limit_s: float, show: Callable[[str], None]
) -> None:
    """Asks each service's `/health/ready` until it says 200; `show` hears what is waited for.

    Raises:
        LaunchFailed: the limit passed.
    """
    waiting_for = ""
    try:
        with anyio.fail_after(limit_s):
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                for name, url in names_and_urls.items():
                    while (state := await readiness(client, url)) is not None:
                        waiting_for = f"{name} ({state})"
                        show(waiting_for)
                        await anyio.sleep(POLL_S)
    except TimeoutError as exc:
        raise LaunchFailed(f"Not ready after {limit_s:g} s: {waiting_for}.") from exc


async def photoseek_answers(url: str) -> bool:
    """Whether an orchestrator is there, ready or not."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            answer = (await client.get(f"{url}/health/ready")).json()
    except (httpx.HTTPError, ValueError):
        return False
    return isinstance(answer, dict) and "inference" in answer


async def readiness(client: httpx.AsyncClient, url: str) -> str | None:
    """None when it is ready, otherwise what it says, or that it does not answer."""
    try:
        answer = await client.get(f"{url}/health/ready")
    except httpx.HTTPError:
        return "starting"
    if answer.status_code == httpx.codes.OK:
        return None
    with suppress(ValueError):
        body = answer.json()
        if isinstance(body, dict) and (text := body.get("title") or body.get("detail")):
            return str(text)
    return f"HTTP {answer.status_code}"


async def run_to_end(command: Sequence[str], *, environment: Mapping[str, str]) -> int:
    """Runs a command that writes to this terminal; returns its exit status.

    In a session of its own: a Ctrl-C ends it through the caller's cancellation, without its
    traceback.
    """
    process = await anyio.open_process(
        dying_with_parent(list(command), parent_pid=os.getpid()),
        stdin=subprocess.DEVNULL,
        stdout=None,
        stderr=None,
        env=child_environment(environment),
        start_new_session=True,
    )
    async with process:
        return await process.wait()


def inherited(name: str) -> str:
    """What children are given unless it is changed; empty where it is not set."""
    return os.environ.get(name, "")  # noqa: TID251  # theirs: passed on, and told of


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    # A child's environment is this process's own with a few changes: passed on, not read.
    return {**os.environ, "PYTHONUNBUFFERED": "1", **changes}  # noqa: TID251


def python_module(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
