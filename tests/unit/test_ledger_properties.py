"""Any order of calls: the kept counts are the rows', and SQLite and its twin say the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio
from hypothesis import given, settings

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Facet
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.errors import JobStateProblem
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.memory_ledger import memory_ledger
from tests.unit.ledger_steps import GENERATIONS, JOBS, NAMES, OTHER, Step, steps
from tests.unit.ledger_words import (
    NOW,
    ROOT,
    bound,
    key,
    pid,
)


async def answer(step: Step, ledger: Ledger, collection_id: int) -> object:
    try:
        return await step.on(ledger, collection_id)
    except JobStateProblem:
        return JobStateProblem


async def seen(ledger: Ledger, collection_id: int) -> list[object]:
    """All that the port tells."""
    told: list[object] = [
        await ledger.collections.list_all(),
        await ledger.jobs.list_newest(limit=9, offset=0),
        await ledger.jobs.list_unfinished(),
        *[
            await ledger.files.recall(collection_id, [key(name) for name in NAMES], job_id=job.id)
            for job in await ledger.jobs.list_unfinished()
        ],
        await ledger.files.recall(collection_id, [key(name) for name in NAMES]),
        *[
            await ask(one, [pid(name) for name in NAMES])
            for ask in (ledger.artefacts.maybe_written, ledger.artefacts.surely_stored)
            for one in GENERATIONS
        ],
        *[await ledger.artefacts.count_stored(one) for one in GENERATIONS],
        await ledger.folders.totals(collection_id, ROOT.path, recursive=True),
        await ledger.files.seen_contents(collection_id, seen=range(99), after=0, limit=9),
        await ledger.artefacts.decode_starts(collection_id),
        await ledger.browsing.facets(collection_id, {Facet.CAPTION: NO_FILTERS}, top=9),
    ]
    told.extend([await ledger.jobs.failures(job_id, limit=9, offset=0) for job_id in JOBS])
    told.extend(
        [
            await ledger.artefacts.pending_writes(job.id)
            for job in await ledger.jobs.list_unfinished()
        ]
    )
    return told


@given(steps)
@settings(max_examples=60, deadline=None)
def test_counts_add_up_and_the_twin_agrees_after_any_calls(taken: list[Step]) -> None:
    anyio.run(compare, taken)


async def compare(taken: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        async with open_ledger(path, clock=lambda: NOW) as real:
            twin = memory_ledger(clock=lambda: NOW)
            for ledger in (real, twin):
                collection = await ledger.collections.create("default", identity="default")
                await ledger.roots.add(collection.id, ROOT)
                await bound(ledger, collection)
                await ledger.generations.create(collection.id, OTHER)
                for job_id in JOBS:
                    await ledger.jobs.create(
                        job_id, collection.id, import_request("default", ROOT.path)
                    )
            for step in taken:
                said = await answer(step, real, collection.id)
                assert said == await answer(step, twin, collection.id)
                assert await seen(real, collection.id) == await seen(twin, collection.id)
                for job in await real.jobs.list_unfinished():
                    kept = job.counts.model_dump()
                    assert min(kept.values()) >= 0
                    assert kept.pop("found") == sum(kept.values())
                    assert sum(job.errors_by_code.values()) == job.counts.failed
