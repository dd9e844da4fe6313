"""Calibrations are made beside all else, kept, and renewed as a collection grows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import NO_VECTOR
from ingestion_orchestration_fastapi_app.domain.library.generation import NewGeneration
from ingestion_orchestration_fastapi_app.domain.library.point import Point, QueryVector
from ingestion_orchestration_fastapi_app.domain.search.relevance.calibration import (
    Calibration,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.noise import LIMIT
from ingestion_orchestration_fastapi_app.errors import (
    Overloaded,
    StoreRead,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.relevance.neutral_texts import shipped_texts
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.component.store_fixtures import point
from tests.fake_inference import FakeInference
from tests.fakes import DIM, FINGERPRINT, vector_of
from tests.memory_ledger import memory_ledger
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords

pytestmark = pytest.mark.anyio

NEUTRAL = shipped_texts()


@dataclass
class CountingInference(FakeInference):
    """`refuses`: after so many texts it is overloaded."""

    texts: list[str] = field(default_factory=list)
    refuses: int | None = None

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        if self.refuses is not None and len(self.texts) >= self.refuses:
            raise Overloaded("busy")
        answer = await super().embed_text(text, fingerprint=fingerprint)
        self.texts.append(text)
        return answer


@dataclass
class Library:
    inference: CountingInference = field(default_factory=CountingInference)
    ledger: Ledger = field(default_factory=memory_ledger)
    store: MemoryStore = field(default_factory=MemoryStore)
    sample_points: int = 1000

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.collections = Collections(self.ledger, self.store, MemoryWords())
        self.judging = Judging(self.ledger.calibrations, self.store)
        self.calibrating = Calibrating(
            self.ledger,
            self.store,
            InferencePool([self.inference]),
            self.collections,
            self.judging,
            sample_points=self.sample_points,
        )

    async def filled(self, rows: int, *, first: int = 0) -> None:
        found = await self.ledger.collections.find("default")
        if found is None:
            found = await self.ledger.collections.create("default", identity="default")
            new = NewGeneration("default", "fake", "fake", DIM, FINGERPRINT)
            await self.store.create("default", dim=DIM)
            await self.ledger.generations.bind(found.id, new, synced_version=None)
        await self.store.write("default", pictures(rows, first=first), may_exist=())

    async def kept(self) -> Calibration | None:
        found = await self.ledger.collections.find("default")
        assert found is not None
        return await self.ledger.calibrations.find(found.bound().id)


def pictures(rows: int, *, first: int = 0) -> list[Point]:
    return [
        point(first + number, vector=vector_of(f"picture {first + number}".encode()))
        for number in range(rows)
    ]


async def test_a_collection_is_calibrated_once_and_again_when_it_has_grown() -> None:
    library = Library()
    await library.filled(100)
    assert await library.calibrating.renew("default")
    made = await library.kept()
    assert made is not None
    assert (made.points, made.texts, len(made.sample)) == (100, NEUTRAL.digest, 100)
    assert sorted(library.inference.texts) == sorted(NEUTRAL.all_of_them)
    await library.filled(20, first=100)
    assert not await library.calibrating.renew("default")
    await library.filled(20, first=120)
    library.restart()
    assert await library.calibrating.renew("default")
    renewed = await library.kept()
    assert renewed is not None
    assert renewed.points == 140
    assert len(library.inference.texts) == len(NEUTRAL.all_of_them)  # the ledger kept the vectors


async def test_a_large_collection_is_searched_as_a_query_is() -> None:
    """Also what no sample holds is found by the neutral texts."""
    library = Library(sample_points=100)
    await library.filled(200)
    await library.calibrating.renew_all()
    made = await library.kept()
    assert made is not None
    assert (made.points, len(made.sample)) == (200, 100)
    found = await library.ledger.collections.find("default")
    assert found is not None
    noise = 0
    for number in range(60):
        text = vector_of(f"text {number}".encode())
        ids = [hit.point.id for hit in await library.store.search("default", text, limit=20)]
        judged = await library.judging.judged(
            found.bound(), text, dict.fromkeys(ids, NO_VECTOR), best=ids
        )
        assert judged is not None
        assert set(judged.relevances) == set(ids)
        noise += judged.nothing_relevant is True
    assert noise > 48


async def test_few_images_are_not_calibrated() -> None:
    library = Library()
    await library.filled(49)
    assert not await library.calibrating.renew("default")
    assert library.inference.texts == []


async def test_a_busy_service_is_asked_for_the_rest_later() -> None:
    library = Library(CountingInference(refuses=100))
    await library.filled(60)
    await library.calibrating.renew_all()
    assert await library.kept() is None
    library.inference.refuses = None
    library.inference.away = True
    await library.calibrating.renew_all()
    assert await library.kept() is None
    library.inference.away = False
    await library.calibrating.renew_all()
    assert await library.kept() is not None
    assert library.inference.texts == list(NEUTRAL.all_of_them)


async def test_a_ledger_that_cannot_be_read_is_read_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    await library.filled(60)

    async def refused() -> list[CollectionRecord]:
        raise StoreRead("The disk does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(library.ledger.collections, "list_all", refused)
        await library.calibrating.renew_all()
    assert await library.kept() is None
    await library.calibrating.renew_all()
    assert await library.kept() is not None


async def test_what_served_is_not_read_again_while_the_collection_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    await library.filled(100)
    await library.calibrating.renew_all()
    found = library.ledger.calibrations.find
    reads: list[int] = []

    async def counted(generation_id: int) -> Calibration | None:
        reads.append(generation_id)
        return await found(generation_id)

    monkeypatch.setattr(library.ledger.calibrations, "find", counted)
    for _ in range(3):
        await library.calibrating.renew_all()
    assert len(reads) == 1
    await library.filled(1, first=100)
    for _ in range(3):
        await library.calibrating.renew_all()
    assert len(reads) == 2


async def test_an_unreachable_service_is_no_fault_of_the_others() -> None:
    library = Library()
    library.inference.away = True
    await library.filled(60)
    with pytest.raises(Unreachable):
        await library.calibrating.renew("default")


async def test_a_list_is_cut_where_nothing_is_relevant_any_more() -> None:
    library = Library()
    await library.filled(500)
    await library.calibrating.renew_all()
    found = await library.ledger.collections.find("default")
    assert found is not None
    text = vector_of(b"picture 5")  # as near as can be
    hits = await library.store.search("default", text, limit=500)
    ids = [hit.point.id for hit in hits]
    everything = await library.judging.judged(
        found.bound(), text, dict.fromkeys(ids, NO_VECTOR), best=ids
    )
    cut = await library.judging.relevant(found.bound(), text, ids, least=0.5)
    assert everything is not None
    assert cut is not None
    expected = {one for one in ids[:200] if everything.relevances[one] >= 0.5}
    assert {one for one in cut.relevances if one in set(ids[:200])} == expected
    assert min(cut.relevances.values()) >= 0.5
    best = max(everything.relevances[one] for one in ids[:20])
    assert everything.nothing_relevant == (best < LIMIT)


def test_the_shipped_texts_are_some_hundreds_and_all_different() -> None:
    assert len(NEUTRAL.sentences) > 400
    assert len(NEUTRAL.nonsense) >= 100
    assert len(set(NEUTRAL.all_of_them)) == len(NEUTRAL.all_of_them)
    assert all(text == text.strip() and text for text in NEUTRAL.all_of_them)
