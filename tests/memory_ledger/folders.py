"""Files by folder, and the devices that folders were on."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.identity import is_within
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from tests.memory_ledger.state import Row, State, has_point


class MemoryFolders:
    """Implements `FolderRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def not_seen_in_scan(
        self,
        collection_id: int,
        directory: bytes,
        *,
        seen: Container[int] = (),
        recursive: bool = True,
        after: FileKey | None,
        limit: int,
    ) -> list[UnseenFile]:
        await checkpoint()
        found = [
            UnseenFile(
                key,
                self._state.absolute(collection_id, key),
                row.point_id,
                self._state.had(row),
                sha256=row.record.sha256,
            )
            for key, row in self._in(collection_id, directory, recursive=recursive)
            if row.record.row not in seen and (after is None or _order(key) > _order(after))
        ]
        return sorted(found, key=lambda one: _order(one.key))[:limit]

    async def totals(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> tuple[int, int]:
        await checkpoint()
        rows = [row for _, row in self._in(collection_id, directory, recursive=recursive)]
        return len(rows), sum(has_point(row.record) for row in rows)

    async def known_at(self, collection_id: int, paths: Sequence[bytes]) -> list[bytes]:
        await checkpoint()
        stored = [
            self._state.absolute(collection_id, key)
            for key, row in self._state.files(collection_id).items()
            if has_point(row.record)
        ]
        return [path for path in paths if any(is_within(one, path) for one in stored)]

    async def is_unchanged_below(
        self, collection_id: int, folder: bytes, *, unchanged: Container[int]
    ) -> bool:
        await checkpoint()
        before = self._state.collections[collection_id].known_before.get(folder)
        return any(
            row.record.row in unchanged and (before is None or key in before)
            for key, row in self._in(collection_id, folder, recursive=True)
        )

    async def devices(self, collection_id: int) -> dict[bytes, int]:
        await checkpoint()
        return dict(self._state.collections[collection_id].devices)

    async def note_devices(
        self, collection_id: int, found: Mapping[bytes, int], *, replace: bool
    ) -> None:
        await checkpoint()
        kept = self._state.collections[collection_id]
        known = kept.devices
        for path, device in found.items():
            if replace:
                kept.known_before.pop(path, None)
            elif known.get(path, device) != device:
                kept.known_before.setdefault(path, frozenset(kept.files))
        merged = {**known, **found} if replace else {**found, **known}
        kept.devices = merged

    def _in(
        self, collection_id: int, directory: bytes, *, recursive: bool
    ) -> list[tuple[FileKey, Row]]:
        paths = {
            key: self._state.absolute(collection_id, key)
            for key in self._state.files(collection_id)
        }
        return [
            (key, row)
            for key, row in self._state.files(collection_id).items()
            if is_within(paths[key], directory)
            and (recursive or paths[key].rpartition(b"/")[0] == directory.rstrip(b"/"))
        ]


def _order(key: FileKey) -> tuple[bytes, bytes]:
    return key.root_id.bytes, key.path
