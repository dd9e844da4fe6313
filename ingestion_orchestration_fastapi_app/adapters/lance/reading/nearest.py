"""Nearest vectors in a Lance table: by its index, or flat and exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias
from uuid import UUID

import numpy as np
import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.errors import DamagedError
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.shape import IndexShape
from ingestion_orchestration_fastapi_app.adapters.lance.reading.row_kinds import (
    LONGEST_READ,
    Row,
    RowKind,
)
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.point import Vector

Scores: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Places: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]

_DISTANCE = "_distance"
_CANDIDATES = 5  # of the index for each row wanted: they are read in full
_LEAST_CANDIDATES = 300
_MOST_CANDIDATES = 5000
# The index holds a few bits a number: what it puts that much further away may be nearer in
# truth. Many pictures of one thing lie closer together, and all of them must be candidates.
_QUANTISED = 0.02
# Partitions of the index that are looked at, of about one for 8,192 rows: with half as many, a text
# that lies far from all of them misses some of what is nearest (ADR 36).
_PARTITIONS = 128
# Further down a flat search is as fast as the index, which reads more with the depth, and exact.
_DEEPEST_BY_INDEX = 1000
_TRIES = 5
_FEW_TIES = 8  # beside a page: they are read with it; of more only the ids are, to cut them by
_ROW = "_rowid"


@dataclass(frozen=True, slots=True)
class Nearest(Generic[Row]):
    """A page of what is near: by cosine, best first, ties by id.

    It begins after `offset` results, or `after` one: then the offset is 0.
    """

    rows: RowKind[Row]
    handle: Any
    vector: Vector
    where: str | None
    limit: int
    offset: int
    after: After | None

    async def hits(self, *, index: IndexShape | None) -> list[tuple[Row, float]]:
        """Exact below the index, and where it finds too few: of a narrow filter, or far down."""
        if self.limit <= 0:
            return []
        found = None if index is None else await self._by_index(index)
        return await self._flat() if found is None else found

    async def _by_index(self, index: IndexShape) -> list[tuple[Row, float]] | None:
        before = self.offset if self.after is None else self.after.rank
        wanted = before + self.limit + 1
        if wanted > _DEEPEST_BY_INDEX:
            return None
        for _ in range(_TRIES):
            version = await self.handle.version()
            found = await self._candidates(index, max(_LEAST_CANDIDATES, _CANDIDATES * wanted))
            span = self._span(found)
            if span is None or span.is_open:
                return None
            page = await self._page(found, span)
            # A row's number is of one version: a compaction gives it to another row.
            if page is not None and version == await self.handle.version():
                return _scored(self.rows.made(page), page)
        return None  # somebody wrote between the looks, each time

    async def _candidates(self, index: IndexShape, number: int) -> Any:
        """Their rows' numbers and true distances: so many that none is missed by its quantised one.

        Only what is shown of them is read further: to read one column of all takes as long as to
        find them.
        """
        while True:
            query = self._query([_DISTANCE]).with_row_id().limit(number).refine_factor(1)
            # Lance wants a beam (`ef`) that is no narrower than what it refines.
            is_graph = index is IndexShape.GRAPH
            query = query.ef(number) if is_graph else query.nprobes(_PARTITIONS)
            found = await query.to_arrow(timeout=LONGEST_READ)
            if found.num_rows < number or number >= _MOST_CANDIDATES:
                return found
            span = self._span(found)
            if span is not None and span.beyond >= _QUANTISED:
                return found
            number = min(4 * number, _MOST_CANDIDATES)

    def _span(self, found: Any) -> _Span | None:
        """None where nothing is left for the page."""
        distances = found[_DISTANCE].to_numpy()
        order = np.argsort(distances, kind="stable")
        first, last = self.offset, self.offset + self.limit - 1
        if self.after is not None:
            scores = _scores(found)[order]
            order = order[scores <= self.after.score]
            last += int(np.sum(scores == self.after.score))  # any of them may stand before it
        if first >= len(order):
            return None
        ordered = distances[order]
        ends_at = ordered[min(last, len(order) - 1)]
        begin = int(np.searchsorted(ordered, ordered[first], side="left"))
        end = int(np.searchsorted(ordered, ends_at, side="right"))
        beyond = float(distances.max() - ends_at)
        return _Span(order[begin:end], first - begin, beyond)

    async def _page(self, found: Any, span: _Span) -> Any | None:
        """The page's rows in order, with distances. None where some are gone."""
        near, skipped = found.take(pa.array(span.places)), span.skipped
        if near.num_rows > self.limit + _FEW_TIES:
            with_ids = await self._read(near, [ID])
            if with_ids is None:
                return None
            near, skipped = self._cut(with_ids, skipped), 0
        rows = await self._read(near, self.rows.columns)
        return None if rows is None else self._cut(rows, skipped)

    async def _read(self, near: Any, columns: Sequence[str]) -> Any | None:
        """Columns of these rows, which Lance gives in an order of its own."""
        query = self.handle.take_row_ids(near[_ROW].to_pylist()).select([*columns]).with_row_id()
        read = await query.to_arrow(timeout=LONGEST_READ)
        if read.num_rows < near.num_rows:
            return None
        distances = near.sort_by(_ROW)[_DISTANCE]
        return read.sort_by(_ROW).append_column(_DISTANCE, distances)

    def _cut(self, rows: Any, skipped: int) -> Any:
        order = self._in_order(rows)[skipped:]
        return rows.take(pa.array(order[: self.limit]))

    async def _flat(self) -> list[tuple[Row, float]]:
        """Raises DamagedError where rows have no vector any more: Lance leaves them out."""
        more, tries = self.limit + 1, 0
        while True:
            take = self.offset + more
            query = self._query([*self.rows.columns, _DISTANCE]).limit(take).bypass_vector_index()
            if self.after is not None:  # at its distance or further
                query = query.distance_range(lower_bound=float(np.float32(1.0 - self.after.score)))
            found = await query.to_arrow(timeout=LONGEST_READ)
            if self.after is None and found.num_rows < take:
                tries += 1
                if found.num_rows < min(take, await self.handle.count_rows(self.where)):
                    if tries == _TRIES:  # it is not that some came in between the two looks
                        raise DamagedError("rows have no vector")
                    continue
            order = self._in_order(found)[self.offset :]
            if found.num_rows < take or _tie_ends(found, order, self.limit):
                page = found.take(pa.array(order[: self.limit]))
                return _scored(self.rows.made(page), page)
            more *= 2  # equal scores reach over the page's end: all are needed to order them

    def _query(self, columns: list[str]) -> Any:
        query = self.handle.query().nearest_to(self.vector).distance_type("cosine")
        if self.where is not None:
            query = query.where(self.where)  # before the search: a filter costs no results
        return query.select(columns)

    def _in_order(self, found: Any) -> Places:
        """Places by distance and id; without what was shown before, where the page says so."""
        ids = found[ID].to_pylist()
        order = np.lexsort((ids, found[_DISTANCE].to_numpy()))
        if self.after is not None:
            scores, last = _scores(found), self.after
            kept = [at for at in order if last.precedes(float(scores[at]), UUID(ids[at]))]
            order = np.asarray(kept, dtype=np.int64)
        return order


@dataclass(frozen=True, slots=True)
class _Span:
    """Places among candidates: of a page's rows, and of what ties with its first or its last.

    `skipped`: so many of them, by id, are of the page before. `beyond`: how much further away the
    last candidate is than the page's last row.
    """

    places: Places
    skipped: int
    beyond: float

    @property
    def is_open(self) -> bool:
        """Whether more may tie with its last row than were found."""
        return self.beyond <= 0


def _tie_ends(found: Any, order: Places, limit: int) -> bool:
    """Whether all that ties with the page's last row is there."""
    if len(order) < limit:
        return False
    distances = found[_DISTANCE].to_numpy()
    return bool(distances.max() > distances[order[limit - 1]])


def _scores(found: Any) -> Scores:
    scores: Scores = 1.0 - found[_DISTANCE].to_numpy().astype(np.float64)
    return scores


def _scored(rows: list[Row], page: Any) -> list[tuple[Row, float]]:
    return [(row, float(score)) for row, score in zip(rows, _scores(page), strict=True)]
