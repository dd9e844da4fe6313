"""Groups of duplicates, and what people say against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.duplicates.dismissing import check_room
from ingestion_orchestration_fastapi_app.domain.duplicates.records import (
    Dismissal,
    FoundGroup,
    GroupCounts,
    Member,
    NewGroup,
    SearchRun,
    is_of_file,
    open_images,
)
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound
from tests.memory_ledger.state import State
from utils.contract.duplicates.decisions import Decision
from utils.contract.duplicates.options import DuplicateClass

_SHOWN_CONTENTS = 10


@dataclass
class Run:
    collection_id: int
    run: SearchRun
    state: str = "filling"
    groups: dict[int, NewGroup] = field(default_factory=dict)
    dismissed: dict[int, tuple[int, NewGroup]] = field(default_factory=dict)  # by dismissal


class MemoryDuplicateGroups:
    """Implements `DuplicateGroupRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.runs: dict[int, Run] = {}
        self.decisions: dict[tuple[int, bytes, bytes], Decision] = {}
        self._next_run, self._next_group = 1, 1

    async def begin(self, collection_id: int, job_id: str, *, images: int) -> int | None:
        await checkpoint()
        if collection_id not in self._state.collections:
            raise CollectionNotFound("The collection was deleted.")
        of_job = [one for one in self.runs.values() if one.run.job_id == job_id]
        if any(one.state == "shown" for one in of_job):
            return None
        for one in of_job:
            one.state = "replaced"
        made = SearchRun(self._next_run, job_id, images, self._state.clock())
        self.runs[made.id] = Run(collection_id, made)
        self._next_run += 1
        return made.id

    async def add(self, run_id: int, groups: Sequence[NewGroup]) -> None:
        await checkpoint()
        if run_id not in self.runs or not self._is_known(self.runs[run_id]):
            return
        for group in groups:
            self.runs[run_id].groups[self._next_group] = group
            self._next_group += 1

    async def publish(self, run_id: int) -> None:
        await checkpoint()
        new = self.runs[run_id]
        for one in self.runs.values():
            if one.state == "shown" and one.collection_id == new.collection_id and one is not new:
                one.state = "replaced"
        if new.state == "filling":
            new.state, new.run = "shown", replace(new.run, found_at=self._state.clock())

    async def drop_replaced(self, collection_id: int, *, limit: int) -> bool:
        await checkpoint()
        gone = []
        for run_id, one in self.runs.items():
            job = self._state.jobs.get(one.run.job_id)
            if one.state == "filling" and (job is None or job.state in FINAL):
                one.state = "replaced"
            if one.collection_id == collection_id and one.state == "replaced":
                for group_id in list(one.groups)[:limit]:
                    del one.groups[group_id]
                    limit -= 1
                if limit == 0:
                    return True
                gone.append(run_id)
        for run_id in gone:
            del self.runs[run_id]
        return False

    async def shown(self, collection_id: int) -> SearchRun | None:
        await checkpoint()
        found = self.shown_run(collection_id)
        return None if found is None else found.run

    async def counts(self, run_id: int, seen: Filters) -> GroupCounts:
        await checkpoint()
        groups, images = Counter[DuplicateClass](), Counter[DuplicateClass]()
        decided, over = Counter[DuplicateClass](), Counter[DuplicateClass]()
        run = self.runs.get(run_id)
        for found in self._found(run, seen):
            groups[found.kind] += 1
            images[found.kind] += found.count
            if found.undecided == 0:
                decided[found.kind] += 1
        if run is not None:
            over.update(group.kind for _, group in run.dismissed.values())
            over.update(
                group.kind for group in run.groups.values() if self._is_over(run, group, seen)
            )
        return GroupCounts(dict(groups), dict(images), dict(decided), dict(over))

    def _is_over(self, run: Run, group: NewGroup, seen: Filters) -> bool:
        there = self._there(run, group, seen)
        ids = {one.point_id for one in there}
        gone = [
            one
            for one in group.members
            if one.point_id not in ids and self.decided(run, group, one) is Decision.NOT_NEEDED
        ]
        return len(there) < 2 and len(there) + len(gone) >= 2

    async def page(
        self,
        run_id: int,
        seen: Filters,
        *,
        kinds: Collection[DuplicateClass],
        after: int,
        limit: int,
        members: int,
        decided: bool | None = None,
    ) -> list[FoundGroup]:
        await checkpoint()
        found = [
            replace(one, members=one.members[:members])
            for one in self._found(self.runs.get(run_id), seen)
            if one.id > after and one.kind in kinds
            if decided is None or decided == (one.undecided == 0)
        ]
        return found[:limit]

    async def find(self, collection_id: int, group_id: int, seen: Filters) -> FoundGroup | None:
        await checkpoint()
        for one in self._found(self.shown_run(collection_id), seen):
            if one.id == group_id:
                return replace(one, members=[])
        return None

    async def of_image(self, collection_id: int, point_id: UUID) -> list[int]:
        await checkpoint()
        run = self.shown_run(collection_id)
        return [
            number
            for number, group in ({} if run is None else run.groups).items()
            if run is not None
            if any(one.point_id == point_id for one in self._there(run, group, NO_FILTERS))
        ]

    async def members(
        self, group_id: int, seen: Filters, *, offset: int, limit: int
    ) -> list[Member]:
        await checkpoint()
        for run in self.runs.values():
            if group_id in run.groups:
                there = self._there(run, run.groups[group_id], seen)
                return there[offset : offset + limit]
        return []

    def shown_run(self, collection_id: int) -> Run | None:
        shown = (one for one in self.runs.values() if one.state == "shown")
        return next(
            (one for one in shown if one.collection_id == collection_id and self._is_known(one)),
            None,
        )

    def _is_known(self, run: Run) -> bool:
        return run.collection_id in self._state.collections

    def _there(self, run: Run, group: NewGroup, seen: Filters) -> list[Member]:
        entries = self._state.entries(run.collection_id)
        return [
            replace(one, decision=self.decided(run, group, one))
            for one in group.members
            if one.point_id in entries
            and entries[one.point_id].point.sha256 == one.sha256
            and seen.matches(entries[one.point_id].point)
        ]

    def decided(self, run: Run, group: NewGroup, member: Member) -> Decision:
        point = member.point_id.bytes if is_of_file(group.kind) else b""
        key = (run.collection_id, member.sha256, point)
        return self.decisions.get(key, Decision.UNDECIDED)

    def _found(self, run: Run | None, seen: Filters) -> list[FoundGroup]:
        found = []
        for number, group in ({} if run is None else run.groups).items():
            assert run is not None
            there = self._there(run, group, seen)
            entries = self._state.entries(run.collection_id)
            sizes = sum(entries[one.point_id].point.size_bytes for one in there)
            if len(there) > 1:
                said = Counter(one.decision for one in there)
                kept, not_needed = said[Decision.KEEP], said[Decision.NOT_NEEDED]
                undecided = open_images(len(there), kept=kept, not_needed=not_needed)
                found.append(FoundGroup(number, group.kind, len(there), sizes, undecided, there))
        return found


class MemoryDismissals:
    """Implements `DismissalRepository`."""

    def __init__(self, state: State, groups: MemoryDuplicateGroups) -> None:
        self._state, self._groups = state, groups
        self._kept: dict[int, dict[int, Dismissal]] = {}
        self._next = 1

    async def dismiss(self, collection_id: int, group_id: int, name: str) -> int | None:
        await checkpoint()
        run = self._groups.shown_run(collection_id)
        if run is None or group_id not in run.groups:
            return None
        contents = sorted({one.sha256 for one in run.groups[group_id].members})
        there = self._of(collection_id)
        check_room(len(contents) + sum(len(one.contents) for one in there.values()))
        run.dismissed[self._next] = (group_id, run.groups.pop(group_id))
        made = Dismissal(self._next, contents, name, self._state.clock())
        self._kept.setdefault(collection_id, {})[made.id] = made
        self._next += 1
        return made.id

    async def page(self, collection_id: int, *, after: int, limit: int) -> list[Dismissal]:
        await checkpoint()
        found = [
            replace(one, contents=one.contents[:_SHOWN_CONTENTS])
            for number, one in self._of(collection_id).items()
            if number > after
        ]
        return found[:limit]

    async def sets(self, collection_id: int) -> Sequence[tuple[int, bytes]]:
        await checkpoint()
        return [
            (number, content)
            for number, one in self._of(collection_id).items()
            for content in one.contents
        ]

    async def take_back(self, collection_id: int, dismissal_id: int) -> bool:
        await checkpoint()
        was_there = self._of(collection_id).pop(dismissal_id, None) is not None
        for run in self._groups.runs.values():
            if was_there and dismissal_id in run.dismissed:
                number, group = run.dismissed.pop(dismissal_id)
                run.groups = dict(sorted({**run.groups, number: group}.items()))
        return was_there

    def _of(self, collection_id: int) -> dict[int, Dismissal]:
        there = self._kept.get(collection_id, {})
        return there if collection_id in self._state.collections else {}
