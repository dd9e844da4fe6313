"""`photoseek status`: services, collections, latest jobs."""

from __future__ import annotations

from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call
from ingestion_orchestration_fastapi_app.cli.commands.jobs import JOB_COLUMNS, job_row
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    Null,
    form_of,
    print_json,
    print_note,
    print_rows,
)
from utils.contract import CollectionReply, OrchestratorCapabilities
from utils.contract.system.overview import SystemReply

SHOWN_JOBS = 10


def status(url: Url = None, *, json: Json = False, null: Null = False) -> None:
    """Show the services, the collections and the latest jobs.

    The exit status is 1 where no inference service is reachable.
    """
    form = form_of(json=json, null=null)

    async def run(api: OrchestratorApi, console: Console) -> int:
        return await show_status(api, console, form)

    call(run, url)


async def show_status(api: OrchestratorApi, console: Console, form: Form = Form.ROWS) -> int:
    capabilities = await api.get_capabilities()
    collections = (await api.list_collections()).collections
    jobs = (await api.list_jobs(limit=SHOWN_JOBS)).jobs
    system = await api.get_system()
    if form is Form.JSON:
        print_json(
            console,
            {
                "capabilities": capabilities.model_dump(mode="json"),
                "system": system.model_dump(mode="json"),
                "collections": [one.model_dump(mode="json") for one in collections],
                "jobs": [job.model_dump(mode="json") for job in jobs],
            },
        )
    else:
        services = [*_services(capabilities), *_machine(system)]
        print_rows(console, form, ("service", "state"), services, title="Services")
        print_rows(
            console,
            form,
            ("name", "images", "model"),
            [(one.name, _images(one), one.model or "none yet") for one in collections],
            title="Collections",
        )
        for one in collections:
            if one.detail is not None:
                print_note(one.detail)
        rows = [job_row(job, short=console.is_terminal and form is Form.ROWS) for job in jobs]
        print_rows(console, form, JOB_COLUMNS, rows, title="Latest jobs")
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


def _machine(system: SystemReply) -> list[tuple[str, ...]]:
    free = system.storage.free_bytes
    room = "" if free is None else f", {_megabytes(free)} free"
    return [
        ("version", f"{system.version}, schema {system.schema_version}"),
        ("disk", f"{_megabytes(system.storage.used_bytes)} used{room}"),
    ]


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _images(collection: CollectionReply) -> str:
    return "damaged" if collection.count is None else f"{collection.count:,}"
