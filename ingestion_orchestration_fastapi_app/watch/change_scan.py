"""In which folders the disk differs from the ledger: what a job would have something to do in.

Reads names, stats and the ledger; opens no file and writes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion_orchestration_fastapi_app.domain.files.artefacts import State, is_stored, refusal
from ingestion_orchestration_fastapi_app.domain.files.deletion import changed_devices, device_at
from ingestion_orchestration_fastapi_app.domain.files.file import File, FileKey, FileRecord
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.scanning.found import (
    Mounted,
    ScanFault,
    ScanStalled,
)
from ingestion_orchestration_fastapi_app.ports.folders.folder_events import MAX_FOLDERS
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository
from ingestion_orchestration_fastapi_app.ports.ledger.folders import FolderRepository
from ingestion_orchestration_fastapi_app.ports.library import Library, ScanGroup
from utils.contract import ErrorCode
from utils.imaging.formats import is_sidecar
from utils.problems import ServiceOverloaded

_PAGE = 1024
_MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class FolderDiff:
    """Numbers tell one such state of a folder from another; they mean nothing after a restart.

    `folders` are those right in which files differ. `whole` stands for all of them, where
    they are too many to be named or a file system is another. `fault`: the directory cannot be
    listed.
    """

    folders: Mapping[bytes, int]
    whole: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeScan:
    """`is_image_name`: whether a file is named like an image."""

    files: FileRepository
    folders: FolderRepository
    library: Library
    is_image_name: Callable[[bytes], bool]

    async def at(
        self, collection: CollectionRecord, watch: Watch, touched: Mapping[bytes, bool] | None
    ) -> FolderDiff:
        """`touched`: folders, and whether with what lies deeper; None: all of the directory."""
        found = _Found()
        excluded = collection.excluded
        for folder, recursive in scopes(watch, touched):
            if any(is_within(folder, one) for one in excluded):
                continue
            scan = self.library.scan(
                folder, recursive=recursive, roots=collection.roots, excluded=excluded
            )
            known = await self._scan(collection, scan, found)
            if watch.recursive:  # nothing is ever removed without
                total, _ = await self.folders.totals(collection.id, folder, recursive=recursive)
                # Paths are looked at one by one only where fewer files were met than are known.
                if total > known:
                    missing = self._missing(collection.id, watch, folder, recursive=recursive)
                    async for path in missing:
                        found.note(path)
        if watch.directory in found.faults:
            return FolderDiff({}, fault=found.faults[watch.directory])
        if touched is None and watch.recursive:
            then = await self.folders.devices(collection.id)
            changed = changed_devices(
                then, found.devices, watch.directory, unlisted=found.faults.keys()
            )
            if changed:  # a job looks whether it is the same one by another number
                found.note(watch.directory, *sorted(changed.items()))
                found.overflow()
            elif found.folders and device_at(watch.directory, then) is None:
                found.overflow()  # it was never imported
        return FolderDiff(found.folders, whole=found.total if found.overflown else None)

    async def _scan(
        self, collection: CollectionRecord, groups: AsyncIterator[ScanGroup], found: _Found
    ) -> int:
        """How many known files were met."""
        known = 0
        async for group in groups:
            if isinstance(group, Mounted):
                found.devices[group.path] = group.device
            elif isinstance(group, ScanFault):
                found.faults[group.path] = group.detail
            elif isinstance(group, ScanStalled):
                if group.fault.code is ErrorCode.OVERLOADED:
                    raise ServiceOverloaded(group.fault.detail, retry_after_s=1.0)
                found.faults[group.path] = group.fault.detail
                break
            elif isinstance(group, list):
                known += await self._compare(collection, group, found)
        return known

    async def _compare(
        self, collection: CollectionRecord, files: Sequence[File], found: _Found
    ) -> int:
        """How many of them are known at all."""
        records = await self.files.recall(collection.id, [file.key for file in files])
        for file in files:
            record = records.get(file.key)
            if self._differs_from_ledger(file, record, collection.fingerprint or ""):
                found.note(file.absolute, file.stat, record and _state(record))
        return len(records)

    def _differs_from_ledger(self, file: File, record: FileRecord | None, fingerprint: str) -> bool:
        """What failed fails again until the file changes: that is no reason for a job. Nor is a
        sidecar by itself: its photograph's mark says what it changes.
        """
        if is_sidecar(file.path):
            return False
        if record is None:
            return True
        refused = refusal(record.artefacts, fingerprint)
        is_skipped = refused is not None and refused.state is State.SKIPPED
        if is_skipped and not self.is_image_name(file.path):
            return False  # a log or a catalogue, written over and over
        if record.stat != file.stat or not record.mtime_trusted:
            return True
        return refused is None and not is_stored(record.artefacts, fingerprint)

    async def _missing(
        self, collection_id: int, watch: Watch, folder: bytes, *, recursive: bool
    ) -> AsyncIterator[bytes]:
        after: FileKey | None = None
        while page := await self.folders.not_seen_in_scan(
            collection_id, folder, recursive=recursive, after=after, limit=_PAGE
        ):
            after = page[-1].key
            paths = [file.absolute for file in page]
            gone = await self.library.gone(paths, below=watch.directory)
            for path, is_gone in zip(paths, gone, strict=True):
                if is_gone:
                    yield path


def _state(record: FileRecord) -> object:
    """Not when and how often it came about: that is no reason to look again."""
    return record.mtime_trusted, tuple((one.kind, one.model, one.state) for one in record.artefacts)


@dataclass(slots=True)
class _Found:
    """Sums, so that the order does not matter; and what scans say besides files."""

    folders: dict[bytes, int] = field(default_factory=dict)
    total: int = 0
    overflown: bool = False
    devices: dict[bytes, int] = field(default_factory=dict)
    faults: dict[bytes, str] = field(default_factory=dict)  # why folders could not be listed

    def note(self, path: bytes, *state: object) -> None:
        mark = hash((path, *state))
        self.total = (self.total + mark) & _MASK
        if self.overflown:
            return
        folder = path.rpartition(b"/")[0] or b"/"
        self.folders[folder] = (self.folders.get(folder, 0) + mark) & _MASK
        if len(self.folders) > MAX_FOLDERS:
            self.overflow()

    def overflow(self) -> None:
        self.overflown = True
        self.folders = {}


def scopes(watch: Watch, touched: Mapping[bytes, bool] | None) -> list[tuple[bytes, bool]]:
    """Apart from each other: no file is looked at twice."""
    if touched is None:
        return [(watch.directory, watch.recursive)]
    scopes: list[tuple[bytes, bool]] = []
    deepest: bytes | None = None
    for folder in sorted(touched, key=lambda one: one.rstrip(b"/") + b"/"):
        if deepest is not None and folder.startswith(deepest.rstrip(b"/") + b"/"):
            continue
        deep = touched[folder] and watch.recursive
        deepest = folder if deep else deepest
        scopes.append((folder, deep))
    return scopes
