"""Any order of calls: the kept counts are the rows', and SQLite and its twin say the same."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FolderCounts
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.errors import JobStateProblem
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.memory_ledger import memory_ledger
from tests.unit.ledger_words import NOW, ROOT, enrolment, failed, intents, key, pid, skipped, stored
from utils.contract import ErrorCode, JobState

NAMES = [b"a.jpg", b"b.jpg", b"c.jpg", b"d\xff.jpg"]
JOBS = ["job-1", "job-2"]
names = st.lists(st.sampled_from(NAMES), max_size=4)
job_ids = st.sampled_from(JOBS)


@dataclass(frozen=True)
class Enrol:
    job_id: str
    files: list[tuple[bytes, Outcome]]
    folders: list[FolderCounts]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        files = [enrolment(name, outcome) for name, outcome in self.files]
        return await ledger.files.register(self.job_id, collection_id, files, self.folders)


@dataclass(frozen=True)
class Settle:
    job_id: str
    files: list[tuple[bytes, str]]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        made: dict[str, Callable[[bytes], FileOutcome]] = {
            "stored": stored,
            "failed": failed,
            "skipped": skipped,
        }
        settlements = [made[verdict](name) for name, verdict in self.files]
        progress = SavedProgress(bytes_read=len(settlements))
        await ledger.files.complete(
            self.job_id,
            collection_id,
            settlements,
            synced=None,
            reader_version="readers-1",
            progress=progress,
        )
        return None


@dataclass(frozen=True)
class Intend:
    job_id: str
    names: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        await ledger.artefacts.begin_write(self.job_id, collection_id, intents(*self.names))
        return None


@dataclass(frozen=True)
class NoteDecoding:
    begun: list[tuple[bytes, bool]]
    ended: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        begun = [DecodeStart(pid(name), "10-20", alone) for name, alone in self.begun]
        await ledger.artefacts.note_decoding(
            collection_id, begun, [pid(name) for name in self.ended]
        )
        return None


@dataclass(frozen=True)
class FailPending:
    job_id: str

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        return await ledger.files.fail_pending(self.job_id, ErrorCode.FILE_NOT_FOUND, "gone")


@dataclass(frozen=True)
class Move:
    job_id: str
    state: JobState

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        return await ledger.jobs.move(self.job_id, self.state)


@dataclass(frozen=True)
class Reconcile:
    names: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        async def ids() -> AsyncIterator[Sequence[UUID]]:
            for name in self.names:
                yield [pid(name)]

        return await ledger.artefacts.reconcile(collection_id, ids())


@dataclass(frozen=True)
class Remove:
    """What a job did not meet; `cut_off`: by a crash after the first step."""

    job_id: str
    seen: list[bytes]
    cut_off: bool

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        known = await ledger.files.recall(collection_id, [key(name) for name in self.seen])
        unseen = partial(
            ledger.folders.not_seen_in_scan,
            collection_id,
            ROOT.path,
            seen={record.row for record in known.values()},
        )
        files = await unseen(after=None, limit=2)
        if files:
            assert files[1:] == await unseen(after=files[0].key, limit=1)
        await ledger.artefacts.begin_delete(collection_id, [file.point_id for file in files])
        if self.cut_off:
            return files
        return await ledger.files.delete_files(
            self.job_id, collection_id, files, synced=SyncedVersion(1, 1)
        )


Step = Enrol | Settle | Intend | NoteDecoding | FailPending | Move | Reconcile | Remove
steps = st.lists(
    st.one_of(
        st.builds(
            Enrol,
            job_ids,
            st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(Outcome)), max_size=4),
            st.lists(
                st.builds(
                    FolderCounts,
                    st.just(ROOT.id),
                    st.sampled_from([b"", b"a"]),
                    st.integers(0, 3),
                    st.integers(0, 3),
                    st.booleans(),
                ),
                max_size=2,
            ),
        ),
        st.builds(
            Settle,
            job_ids,
            st.lists(
                st.tuples(st.sampled_from(NAMES), st.sampled_from(["stored", "failed", "skipped"])),
                max_size=4,
            ),
        ),
        st.builds(Intend, job_ids, names),
        st.builds(
            NoteDecoding,
            st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=4),
            names,
        ),
        st.builds(FailPending, job_ids),
        st.builds(
            Move, job_ids, st.sampled_from([JobState.RUNNING, JobState.PAUSED, JobState.COMPLETED])
        ),
        st.builds(Reconcile, names),
        st.builds(Remove, job_ids, names, st.booleans()),
    ),
    max_size=12,
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
        await ledger.artefacts.maybe_written(collection_id, [pid(name) for name in NAMES]),
        await ledger.artefacts.decode_starts(collection_id),
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
