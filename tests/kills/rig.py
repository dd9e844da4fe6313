"""Runs an errand through kills: orchestrator and inference service as processes that are forked.

The processes come from a fork server, a clean interpreter that has imported everything: starting
one takes milliseconds, not the seconds of an import.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.component.store_fixtures import files_of
from tests.component.store_tears import Damage
from tests.kills.fault_points import Fault
from tests.kills.forked import Forked
from tests.kills.inference import Outage, inferred, serve, whole_lines
from tests.kills.life import Errand, Life, live

PATIENCE_S = 60.0
LOOK_S = 0.002  # how often what a service wrote down is looked at
SIGKILLED = -9
SETTINGS = {
    "store_group_rows": 5,
    "store_linger_s": 0.02,
    "decode_workers": 2,
    "log_level": "WARNING",
}


@dataclass(frozen=True, slots=True)
class Strike:
    """`kill -9` from outside, so long after the n-th batch was inferred."""

    batch: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class Kill:
    """What happens in one life. Without a fault or a strike the orchestrator lives on.

    With an outage and either of them both services die, the one that is left over at once.
    `damage` is done to the table's newest data file when the orchestrator is dead.
    """

    fault: Fault | None = None
    strike: Strike | None = None
    outage: Outage | None = None
    damage: Damage | None = None

    @property
    def is_deadly(self) -> bool:
        return self.fault is not None or self.strike is not None

    def __str__(self) -> str:
        damage = None if self.damage is None else self.damage.__name__
        parts = (self.fault, self.strike, self.outage, damage)
        return ", ".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`home` holds the photos; `template` is the data folder before the errand."""

    name: str
    home: Path
    errand: Errand
    template: Path | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a life's trace."""

    step: str
    call: int
    phase: str
    about: tuple[str, ...]


@dataclass(slots=True)
class Story:
    """All that an errand saw. `traces`: a life's each; `inferred`: batches, by point id."""

    folder: Path
    kills: tuple[Kill, ...]
    traces: list[list[Step]] = field(default_factory=list)
    deaths: int = 0
    outages: int = 0
    inferred: list[list[str]] = field(default_factory=list)
    left: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What was survived in a session, for its summary. `points`: fault points with their phase."""

    points: set[tuple[str, str]] = field(default_factory=set)
    deaths: int = 0
    outages: int = 0
    repeated: list[int] = field(default_factory=list)  # images inferred again, of each story

    def count(self, story: Story, repeated: int) -> None:
        faults = [kill.fault for kill in story.kills if kill.fault is not None]
        self.points.update((fault.step, fault.phase) for fault in faults)
        self.deaths += story.deaths
        self.outages += story.outages
        self.repeated.append(repeated)

    def __str__(self) -> str:
        return (
            f"kill -9 survived: {self.deaths} of the orchestrator, at {len(self.points)} fault "
            f"points and at any moment; {self.outages} of the inference service. Images inferred "
            f"again: {sum(self.repeated)}, at most {max(self.repeated, default=0)} in one errand."
        )


class Rig:
    """Processes of one test session, in its folder. Stories may be told from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self.seen = Seen()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["__main__", "tests.kills.preload"])

    def story(self, scenario: Scenario, kills: Sequence[Kill] = (), *, keep: bool = False) -> Story:
        """The errand through these kills, one life each, and a last life that ends it.

        The folder is removed unless it is to be kept, or something fails.
        """
        folder = self.folder(scenario)
        told = Story(folder, tuple(kills))
        service = _Service(self._context, folder)
        try:
            for number, kill in enumerate([*kills, Kill()]):
                service.start(kill.outage)
                life = Life(
                    scenario.home,
                    folder,
                    number,
                    scenario.errand,
                    {**SETTINGS, "ml_inference_service_url": service.url},
                    kill.fault,
                )
                self._live(life, kill, service, told)
                if life.result_path.exists():
                    told.left = json.loads(life.result_path.read_text())
                    break
        finally:
            service.kill()
        told.inferred = service.inferred()
        if not keep:
            shutil.rmtree(folder)
        return told

    def folder(self, scenario: Scenario) -> Path:
        """A new one, with the data that the errand finds."""
        folder = self._folder / f"{scenario.name}-{next(self._numbers)}"
        folder.mkdir()
        if scenario.template is not None:
            shutil.copytree(scenario.template, folder / "data")
        return folder

    def process(self, life: Life) -> Forked:
        """Of a life that begins. The caller sees to its end."""
        return Forked(self._context, live, life)

    def _live(self, life: Life, kill: Kill, service: _Service, told: Story) -> None:
        """Until the process has ended, by itself or not."""
        process = self.process(life)
        try:
            _watch(process, kill, service, told)
            assert process.ends(within_s=0), f"{kill}: no end:\n{life.log()}"
        finally:
            status = process.kill()
        assert status in (0, SIGKILLED), f"{kill}: ended with {status}:\n{life.log()}"
        told.traces.append(steps_of(life))
        if status != SIGKILLED:
            return
        told.deaths += 1
        if kill.outage is not None and service.is_up:
            service.kill()
            told.outages += 1
        if kill.damage is not None:
            kill.damage(files_of(str(life.data_dir / "store"), "data", table="default")[-1])


class _Service:
    """The inference service, always on the same port."""

    def __init__(self, context: ForkServerContext, folder: Path) -> None:
        self._context = context
        self._log_path = folder / "inferred"
        self._port = 0  # the first start chooses
        self._process: Forked | None = None
        self._log_path.touch()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_up(self) -> bool:
        return self._process is not None and not self._process.ends(within_s=0)

    @property
    def sentinel(self) -> int:
        assert self._process is not None
        return self._process.sentinel

    def start(self, outage: Outage | None) -> None:
        """Anew where it is to die; else it goes on as it is."""
        if outage is not None:
            self.kill()
        if self.is_up:
            return
        receive, send = self._context.Pipe(duplex=False)
        path = str(self._log_path)
        self._process = Forked(self._context, serve, self._port, path, outage, send)
        send.close()
        with receive:
            assert receive.poll(PATIENCE_S), "the inference service does not start"
            self._port = receive.recv()

    def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def inferred(self) -> list[list[str]]:
        return inferred(self._log_path)


def _watch(process: Forked, kill: Kill, service: _Service, told: Story) -> None:
    """Restarts a service that died, strikes when it is time, waits until the process ended."""
    already = len(service.inferred())
    strike = kill.strike
    left_s = PATIENCE_S
    while left_s > 0:
        pause_s = LOOK_S if strike is not None else left_s
        ready = wait([process.sentinel, service.sentinel], timeout=pause_s)
        left_s -= pause_s if not ready else 0
        if process.sentinel in ready:
            return
        if service.sentinel in ready:
            told.outages += 1
            service.kill()
            if kill.is_deadly:  # both at once
                process.kill()
                return
            service.start(None)
        if strike is not None and len(service.inferred()) - already >= strike.batch:
            process.ends(within_s=strike.wait_s)
            process.kill()
            return


def steps_of(life: Life) -> list[Step]:
    """What it has begun and ended until now."""
    found = [json.loads(line) for line in whole_lines(life.trace_path)]
    return [Step(line["step"], line["call"], line["phase"], tuple(line["about"])) for line in found]
