"""The inference service through HTTP, beside its own engine called in-process.

python -m benchmarks.inference --plot docs/inference.svg
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import anyio

from benchmarks.in_process import engine_apart
from benchmarks.inference_figures import (
    Apart,
    Beside,
    Cell,
    JpegRuns,
    Soak,
    TextLatency,
    percentile,
)
from benchmarks.inference_http import connected
from benchmarks.inference_runs import LARGE_BATCH, Plan, Runs
from benchmarks.report import Report, Target, parser_of, run
from benchmarks.services import add_clip_options, clip_environment, inference_service
from utils.contract import Capabilities

SHARE_OF_IN_PROCESS = 0.92
SHARE_OF_BOUND = 0.85
TIMES_IDLE_TEXT = 3.0
TEXT_ALLOWED_S = 0.25
RSS_GROWTH = 1.10

QUICK = Plan(
    batches=(1, 8),
    clients=(1, 2),
    cell_images=16,
    rounds=1,
    pair_batches=2,
    jpegs=8,
    jpeg_batch=4,
    texts=10,
    warm_requests=20,
    requests=40,
)


@dataclass(frozen=True, slots=True)
class Result:
    capabilities: Capabilities
    cells: list[Cell]
    apart: list[Apart]
    beside: Beside
    jpegs: JpegRuns
    text: TextLatency
    soak: Soak


async def measured(folder: Path, plan: Plan, environment: Mapping[str, str]) -> Result:
    async with (
        inference_service(folder, environment=environment) as running,
        engine_apart(environment) as engine,
        connected(running.service.url, pid=running.process.pid) as service,
    ):
        runs = await Runs.prepared(folder, plan, service, engine)
        soak = await runs.soak()  # first: memory that another run took would hide what this takes
        cells, apart = await runs.table()
        return Result(
            capabilities=runs.capabilities,
            cells=cells,
            apart=apart,
            beside=await runs.beside(),
            jpegs=await runs.jpegs(),
            text=await runs.texts(),
            soak=soak,
        )


def targets_of(result: Result) -> list[Target]:
    beside, jpegs, text, soak = result.beside, result.jpegs, result.text, result.soak
    text_allowed_s = max(TIMES_IDLE_TEXT * percentile(text.idle_s, 95), TEXT_ALLOWED_S)
    faults = sum(soak.faults.values())
    answered = f"{soak.requests} mixed requests"
    return [
        Target(
            f"2 clients, batches of {beside.batch} PPMs: share of in-process",
            SHARE_OF_IN_PROCESS,
            beside.share,
        ),
        Target("original JPEGs: share of the bound", SHARE_OF_BOUND, jpegs.share),
        Target(
            "text beside 4 import clients, p95 in ms",
            text_allowed_s * 1e3,
            percentile(text.busy_s, 95) * 1e3,
            at_most=True,
        ),
        Target(f"{answered}: 5xx, lost or misaligned results", 0, faults, at_most=True),
        Target(f"{answered}: memory after, to before", RSS_GROWTH, soak.growth, at_most=True),
    ]


def rows_of(result: Result) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for apart in result.apart:
        rows.append(
            (
                f"batches of {apart.batch}, in-process",
                f"{apart.images_per_s:,.1f}",
                f"{apart.p50_s * 1e3:,.0f}",
                f"{apart.p95_s * 1e3:,.0f}",
                "",
                f"{apart.cpu_ms:,.1f}",
                "",
            )
        )
        rows += [
            (
                f"  HTTP, {cell.clients} client{'s' * (cell.clients > 1)}",
                f"{cell.images_per_s:,.1f}",
                f"{cell.p50_s * 1e3:,.0f}",
                f"{cell.p95_s * 1e3:,.0f}",
                f"{cell.busy}",
                f"{cell.service_cpu_ms:,.1f}",
                f"{cell.client_cpu_ms:,.2f}",
            )
            for cell in result.cells
            if cell.batch == apart.batch
        ]
    return rows


def figures_of(result: Result, plan: Plan) -> dict[str, object]:
    clip = result.capabilities.clip
    return {
        "model": clip.model,
        "weights": clip.weights,
        "dtype": clip.dtype,
        "device": result.capabilities.device,
        "safe_clip_batch": result.capabilities.safe_clip_batch,
        "plan": plan.figures(),
        "in_process": [apart.figures() for apart in result.apart],
        "http": [cell.figures() for cell in result.cells],
        "beside": result.beside.figures(),
        "jpegs": result.jpegs.figures(),
        "text": result.text.figures(),
        "mixed": result.soak.figures(),
    }


def plan_of(options: argparse.Namespace) -> Plan:
    if options.quick:
        return replace(QUICK, megapixels=options.megapixels)
    few = Plan()
    return Plan(
        cell_images=options.images,
        rounds=options.rounds,
        pair_batches=max(few.pair_batches, options.images // LARGE_BATCH),
        jpegs=max(few.jpegs, options.images),
        megapixels=options.megapixels,
    )


def measure(options: argparse.Namespace, folder: Path) -> Report:
    plan = plan_of(options)
    environment = clip_environment(folder, options)
    result = anyio.run(measured, folder, plan, environment)
    clip = result.capabilities.clip
    title = f"{clip.model}, weights {clip.weights}, {clip.dtype} on {result.capabilities.device}"
    if options.plot is not None:
        from benchmarks.inference_plot import draw  # here: it brings matplotlib

        draw(options.plot, title, result.cells, result.apart)
    return Report(
        title=title,
        columns=("what", "images/s", "p50 ms", "p95 ms", "429s", "CPU ms an image", "client's"),
        rows=rows_of(result) + result.jpegs.rows(),
        targets=targets_of(result),
        figures=figures_of(result, plan),
    )


def main() -> None:
    parser = parser_of("inference", __doc__)
    add_clip_options(parser)
    parser.add_argument("--images", type=int, default=128, help="at least, for each figure")
    parser.add_argument("--megapixels", type=float, default=12.0, help="of the JPEGs")
    parser.add_argument("--rounds", type=int, default=3, help="the median of them counts")
    parser.add_argument("--quick", action="store_true", help="too small to say much: a trial")
    parser.add_argument("--plot", type=Path, help="an SVG to write")
    run(parser, measure)


if __name__ == "__main__":
    main()
