"""One export from its start, or from where it was, to the folder that is there as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import report_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.filters.specs import filters_of
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    ExportedCollection,
    ExportedFile,
    ExportedModel,
    ExportedRoot,
    Manifest,
    file_name,
)
from ingestion_orchestration_fastapi_app.errors import ExportNotFound
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError, Ports
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.generations import generation_of
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.ports.exports import Layout
from ingestion_orchestration_fastapi_app.ports.vector_store import VersionGoneError
from ingestion_orchestration_fastapi_app.transfer.exported_images import Joining
from utils.contract import ErrorCode, JobEffect, JobState
from utils.contract.transfer import ExportOptions
from utils.contract.warnings import WarningCode
from utils.problems import Problem

EXPORT = "export"
FILE_BYTES = 128 * 1024 * 1024  # of a file, and a little more
BYTES_PER_IMAGE = 1024  # beside vector and thumbnail
THUMBNAIL_BYTES = 16 * 1024


@dataclass(slots=True)
class Position:
    """`rows` of the table's `version` lie in whole `files`. `asked` says which rows are meant."""

    name: str = ""
    asked: str = ""
    version: int = 0
    rows: int = 0
    unknown: int = 0
    files: list[ExportedFile] = field(default_factory=list)


_POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Export:
    """The kind `export`. It reads one version of a table, and runs beside all else.

    `shown`: an export holds nothing that may not be shown. `made_by`: this program and version.
    """

    ports: Ports
    collections: Collections
    conditions: LedgerConditions
    shown: Shown
    keep_bytes: int
    made_by: str

    @property
    def kind(self) -> Kind[ExportOptions]:
        tidy = self.ports.exports.discard
        described = KindDescription(
            "Writes a collection, or a part of it, as Parquet files.",
            JobEffect.FILES,
        )
        return Kind(EXPORT, ExportOptions, self.run, lambda _: None, tidy=tidy, described=described)

    async def run(self, scope: JobScope, options: ExportOptions) -> Ending | None:
        """None: it was stopped, and goes on behind the last whole file."""
        with scope.stop.interruptible():
            try:
                collection = await self.collections.by_id(scope.record.collection_id)
                run = await self._run(scope, options, collection)
                return await run.whole()
            except Problem as exc:
                if exc.status < 500:  # the caller's: waiting mends nothing
                    raise JobFailedError(exc.code, exc.detail) from exc
                raise
        return None

    async def _run(
        self, scope: JobScope, options: ExportOptions, collection: CollectionRecord
    ) -> _Run:
        if options.generation_id is not None:
            generation = generation_of(collection, options.generation_id)
        elif collection.active is not None:
            generation = collection.active
        else:
            raise JobFailedError(
                ErrorCode.VALIDATION, "The collection is empty: import its images first."
            )
        asked = NO_FILTERS if options.filters is None else filters_of(options.filters)
        if options.ids is not None:
            asked = Filters(all_of=(asked,), ids=frozenset(options.ids))
        shown = self.shown(collection)
        if shown is not None:
            asked = Filters(all_of=(asked,), within=shown)
            scope.progress.warn(WarningCode.EXPORT_WITHOUT_HIDDEN)
        filters = await self.conditions.resolved(collection.id, asked)
        return _Run(self, scope, options, collection, generation, filters)


