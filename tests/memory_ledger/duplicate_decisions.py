"""What people decide about duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    UnneededFile,
    check_decided,
    is_of_file,
)
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, ImageNotFound
from tests.memory_ledger.duplicates import MemoryDuplicateGroups
from tests.memory_ledger.state import State
from utils.contract.duplicates.decisions import Decision

Key = tuple[int, bytes, bytes]


class MemoryDecisions:
    """Implements `DecisionRepository`."""

    def __init__(self, state: State, groups: MemoryDuplicateGroups) -> None:
        self._state, self._groups = state, groups
        self._files: dict[int, tuple[Key, UnneededFile]] = {}
        self._next = 1

    async def decide(
        self, collection_id: int, group_id: int, decisions: Mapping[UUID, Decision]
    ) -> int | None:
        await checkpoint()
        run = self._groups.shown_run(collection_id)
        group = None if run is None else run.groups.get(group_id)
        if run is None or group is None:
            return None
        members = {one.point_id: one.sha256 for one in group.members}
        after, changed, kept_path = dict(self._groups.decisions), list[Key](), ""
        for point_id, decision in decisions.items():
            sha256 = members.get(point_id)
            if sha256 is None:
                raise ImageNotFound(f"Group {group_id} has no image {point_id}.")
            point = point_id.bytes if is_of_file(group.kind) else b""
            key = (collection_id, sha256, point)
            entry = self._state.entries(collection_id).get(point_id)
            is_there = entry is not None and entry.point.sha256 == sha256
            if not is_there and decision not in (Decision.UNDECIDED, after.get(key)):
                raise ImageNotFound(f"Group {group_id} has no image {point_id}.")
            after[key] = decision
            changed.append(key)
            if decision is Decision.KEEP and is_there and not kept_path:
                kept_path = self._path(collection_id, point_id)
        self._check(collection_id, after)
        self._groups.decisions = {
            key: said for key, said in after.items() if said is not Decision.UNDECIDED
        }
        for key in changed:
            if after[key] is Decision.NOT_NEEDED:
                self._list(key, kept_path)
            else:
                self._drop(key)
        return sum(
            after[key] is Decision.NOT_NEEDED for key, _ in self._files.values() if key in changed
        )

    async def add(self, collection_id: int, files: Sequence[UnneededFile]) -> int:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        keys = {
            one: (collection_id, one.sha256, one.point_id.bytes if one.of_file else b"")
            for one in files
        }
        new = {one: key for one, key in keys.items() if key not in self._groups.decisions}
        after = self._groups.decisions | dict.fromkeys(new.values(), Decision.NOT_NEEDED)
        self._check(collection_id, after)
        self._groups.decisions = after
        for one, key in new.items():
            self._put(key, one.point_id, one.path, one.size_bytes, one.kept_path)
        return len(new)

    async def unneeded(self, collection_id: int, *, after: int, limit: int) -> list[UnneededFile]:
        await checkpoint()
        return [one for one in self._once(collection_id) if one.id > after][:limit]

    async def unneeded_size(self, collection_id: int) -> tuple[int, int]:
        await checkpoint()
        files = self._once(collection_id)
        return len(files), sum(one.size_bytes for one in files)

    async def take_back(self, collection_id: int, point_ids: Sequence[UUID]) -> int:
        await checkpoint()
        keys = {
            key
            for key, one in self._files.values()
            if key[0] == collection_id and one.point_id in point_ids
        }
        return sum(self._drop(key) for key in keys if self._groups.decisions.pop(key))

    async def clear(self, collection_id: int) -> None:
        await checkpoint()
        for key in [one for one in self._groups.decisions if one[0] == collection_id]:
            del self._groups.decisions[key]
            self._drop(key)

    def _list(self, key: Key, kept_path: str) -> None:
        collection_id, sha256, point = key
        for point_id, entry in self._state.entries(collection_id).items():
            if entry.point.sha256 == sha256 and point in (b"", point_id.bytes):
                path = self._path(collection_id, point_id)
                self._put(key, point_id, path, entry.point.size_bytes, kept_path)

    def _put(self, key: Key, point_id: UUID, path: str, size_bytes: int, kept: str) -> None:
        place = next(
            (n for n, (of, one) in self._files.items() if (of, one.point_id) == (key, point_id)),
            self._next,
        )
        self._next += place == self._next
        file = UnneededFile(place, point_id, key[1], path, size_bytes, kept, bool(key[2]))
        self._files[place] = (key, file)

    def _drop(self, key: Key) -> int:
        gone = [place for place, (of, _) in self._files.items() if of == key]
        for place in gone:
            del self._files[place]
        return len(gone)

    def _once(self, collection_id: int) -> list[UnneededFile]:
        if collection_id not in self._state.collections:
            return []
        mine = [one for key, one in self._files.values() if key[0] == collection_id]
        alone = {(one.point_id, one.sha256) for one in mine if one.of_file}
        return [one for one in mine if one.of_file or (one.point_id, one.sha256) not in alone]

    def _path(self, collection_id: int, point_id: UUID) -> str:
        key = self._state.entries(collection_id)[point_id].key
        return display_text(self._state.absolute(collection_id, key))

    def _check(self, collection_id: int, after: Mapping[Key, Decision]) -> None:
        check_decided(sum(key[0] == collection_id for key in after), len(self._once(collection_id)))
