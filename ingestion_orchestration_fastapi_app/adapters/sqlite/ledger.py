"""Opens the ledger on SQLite: one writer thread, a few readers, every write synced on return."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread

from ingestion_orchestration_fastapi_app.adapters.sqlite import connections
from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Clock, Database
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.access import (
    AllowedRootsTable,
    SessionsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.artefacts import ArtefactsTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.captions import CaptionsTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.browsing import (
    BrowsingTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.catalogue import (
    CatalogueTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.duplicates.decisions import (
    DecisionsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.duplicates.dismissals import (
    DismissalsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.duplicates.groups import (
    DuplicateGroupsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.files import FilesTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.folders import FoldersTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.jobs import JobsTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.albums import AlbumsTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.annotations import (
    AnnotationsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.calibrations import (
    CalibrationsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.collections import (
    CollectionsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.folder_marks import (
    FolderMarksTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.forgotten import (
    ForgottenTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.generations import (
    GenerationsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.roots import RootsTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.library.sidecars import (
    SidecarsTable,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.trash.trash import TrashTable
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_ledger(
    path: str | os.PathLike[str], *, readers: int = 2, browsers: int = 2, clock: Clock = utc_now
) -> AsyncIterator[Ledger]:
    """Opens or creates the ledger; leaving writes what was handed over and closes it.

    `browsers` read the catalogue: facets of a million pictures take seconds, for which jobs and
    searches are not to wait.

    Raises:
        StoreWrite: written by a newer version, damaged, or not accessible.
        DiskFull: no space for the schema.
    """
    limiter = CapacityLimiter(readers)
    opened = await to_thread.run_sync(
        connections.connect, os.fspath(path), readers + browsers, limiter=limiter
    )
    try:
        writer = Writer(opened[0])
        async with create_task_group() as tasks:
            tasks.start_soon(writer.run)
            try:
                first = 1 + readers
                database = Database(writer, opened[1:first], limiter, clock)
                browsing = Database(writer, opened[first:], CapacityLimiter(browsers), clock)
                yield ledger_of(database, browsing=browsing)
            finally:
                writer.close()
    finally:
        with CancelScope(shield=True):  # bounded: readers end within their busy timeout
            await to_thread.run_sync(connections.close, opened, limiter=CapacityLimiter(1))


def ledger_of(database: Database, *, browsing: Database | None = None) -> Ledger:
    """`browsing`: the same one, with readers of its own."""
    return Ledger(
        collections=CollectionsTable(database),
        generations=GenerationsTable(database),
        roots=RootsTable(database),
        folders=FoldersTable(database),
        files=FilesTable(database),
        artefacts=ArtefactsTable(database),
        captions=CaptionsTable(database),
        catalogue=CatalogueTable(database),
        browsing=BrowsingTable(browsing or database),
        calibrations=CalibrationsTable(database),
        forgotten=ForgottenTable(database),
        annotations=AnnotationsTable(database),
        folder_marks=FolderMarksTable(database),
        trash=TrashTable(database),
        albums=AlbumsTable(database),
        sidecars=SidecarsTable(database),
        duplicate_groups=DuplicateGroupsTable(browsing or database),
        duplicate_decisions=DecisionsTable(database),
        dismissals=DismissalsTable(database),
        jobs=JobsTable(database),
        sessions=SessionsTable(database),
        allowed_roots=AllowedRootsTable(database),
    )
