"""The images of one folder: planned, written down, written, done; a kill between costs nothing.

What is about to be written is written down first, with its hash. What a kill leaves is then known
by that: the sidecar that has it is Photoseek's, and its photograph is no changed file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileStat
from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root, display_text
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar import (
    MarkChange,
    PendingSidecar,
    SidecarRecord,
    SidecarsWritten,
    WrittenSidecar,
)
from ingestion_orchestration_fastapi_app.domain.library.annotations.sidecar_values import (
    NOTHING,
    SidecarValues,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.ports.sidecar_files import (
    PlannedSidecar,
    SidecarFiles,
    SidecarWish,
)
from ingestion_orchestration_fastapi_app.sidecars.account import Account
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class ToWrite:
    """`stat`: as it was imported. `record`: what was written of it before."""

    key: FileKey
    stat: FileStat
    wanted: SidecarValues
    record: SidecarRecord | None

    @property
    def name(self) -> bytes:
        return self.key.path.rpartition(b"/")[2]


@dataclass(frozen=True, slots=True)
class Group:
    """`collections`: all that there are; photographs may lie in several."""

    scope: JobScope
    files: SidecarFiles
    collection: CollectionRecord
    collections: Sequence[CollectionRecord]
    account: Account

    async def write(self, folder: bytes, images: Sequence[ToWrite]) -> None:
        wishes = [SidecarWish(one.name, one.stat, one.wanted, one.record) for one in images]
        planned = await self.files.plan(folder, wishes)
        begun: list[tuple[ToWrite, PlannedSidecar]] = []
        done: list[SidecarRecord] = []
        given_up: list[FileKey] = []
        marks: list[MarkChange] = []
        for image, plan in zip(images, planned, strict=True):
            if isinstance(plan, PlannedSidecar) and plan.data is not None:
                begun.append((image, plan))
                continue
            if isinstance(plan, PlannedSidecar):
                done += self._as_it_was(image, plan)
                healed = self._healed(folder, image, plan)
                marks += healed
                self.account.count("written" if healed else "unchanged")
            elif plan is None:
                self.account.count("nothing_to_write")
            else:
                self.account.refuse(display_text(folder + b"/" + image.name), plan)
            is_there = isinstance(plan, PlannedSidecar)
            if image.record is not None and image.record.pending is not None and not is_there:
                given_up.append(image.key)
        if begun:
            await self._begin(begun)
            plans = [plan for _, plan in begun]
            written = await self.scope.until_stored(partial(self.files.commit, folder, plans))
            for (image, plan), result in zip(begun, written, strict=True):
                if isinstance(result, Rejected):
                    given_up.append(image.key)
                    self.account.refuse(display_text(folder + b"/" + image.name), result)
                    continue
                done.append(_record(image, plan))
                marks += self._marks(folder, plan.marks, result.marks)
                self.account.count("written")
        if done or given_up or marks:
            ended = SidecarsWritten(done, given_up, marks)
            sidecars = self.scope.ports.ledger.sidecars
            await self.scope.until_stored(partial(sidecars.end, self.collection.id, ended))

    async def _begin(self, begun: Sequence[tuple[ToWrite, PlannedSidecar]]) -> None:
        records = [
            replace(
                _record(image, plan),
                written=None,
                pending=PendingSidecar(
                    WrittenSidecar(plan.sha256, plan.put), plan.marks[image.name]
                ),
            )
            for image, plan in begun
        ]
        sidecars = self.scope.ports.ledger.sidecars
        await self.scope.until_stored(partial(sidecars.begin, self.collection.id, records))

    def _as_it_was(self, image: ToWrite, plan: PlannedSidecar) -> list[SidecarRecord]:
        """What is remembered anew of one that needs no writing: nothing where nothing is ours."""
        if image.record is None and plan.put == NOTHING:
            return []
        record = _record(image, plan)
        return [] if record == image.record else [record]

    def _healed(self, folder: bytes, image: ToWrite, plan: PlannedSidecar) -> list[MarkChange]:
        """Of one that a kill left written, and its file not marked so."""
        pending = None if image.record is None else image.record.pending
        if pending is None or pending.written.sha256 != plan.sha256:
            return []
        before = {image.name: pending.mark}
        return self._marks(folder, before, plan.marks)

    def _marks(
        self, folder: bytes, before: Mapping[bytes, int], after: Mapping[bytes, int]
    ) -> list[MarkChange]:
        found = []
        for name in before.keys() & after.keys():
            path = folder.rstrip(b"/") + b"/" + name
            for collection in self.collections:
                root = deepest_root(path, collection.roots)
                if root is not None:
                    key = FileKey(root.id, path[len(root.path.rstrip(b"/")) + 1 :])
                    found.append(MarkChange(collection.id, key, before[name], after[name]))
        return found


def _record(image: ToWrite, plan: PlannedSidecar) -> SidecarRecord:
    return SidecarRecord(image.key, plan.sidecar, WrittenSidecar(plan.sha256, plan.put))
