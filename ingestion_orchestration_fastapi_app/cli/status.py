"""What `photoseek status` shows: services, collections, latest jobs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.progress import (
    done_count,
    print_plain,
    printable,
)
from utils.contract import OrchestratorCapabilities

SHOWN_JOBS = 10


async def show_status(api: OrchestratorApi, console: Console) -> int:
    """Returns the exit status: 1 when no inference service is reachable."""
    capabilities = await api.capabilities()
    collections = (await api.collections()).collections
    jobs = (await api.jobs()).jobs[:SHOWN_JOBS]
    _rows(console, "Services", ("service", "state"), _services(capabilities))
    _rows(
        console,
        "Collections",
        ("name", "images", "model"),
        [(one.name, f"{one.count:,}", one.model or "none yet") for one in collections],
    )
    _rows(
        console,
        "Latest jobs",
        ("job", "state", "done", "failed", "directory"),
        [
            (
                job.job_id,
                job.state.value,
                f"{done_count(job):,} of {job.counts.found:,}",
                f"{job.counts.failed:,}",
                job.directory_path + (" (watched)" if job.origin == "watch" else ""),
            )
            for job in jobs
        ],
    )
    return 0 if capabilities.inference.reachable else 1


def _services(capabilities: OrchestratorCapabilities) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("orchestrator", "ready")]
    rows += [
        (f"inference {one.url}", one.detail or one.state) for one in capabilities.inference_services
    ]
    if capabilities.ml is not None:
        clip = capabilities.ml.clip
        rows.append(("model", f"{clip.model} ({clip.weights}) on {capabilities.ml.device}"))
        rows.append(("batch", f"{capabilities.batch_size} images"))
    return rows


def _rows(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]
) -> None:
    """A table on a terminal, otherwise lines with tabs between the columns."""
    if not console.is_terminal:
        for row in rows:
            print_plain(console, "\t".join((title.lower(), *row)))
        return
    table = Table(title=title, title_justify="left", box=None)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table)
