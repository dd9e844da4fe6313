"""The connection to LanceDB: tables by their names, on a folder or an object store."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import lancedb
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.errors import DamagedError, is_missing_table
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.building import (
    BuildLimits,
    IndexBuilder,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.repair import recovery
from ingestion_orchestration_fastapi_app.adapters.lance.sync import FolderSync, sync_path
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened


class Database:
    """Takes no lock: its caller keeps to one writer a table. Lance's errors come out as they are.

    `entries` are this process's tables by name, of whatever kind. `cache_bytes`: of the decoded
    indexes, and of manifests and file footers.
    """

    def __init__(
        self,
        uri: str,
        *,
        storage_options: Mapping[str, str],
        cache_bytes: tuple[int, int],
        keep_versions_s: float,
        threads: anyio.CapacityLimiter,
        build_limits: BuildLimits,
    ) -> None:
        self.local = "://" not in uri
        self._uri = os.path.abspath(uri) if self.local else uri
        self._storage_options = dict(storage_options)
        self._cache_bytes = cache_bytes
        self.keep_versions_s = keep_versions_s
        self.threads = threads
        self.builder = IndexBuilder(
            self._uri, storage_options=storage_options, limits=build_limits, threads=threads
        )
        self.entries: defaultdict[str, Entry] = defaultdict(Entry)
        self._connection: Any = None

    def close(self) -> None:
        """The next call connects anew, with empty caches."""
        self._connection = None

    async def tables(self) -> list[str]:
        connection = await self._connected()
        found: list[str] = []
        page = await connection.list_tables()
        while True:
            found += page.tables
            if not page.page_token:
                return found
            page = await connection.list_tables(page_token=page.page_token)

    async def exists(self, table: str) -> bool:
        """Also of a table that is torn."""
        if self.local:
            return bool(await self._manifests(table))
        return await self.open(table) is not None

    async def schema(self, table: str) -> Any | None:
        """Of any table, also of one that this version cannot use; None where there is none."""
        handle = await self.open(table)
        return None if handle is None else await handle.schema()

    async def open(self, table: str) -> Any | None:
        """A handle; None where there is no table."""
        return await self._handle(await self._connected(), table)

    async def create(self, table: str, schema: Any) -> OpenTable:
        connection = await self._connected()
        handle = await connection.create_table(table, schema=schema)
        await self._sync_root()
        return self.opened(table, handle)

    async def drop(self, table: str) -> None:
        """Idempotent."""
        connection = await self._connected()
        await connection.drop_table(table, ignore_missing=True)
        await self._sync_root()

    async def recover(self, table: str, *, synced_version: int | None) -> Opened:
        """Only for a local one: elsewhere an acknowledged commit is durable."""
        await self.builder.no_orphan()
        opened = await recovery.recover(
            self._uri, table, synced_version=synced_version, threads=self.threads
        )
        if opened.restored:
            self.close()  # its caches know the torn version
        return opened

    async def set_no_folders_aside(self, table: str) -> bool:
        """What stands where folders of a local table should be."""
        move = partial(recovery.set_no_folders_aside, self._uri, table)
        return await to_thread.run_sync(move, limiter=self.threads)

    async def set_old_versions_aside(self, table: str) -> list[str]:
        """Those of a local table that cannot be read."""
        return await recovery.set_old_versions_aside(self._uri, table, threads=self.threads)

    async def fresh(self, table: str) -> Any | None:
        """A handle that no cache vouches for; None where there is no table."""
        session = lancedb.Session(*recovery.CHECK_CACHE_BYTES)
        connection = await lancedb.connect_async(
            self._uri, storage_options=self._storage_options or None, session=session
        )
        return await self._handle(connection, table)

    async def set_aside(self, table: str) -> None:
        """Moves a local table away, which then is missing."""
        await to_thread.run_sync(recovery.set_table_aside, self._uri, table, limiter=self.threads)
        self.close()

    async def _handle(self, connection: Any, table: str) -> Any | None:
        try:
            handle = await connection.open_table(table)
        except ValueError as exc:
            if is_missing_table(exc):
                return None
            raise
        await self._check_newest(table, handle)
        return handle

    async def _check_newest(self, table: str, handle: Any) -> None:
        """Lance takes a zeroed manifest for that of an empty table."""
        if self.local:
            found = await self._manifests(table)
            if await handle.version() != next(iter(found), None):
                raise DamagedError("the newest version's manifest is not what was written")

    async def _manifests(self, table: str) -> dict[int, str]:
        folder = self.folder(table)
        return await to_thread.run_sync(recovery.manifests, folder, limiter=self.threads)

    def opened(self, table: str, handle: Any) -> OpenTable:
        files = FolderSync(self.folder(table)) if self.local else None
        prune_at_s = time.monotonic() + self.keep_versions_s
        return OpenTable(handle, files=files, prune_at_s=prune_at_s)

    async def _connected(self) -> Any:
        if self._connection is None:
            if self.local:
                os.makedirs(self._uri, exist_ok=True)
                await self.builder.no_orphan()
            self._connection = await lancedb.connect_async(
                self._uri,
                storage_options=self._storage_options or None,
                session=lancedb.Session(*self._cache_bytes),
            )
        return self._connection

    async def _sync_root(self) -> None:
        if self.local:
            await to_thread.run_sync(sync_path, self._uri, limiter=self.threads)

    async def disk_bytes(self, table: str) -> int:
        """Of a local one, whatever its state."""
        return await to_thread.run_sync(_bytes_below, self.folder(table), limiter=self.threads)

    def folder(self, table: str) -> str:
        return os.path.join(self._uri, f"{table}.lance")


def _bytes_below(folder: str) -> int:
    """Blocking. What is pruned meanwhile does not count."""
    found = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                found += os.lstat(os.path.join(path, name)).st_size
    return found
