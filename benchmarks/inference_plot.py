"""The table of `benchmarks.inference` as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.inference_figures import Apart, Cell


def draw(path: Path, title: str, cells: Sequence[Cell], apart: Sequence[Apart]) -> None:
    """Throughput and p95 by batch size, a line for each number of clients, as an SVG."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    speed, latency = figure.subplots(1, 2)
    for clients in sorted({cell.clients for cell in cells}):
        own = sorted((c for c in cells if c.clients == clients), key=lambda cell: cell.batch)
        name = f"HTTP, {clients} client{'s' * (clients > 1)}"
        batches = [cell.batch for cell in own]
        speed.plot(batches, [cell.images_per_s for cell in own], marker="o", label=name)
        latency.plot(batches, [cell.p95_s for cell in own], marker="o", label=name)
    batches = [one.batch for one in apart]
    speed.plot(batches, [one.images_per_s for one in apart], "k--", label="in-process")
    latency.plot(batches, [one.p95_s for one in apart], "k--", label="in-process")
    _dress(speed, "images/s", batches)
    _dress(latency, "p95 of one batch, s", batches)
    latency.set_yscale("log")
    speed.set_ylim(bottom=0)
    speed.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a date and with names that stay: the file changes only where the figures do.
    with mpl.rc_context({"svg.hashsalt": "photoseek"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _dress(axes: Axes, what: str, batches: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_xlabel("images a batch")
    axes.set_ylabel(what)
    axes.grid(visible=True, alpha=0.3)
