"""The way of `photoseek up`: weights, services, import, example searches, serving."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from rich.console import Console

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    LEDGER_NAME,
    check_usable,
    held_for_up,
)
from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import read_local_secret
from ingestion_orchestration_fastapi_app.adapters.sqlite.library_models import library_models
from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.commands.pictures.search import print_hits
from ingestion_orchestration_fastapi_app.cli.program import called
from ingestion_orchestration_fastapi_app.cli.up import launcher, library_model
from ingestion_orchestration_fastapi_app.cli.up.launcher import LaunchFailed, Service
from ingestion_orchestration_fastapi_app.cli.view.output import print_plain
from ingestion_orchestration_fastapi_app.cli.view.progress import follow, report
from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import (
    DEMO_DATA,
    DEMO_PICTURES,
    TINY_MODEL,
)
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.contract import ErrorCode, IngestRequest, JobReply, JobState, SearchTextRequest
from utils.problems import Problem

READY_LIMIT_S = 900.0
INFERENCE_DEFAULT_PORT = {"http": 80, "https": 443}
SHAPE_SEARCHES = ("a red circle", "a blue square", "a green triangle")
PHOTO_SEARCHES = ("a person", "a landscape", "food")
DEMO_DIR = Path(DEMO_PICTURES).parent


@dataclass(frozen=True, slots=True)
class Plan:
    """What `up` was asked for. `photos` is absolute; `environment` is set for both services."""

    settings: Settings
    collection: str
    photos: str | None = None
    demo: bool = False
    once: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def demo_plan(settings: Settings, *, collection: str, once: bool) -> Plan:
    """Everything of the demo lies in one folder that `make demo-clean` removes."""
    data_dir = Path(os.path.abspath(DEMO_DATA))
    apart = {"data_dir": data_dir, "store_uri": str(data_dir / "store")}
    apart["diskcache_dir"] = data_dir / "cache"
    environment = {name.upper(): str(value) for name, value in apart.items()}
    # Empty: the model's own weights, and the folders that are allowed where nothing is set.
    environment |= {"CLIP_MODEL": TINY_MODEL, "CLIP_PRETRAINED": "", "INGEST_ROOTS": ""}
    return Plan(
        settings.model_copy(update=apart),
        collection,
        photos=os.path.abspath(DEMO_PICTURES),
        demo=True,
        once=once,
        environment=environment,
    )


def wanted_services(plan: Plan) -> list[Service]:
    """The orchestrator, and one inference service where the first URL of this machine says.

    Raises:
        LaunchFailed: strangers would be let in.
    """
    settings = plan.settings
    if settings.binding_fault is not None:
        raise LaunchFailed(settings.binding_fault)
    logs = settings.data_dir / "logs"
    own = {
        "ORCHESTRATOR_HOST": settings.orchestrator_host,
        "ORCHESTRATOR_PORT": str(settings.orchestrator_port),
    }
    services = [
        Service(
            "orchestrator",
            launcher.python_module("ingestion_orchestration_fastapi_app"),
            settings.orchestrator_host,
            settings.orchestrator_port,
            "ORCHESTRATOR_PORT to a free port",
            logs / "orchestrator.log",
            {**plan.environment, **own},
        )
    ]
    local = next(
        (url for url in settings.ml_urls if urlsplit(url).hostname in launcher.LOOPBACK), None
    )
    if local is not None:
        url = urlsplit(local)
        assert url.hostname is not None, "it is one of launcher.LOOPBACK"
        port = url.port or INFERENCE_DEFAULT_PORT.get(url.scheme, 80)
        inference = Service(
            "inference",
            launcher.python_module("ml_inference_fastapi_app"),
            url.hostname,
            port,
            "ML_INFERENCE_SERVICE_URL to http://127.0.0.1:PORT with a free port",
            logs / "inference.log",
            {
                **plan.environment,
                "ML_HOST": url.hostname,
                "ML_PORT": str(port),
                "API_KEY": settings.ml_key or "",  # what the orchestrator will show it
            },
        )
        services.insert(0, inference)
    return services


async def up(plan: Plan, console: Console) -> int:
    """Runs until a signal, a child's death or, with `once`, the end. Returns the exit status."""
    status = 0
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async with anyio.create_task_group() as tasks:

            async def stop_on_signal() -> None:
                async for _ in signals:
                    print_plain(console, "\nStopping. What is not imported yet goes on next time.")
                    tasks.cancel_scope.cancel()
                    return

            tasks.start_soon(stop_on_signal)
            status = await _told(plan, console)
            tasks.cancel_scope.cancel()
    return status


async def _told(plan: Plan, console: Console) -> int:
    """Runs the plan; what goes wrong is said, without a traceback, and is status 1."""
    try:
        return await _run(plan, console)
    except LaunchFailed as failure:
        if failure.log_tail:
            print_plain(console, failure.log_tail)
        print_plain(console, failure.detail, style="red")
    except Problem as problem:
        print_plain(console, f"{problem.code}: {problem.detail}", style="red")
    except ApiProblem as problem:
        print_plain(console, str(problem), style="red")
        if plan.demo and problem.code is ErrorCode.MODEL_MISMATCH:
            print_plain(
                console, "The demo was made by another version: `make demo-clean` removes it."
            )
    return 1


