"""Takes out of a table what cannot be read, and keeps the rest."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import structlog
from anyio import to_thread

from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    NoTableError,
    is_damage,
    is_moment,
)
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, Health
from ingestion_orchestration_fastapi_app.adapters.lance.repair import damage, deletion_files
from ingestion_orchestration_fastapi_app.adapters.lance.repair.damage import Addresses, Findings
from ingestion_orchestration_fastapi_app.adapters.lance.schema import schema, unlike
from ingestion_orchestration_fastapi_app.domain.library.collection import Mended

log = structlog.get_logger(__name__)

_ROWS_A_WRITE = 8192


@dataclass
class Mending:
    """One table, whose writer's lock is held. Raises what Lance raises, and DamagedError.

    Where nothing is suspected it reads only what this process has not read yet, and not too much
    at once. What is the moment's fault (no descriptor, no network) condemns nothing: it is raised.
    """

    database: Database
    table: str
    entry: Entry
    threads: anyio.CapacityLimiter
    emptied: set[int] = field(default_factory=set)  # fragments whose deletions are lost

    async def run(self, *, dim: int) -> Mended | None:
        health = self.entry.health
        if self.database.local and await self.database.set_no_folders_aside(self.table):
            health.suspect = True
            self._close()
        if health.marks is not None and not health.marks.kept_by(await self._marks()):
            health.suspect = True
        if health.suspect:
            await self.entry.stop_build()
        old = await self._opened(dim)
        if old is None:
            return await self._made_anew(dim=dim)
        there, old = await self._fragments(old)
        findings = await self._findings(old, there)
        if not findings.any:
            await self._settle(there, findings)
            return None
        with anyio.CancelScope(shield=True):
            mended = await self._taken_out(old, findings)
            new = await self._opened(dim)
            health.newest = None
            await self._settle(await damage.fragments(new), findings)
        return mended

    async def is_damaged(self) -> bool:
        """Reads everything, and changes nothing. Not where the moment is at fault."""
        try:
            old = await self.database.fresh(self.table)
            there = {} if old is None else await damage.fragments(old)
            findings = await damage.look(old, there, there, rows=None, indexes=True)
        except BaseException as exc:
            if not is_damage(exc):
                raise
            return not is_moment(exc)
        return findings.any

    async def _findings(self, old: Any, there: dict[int, Addresses]) -> Findings:
        health = self.entry.health
        unread = set(there) - health.believed(there) - self.emptied
        is_small = sum(map(len, there.values())) <= damage.ROWS_A_LOOK
        findings = await damage.look(
            old,
            there,
            unread,
            rows=None if health.suspect else damage.ROWS_A_LOOK,
            indexes=health.suspect or (health.newest is None and is_small),
        )
        findings.kept |= {number: there[number][:0] for number in self.emptied}
        if health.suspect and not findings.any:
            torn = self.database.local and await self._old_versions_aside()
            if not torn and await old.list_indices():
                findings.indexes = True  # what could not be read was not in the rows
        return findings

    async def _old_versions_aside(self) -> bool:
        torn = await self.database.set_old_versions_aside(self.table)
        if torn:
            log.warning("torn_versions_set_aside", table=self.table, manifests=torn)
            self._close()
        return bool(torn)

    async def _settle(self, there: dict[int, Addresses], findings: Findings) -> None:
        health = self.entry.health
        if health.newest is None:
            health.newest = max(there, default=-1)
        health.whole = (health.whole | findings.whole) & set(there)
        health.suspect = False
        health.failures = 0
        health.marks = await self._marks()

    async def _opened(self, dim: int) -> Any | None:
        """None where there is no table, or none that can be used: that one was moved away."""
        handle = await self._fresh()
        if handle is None:
            return None
        fault = unlike(await handle.schema(), dim=dim)
        if fault is None:
            return handle
        if not self.database.local:
            raise DamagedError(fault)
        await self.entry.stop_build()
        log.warning("table_set_aside", table=self.table, detail=fault)
        await self.database.set_aside(self.table)
        return None

    async def _fresh(self) -> Any | None:
        try:
            return await self.database.fresh(self.table)
        except BaseException as exc:
            if not self.database.local or is_moment(exc) or not is_damage(exc):
                raise
        await self.entry.stop_build()
        try:
            await self.database.recover(self.table, synced_version=None)
        except DamagedError:
            await self.database.set_aside(self.table)
            return None
        except NoTableError:  # torn while it was created, and set aside
            return None
        return await self.database.fresh(self.table)

    async def _made_anew(self, *, dim: int) -> Mended:
        await self.entry.stop_build()
        self._close()
        open_table = await self.database.create(self.table, schema(dim))
        version = await open_table.sync(self.threads)
        self.entry.health = Health(newest=-1, marks=await self._marks())
        return Mended(version, lost_rows=0)

    async def _fragments(self, old: Any) -> tuple[dict[int, Addresses], Any]:
        """With a handle that can read its deletions."""
        tried: set[str] = set()
        while True:
            try:
                return await damage.fragments(old), old
            except BaseException as exc:
                if not self.database.local or is_moment(exc) or not is_damage(exc):
                    raise
                await self.entry.stop_build()
                folder = self.database.folder(self.table)
                names = partial(deletion_files.unreadable, folder, exc, tried)
                found = await to_thread.run_sync(names, limiter=self.threads)
                if not found:
                    raise
                tried |= found
                replace = partial(deletion_files.replace, folder, found)
                self.emptied |= await to_thread.run_sync(replace, limiter=self.threads)
            old = await self.database.fresh(self.table)

    async def _taken_out(self, old: Any, findings: Findings) -> Mended:
        """Rows are gone for a moment, never doubled: who is cut off in between finds another
        version than the one it knows, and looks at the ids.
        """
        await self.entry.stop_build()
        new: Any = await self.database.fresh(self.table)
        before = await old.count_rows()
        if findings.kept:
            await new.delete(" OR ".join(map(damage.of_fragment, sorted(findings.kept))))
            for _, addresses in sorted(findings.kept.items()):
                for start in range(0, len(addresses), _ROWS_A_WRITE):
                    rows = await damage.take(old, addresses[start : start + _ROWS_A_WRITE])
                    await new.add(rows, write_parallelism=1)
        if findings.indexes:
            for index in await new.list_indices():
                await new.drop_index(index.name)  # the next upkeep builds them anew
        after = await new.count_rows()
        self._close()
        open_table = self.database.opened(self.table, new)
        version = await open_table.sync(self.threads)
        return Mended(version, lost_rows=before - after, rebuilds_indexes=findings.indexes)

    def _close(self) -> None:
        """The next call opens it with empty caches."""
        self.entry.table = None
        self.entry.readers.advance()
        self.database.close()

    async def note_marks(self, *, pruned: bool) -> None:
        """After a change: of its new files. Nothing where the table was never looked at."""
        health = self.entry.health
        if health.marks is not None:
            with suppress(OSError):  # the change itself is done
                health.marks = health.marks.with_new(await self._marks(), pruned=pruned)

    async def _marks(self) -> damage.Marks:
        if not self.database.local:
            return damage.Marks({})
        folder = self.database.folder(self.table)
        found = await to_thread.run_sync(damage.marks, folder, limiter=self.threads)
        build = self.entry.build
        return found if build is None else found.without_indexes_but(build.settled)
