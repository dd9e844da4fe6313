"""What `benchmarks.inference` found, as figures, rows of its table and shares."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from benchmarks.in_process import Spent
from benchmarks.inference_http import Drive
from benchmarks.mixed import Fault


@dataclass(frozen=True, slots=True)
class Cell:
    """One batch size with so many clients, through HTTP: medians of the rounds."""

    batch: int
    clients: int
    images_per_s: float
    p50_s: float
    p95_s: float
    busy: int
    service_cpu_ms: float
    client_cpu_ms: float

    def figures(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Apart:
    """The same batch size without HTTP, one batch after another."""

    batch: int
    images_per_s: float
    p50_s: float
    p95_s: float
    cpu_ms: float

    def figures(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Beside:
    """Rounds that took turns, since a busy moment of the machine lasts longer than one."""

    batch: int
    http: Sequence[float]  # images/s
    in_process: Sequence[float]
    http_cpu_ms: float
    client_cpu_ms: float
    in_process_cpu_ms: float

    @property
    def share(self) -> float:
        pairs = zip(self.http, self.in_process, strict=True)
        return statistics.median(http / alone for http, alone in pairs)

    def figures(self) -> dict[str, object]:
        return {**asdict(self), "share": self.share}


@dataclass(frozen=True, slots=True)
class JpegRuns:
    """Uploads as they come out of a camera; CPU seconds an image of each stage alone."""

    megapixels: float
    http: Sequence[float]  # images/s
    decode_cpu_s: float
    model_cpu_s: float
    http_cpu_ms: float
    client_cpu_ms: float
    clients: int
    cores: int

    @property
    def bound(self) -> float:
        return self.cores / (self.decode_cpu_s + self.model_cpu_s)

    @property
    def share(self) -> float:
        return statistics.median(self.http) / self.bound

    def figures(self) -> dict[str, object]:
        return {**asdict(self), "bound_images_per_s": self.bound, "share": self.share}

    def rows(self) -> list[tuple[str, ...]]:
        name = f"JPEGs of {self.megapixels:g} MP"
        return [
            (f"{name}: decode, alone", "", "", "", "", f"{self.decode_cpu_s * 1e3:,.1f}", ""),
            (f"{name}: model, alone", "", "", "", "", f"{self.model_cpu_s * 1e3:,.1f}", ""),
            (f"{name}: bound", f"{self.bound:,.1f}", "", "", "", "", ""),
            (
                f"{name}: HTTP, {self.clients} clients",
                f"{statistics.median(self.http):,.1f}",
                "",
                "",
                "",
                f"{self.http_cpu_ms:,.1f}",
                f"{self.client_cpu_ms:,.2f}",
            ),
        ]


@dataclass(frozen=True, slots=True)
class TextLatency:
    idle_s: Sequence[float]
    busy_s: Sequence[float]

    def figures(self) -> dict[str, object]:
        return {
            f"{name}_{percent}_ms": percentile(latencies_s, percent) * 1e3
            for name, latencies_s in (("idle", self.idle_s), ("busy", self.busy_s))
            for percent in (50, 95)
        }


@dataclass(frozen=True, slots=True)
class Soak:
    """Requests of good and bad batches; memory of the service before and after them."""

    requests: int
    clients: int
    rss_before_bytes: int
    rss_after_bytes: int
    faults: Counter[Fault] = field(default_factory=Counter)

    @property
    def growth(self) -> float:
        return self.rss_after_bytes / self.rss_before_bytes

    def figures(self) -> dict[str, object]:
        counts = {str(fault): self.faults[fault] for fault in Fault}
        return {**asdict(self), "faults": counts, "growth": self.growth}


def percentile(latencies_s: Sequence[float], percent: float) -> float:
    return float(np.percentile(latencies_s, percent))


def cell_of(batch: int, clients: int, rounds: Sequence[Drive]) -> Cell:
    images = batch * len(rounds[0].answers)
    latencies_s = [latency_s for drive in rounds for latency_s in drive.latencies_s]
    return Cell(
        batch=batch,
        clients=clients,
        images_per_s=statistics.median(images / drive.wall_s for drive in rounds),
        p50_s=percentile(latencies_s, 50),
        p95_s=percentile(latencies_s, 95),
        busy=sum(drive.busy for drive in rounds),
        service_cpu_ms=median_ms([drive.service_cpu_s / images for drive in rounds]),
        client_cpu_ms=median_ms([drive.client_cpu_s / images for drive in rounds]),
    )


def apart_of(batch: int, rounds: Sequence[Spent]) -> Apart:
    latencies_s = [latency_s for spent in rounds for latency_s in spent.latencies_s]
    return Apart(
        batch=batch,
        images_per_s=statistics.median(spent.images / spent.wall_s for spent in rounds),
        p50_s=percentile(latencies_s, 50),
        p95_s=percentile(latencies_s, 95),
        cpu_ms=median_ms([spent.cpu_s / spent.images for spent in rounds]),
    )


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3
