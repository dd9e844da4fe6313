"""The ledger port on SQLite: one writer thread, a few readers, every write synced on return."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread

from ingestion_orchestration_fastapi_app.adapters.sqlite import connections
from ingestion_orchestration_fastapi_app.adapters.sqlite.sqlite_jobs import Clock, SqliteJobs
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables import (
    collections_table,
    decode_starts,
    files_table,
    reconcile,
    removal,
    roots_table,
    sessions_table,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.domain.access.sessions import SessionRecord
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileRecord, Outcome, Root
from ingestion_orchestration_fastapi_app.domain.files.quarantine import DecodeStart
from ingestion_orchestration_fastapi_app.domain.files.records import (
    FileOutcome,
    FileStart,
    UnmetFile,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import SavedProgress
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from utils.contract import ErrorCode
from utils.problems import Problem


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_ledger(
    path: str | os.PathLike[str], *, readers: int = 2, clock: Clock = utc_now
) -> AsyncIterator[SqliteLedger]:
    """Opens or creates the ledger; leaving writes what was handed over and closes it.

    Raises:
        StoreWrite: written by a newer version, damaged, or not accessible.
        DiskFull: no space for the schema.
    """
    limiter = CapacityLimiter(readers)
    opened = await to_thread.run_sync(
        connections.connect, os.fspath(path), readers, limiter=limiter
    )
    try:
        writer = Writer(opened[0])
        ledger = SqliteLedger(writer, opened[1:], limiter, clock)
        async with create_task_group() as tasks:
            tasks.start_soon(writer.run)
            try:
                yield ledger
            finally:
                writer.close()
    finally:
        with CancelScope(shield=True):  # bounded: readers end within their busy timeout
            await to_thread.run_sync(connections.close, opened, limiter=CapacityLimiter(1))


class SqliteLedger(SqliteJobs):
    """Implements `Ledger`. Made by `open_ledger`."""

    async def create_collection(self, name: str, roots: Sequence[Root] = ()) -> CollectionRecord:
        return await self._write(lambda db: collections_table.create(db, name, roots))

    async def collection(self, name: str) -> CollectionRecord | None:
        return await self._read(lambda db: collections_table.by_name(db, name))

    async def collections(self) -> list[CollectionRecord]:
        return await self._read(collections_table.list_all)

    async def delete_collection(self, collection_id: int) -> None:
        await self._write(lambda db: collections_table.delete(db, collection_id))

    async def dropped_tables(self) -> list[str]:
        return await self._read(collections_table.dropped)

    async def end_drop(self, name: str) -> None:
        await self._write(lambda db: collections_table.end_drop(db, name))

    async def bind_collection(
        self, collection_id: int, *, model: str, weights: str, dim: int, fingerprint: str
    ) -> None:
        await self._write(
            lambda db: collections_table.bind(
                db, collection_id, model=model, weights=weights, dim=dim, fingerprint=fingerprint
            )
        )

    async def add_root(self, collection_id: int, root: Root) -> None:
        await self._write(lambda db: roots_table.add(db, collection_id, root))

    async def adopt_roots(self, collection_id: int, roots: Sequence[Root]) -> None:
        await self._write(lambda db: roots_table.adopt(db, collection_id, roots))

    async def begin_root_changes(
        self, collection_id: int, changes: Mapping[UUID, bytes | None]
    ) -> None:
        await self._write(lambda db: roots_table.begin(db, collection_id, changes))

    async def forget_points(
        self, collection_id: int, point_ids: Sequence[UUID], *, synced_version: int
    ) -> None:
        await self._write(
            lambda db: roots_table.forget_points(
                db, collection_id, point_ids, synced_version=synced_version
            )
        )

    async def end_root_change(self, collection_id: int, root_id: UUID) -> bool:
        return await self._write(lambda db: roots_table.end(db, collection_id, root_id))

    async def allowed_roots(self) -> list[bytes]:
        return await self._read(roots_table.allowed)

    async def add_allowed_root(self, path: bytes) -> None:
        await self._write(lambda db: roots_table.add_allowed(db, path))

    async def remove_allowed_root(self, path: bytes) -> None:
        await self._write(lambda db: roots_table.remove_allowed(db, path))

    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        await self._write(lambda db: collections_table.put_watch(db, collection_id, watch))

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        await self._write(lambda db: collections_table.end_watch(db, collection_id, directory))

    async def recall(
        self, collection_id: int, keys: Sequence[FileKey]
    ) -> dict[FileKey, FileRecord]:
        return await self._read(lambda db: files_table.recall(db, collection_id, keys))

    async def enrol(self, job_id: str, collection_id: int, files: Sequence[FileStart]) -> None:
        """Raises JobNotFound; JobStateProblem for a job that has ended, as do the two below."""
        now = self._clock()
        await self._write(lambda db: files_table.enrol(db, job_id, collection_id, files, now))

    async def decode_starts(self, collection_id: int) -> dict[UUID, DecodeStart]:
        return await self._read(lambda db: decode_starts.of_collection(db, collection_id))

    async def note_decoding(
        self, collection_id: int, begun: Sequence[DecodeStart], ended: Sequence[UUID]
    ) -> None:
        await self._write(lambda db: decode_starts.note(db, collection_id, begun, ended))

    async def intend(
        self, job_id: str, collection_id: int, outcomes: Mapping[UUID, Outcome]
    ) -> None:
        await self._write(lambda db: files_table.intend(db, job_id, collection_id, outcomes))

    async def intended(self, job_id: str) -> dict[UUID, Outcome]:
        return await self._read(lambda db: files_table.intended(db, job_id))

    async def may_exist(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        return await self._read(lambda db: files_table.may_exist(db, collection_id, point_ids))

    async def settle(
        self,
        job_id: str,
        collection_id: int,
        settlements: Sequence[FileOutcome],
        *,
        synced_version: int | None,
        progress: SavedProgress,
    ) -> None:
        now = self._clock()
        await self._write(
            lambda db: files_table.settle(
                db,
                job_id,
                collection_id,
                settlements,
                synced_version=synced_version,
                progress=progress,
                now=now,
            )
        )

    async def set_synced_version(self, collection_id: int, version: int) -> None:
        await self._write(
            lambda db: collections_table.set_synced_version(db, collection_id, version)
        )

    async def fail_pending(self, job_id: str, code: ErrorCode, detail: str) -> int:
        now = self._clock()
        return await self._write(lambda db: files_table.fail_pending(db, job_id, code, detail, now))

    async def unmet(
        self,
        job_id: str | None,
        collection_id: int,
        directory: bytes,
        *,
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnmetFile]:
        return await self._read(
            lambda db: removal.unmet(
                db, job_id, collection_id, directory, recursive=recursive, after=after, limit=limit
            )
        )

    async def met_contents(self, job_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        return await self._read(
            lambda db: removal.met_contents(db, job_id, after=after, limit=limit)
        )

    async def totals(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        return await self._read(
            lambda db: removal.totals(db, collection_id, directory, recursive=recursive)
        )

    async def known_at(self, collection_id: int, paths: Sequence[bytes]) -> list[bytes]:
        return await self._read(lambda db: removal.known_at(db, collection_id, paths))

    async def is_unchanged_below(self, job_id: str, collection_id: int, folder: bytes) -> bool:
        return await self._read(
            lambda db: removal.is_unchanged_below(db, job_id, collection_id, folder)
        )

    async def doom(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await self._write(lambda db: removal.doom(db, collection_id, point_ids))

    async def forget(
        self,
        job_id: str,
        collection_id: int,
        files: Sequence[UnmetFile],
        *,
        synced_version: int,
    ) -> int:
        now = self._clock()
        return await self._write(
            lambda db: removal.forget(
                db, job_id, collection_id, files, synced_version=synced_version, now=now
            )
        )

    async def devices(self, collection_id: int) -> dict[bytes, int]:
        return await self._read(lambda db: removal.devices(db, collection_id))

    async def note_devices(
        self, collection_id: int, found: Mapping[bytes, int], *, replace: bool
    ) -> None:
        await self._write(
            lambda db: removal.note_devices(db, collection_id, found, replace=replace)
        )

    async def reconcile(
        self, collection_id: int, stored_ids: AsyncIterator[Sequence[UUID]]
    ) -> tuple[int, int]:
        """For a collection that no job writes to meanwhile: what it stored would look lost."""
        run = next(self._runs)
        try:
            async for ids in stored_ids:
                await self._write(lambda db, ids=ids: reconcile.note(db, run, ids))  # type: ignore[misc]  # a lambda's default has no type
            return await self._write(lambda db: reconcile.square(db, run, collection_id))
        finally:
            # One short write; rows that it leaves bear a number that is not used again.
            with CancelScope(shield=True), suppress(Problem):
                await self._write(lambda db: reconcile.forget(db, run))

    async def add_session(self, session: SessionRecord) -> None:
        await self._write(lambda db: sessions_table.add(db, session))

    async def session(self, token_hash: bytes) -> SessionRecord | None:
        return await self._read(lambda db: sessions_table.by_hash(db, token_hash))

    async def end_session(self, token_hash: bytes) -> None:
        await self._write(lambda db: sessions_table.end(db, token_hash))
