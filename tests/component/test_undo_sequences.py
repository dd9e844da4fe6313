"""Any order of imports, removals, forgettings and undoings keeps ids distinct and counts true."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion_orchestration_fastapi_app.domain.files.identity import new_identity, point_id
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component.bench import Bench
from tests.component.undo_steps import in_trash, kept_of, undone
from utils.contract import JobState

ANCHOR = b"anchor.jpg"  # is always there: of an empty root nothing is removed
NAMES = [b"a.jpg", b"b.jpg", b"c.jpg", b"d.jpg"]
Verb = Literal["put", "lose", "import", "undo", "forget", "take back", "restore"]
VERBS: list[Verb] = ["put", "lose", "import", "undo", "forget", "take back", "restore"]


@dataclass
class Model:
    """What must be so. `trash`: by name, the job that removed it; "": somebody forgot it."""

    bench: Bench
    there: set[bytes] = field(default_factory=set)
    forgotten: set[bytes] = field(default_factory=set)
    trash: dict[bytes, str] = field(default_factory=dict)

    async def collections(self) -> Collections:
        collections = self.bench.collections()
        await collections.check_all()
        return collections

    async def imported(self) -> None:
        on_disk = set(self.bench.library.files)
        gone = self.there - on_disk
        job = await self.bench.job(sync=True, confirm_deletes=True)
        assert (job.state, job.progress.removed) == (JobState.COMPLETED, len(gone))
        assert await kept_of(self.bench, job) == len(gone)
        self.trash |= dict.fromkeys(gone, job.id)
        self.there = on_disk - self.forgotten

    async def undone(self) -> None:
        jobs = sorted(set(self.trash.values()) - {""})
        if not jobs:
            return
        found = await self.bench.ledger.jobs.find(jobs[0])
        assert found is not None
        job = await undone(self.bench, found)
        assert job.state is JobState.COMPLETED
        for name in [name for name, by in self.trash.items() if by == jobs[0]]:
            self.there.add(name)
            del self.trash[name]

    async def forget(self, name: bytes) -> None:
        if name not in self.there:
            return
        collections = await self.collections()
        page = await self.bench.store.page("default", limit=99, offset=0)
        (point,) = [one for one in page if one.path == b"/photos/" + name]
        assert (
            await self.bench.forgetting(collections).forget("default", [StoredImage.of(point)]) == 1
        )
        self.there.discard(name)
        self.forgotten.add(name)
        self.trash[name] = ""

    async def take_back(self, name: bytes) -> None:
        content = hashlib.sha256(b"image " + name).digest()
        forgetting = self.bench.forgetting(await self.collections())
        if name not in self.forgotten:
            try:
                await forgetting.take_back("default", content)
            except ImageNotFound:
                return
            raise AssertionError("it was not forgotten")
        await forgetting.take_back("default", content)
        self._back(name)

    async def restore(self, name: bytes) -> None:
        restoring = self.bench.restoring(await self.collections())
        outcome = await restoring.bring_back("default", [point_id_of(self.bench, name)])
        met = len(outcome.back) + len(outcome.left)
        assert met == (name in self.trash)
        if name in self.trash:
            self._back(name)

    def _back(self, name: bytes) -> None:
        self.there.add(name)
        self.forgotten.discard(name)
        del self.trash[name]

    async def check(self) -> None:
        rows, ledger = await self.bench.rows(), self.bench.ledger
        expected = {point_id_of(self.bench, name) for name in self.there}
        assert rows.keys() == expected
        assert set(rows.values()) <= {1}
        collection = await self.bench.collection()
        if collection.active is None:
            return
        assert await ledger.artefacts.count_stored(collection.bound().id) == len(expected)
        catalogued = await ledger.catalogue.point_ids(collection.id, after=None, limit=99)
        assert set(catalogued) == expected
        assert await self.bench.store.count("default") == len(expected)
        assert (await in_trash(self.bench)).points == len(self.trash)


def point_id_of(bench: Bench, name: bytes) -> UUID:
    return point_id(new_identity("default", ()), bench.library.root.id, name)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(NAMES)), max_size=10))
def test_what_is_there_is_what_was_done(steps: list[tuple[Verb, bytes]]) -> None:
    anyio.run(told, steps)


async def told(steps: list[tuple[Verb, bytes]]) -> None:
    model = Model(Bench())
    library = model.bench.library
    for name in (ANCHOR, *NAMES):
        library.put(name, b"image " + name)
    await model.imported()
    await model.check()
    for verb, name in [*steps, ("import", ANCHOR), ("undo", ANCHOR)]:
        match verb:
            case "put":
                library.put(name, b"image " + name)
            case "lose":
                library.files.pop(name, None)
            case "import":
                await model.imported()
            case "undo":
                await model.undone()
            case "forget":
                await model.forget(name)
            case "take back":
                await model.take_back(name)
            case "restore":
                await model.restore(name)
        await model.check()
