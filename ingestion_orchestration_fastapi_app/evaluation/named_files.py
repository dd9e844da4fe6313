"""Files that a user names beside pictures, as texts: read where pictures may be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.problems import ValidationProblem


class NamedFiles:
    """`read` is of an absolute path without links, and blocks."""

    def __init__(
        self, allowed: AllowedRoots, threads: RootThreads, read: Callable[[bytes], str]
    ) -> None:
        self._allowed = allowed
        self._threads = threads
        self._read = read

    async def text(self, named: str) -> str:
        """Raises DirectoryNotAllowed, DirectoryNotFound; ValidationProblem for what is no text."""
        folder, name = os.path.split(named)
        if not os.path.isabs(named) or name in ("", ".", ".."):
            raise ValidationProblem("A file is named by its absolute path.")
        path = os.path.join(await self._allowed.directory(folder), os.fsencode(name))
        return await self._threads.run(path, partial(self._read, path))
