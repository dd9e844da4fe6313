"""A library of made vectors and words, and the real search over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.point import Point, QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.library.words import Caption
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.calibration import Calibrating
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Query
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from tests.component.store_fixtures import point
from tests.fake_inference import FakeInference
from tests.fakes import FINGERPRINT, capabilities
from tests.memory_ledger import memory_ledger
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords
from utils.contract import Capabilities
from utils.contract.inference import SigmoidHead
from utils.metadata.photo_metadata import Metadata


@dataclass
class KnownTexts(FakeInference):
    """A model that knows these texts."""

    texts: Mapping[str, Vector] = field(default_factory=dict)

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        await self._reached()
        return QueryVector(self.texts[text], fingerprint)


def told(dim: int, *, sigmoid: SigmoidHead | None = None) -> Capabilities:
    known = capabilities()
    clip = known.clip.model_copy(update={"dim": dim, "sigmoid": sigmoid})
    return known.model_copy(update={"clip": clip})


def picture(
    number: int, vector: Vector, *, path: str = "", caption: str | None = None, **metadata: Any
) -> Point:
    """`metadata` as for Metadata. Without a path its name says nothing."""
    path = path or f"/photos/{number:06d}.jpg"
    made = point(number, vector=vector, display_path=path, metadata=Metadata(**metadata))
    return replace(
        made,
        path=path.encode(),
        filename=path.rpartition("/")[2],
        caption=caption,
        fingerprint=FINGERPRINT,
    )


@dataclass
class MadeLibrary:
    search: Search
    service: KnownTexts
    collections: Collections
    store: VectorStore
    words: WordStore
    ledger: Ledger
    calibrating: Calibrating

    async def add(self, points: Sequence[Point]) -> None:
        """With the words of their metadata, paths and captions."""
        collection = await self.collections.get("default")
        table = collection.bound().table
        await self.store.write(table, points, may_exist=())
        captions = {one.id: Caption(one.caption, "blip") for one in points if one.caption}
        kept = self.collections.words
        await kept.write(
            collection, points, captions, may_exist=(), undisturbed=kept.undisturbed(collection)
        )

    async def found(self, text: str, **asked: Any) -> Found:
        return await self.search.by_text(query(**asked), text)


def query(**asked: Any) -> Query:
    plain = Query("default", limit=10, offset=0, filters=NO_FILTERS, min_score=None)
    return replace(plain, **asked)


async def made_library(
    points: Sequence[Point],
    texts: Mapping[str, Vector],
    *,
    store: VectorStore | None = None,
    words: WordStore | None = None,
    shown: Shown = lambda _: None,
    sigmoid: SigmoidHead | None = None,
) -> MadeLibrary:
    dim = len(points[0].vector)
    service = KnownTexts(told=told(dim, sigmoid=sigmoid), texts=texts)
    store, words = store or MemoryStore(), words or MemoryWords()
    ledger = memory_ledger()
    collections = Collections(ledger, store, words)
    made = await collections.create("default")
    await collections.bind(made.id, told(dim))
    pool = InferencePool([service])
    await pool.refresh()
    conditions = LedgerConditions(ledger.captions, ledger.annotations, ledger.albums)
    judging = Judging(ledger.calibrations, store)
    search = Search(
        collections,
        store,
        pool,
        conditions=conditions,
        judging=judging,
        templating=Templating(ledger.calibrations),
        shown=shown,
        query_timeout_s=1,
    )
    calibrating = Calibrating(ledger, store, pool, collections, judging)
    library = MadeLibrary(search, service, collections, store, words, ledger, calibrating)
    await library.add(points)
    return library


def unit(values: Any) -> Vector:
    vector = np.asarray(values, dtype=np.float64)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
