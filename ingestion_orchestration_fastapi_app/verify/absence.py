"""Whether a file that is not there is missing, or its disk is away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.files.deletion import protected
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.scanning.found import Mounted, ScanFault
from ingestion_orchestration_fastapi_app.ports.ledger.folders import FolderRepository
from ingestion_orchestration_fastapi_app.ports.library import Library


@dataclass(frozen=True, slots=True)
class Absence:
    """Looks at the disks of one collection by the library's own means."""

    folders: FolderRepository
    library: Library
    collection: CollectionRecord

    async def of(self, files: Sequence[UnseenFile]) -> tuple[set[bytes], set[bytes]]:
        """Absolute paths of the files that are missing, and of those whose disk is away."""
        gone: list[bytes] = []
        for root in self.collection.roots:
            paths = [file.absolute for file in files if file.key.root_id == root.id]
            looked = await self.library.gone(paths, below=root.path) if paths else []
            gone += [path for path, is_gone in zip(paths, looked, strict=True) if is_gone]
        if not gone:
            return set(), set()
        away = await self._folders_away(gone)
        hidden = {path for path in gone if protected(path, away)}
        return set(gone) - hidden, hidden

    async def _folders_away(self, gone: Iterable[bytes]) -> set[bytes]:
        """Of the roots and mounts above these paths, those that are not what they were."""
        known = await self.folders.devices(self.collection.id)
        places = {root.path for root in self.collection.roots} | set(known)
        above = {one for one in places if any(is_within(path, one) for path in gone)}
        return {one for one in above if await self._is_away(one, known.get(one))}

    async def _is_away(self, folder: bytes, device: int | None) -> bool:
        if not await self.library.is_allowed(folder) or await self.library.is_bare(folder):
            return True
        is_other = False
        scan = self.library.scan(folder, recursive=False, roots=self.collection.roots)
        async for group in scan:
            if isinstance(group, ScanFault):
                is_other = True
            elif isinstance(group, Mounted) and group.path == folder and device is not None:
                is_other = group.device != device
        return is_other