async def _run(plan: Plan, console: Console) -> int:
    services = wanted_services(plan)
    url = services[-1].url
    if await launcher.photoseek_answers(url):
        raise LaunchFailed(_already_there(plan, url))
    for service in services:  # before anything is fetched
        launcher.check_port_free(service)
    check_usable(plan.settings.data_dir)
    if any(service.name == "inference" for service in services):
        plan = _with_model(plan, console)
        services = wanted_services(plan)
    if plan.demo:
        await _make_demo_pictures(console)
    if any(service.name == "inference" for service in services):
        await _pull_model(plan, console)
    with held_for_up(plan.settings.data_dir):  # from here on there is one that keeps the logs
        return await _serve(plan, services, console)


def _already_there(plan: Plan, url: str) -> str:
    add = called("ingest", plan.photos if plan.photos and not plan.demo else "DIR")
    return (
        f"Photoseek runs already, at {url}\n"
        f"  to add photos to it:   {add}\n"
        f"  to see what it does:   {called('status')}\n"
        "Stop it first to start it anew (Ctrl-C where it runs). For another one beside it set "
        "ORCHESTRATOR_PORT, ML_INFERENCE_SERVICE_URL and DATA_DIR."
    )


def _with_model(plan: Plan, console: Console) -> Plan:
    """Raises LaunchFailed."""
    if plan.demo:
        return plan
    chosen = library_model.choice(
        library_models(plan.settings.data_dir / LEDGER_NAME),
        collection=plan.collection,
        photos=plan.photos,
        clip_model=launcher.inherited("CLIP_MODEL"),
        clip_pretrained=launcher.inherited("CLIP_PRETRAINED"),
    )
    if chosen.note is not None:
        print_plain(console, chosen.note)
    return replace(plan, environment={**plan.environment, **chosen.environment})


async def _serve(plan: Plan, services: Sequence[Service], console: Console) -> int:

    def show(text: str) -> None:
        print_plain(console, text, style="red")

    async with launcher.services(services, on_restart=show) as running:
        for one in running:
            print_plain(console, f"Started {one.service.name}, log: {one.service.log_path}")
        await _wait_until_ready(plan, services, console)
        return await _use(plan, services[-1].url, console)


async def _use(plan: Plan, url: str, console: Console) -> int:
    """With both services ready: import, show searches, serve."""
    key = plan.settings.api_key
    async with OrchestratorApi(
        url,
        api_key=key.get_secret_value() if key else None,
        local_secret=read_local_secret(plan.settings.data_dir),
    ) as api:
        if plan.photos is not None:
            await api.remember_root(plan.photos)
            await api.ensure_collection(plan.collection)
            print_plain(console, f"Importing {plan.photos} into collection {plan.collection}")
            request = IngestRequest(directory_path=plan.photos, collection=plan.collection)
            accepted = await api.start_ingest(request)
            job = await follow(api, accepted.job_id, console)
            await report(api, job, console)
            if job.state is not JobState.COMPLETED:
                reason = job.reason or f"The job is {job.state.value}."
                raise ApiProblem(reason, code=job.reason_code)
            await _show_searches(api, job, console)
    if not plan.once:
        print_plain(console, f"\nPhotoseek serves at {url} (Ctrl-C stops it)", style="bold")
        await anyio.sleep_forever()
    return 0


async def _show_searches(api: OrchestratorApi, job: JobReply, console: Console) -> None:
    """What the job has warned of already is not said again."""
    ml = (await api.get_capabilities()).ml
    shapes = ml is not None and ml.clip.model == TINY_MODEL
    for query in SHAPE_SEARCHES if shapes else PHOTO_SEARCHES:
        print_plain(console, f"\n{called('search', *query.split())}", style="bold")
        asked = SearchTextRequest(query=query, collection=job.collection, limit=3)
        found = await api.search_by_text(asked)
        new = tuple(warning for warning in found.warnings if warning not in job.warnings)
        print_hits(console, found.model_copy(update={"warnings": new}), query=query)


async def _wait_until_ready(plan: Plan, services: Sequence[Service], console: Console) -> None:
    urls = {"inference": plan.settings.ml_urls[0]}
    urls |= {service.name: service.url for service in services}
    last = ""
    with console.status("Waiting for the services") as spinner:

        def show(text: str) -> None:
            nonlocal last
            spinner.update(f"Waiting for {text}")
            if not console.is_terminal and text != last:
                print_plain(console, f"Waiting for {text}")
            last = text

        await launcher.wait_until_ready(urls, limit_s=READY_LIMIT_S, show=show)


async def _pull_model(plan: Plan, console: Console) -> None:
    print_plain(console, "Making sure of the model's weights")
    command = launcher.python_module("ml_inference_fastapi_app.models", "pull")
    if await launcher.run_to_end(command, environment=plan.environment):
        raise LaunchFailed("The model's weights are not there: nothing was started.")


async def _make_demo_pictures(console: Console) -> None:
    pictures, unfinished = DEMO_DIR / "pictures", DEMO_DIR / "pictures.new"
    if pictures.exists():
        return
    print_plain(console, f"Drawing the demo's pictures into {pictures}")
    try:
        os.makedirs(DEMO_DIR, exist_ok=True)
    except OSError as exc:
        raise LaunchFailed(f"The demo's folder {DEMO_DIR} cannot be made: {exc.strerror}.") from exc
    command = launcher.python_module(
        "ml_inference_fastapi_app.tiny_models.demo_pictures", str(unfinished)
    )
    if await launcher.run_to_end(command, environment={}):
        raise LaunchFailed("The demo's pictures could not be drawn.")
    os.rename(unfinished, pictures)  # whole or not there
