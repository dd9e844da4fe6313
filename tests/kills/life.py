"""One life of the orchestrator: a process that does a client's errand to its end, or is killed."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx

from ingestion_orchestration_fastapi_app.adapters.data_folder.local_secret import read_local_secret
from ingestion_orchestration_fastapi_app.adapters.lance.reading import snapshots
from ingestion_orchestration_fastapi_app.api.app_state import AppState
from ingestion_orchestration_fastapi_app.domain.captions.records import CAPTION
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.duplicates import search as duplicate_search
from ingestion_orchestration_fastapi_app.duplicates import shown_groups
from ingestion_orchestration_fastapi_app.duplicates.job import DUPLICATES
from ingestion_orchestration_fastapi_app.transfer import export_job, import_job
from ingestion_orchestration_fastapi_app.verify import job as verify_job
from ingestion_orchestration_fastapi_app.verify.job import VERIFY
from tests.component.bench import adds_up
from tests.component.orchestrator_app import Running, orchestrator
from tests.kills.fault_points import Fault, Fuse
from tests.kills.inference import OTHER
from tests.kills.selecting import select
from utils.contract import LOCAL_SECRET_HEADER, JobCounts, JobState
from utils.contract.duplicates.options import DuplicateClass
from utils.process.parent_death import die_with_parent

PATIENCE_S = 50.0
LOOK_S = 0.03
PAGE = 7  # of what is verified, compared or taken in at once, so that there are several pages
EXPORT_NAME = "it"


@dataclass(frozen=True, slots=True)
class Errand:
    """What a client wants, and asks for again after a restart until it is done.

    `known_jobs` were there before. `moved_from` is where the photos were then.
    `root_first`: a root is added and taken back. `select_first`: things are said of images, and
    some are forgotten. `check`: the collection is verified instead;
    `reembed`: it gets another model; `caption`: its images get captions; `undo`: what that job
    removed is brought back; `duplicates`: it is searched for duplicates; `transfer`: it is
    exported, or comes back from that export.
    """

    request: Mapping[str, object]
    known_jobs: frozenset[str] = frozenset()
    delete_first: bool = False
    forget_first: bool = False
    root_first: bool = False
    select_first: bool = False
    check: bool = False
    reembed: bool = False
    caption: bool = False
    undo: str | None = None
    duplicates: bool = False
    transfer: Literal["export", "import"] | None = None
    moved_from: Path | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """`home` holds the photos, `folder` what is written; paths of one life end in its number."""

    home: Path
    folder: Path
    number: int
    errand: Errand
    settings: Mapping[str, Any]
    fault: Fault | None = None

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def trace_path(self) -> Path:
        return self.folder / f"trace-{self.number}"

    @property
    def result_path(self) -> Path:
        return self.folder / f"result-{self.number}"

    @property
    def log_path(self) -> Path:
        return self.folder / f"log-{self.number}"

    def log(self) -> str:
        """The end of what it said."""
        return self.log_path.read_text(errors="replace")[-6000:] if self.log_path.exists() else ""


def live(life: Life) -> None:
    """The process. It writes its result when the errand is done."""
    die_with_parent(os.getppid())
    log = os.open(life.log_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    verify_job.PAGE = snapshots.ROWS_A_GROUP = import_job.GROUP_ROWS = PAGE
    duplicate_search.SAVE_EVERY = PAGE
    shown_groups.MEMBERS_AT_ONCE = PAGE
    export_job.FILE_BYTES = 1  # a group a file
    anyio.run(_live, life)


async def _live(life: Life) -> None:
    fuse = Fuse(str(life.trace_path), life.fault)
    given = {"data_dir": life.data_dir, **life.settings}
    async with orchestrator(life.home, over_network=True, around=fuse.around, **given) as running:
        job_id = await _done(running, life.errand)
        services: AppState = running.app.state.services
        record = await services.ports.ledger.jobs.find(job_id)
        assert record is not None
        found = await snapshot(services, record)
    life.result_path.write_text(json.dumps(found))


async def _done(running: Running, errand: Errand) -> str:
    jobs = (await running.get("/jobs"))["jobs"]
    for job in jobs:
        assert adds_up(JobCounts.model_validate(job["counts"])), job
    ours = [job["job_id"] for job in jobs if job["job_id"] not in errand.known_jobs]
    if not ours:
        if errand.delete_first:
            await running.http.delete("/api/v1/collections/default")
        if errand.root_first:
            await _name_root(running)
        if errand.select_first:
            await select(running)
        if errand.forget_first or errand.moved_from is not None:
            await _change_roots(running, errand)
        response = await _asked(running, errand)
        assert response.status_code == 202, response.text
        ours = [response.json()["job_id"]]
    assert len(ours) == 1, ours
    with anyio.fail_after(PATIENCE_S):
        while True:
            job = await running.get(f"/jobs/{ours[0]}")
            assert adds_up(JobCounts.model_validate(job["counts"])), job
            if JobState(job["state"]) in FINAL:
                return str(ours[0])
            await anyio.sleep(LOOK_S)  # as a client does


async def _asked(running: Running, errand: Errand) -> httpx.Response:
    """For the job of the errand."""
    if errand.check:
        return await running.post("/jobs", {"kind": VERIFY, "options": errand.request})
    if errand.caption:
        return await running.post("/jobs", {"kind": CAPTION, "options": errand.request})
    if errand.duplicates:
        return await running.post("/jobs", {"kind": DUPLICATES, "options": errand.request})
    if errand.undo is not None:
        return await running.post(f"/jobs/{errand.undo}/undo", {})
    if errand.transfer == "export":
        return await running.post("/exports", {"name": EXPORT_NAME, **errand.request})
    if errand.transfer == "import":
        return await running.post("/imports", {"source": EXPORT_NAME, **errand.request})
    if errand.reembed:
        asked = {"fingerprint": OTHER, **errand.request}
        return await running.post("/collections/default/reembed", asked)
    body = {"directory_path": str(running.photos), **errand.request}
    return await running.post("/ingest/", body)


async def _name_root(running: Running) -> None:
    services: AppState = running.app.state.services
    by = {LOCAL_SECRET_HEADER: read_local_secret(services.settings.data_dir) or ""}
    given = {"path": str(running.photos)}
    added = await running.http.post("/api/v1/roots", json=given, headers=by)
    assert added.status_code == 201, added.text
    removed = await running.http.delete("/api/v1/roots", params=given, headers=by)
    assert removed.status_code == 200, removed.text


async def _change_roots(running: Running, errand: Errand) -> None:
    """What a client asks for that sees what is not done yet."""
    roots = {str(running.photos)} if errand.forget_first else {str(errand.moved_from)}
    if not roots & set((await running.get("/collections/default"))["roots"]):
        return
    if errand.moved_from is not None:
        body = {"from": str(errand.moved_from), "to": str(running.photos)}
        response = await running.post("/collections/default/roots/repoint", body)
    else:
        given = {"path": str(running.photos)}
        response = await running.http.delete("/api/v1/collections/default/roots", params=given)
    assert response.status_code == 200, response.text


async def snapshot(services: AppState, record: JobRecord) -> dict[str, Any]:
    """What a job left behind: all that two runs over the same files must agree on."""
    ports = services.ports
    rows: Counter[str] = Counter()
    collection = await services.collections.get("default")
    active = collection.bound()
    async for ids in ports.store.ids(active.table):
        rows.update(map(str, ids))
    points = [
        point
        async for ids in ports.store.ids(active.table)
        for point in await ports.store.get(active.table, list(dict.fromkeys(ids)), vectors=True)
    ]
    words = services.collections.words
    with anyio.fail_after(PATIENCE_S):  # those that a kill left over are made beside the job
        while not words.state(collection).whole:
            await anyio.sleep(LOOK_S)
    table = words.state(collection).table
    assert table is not None
    word_ids = [ids async for ids in ports.words.ids(table)]
    said = await words.found(collection, [point.id for point in points])
    said_of = await ports.ledger.annotations.find({point.sha256 for point in points})
    albums = await ports.ledger.albums.page(limit=100)
    forgotten = await ports.ledger.forgotten.page(collection.id, after=b"", limit=1000)
    found_twice = await _duplicates(services, collection.id)
    failures, _ = await ports.ledger.jobs.failures(record.id, limit=1000, offset=0)
    places = ports.exports
    exports = {
        name: await places.manifest(await places.folder(name)) for name in await places.names()
    }
    return {
        "exports": {name: [one.sha256 for one in told.files] for name, told in exports.items()},
        "unfinished_exports": await places.unfinished(),
        "state": record.state,
        "model": active.fingerprint,
        "generations": [one.state for one in collection.generations],
        "counts": record.counts.model_dump(),
        "removed": record.progress.removed,
        "done": record.progress.done,
        "report": record.checkpoint.report,
        "rows": dict(rows),
        "vectors": {str(point.id): [float(each) for each in point.vector] for point in points},
        "captions": {str(one): words.caption for one, words in said.items()},
        "texts": {str(one): words.text for one, words in said.items()},
        "word_rows": sorted(str(one) for ids in word_ids for one in ids),
        "contents": {str(point.id): point.sha256.hex() for point in points},
        "annotations": {content.hex(): asdict(one) for content, one in said_of.items()},
        "albums": [
            [one.name, one.images, one.search and one.search.text, one.filled and one.filled.images]
            for one in albums
        ],
        "duplicates": found_twice,
        "forgotten": [one.sha256.hex() for one in forgotten],
        "failures": [[failure.display_path, failure.code] for failure in failures],
        "job_id": record.id,
        "table_rows": await ports.store.count(active.table),
    }


async def _duplicates(services: AppState, collection_id: int) -> list[list[str]]:
    """Of each group that is shown its class and the ids of its images, in their order."""
    kept = services.ports.ledger.duplicate_groups
    run = await kept.shown(collection_id)
    if run is None:
        return []
    every = tuple(DuplicateClass)
    groups = await kept.page(run.id, NO_FILTERS, kinds=every, after=0, limit=1000, members=1000)
    return [[one.kind.value, *(str(each.point_id) for each in one.members)] for one in groups]
