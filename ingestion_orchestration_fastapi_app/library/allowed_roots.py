"""The folders that may be imported and shown now: asked by all who open or show something."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import structlog

from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import (
    AllowedFolders,
    AllowedRoot,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, is_within
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import DirectoryNotAllowed, RootNotFound
from ingestion_orchestration_fastapi_app.ports.ledger.access import AllowedRootRepository
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads

log = structlog.get_logger(__name__)

# The folders of a collection that may be shown; None: all of it.
Shown: TypeAlias = Callable[[CollectionRecord], tuple[bytes, ...] | None]

_NAMED = 8  # roots in a refusal


class AllowedRoots:
    """What was added or removed counts at once.

    `checked` gives the true path of a folder that lies in one of the given ones, `checked_path` of
    a folder or a file, with its mtime in ns. Both block, and raise DirectoryNotAllowed and
    DirectoryNotFound. `folders` is without what is remembered.
    """

    def __init__(
        self,
        folders: AllowedFolders,
        *,
        checked: Callable[[str, Sequence[bytes]], bytes],
        checked_path: Callable[[str, Sequence[bytes]], tuple[ImportPath, int]],
        threads: RootThreads,
    ) -> None:
        self._repository: AllowedRootRepository
        self._folders = folders
        self._checked = checked
        self._checked_path = checked_path
        self._threads = threads

    async def load(self, repository: AllowedRootRepository) -> None:
        """What the ledger remembers; until then only what is set is allowed."""
        self._repository = repository
        self._remembered(await repository.list_all())

    @property
    def roots(self) -> tuple[AllowedRoot, ...]:
        return self._folders.roots

    def allows(self, path: bytes) -> bool:
        """Of an absolute path without links."""
        return self._folders.allows(path)

    def above(self, path: bytes) -> list[bytes]:
        """Those in which an absolute path without links lies, or which it is."""
        return [root.path for root in self.roots if is_within(path, root.path)]

    def shown(self, collection: CollectionRecord) -> tuple[bytes, ...] | None:
        """The folders of the collection that may be shown; None: all of it."""
        return self._folders.shown(collection.roots)

    async def directory(self, text: str) -> bytes:
        """The true path of a folder that may be imported.

        Raises:
            DirectoryNotAllowed: it may not; the detail says what may, and what to do.
            DirectoryNotFound: it is not there, is no folder, or cannot be listed.
        """
        try:
            path = await self._true_path(text, [root.path for root in self.roots])
        except DirectoryNotAllowed:
            path = None
        if path is None or not self.allows(path):
            raise DirectoryNotAllowed(f"{text} may not be imported. {self._advice(text)}")
        return path

    async def path(self, text: str) -> tuple[ImportPath, int]:
        """The same of a folder or a file, and when it changed last, in ns."""
        check = partial(self._checked_path, text, [root.path for root in self.roots])
        try:
            found, mtime_ns = await self._threads.run(typed_path(text), check)
        except DirectoryNotAllowed:
            found, mtime_ns = None, 0
        if found is None or not self.allows(found.path):
            raise DirectoryNotAllowed(f"{text} may not be imported. {self._advice(text)}")
        return found, mtime_ns

    async def add(self, text: str) -> AllowedRoot:
        """Remembers a folder, durably. Raises DirectoryNotAllowed, DirectoryNotFound."""
        path = await self._true_path(text, [b"/"])
        refusal = self._folders.refusal(path)
        if refusal is not None:
            raise DirectoryNotAllowed(refusal)
        await self._repository.add(path)
        self._remembered(await self._repository.list_all())
        log.info("root_added", path=display_text(path))
        return next(root for root in self.roots if root.path == path)

    async def remove(self, path: bytes) -> None:
        """Raises RootNotFound where nobody added it."""
        if path not in self._folders.remembered:
            raise RootNotFound(
                f"{display_text(path)} was not added by anybody, so it cannot be removed. "
                f"Remembered are: {_shown(self._folders.remembered)}."
            )
        await self._repository.remove(path)
        self._remembered(await self._repository.list_all())
        log.info("root_removed", path=display_text(path))

    async def _true_path(self, text: str, roots: Sequence[bytes]) -> bytes:
        check = partial(self._checked, text, roots)
        return await self._threads.run(typed_path(text), check)

    def _remembered(self, paths: Sequence[bytes]) -> None:
        now = self._folders
        self._folders = replace(now, remembered=tuple(paths))

    def _advice(self, text: str) -> str:
        allowed = _shown([root.path for root in self.roots])
        if self._folders.is_bound:
            return f"Allowed are: {allowed}. INGEST_ROOTS says so: set it to a folder above."
        return f"Allowed are: {allowed}. Add a folder with: photoseek roots add {shlex.quote(text)}"


def typed_path(text: str) -> bytes:
    """The absolute path that a text names, with its links. Asks no file system."""
    return os.fsencode(os.path.abspath(os.path.expanduser(text)))


def _shown(paths: Sequence[bytes]) -> str:
    names = [display_text(path) for path in paths[:_NAMED]]
    more = [f"{len(paths) - _NAMED} more"] if len(paths) > _NAMED else []
    return ", ".join([*names, *more]) or "none"
