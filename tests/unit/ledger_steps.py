"""What property tests do to a ledger: any calls, over few files, two jobs and two models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import FileOutcome, FolderCounts
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import (
    MODEL,
    ROOT,
    failed,
    file_start,
    intents,
    key,
    pid,
    skipped,
    stored,
)
from tests.unit.test_ledger_catalogue import point
from utils.contract import ErrorCode, JobState
from utils.problems import Rejected

NAMES = [b"a.jpg", b"b.jpg", b"c.jpg", b"d\xff.jpg"]
JOBS = ["job-1", "job-2"]
GENERATIONS = [1, 2]
names = st.lists(st.sampled_from(NAMES), max_size=4)
generations = st.sampled_from(GENERATIONS)
job_ids = st.sampled_from(JOBS)


def of_another_model(name: bytes) -> FileOutcome:
    made = (artefacts.stored(Kind.VECTOR, OTHER.fingerprint),)
    return replace(stored(name), artefacts=made, sha256=bytes(32))


def refused_by_its_model(name: bytes) -> FileOutcome:
    return failed(name, ErrorCode.CLIP_INFER)


def captioned(name: bytes) -> FileOutcome:
    return replace(stored(name), artefacts=(*stored(name).artefacts, CAPTION))


def wordless(name: bytes) -> FileOutcome:
    fault = Rejected(ErrorCode.BLIP_INFER, "no word")
    made = artefacts.caption_failed(fault, model=CAPTION.model)
    return replace(stored(name), artefacts=(*stored(name).artefacts, made))


def listed(name: bytes) -> FileOutcome:
    return replace(stored(name), catalogued=point(name))


def captioned_and_listed(name: bytes) -> FileOutcome:
    return replace(captioned(name), catalogued=point(name))


def unchanged(name: bytes) -> FileOutcome:
    return replace(stored(name, Outcome.UNCHANGED), artefacts=())


OTHER = replace(MODEL, table="other", fingerprint="another")
CAPTION = artefacts.stored(Kind.CAPTION, "captioner")
MADE: dict[str, Callable[[bytes], FileOutcome]] = {
    one.__name__: one
    for one in (
        stored,
        failed,
        skipped,
        of_another_model,
        refused_by_its_model,
        captioned,
        wordless,
        listed,
        captioned_and_listed,
        unchanged,
    )
}


@dataclass(frozen=True)
class Register:
    job_id: str
    files: list[tuple[bytes, Outcome]]
    folders: list[FolderCounts]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        files = [file_start(name, outcome) for name, outcome in self.files]
        return await ledger.files.register(self.job_id, collection_id, files, self.folders)


@dataclass(frozen=True)
class Complete:
    job_id: str
    files: list[tuple[bytes, str]]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        outcomes = [MADE[what](name) for name, what in self.files]
        progress = SavedProgress(bytes_read=len(outcomes))
        await ledger.files.complete(
            self.job_id,
            collection_id,
            outcomes,
            synced=None,
            reader_version="readers-1",
            progress=progress,
        )
        return None


@dataclass(frozen=True)
class Intend:
    job_id: str
    generation_id: int
    names: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        await ledger.artefacts.begin_write(self.job_id, self.generation_id, intents(*self.names))
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
    generation_id: int
    names: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        async def ids() -> AsyncIterator[Sequence[UUID]]:
            for name in self.names:
                yield [pid(name)]

        return await ledger.artefacts.reconcile(self.generation_id, ids())


@dataclass(frozen=True)
class Correct:
    generation_id: int
    lost: list[bytes]
    unknown: list[bytes]

    async def on(self, ledger: Ledger, collection_id: int) -> object:
        lost, unknown = ([pid(name) for name in names] for names in (self.lost, self.unknown))
        await ledger.artefacts.correct(self.generation_id, lost=lost, unknown=unknown)
        return None


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
        for one in GENERATIONS:
            await ledger.artefacts.begin_delete(one, [file.point_id for file in files])
            if self.cut_off:
                return files
        return await ledger.files.delete_files(
            self.job_id, collection_id, files, synced=[SyncedVersion(one, 1) for one in GENERATIONS]
        )


Step = (
    Register | Complete | Intend | NoteDecoding | FailPending | Move | Reconcile | Correct | Remove
)
steps = st.lists(
    st.one_of(
        st.builds(
            Register,
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
            Complete,
            job_ids,
            st.lists(
                st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(MADE))),
                max_size=4,
            ),
        ),
        st.builds(Intend, job_ids, generations, names),
        st.builds(
            NoteDecoding,
            st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=4),
            names,
        ),
        st.builds(FailPending, job_ids),
        st.builds(
            Move, job_ids, st.sampled_from([JobState.RUNNING, JobState.PAUSED, JobState.COMPLETED])
        ),
        st.builds(Reconcile, generations, names),
        st.builds(Correct, generations, names, names),
        st.builds(Remove, job_ids, names, st.booleans()),
    ),
    max_size=12,
)
