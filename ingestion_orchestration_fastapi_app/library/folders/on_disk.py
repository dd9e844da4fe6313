"""The folders on the disk that may be imported, with what a collection has of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anyio import CapacityLimiter, fail_after, to_thread

from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import RootSource
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.scanning.disk_folders import (
    DiskFolder,
    FolderLook,
    described,
    in_order,
)
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.ports.folders.disk_folders import DiskFolders
from ingestion_orchestration_fastapi_app.ports.ledger.catalogue import BrowsingRepository
from ingestion_orchestration_fastapi_app.ports.ledger.jobs import JobRepository
from utils.problems import ServiceOverloaded

ANSWER_S = 10.0  # a share that says nothing for so long does not answer
_THREADS = 1


@dataclass(frozen=True, slots=True)
class DiskPage:
    """`folder`: the one that was asked for; None: the allowed roots. `parent` may be listed, too.
    Of `total` folders, or more where not `is_whole`, these are a page.
    """

    folder: DiskFolder | None
    parent: bytes | None
    folders: tuple[DiskFolder, ...]
    total: int
    is_whole: bool


class FoldersOnDisk:
    """For who chooses what to import. Nothing outside the allowed roots is ever looked at."""

    def __init__(
        self,
        allowed: AllowedRoots,
        disk: DiskFolders,
        browsing: BrowsingRepository,
        jobs: JobRepository,
    ) -> None:
        self._allowed = allowed
        self._disk = disk
        self._browsing = browsing
        self._jobs = jobs
        self._threads = CapacityLimiter(_THREADS)

    async def page(
        self, collection: CollectionRecord | None, text: str | None, *, limit: int, offset: int
    ) -> DiskPage:
        """`text` names a folder; None: the allowed roots, but for the inbox.

        Raises:
            DirectoryNotAllowed, DirectoryNotFound: as `AllowedRoots.directory`.
            ServiceOverloaded: the file system does not answer.
        """
        try:
            with fail_after(ANSWER_S):
                return await self._page(collection, text, limit, offset)
        except TimeoutError as exc:
            raise ServiceOverloaded(
                f"{text or 'A folder'} does not answer: is the disk or share there? Ask again."
            ) from exc

    async def _page(
        self, collection: CollectionRecord | None, text: str | None, limit: int, offset: int
    ) -> DiskPage:
        if text is None:
            tops = [one.path for one in self._allowed.roots if one.source is not RootSource.INBOX]
            shown = tops[offset : offset + limit]
            looks = [look or FolderLook(is_readable=False) for look in await self._disk.look(shown)]
            folders = await self._described(collection, None, shown, looks)
            return DiskPage(None, None, tuple(folders), len(tops), is_whole=True)
        path = await self._allowed.directory(text)
        below = await self._disk.below(path)
        every = in_order(filter(self._allowed.allows, below.paths))
        shown = every[offset : offset + limit]
        own, *found = await self._described(
            collection,
            path,
            [path, *shown],
            [FolderLook(bool(every)), *await self._looks(shown)],
        )
        above = path.rpartition(b"/")[0] or b"/"
        there = tuple(one for one in found if not one.look.is_foreign)
        parent = above if self._allowed.allows(above) else None
        return DiskPage(own, parent, there, len(every), below.is_whole)

    async def _looks(self, paths: Sequence[bytes]) -> list[FolderLook]:
        """One that is gone is not shown."""
        gone = FolderLook(is_foreign=True)
        return [look or gone for look in await self._disk.look(paths)]

    async def _described(
        self,
        collection: CollectionRecord | None,
        within: bytes | None,
        paths: Sequence[bytes],
        looks: Sequence[FolderLook],
    ) -> list[DiskFolder]:
        if collection is None:
            return [DiskFolder(*one) for one in zip(paths, looks, strict=True)]
        shown = Filters(within=None if within is None else (within,), outside=collection.hidden)
        counts = await self._browsing.folders(collection.id, shown)
        jobs = await self._jobs.list_unfinished()
        return await to_thread.run_sync(
            described, paths, looks, collection, counts, jobs, limiter=self._threads
        )
