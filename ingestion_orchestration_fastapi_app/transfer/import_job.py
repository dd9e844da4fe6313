"""One import of an export, from its start or from where it was to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter, to_thread
from pydantic import TypeAdapter

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Outcome
from ingestion_orchestration_fastapi_app.domain.jobs.imports import FILES_LANE
from ingestion_orchestration_fastapi_app.domain.jobs.records import Checkpoint
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example, report_of
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage, RefusedRow
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import ExportedFile
from ingestion_orchestration_fastapi_app.domain.transfer.rows import THUMBNAIL, Reading
from ingestion_orchestration_fastapi_app.domain.transfer.target_roots import roots_to_add
from ingestion_orchestration_fastapi_app.jobs.context import JobFailedError, Ports
from ingestion_orchestration_fastapi_app.jobs.ending import Ending
from ingestion_orchestration_fastapi_app.jobs.kinds import Kind, KindDescription
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.exports import FileDamagedError
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlan, ImportPlans
from ingestion_orchestration_fastapi_app.transfer.imported_images import (
    Fate,
    ImageWriter,
    Written,
)
from utils.contract import ErrorCode, JobEffect, JobState
from utils.contract.transfer import ImportOptions
from utils.contract.warnings import WarningCode
from utils.problems import Problem

IMPORT = "import"
GROUP_ROWS = 2048
GROUP_BYTES = 32 * 1024 * 1024  # of vectors and thumbnails
FILE_ABSENT = "file_absent"
_THREADS = 1
_ROW_BYTES = 4096  # without its thumbnail, about


@dataclass(slots=True)
class Position:
    """`row` is the first of the n-th file that is not taken in yet."""

    file: int = 0
    row: int = 0
    done: int = 0


_POSITION = TypeAdapter(Position)


@dataclass(frozen=True, slots=True)
class Import:
    """The kind `import`. It writes points and files, as an import of a folder does."""

    ports: Ports
    collections: Collections
    plans: ImportPlans
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_THREADS))

    @property
    def kind(self) -> Kind[ImportOptions]:
        described = KindDescription(
            "Takes in an export, without opening an image.",
            JobEffect.COLLECTION,
            lane=FILES_LANE,
        )
        return Kind(IMPORT, ImportOptions, self.run, lambda _: FILES_LANE, described=described)

    async def run(self, scope: JobScope, options: ImportOptions) -> Ending | None:
        """None: it was stopped, and goes on behind the last group that was written."""
        run: _Run | None = None
        with scope.stop.interruptible():
            try:
                run = await self._run(scope, options)
            except Problem as exc:
                if exc.status < 500:  # the caller's: waiting mends nothing
                    raise JobFailedError(exc.code, exc.detail) from exc
                raise
        return None if run is None else await run.whole()

    async def _run(self, scope: JobScope, options: ImportOptions) -> _Run:
        plan = await self.plans.plan(options)
        number = scope.record.collection_id
        plan.check_model(await self.collections.by_id(number))
        await scope.until_stored(partial(self.collections.bind_model, number, plan.made_with))
        await scope.until_stored(partial(self._add_roots, number, plan))
        collection = await self.collections.by_id(number)
        lost = await scope.until_stored(partial(self.collections.tables.mend, collection))
        words = self.collections.words
        await scope.until_stored(partial(words.prepare, collection, is_known=lost is None))
        if lost is not None:
            scope.progress.note("store_mended", f"{lost} rows could not be read")
        writer = ImageWriter(scope, self.collections, collection, collection.bound(), plan)
        return _Run(self, scope, plan, writer, await self._bare_roots(scope, plan))

    async def _add_roots(self, number: int, plan: ImportPlan) -> None:
        collection = await self.collections.by_id(number)
        wanted = [now for _, now in plan.roots.values()]
        for root in roots_to_add(wanted, collection.roots):
            await self.ports.ledger.roots.add(number, root)

    async def _bare_roots(self, scope: JobScope, plan: ImportPlan) -> frozenset[bytes]:
        """Folders in which there is nothing: no file of theirs is looked for."""
        places = {now.path for _, now in plan.roots.values()}
        bare = {path for path in places if await self.ports.library.is_bare(path)}
        if bare:
            scope.progress.warn(
                WarningCode.IMPORT_OF_EMPTY_FOLDERS, count=len(bare), folders=len(places)
            )
        return frozenset(bare)


class _Run:
    def __init__(
        self,
        kind: Import,
        scope: JobScope,
        plan: ImportPlan,
        writer: ImageWriter,
        bare: frozenset[bytes],
    ) -> None:
        self._kind, self._scope, self._plan, self._writer = kind, scope, plan, writer
        self._bare = bare
        self._reading = Reading(plan.manifest)
        kept = scope.record.checkpoint
        self._position = (
            Position() if kept.position is None else _POSITION.validate_python(kept.position)
        )
        self._report = report_of(kept.report)

    async def whole(self) -> Ending | None:
        scope, position, files = self._scope, self._position, self._plan.manifest.files
        scope.progress.done, scope.progress.total = position.done, self._plan.manifest.rows
        scope.progress.scan_complete = True
        while position.file < len(files) and not scope.stop.asked:
            await self._file(files[position.file])
        await self._kind.collections.words.settle(self._writer.collection)
        if scope.stop.asked:
            return None
        await self._save()
        return self._ending()

    async def _file(self, file: ExportedFile) -> None:
        position = self._position
        try:
            groups = self._kind.ports.exports.rows(self._plan.folder, file, skip=position.row)
            async with aclosing(groups):
                rows = await self._group(groups)
                while rows:
                    await self._take(rows)  # not cut off: it ends on its own
                    rows = await self._group(groups)
        except FileDamagedError as exc:
            left = file.rows - position.row
            self._find(ErrorCode.EXPORT_INVALID, Example(file.name, "", f"{exc}; {left:,} rows"))
            position.done += left
        if not self._scope.stop.asked:
            position.file, position.row = position.file + 1, 0
            await self._save()

    async def _group(
        self, groups: AsyncIterator[list[Mapping[str, object]]]
    ) -> list[Mapping[str, object]]:
        """Empty where the file is at its end, or the job is stopped."""
        found: list[Mapping[str, object]] = []
        size_bytes = 0
        with self._scope.progress.busy("read"):
            while len(found) < GROUP_ROWS and size_bytes < GROUP_BYTES:
                more: list[Mapping[str, object]] | None = None
                with self._scope.stop.interruptible():
                    more = await anext(groups, None)
                if self._scope.stop.asked:
                    return []
                if more is None:
                    break
                found += more
                size_bytes += sum(map(_held_bytes, more))
        return found

    async def _take(self, rows: Sequence[Mapping[str, object]]) -> None:
        progress, position = self._scope.progress, self._position
        check = partial(_checked, self._reading, rows)
        read = await to_thread.run_sync(check, limiter=self._kind.threads)
        images = [one for one in read if isinstance(one, ExportedImage)]
        with progress.busy("store"):
            written = await self._writer.write(images)
        progress.ended(Outcome.CACHED, images=written.fates[Fate.RESTORED])
        refused = [one for one in read if isinstance(one, RefusedRow)] + written.refused
        for one in refused:
            self._find(ErrorCode.EXPORT_ROW, Example(one.path, one.point_id, one.reason))
        for fate in Fate:
            self._count(fate, written.fates[fate])
        self._count("images", len(rows))
        with progress.busy("files"):
            await self._look_for_files(written)
        position.row, position.done = position.row + len(rows), position.done + len(rows)
        await self._save()
        progress.settled(len(rows), opened=True)
        with progress.busy("upkeep"):
            await self._maintain()

    async def _look_for_files(self, written: Written) -> None:
        """Images whose files are not there stay, and are told of."""
        library, collection = self._kind.ports.library, self._writer.collection
        for root in collection.roots:
            there: list[tuple[FileKey, ExportedImage]] = [
                (key, one) for key, one in written.there.items() if key.root_id == root.id
            ]
            paths = [one.point.path for _, one in there]
            if not paths:
                continue
            if root.path in self._bare:
                gone = [True] * len(paths)
            else:
                gone = await library.gone(paths, below=root.path)
            for (_, one), is_gone in zip(there, gone, strict=True):
                if is_gone:
                    example = Example(one.point.display_path, str(one.point.id))
                    self._find(FILE_ABSENT, example)

    async def _maintain(self) -> None:
        """What the table needs now and then, between its writes; indexes are built beside it."""
        generation, ports = self._writer.generation, self._kind.ports
        upkeep = partial(ports.store.upkeep, generation.table, indexing=False)
        version = await self._scope.until_stored(upkeep)
        if version is not None:
            put = ports.ledger.generations.set_synced_version
            await self._scope.until_stored(partial(put, generation.id, version, only_newer=True))
        words = self._kind.collections.words
        await self._scope.until_stored(partial(words.upkeep, self._writer.collection))

    def _find(self, finding: str, example: Example) -> None:
        self._report.add(finding, example)

    def _count(self, name: str, count: int) -> None:
        numbers = self._report.numbers
        numbers[name] = numbers.get(name, 0) + count

    async def _save(self) -> None:
        self._scope.progress.done = self._position.done
        kept = _POSITION.dump_python(self._position, mode="json")
        await self._scope.save(Checkpoint(kept, dict(self._report.json())))

    def _ending(self) -> Ending:
        found = self._report.findings
        damaged, refused = found.get(ErrorCode.EXPORT_INVALID), found.get(ErrorCode.EXPORT_ROW)
        if damaged is not None:
            reason = f"{damaged.count:,} files of the export could not be read"
            return Ending(JobState.COMPLETED, reason, ErrorCode.EXPORT_INVALID)
        if refused is not None:
            reason = f"{refused.count:,} rows of the export cannot be images"
            return Ending(JobState.COMPLETED, reason, ErrorCode.EXPORT_ROW)
        return Ending(JobState.COMPLETED)


def _checked(
    reading: Reading, rows: Sequence[Mapping[str, object]]
) -> list[ExportedImage | RefusedRow]:
    """Blocking: some tens of milliseconds for a group."""
    return [reading.image(row) for row in rows]


def _held_bytes(row: Mapping[str, object]) -> int:
    thumbnail = row.get(THUMBNAIL)
    return _ROW_BYTES + (len(thumbnail) if isinstance(thumbnail, bytes) else 0)
