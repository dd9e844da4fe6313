"""Clients that mean harm: how long each blocks a service's event loop, and what memory it takes."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import psutil

from benchmarks.attacks import Attack, Scale, against_inference, against_orchestrator
from benchmarks.loop_probe import probed
from benchmarks.report import Report, Target, parser_of, run
from benchmarks.services import COLLECTION, Both, both_services
from utils.web.serving.descriptors import raise_descriptor_limit

MIB = 1024 * 1024
LOOK_S = 0.02
WORST_MS = 250.0
MOST_MIB = 100.0
QUICK = Scale(rounds=1, clients=2, body_mib=8, head_mib=8, idle=200, slow=40, uploads=3, hold_s=1.0)


@dataclass(frozen=True, slots=True)
class Row:
    service: str
    attack: str
    worst_ms: float
    answers: int
    memory_mib: float


@dataclass
class _Memory:
    """The most above what it was before, in bytes. Of the service's process, not its children."""

    process: psutil.Process
    before_bytes: int = field(init=False)
    most_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.before_bytes = self.most_bytes = self.process.memory_info().rss

    @contextmanager
    def watched(self) -> Iterator[None]:
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(LOOK_S):
                self.most_bytes = max(self.most_bytes, self.process.memory_info().rss)

        watch = threading.Thread(target=look)
        watch.start()
        try:
            yield
        finally:
            is_over.set()
            watch.join()


def measured(
    service: str, process: psutil.Process, port: int, attacks: Sequence[Attack]
) -> list[Row]:
    """One attack after another, each with the probe beside it. Blocking."""
    rows = []
    for attack in attacks:
        memory = _Memory(process)
        with probed(port) as seen, memory.watched():
            attack.run(port)
        grown_mib = (memory.most_bytes - memory.before_bytes) / MIB
        row = Row(service, attack.name, seen.worst_ms, seen.answers, grown_mib)
        rows.append(row)
    return rows


def nothing(hold_s: float) -> Attack:
    """What the probe sees on this machine without any attack."""

    def wait(_port: int) -> None:
        threading.Event().wait(hold_s)

    return Attack("nothing", wait)


async def _measure(scale: Scale, folder: Path) -> list[Row]:
    async with both_services(folder, folder) as both:
        await both.api.ensure_collection(COLLECTION)
        return await anyio.to_thread.run_sync(_rows, both, scale)


def _rows(both: Both, scale: Scale) -> list[Row]:
    rows: list[Row] = []
    kinds: list[tuple[str, psutil.Process, str, Callable[[Scale], list[Attack]]]] = [
        ("orchestrator", both.orchestrator, both.orchestrator_url, against_orchestrator),
        ("inference", both.inference, both.inference_url, against_inference),
    ]
    for service, process, url, attacks in kinds:
        port = urlsplit(url).port
        assert port is not None, "it was chosen"
        rows += measured(service, process, port, [nothing(scale.hold_s), *attacks(scale)])
    return rows


def measure(options: argparse.Namespace, folder: Path) -> Report:
    raise_descriptor_limit()
    rows = anyio.run(_measure, QUICK if options.quick else Scale(), folder)
    attacked = [row for row in rows if row.attack != "nothing"]
    return Report(
        title="clients that mean harm",
        columns=("service, attack", "longest wait, ms", "answers", "memory, MiB more"),
        rows=[
            (
                f"{row.service}: {row.attack}",
                f"{row.worst_ms:.0f}",
                str(row.answers),
                f"{row.memory_mib:.0f}",
            )
            for row in rows
        ],
        targets=[
            Target(
                "longest wait for an answer, ms", WORST_MS, max(r.worst_ms for r in attacked), True
            ),
            Target(
                "most memory for one attack, MiB",
                MOST_MIB,
                max(r.memory_mib for r in attacked),
                True,
            ),
        ],
        figures={"rows": [asdict(row) for row in rows]},
    )


if __name__ == "__main__":
    parser = parser_of("hostile", __doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    run(parser, measure)
