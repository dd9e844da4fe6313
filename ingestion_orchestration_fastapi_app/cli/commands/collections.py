"""`photoseek collections`: what is done to a whole collection."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from ingestion_orchestration_fastapi_app.cli.api_client import ApiProblem, OrchestratorApi
from ingestion_orchestration_fastapi_app.cli.calls import Url, call, collection_name
from ingestion_orchestration_fastapi_app.cli.view.followed import Wait, reported
from ingestion_orchestration_fastapi_app.cli.view.output import (
    Form,
    Json,
    print_json,
    print_plain,
    print_rows,
)
from utils.contract import (
    ActivateRequest,
    CollectionDetail,
    GenerationList,
    GenerationReply,
    ReembedRequest,
)

Name = Annotated[
    str, typer.Argument(metavar="COLLECTION", callback=collection_name, help="Its name.")
]
COLUMNS = ("ID", "STATE", "MODEL", "FINGERPRINT", "IMAGES", "MISSING")

collections = typer.Typer(
    help="Describe a collection; give it another name, or model.", no_args_is_help=True
)


@collections.command()
def rename(
    old: Annotated[
        str, typer.Argument(metavar="OLD", callback=collection_name, help="Its name now.")
    ],
    new: Annotated[
        str, typer.Argument(metavar="NEW", callback=collection_name, help="Its name from now on.")
    ],
    url: Url = None,
) -> None:
    """Give a collection another name. Its pictures keep their ids; a running import goes on."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        renamed = await api.rename_collection(old, new)
        print_plain(console, f"The collection {old} is called {renamed.name} now.")
        return 0

    call(run, url)


@collections.command()
def show(collection: Name = "default", url: Url = None, *, json: Json = False) -> None:
    """Describe a collection: images, model, folders, bytes on the disk, index, newest job."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        known = await api.get_collection(collection)
        if json:
            print_json(console, known.model_dump(mode="json"))
        else:
            print_rows(console, Form.ROWS, ("", ""), described(known))
        return 0

    call(run, url)


@collections.command()
def generations(collection: Name = "default", url: Url = None, *, json: Json = False) -> None:
    """List a collection's tables, each made by one model; the active one answers."""

    async def run(api: OrchestratorApi, console: Console) -> int:
        _print_generations(console, await api.list_generations(collection), json=json)
        return 0

    call(run, url)


@collections.command()
def reembed(
    collection: Name = "default",
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model; else the other one served.")
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The model, where several have its name.")
    ] = None,
    url: Url = None,
    *,
    switch: Annotated[
        bool, typer.Option("--switch/--no-switch", help="Let it answer when it has all.")
    ] = True,
    force_switch: Annotated[
        bool, typer.Option("--force-switch", help="Also where many images lack a vector.")
    ] = False,
    wait: Wait = True,
) -> None:
    """Embed a collection by another model, while the one of now answers searches.

    Photographs are read again and nothing is forgotten; `photoseek collections rollback` goes back.
    Run again, it goes on where it was. The exit status is 1 where it did not come to its end, or
    did not switch since too many images lack a vector.
    """
    request = ReembedRequest(
        model=model, fingerprint=fingerprint, switch=switch, force_switch=force_switch
    )

    async def run(api: OrchestratorApi, console: Console) -> int:
        accepted = await api.reembed_collection(collection, request)
        await reported(api, accepted, console, wait=wait, json=False)
        return 0

    call(run, url)


@collections.command()
def rollback(
    collection: Name = "default",
    to: Annotated[
        int | None,
        typer.Option(min=1, metavar="ID", help="The generation; else the one that answered last."),
    ] = None,
    url: Url = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also where many images would not be found.")
    ] = False,
    json: Json = False,
) -> None:
    """Let the model of before answer again, at once.

    What was imported since is not in it: MISSING says how many, and the next import adds them.
    """

    async def run(api: OrchestratorApi, console: Console) -> int:
        chosen = to if to is not None else _before(await api.list_generations(collection)).id
        request = ActivateRequest(force=force)
        known = await api.activate_generation(collection, chosen, request)
        _print_generations(console, known, json=json)
        return 0

    call(run, url)


@collections.command("empty-trash")
def empty_trash(
    collection: Name = "default",
    url: Url = None,
    *,
    json: Json = False,
) -> None:
    """Throw removed images away for good: they can not be brought back any more.

    No photograph is touched.
    """

    async def run(api: OrchestratorApi, console: Console) -> int:
        emptied = await api.empty_trash(collection)
        if json:
            print_json(console, emptied.model_dump(mode="json"))
        else:
            print_plain(console, f"{emptied.emptied} removed images are thrown away.")
        return 0

    call(run, url)


def described(known: CollectionDetail) -> list[tuple[str, str]]:
    """What is known of it, line by line; without what cannot be read now."""
    model = "none yet" if known.model is None else f"{known.model} ({known.fingerprint})"
    lines = [("name", known.name), ("images", _count(known.count))]
    if known.hidden_count:
        lines.append(("in hidden folders", _count(known.hidden_count)))
    lines.append(("model", model))
    lines += [("folder", root) for root in known.roots]
    lines += [("watched", watch.directory_path) for watch in known.watches]
    if known.index is not None:
        index = f"{known.index.indexed} images, {known.index.unindexed} without"
        lines.append(("index", index))
    if known.disk is not None:
        lines += [(f"bytes of {name}", str(size)) for name, size in known.disk]
    lines += [
        (f"generation {one.id}", f"{one.state}, {one.model}, {_count(one.count)} images")
        for one in known.other_generations
    ]
    if known.trash.points and known.trash.expires_at is not None:
        until = known.trash.expires_at.isoformat(timespec="seconds")
        kept = f"{known.trash.points} images, {known.trash.bytes} bytes, the first until {until}"
        lines.append(("removed", kept))
    if known.created_at is not None:
        lines.append(("created", known.created_at.isoformat(timespec="seconds")))
    if known.last_job is not None:
        job = known.last_job
        lines.append(("newest job", f"{job.job_id}, {job.kind}, {job.state.value}"))
    return lines if known.detail is None else [*lines, (known.state, known.detail)]


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _before(known: GenerationList) -> GenerationReply:
    """The one that answered before the active one."""
    retired = [one for one in known.generations if one.state == "retired"]
    if not retired:
        raise ApiProblem(f"No other generation of {known.collection} has answered before.")
    return max(retired, key=lambda one: (one.activated_at or one.created_at, one.id))


def _print_generations(console: Console, known: GenerationList, *, json: bool) -> None:
    if json:
        print_json(console, known.model_dump(mode="json"))
        return
    rows = [
        (
            str(one.id),
            one.state,
            one.model,
            one.fingerprint,
            _count(one.count),
            str(one.missing),
        )
        for one in known.generations
    ]
    print_rows(console, Form.ROWS, COLUMNS, rows)
