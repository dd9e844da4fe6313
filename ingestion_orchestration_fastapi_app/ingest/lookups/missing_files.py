"""Files that the ledger knows and a scan did not meet: which of them are gone, and how many."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.deletion import (
    changed_devices,
    device_at,
    guarded,
    is_absent,
    protected,
)
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import (
    deepest_root,
    display_text,
    is_within,
)
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.jobs.imports import ScanPart
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from utils.contract.warnings import WarningCode

GROUP = 1024
CONTENTS = 8192


@dataclass(slots=True)
class Devices:
    """Of folders that are on another file system than when their files were stored: those in which
    nothing counts as gone, and what is accepted as the new one.
    """

    closed: set[bytes] = field(default_factory=set)
    accepted: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """For after a scan that came to its end. Changes nothing but warnings.

    A file is gone when the scan of its folder did not meet it, nothing is at its path now, no
    folder above it was unlistable or passed over, and its file system is the one it was on.
    `parts` were listed whole. `images_found` says how many were found in all; `met` are hashes of
    contents that were, which the ledger does not know yet.
    """

    look: LookContext
    parts: Sequence[ScanPart]
    guard_percent: float
    images_found: Callable[[], Awaitable[int]]
    met: Collection[bytes] = ()

    async def bare_roots(self) -> set[bytes]:
        """Of the roots that were looked at, those in which nothing is, and something was."""
        look, bare = self.look, set[bytes]()
        for root in look.roots:
            if any(is_within(root.path, part.top) for part in self.parts):
                is_bare = False
                with look.stop.interruptible():  # its file system may not answer any more
                    is_bare = await look.ports.library.is_bare(root.path)
                if is_bare and await self._unseen(root.path, recursive=True, after=None, limit=1):
                    bare.add(root.path)
        return bare

    async def devices(self) -> Devices:
        """Where old files are found unchanged it is the same file system, mounted again."""
        found = Devices()
        for part in self.parts:
            await self._compare(part, found)
        return found

    async def refusal(self, closed: Collection[bytes]) -> str | None:
        """Why somebody must confirm what would be removed, where somebody must.

        Each folder that was asked for is judged by itself: what one has lost is not made up for by
        another.
        """
        for top in dict.fromkeys(part.top for part in self.parts):
            refusal = await self._refusal_in(top, closed)
            if refusal is not None:
                return refusal
        return None

    async def groups(
        self, closed: Collection[bytes], *, top: bytes | None = None
    ) -> AsyncIterator[list[UnseenFile]]:
        """Files that are gone, in groups, by folder and key; no group is empty."""
        look = self.look
        for part in self.parts:
            if top not in (None, part.top):
                continue
            after: FileKey | None = None
            while not look.stop.asked:
                page = await self._unseen(
                    part.folder, recursive=part.recursive, after=after, limit=GROUP
                )
                if not page:
                    break
                after = page[-1].key
                open_files = [file for file in page if not protected(file.absolute, closed)]
                gone: list[bool] = []
                with look.stop.interruptible():
                    paths = [file.absolute for file in open_files]
                    gone = await look.ports.library.gone(paths, below=part.top)
                if look.stop.asked:
                    return
                group = [file for file, is_gone in zip(open_files, gone, strict=True) if is_gone]
                if group:
                    yield group

    async def _compare(self, part: ScanPart, found: Devices) -> None:
        look, ledger, now = self.look, self.look.ports.ledger, self.look.scanned.devices
        if part.recursive:
            known: Mapping[bytes, int] = await ledger.folders.devices(look.collection_id)
        elif await self._unseen(part.folder, recursive=False, after=None, limit=1):
            known = look.scanned.known_devices  # without what was just noted of the folder itself
        else:
            return
        changed = changed_devices(known, now, part.folder, unlisted=look.scanned.unlisted)
        for folder, device in changed.items():
            has_unchanged = await ledger.folders.is_unchanged_below(
                look.collection_id, folder, unchanged=look.scanned.unchanged
            )
            is_root = self._is_of_root(folder, known)
            if not is_absent(is_bare=False, is_other=True, has_unchanged=has_unchanged) or (
                look.options.confirm_deletes and not is_root
            ):
                found.accepted[folder] = device
                continue
            found.closed.add(folder)
            of_root = {"collection": look.collection.name} if is_root else {}
            code = (
                WarningCode.ROOT_ON_OTHER_FILE_SYSTEM if is_root else WarningCode.OTHER_FILE_SYSTEM
            )
            look.progress.warn(code, folder=display_text(folder), **of_root)

    def _is_of_root(self, folder: bytes, known: Mapping[bytes, int]) -> bool:
        """Whether the folder was where its root is, which is gone with it or was not looked at.

        Not where something was mounted in the root, and not where the root itself is as it was.
        """
        root = deepest_root(folder, self.look.roots)
        if root is None:
            return False
        was = device_at(root.path, known)
        now = self.look.scanned.devices
        return was == device_at(folder, known) and was != device_at(root.path, now)

    async def _refusal_in(self, top: bytes, closed: Collection[bytes]) -> str | None:
        missing, contents = 0, array("Q")
        async for group in self.groups(closed, top=top):
            for file in group:
                missing += file.had_point
                if file.had_point and file.sha256 is not None:
                    contents.append(_mark(file.sha256))
        found, percent = await self._found(top, missing), self.guard_percent
        if not guarded(missing, found, percent=percent):
            return None
        lost = missing - await self._moved(contents)
        if not guarded(lost, found, percent=percent):
            return None
        where = f" in {display_text(top)}" if self.look.request.paths else ""
        return (
            f"{lost} of {lost + found} images{where} are missing, and none was removed. If the "
            "folder is all there, import it again with sync and confirm_deletes."
        )

    async def _found(self, top: bytes, missing: int) -> int:
        """Images that are there; of a job that looks at some folders those of the whole directory.

        A folder that is emptied or renamed is no alarm: what counts is how much of the whole it is.
        """
        if self.look.request.folders or self.look.request.paths:
            _, images = await self.look.ports.ledger.folders.totals(
                self.look.collection_id, top, recursive=True
            )
            return images - missing
        return await self.images_found()

    async def _moved(self, contents: array[int]) -> int:
        """How many of the missing are no loss: the job met their contents at other paths."""
        wanted, counts = np.unique(np.asarray(contents, dtype=np.uint64), return_counts=True)
        is_met = np.isin(wanted, np.array([_mark(one) for one in self.met], dtype=np.uint64))
        after, look = 0, self.look
        while len(wanted) and (
            page := await look.ports.ledger.files.seen_contents(
                look.collection_id, seen=look.scanned.seen, after=after, limit=CONTENTS
            )
        ):
            after = page[-1][0]
            is_met |= np.isin(wanted, np.array([_mark(one) for _, one in page], dtype=np.uint64))
        return int(counts[is_met].sum())

    async def _unseen(
        self, folder: bytes, *, recursive: bool, after: FileKey | None, limit: int
    ) -> list[UnseenFile]:
        return await self.look.ports.ledger.folders.not_seen_in_scan(
            self.look.collection_id,
            folder,
            seen=self.look.scanned.seen,
            recursive=recursive,
            after=after,
            limit=limit,
        )


def _mark(sha256: bytes) -> int:
    return int.from_bytes(sha256[:8])  # 64 bits: a million of them take 8 MB, and none is two
