"""The launcher, with small stand-in processes for the services."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest

from ingestion_orchestration_fastapi_app.cli.up import launcher
from ingestion_orchestration_fastapi_app.cli.up.launcher import LaunchFailed, Service

pytestmark = pytest.mark.anyio

STAND_IN = str(Path(__file__).with_name("stand_in_service.py"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stand_in(name: str, behaviour: str, folder: Path) -> Service:
    port = free_port()
    command = [sys.executable, "-I", STAND_IN, str(port), behaviour]
    setting = f"{name.upper()}_PORT"
    return Service(name, command, "127.0.0.1", port, setting, folder / "logs" / f"{name}.log")


@contextmanager
def watched(pid: int) -> Iterator[select.poll]:
    """Becomes readable when the process ends, whoever's child it is."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        yield poll
    finally:
        os.close(descriptor)


async def ready(*services: Service, limit_s: float = 60) -> list[str]:
    shown: list[str] = []
    urls = {service.name: service.url for service in services}
    await launcher.wait_until_ready(urls, limit_s=limit_s, show=shown.append)
    return shown


async def test_services_run_inside_the_block_and_end_with_it(tmp_path: Path) -> None:
    pair = [stand_in("first", "ready", tmp_path), stand_in("second", "ready", tmp_path)]
    async with launcher.services(pair) as running:
        await ready(*pair)
        pids = [one.process.pid for one in running]
        assert all(os.getsid(pid) == pid for pid in pids), "a Ctrl-C reaches only the parent"
    assert [one.process.returncode for one in running] == [-signal.SIGTERM] * 2


async def test_an_error_in_the_block_is_raised_as_it_is_and_stops_the_services(
    tmp_path: Path,
) -> None:
    service = stand_in("first", "ready", tmp_path)
    with pytest.raises(LookupError, match="mine"):  # noqa: PT012  # raised through the block
        async with launcher.services([service]) as running:
            await ready(service)
            raise LookupError("mine")
    assert running[0].process.returncode == -signal.SIGTERM


async def test_a_taken_port_is_named_with_its_setting_before_anything_starts(
    tmp_path: Path,
) -> None:
    free, taken = stand_in("free", "ready", tmp_path), stand_in("taken", "ready", tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken.port))
        other.listen()
        with pytest.raises(LaunchFailed) as failed:
            async with launcher.services([free, taken]):
                raise AssertionError("not reached")
    assert str(taken.port) in failed.value.detail
    assert "TAKEN_PORT" in failed.value.detail
    assert not free.log_path.exists()


async def test_a_child_that_dies_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    healthy, dying = stand_in("healthy", "ready", tmp_path), stand_in("dying", "dies", tmp_path)
    with pytest.raises(LaunchFailed) as failed:
        async with launcher.services([healthy, dying]) as running:
            await ready(healthy, dying)
    assert "dying service ended with 3" in failed.value.detail
    assert str(dying.log_path) in failed.value.detail
    assert failed.value.log_tail == "the weights cannot be had"
    assert running[0].process.returncode is not None, "the other one was stopped"


async def test_a_child_that_dies_while_serving_stops_the_other(tmp_path: Path) -> None:
    healthy, mortal = stand_in("healthy", "ready", tmp_path), stand_in("mortal", "mortal", tmp_path)
    ended = "mortal service ended with 9"
    with pytest.raises(LaunchFailed, match=ended):  # noqa: PT012  # raised through the block
        async with launcher.services([healthy, mortal]) as running:
            await ready(healthy, mortal)
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                with pytest.raises(httpx.HTTPError):
                    await client.get(f"{mortal.url}/die")
            await anyio.sleep_forever()
    assert running[0].process.returncode == -signal.SIGTERM


async def test_a_child_that_dies_after_a_steady_life_is_started_again(tmp_path: Path) -> None:
    mortal, told = stand_in("mortal", "mortal", tmp_path), anyio.Event()
    said: list[str] = []

    def hear(text: str) -> None:
        said.append(text)
        told.set()

    async with launcher.services([mortal], on_restart=hear, steady_s=0.0) as running:
        await ready(mortal)
        first = running[0].process
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            with pytest.raises(httpx.HTTPError):
                await client.get(f"{mortal.url}/die")
        await told.wait()
        await ready(mortal)
        second = running[0].process
        assert (first.returncode, second.returncode) == (9, None)
    assert second.returncode == -signal.SIGTERM
    assert "mortal service ended with 9 and is started again" in said[0]
    assert str(mortal.log_path.with_suffix(".previous.log")) in said[0]


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    service = stand_in("stubborn", "stubborn", tmp_path)
    async with launcher.services([service], grace_s=0.2) as running:
        await ready(service)
    assert running[0].process.returncode == -signal.SIGKILL


async def test_waiting_says_what_for_and_ends_at_its_limit(tmp_path: Path) -> None:
    service = stand_in("slow", "loading", tmp_path)
    async with (
        launcher.services([service]),
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        while await launcher.readiness(client, service.url) == "starting":
            await anyio.lowlevel.checkpoint()
        with pytest.raises(LaunchFailed, match=r"Not ready after 0.5 s: slow \(probing batch"):
            await ready(service, limit_s=0.5)


async def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    service = stand_in("dying", "dies", tmp_path)
    for _ in range(2):
        with pytest.raises(LaunchFailed):
            async with launcher.services([service]):
                await anyio.sleep_forever()
    assert service.log_path.with_suffix(".previous.log").read_text() == service.log_path.read_text()


def test_children_die_with_a_parent_that_is_killed() -> None:
    """`kill -9` of the launcher leaves no service behind."""
    program = (
        "import os, subprocess, sys;"
        "from utils.process.parent_death import dying_with_parent;"
        f"child = subprocess.Popen(dying_with_parent([sys.executable, '-I', {STAND_IN!r}, "
        f"'{free_port()}', 'stubborn'], parent_pid=os.getpid()), start_new_session=True);"
        "print(child.pid, flush=True); child.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        with watched(int(parent.stdout.readline())) as child_end:
            assert child_end.poll(0) == [], "it runs"
            parent.kill()
            assert child_end.poll(30_000), "it did not die"


async def test_a_command_runs_to_its_end_with_its_environment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['WANTED']))"]
    assert await launcher.run_to_end(command, environment={"WANTED": "7"}) == 7


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8002"),
        ("0.0.0.0", "http://127.0.0.1:8002"),
        ("::1", "http://[::1]:8002"),
        ("::", "http://[::1]:8002"),
    ],
)
def test_a_client_is_sent_to_an_address_that_it_can_reach(host: str, url: str) -> None:
    assert launcher.http_url(host, 8002) == url