class _Run:
    def __init__(
        self,
        kind: Export,
        scope: JobScope,
        options: ExportOptions,
        collection: CollectionRecord,
        generation: Generation,
        filters: Filters,
    ) -> None:
        self._kind, self._scope, self._options = kind, scope, options
        self._collection, self._generation, self._filters = collection, generation, filters
        self._exports, self._store = kind.ports.exports, kind.ports.store
        self._joining = Joining(
            kind.ports, kind.collections.words, collection, thumbnails=options.thumbnails
        )
        dim = generation.dim if options.vectors else None
        self._layout = Layout(dim, thumbnails=options.thumbnails)
        kept = scope.record.checkpoint.position
        self._position = Position() if kept is None else _POSITION.validate_python(kept)
        self._asked = hashlib.sha256(repr((generation.table, filters)).encode()).hexdigest()

    async def whole(self) -> Ending:
        position, scope = self._position, self._scope
        position.name = position.name or self._options.name or self._own_name()
        if await self._is_there(position.name):
            return Ending(JobState.COMPLETED, position.name)
        total = await self._store.count(self._generation.table, self._filters)
        scope.progress.total = max(total, position.rows)
        scope.progress.scan_complete = True
        missing = len(set(self._options.ids or ())) - total
        if missing > 0:
            scope.progress.warn(WarningCode.EXPORT_LACKS_NAMED, count=missing)
        await self._check_space(total - position.rows)
        words = self._kind.collections.words
        await scope.until_stored(partial(words.prepare, self._collection, is_known=True))
        if not words.state(self._collection).whole:
            scope.progress.warn(WarningCode.EXPORT_LACKS_WORDS)
        while True:
            is_as_left = position.asked == self._asked
            if not (is_as_left and await self._exports.begin(scope.job_id, kept=position.files)):
                await self._begin_anew()
            try:
                await self._write()
                break
            except VersionGoneError:  # it was paused for longer than versions are kept
                scope.progress.note("export_begun_anew", "what it had read of is gone")
                position.asked = ""
        manifest = self._manifest()
        await self._exports.finish(scope.job_id, manifest)
        return Ending(JobState.COMPLETED, position.name)

    async def _is_there(self, name: str) -> bool:
        """Whether this very job has finished it. Raises JobFailedError where another one has."""
        try:
            folder = await self._exports.folder(name)
            if (await self._exports.manifest(folder)).job_id == self._scope.job_id:
                return True
        except ExportNotFound:
            return False
        except Problem:  # what stands there is no export: it is not ours to remove
            pass
        raise JobFailedError(ErrorCode.EXPORT_EXISTS, f"There is an export named {name!r} already.")

    def _own_name(self) -> str:
        record = self._scope.record
        return f"{self._collection.name}-{record.created_at:%Y%m%dT%H%M%SZ}-{record.id[:8]}"

    async def _check_space(self, rows: int) -> None:
        """Raises JobFailedError."""
        row_bytes = BYTES_PER_IMAGE + 4 * (self._layout.dim or 0)
        row_bytes += THUMBNAIL_BYTES if self._layout.thumbnails else 0
        needed_bytes, keep_bytes = rows * row_bytes, self._kind.keep_bytes
        free_bytes = await self._exports.free_bytes()
        if needed_bytes > free_bytes - keep_bytes:
            raise JobFailedError(
                ErrorCode.DISK_FULL,
                f"{rows:,} images need up to {needed_bytes / 1e6:.0f} MB; EXPORT_DIR's disk has "
                f"{free_bytes / 1e6:.0f} MB free, of which {keep_bytes / 1e6:.0f} MB stay free.",
            )

    async def _begin_anew(self) -> None:
        position = self._position
        position.rows, position.unknown, position.files = 0, 0, []
        position.asked = self._asked
        position.version = await self._store.version(self._generation.table)
        await self._exports.begin(self._scope.job_id, kept=[])
        await self._save()

    async def _write(self) -> None:
        """Raises VersionGoneError."""
        position = self._position
        points = self._store.points(
            self._generation.table,
            version=position.version,
            skip=position.rows,
            filters=self._filters,
            vectors=self._options.vectors,
        )
        async with aclosing(points) as groups:
            group = await anext(groups, None)
            while group is not None:
                group = await self._file(groups, group)

    async def _file(
        self, groups: AsyncIterator[list[Point]], group: list[Point]
    ) -> list[Point] | None:
        """Writes one, beginning with this group. Returns the first group of the next one."""
        position, progress = self._position, self._scope.progress
        name, rows, unknown, size_bytes = file_name(len(position.files)), 0, 0, 0
        next_group: list[Point] | None = group
        async with self._exports.file(self._scope.job_id, name, self._layout) as writer:
            while next_group is not None and size_bytes < FILE_BYTES:
                with progress.busy("join"):
                    images = await self._joining.images(next_group)
                with progress.busy("write"):
                    size_bytes = await writer.add(images)
                rows += len(images)
                unknown += sum(image.seen is None for image in images)
                progress.done = position.rows + rows
                progress.settled(len(images), opened=True)
                with progress.busy("read"):
                    next_group = await anext(groups, None)
            with progress.busy("write"):
                written = await writer.close()
        position.files.append(written)
        position.rows, position.unknown = position.rows + rows, position.unknown + unknown
        await self._save()
        return next_group

    async def _save(self) -> None:
        position = self._position
        self._scope.progress.done = position.rows
        report = report_of(None)
        report.numbers = {
            "images": position.rows,
            "files": len(position.files),
            "bytes": sum(one.size_bytes for one in position.files),
            "images without a known file": position.unknown,
        }
        kept = _POSITION.dump_python(position, mode="json")
        await self._scope.save(Checkpoint(kept, dict(report.json())))

    def _manifest(self) -> Manifest:
        collection, generation, options = self._collection, self._generation, self._options
        preparation = self._kind.ports.preparation
        asked = options.model_dump(mode="json", include={"ids"}, exclude_none=True)
        if options.filters is not None:
            asked |= options.filters.model_dump(mode="json", exclude_defaults=True)
        is_whole = options.filters is None and options.ids is None
        return Manifest(
            name=self._position.name,
            job_id=self._scope.job_id,
            created_at=self._scope.record.created_at,
            made_by=self._kind.made_by,
            collection=ExportedCollection(
                name=collection.name,
                identity=collection.identity,
                roots=tuple(map(ExportedRoot.of, collection.roots)),
            ),
            model=ExportedModel(
                name=generation.model,
                weights=generation.weights,
                fingerprint=generation.fingerprint,
                dim=generation.dim,
            ),
            upload_version=preparation.upload_version,
            picture_version=preparation.picture_version,
            vectors=options.vectors,
            thumbnails=options.thumbnails,
            filters=None if is_whole else asked,
            store_version=self._position.version,
            rows=self._position.rows,
            files=tuple(self._position.files),
        )
