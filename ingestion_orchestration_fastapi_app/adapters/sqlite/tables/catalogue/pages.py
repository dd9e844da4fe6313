"""A page of the catalogue: runs of rows, each read in its order from where the last page ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.adapters.sqlite.rows import Row
from ingestion_orchestration_fastapi_app.adapters.sqlite.tables.catalogue.sql import Sql
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, Root
from ingestion_orchestration_fastapi_app.domain.library.catalogue import (
    Listed,
    Order,
    Position,
    Sort,
)

_COLUMNS = {Sort.TAKEN_AT: "taken_at", Sort.ADDED: "added_at"}
_INDEXES = {Sort.TAKEN_AT: "catalogue_by_taken", Sort.ADDED: "catalogue_by_added"}


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that follow each other in a page's order: `where` beside the filters, then `order`."""

    where: Sql
    order: str


@dataclass(frozen=True, slots=True)
class Page:
    """`matching`: the filters. `is_dense`: rows are walked in order, and most of them match; else
    those that match are looked up, and sorted.
    """

    matching: Sql
    order: Order
    is_dense: bool
    roots: Sequence[Root]

    def rows(
        self, db: sqlite3.Connection, after: Position | None, *, offset: int, limit: int
    ) -> list[Listed]:
        found: list[Listed] = []
        for run in self._runs(after):
            rows = self._read(db, run, offset=offset, limit=limit - len(found))
            found += map(self._listed, rows)
            if rows:
                offset = 0
            elif offset:
                offset -= self._count(db, run, at_most=offset)
            if len(found) == limit:
                break
        return found

    def _read(self, db: sqlite3.Connection, run: Run, *, offset: int, limit: int) -> list[Row]:
        columns = "c.point_id, c.id, " + (
            "f.root_id, f.path, c.name"
            if self.order.sort is Sort.PATH
            else f"c.{_COLUMNS[self.order.sort]}"
        )
        query = f"SELECT {columns} {self._from(run)} ORDER BY {run.order} LIMIT ? OFFSET ?"
        return db.execute(query, (*self._given(run), limit, offset)).fetchall()

    def _count(self, db: sqlite3.Connection, run: Run, *, at_most: int) -> int:
        query = f"SELECT count(*) FROM (SELECT 1 {self._from(run)} LIMIT ?)"  # noqa: S608  # constants
        return int(db.execute(query, (*self._given(run), at_most)).fetchone()[0])

    def _from(self, run: Run) -> str:
        if self.order.sort is not Sort.PATH:
            hint = f" INDEXED BY {_INDEXES[self.order.sort]}" if self.is_dense else ""
            return f"FROM catalogue c{hint} WHERE {run.where.text} AND {self.matching.text}"
        if self.is_dense:
            tables = (
                "catalogue_folders f CROSS JOIN catalogue c INDEXED BY catalogue_by_name"
                " ON c.folder_id = f.id"
            )
        else:
            tables = "catalogue c CROSS JOIN catalogue_folders f ON f.id = c.folder_id"
        return f"FROM {tables} WHERE {run.where.text} AND {self.matching.text}"

    def _given(self, run: Run) -> tuple[object, ...]:
        return (*run.where.given, *self.matching.given)

    def _runs(self, after: Position | None) -> Iterator[Run]:
        if self.order.sort is Sort.PATH:
            return self._by_path(after)
        return self._by_number(after)

    def _by_number(self, after: Position | None) -> Iterator[Run]:
        """Those of the same value, then those beyond it, then those without one."""
        column, way, beyond = self._words(f"c.{_COLUMNS[self.order.sort]}")
        order = f"{column} {way}, c.id {way}"
        if after is None:
            yield Run(Sql(f"{column} >= 0"), order)
        elif after.value is not None:
            same = Sql(f"{column} = ? AND c.id {beyond} ?", (after.value, after.row))
            yield Run(same, f"c.id {way}")
            yield Run(Sql(f"{column} {beyond} ?", (after.value,)), order)
        if self.order.sort is Sort.ADDED:
            return
        if after is not None and after.value is None:
            yield Run(Sql(f"{column} IS NULL AND c.id {beyond} ?", (after.row,)), f"c.id {way}")
        else:
            yield Run(Sql(f"{column} IS NULL"), f"c.id {way}")

    def _by_path(self, after: Position | None) -> Iterator[Run]:
        """Root by root, folder by folder."""
        roots = sorted(self.roots, key=lambda one: one.path, reverse=self.order.is_descending)
        ids = [one.id for one in roots]
        start = 0
        if after is not None and after.key is not None:
            if after.key.root_id not in ids:
                return
            start = ids.index(after.key.root_id) + 1
            yield from self._rest_of_root(after.key, after.row)
        path, way, _ = self._words("f.path")
        for root_id in ids[start:]:
            in_root = Sql("f.collection_id = c.collection_id AND f.root_id = ?", (root_id.bytes,))
            yield Run(in_root, f"{path} {way}, c.name {way}, c.id {way}")

    def _rest_of_root(self, key: FileKey, row: int) -> Iterator[Run]:
        folder, _, name = key.path.rpartition(b"/")
        path, way, beyond = self._words("f.path")
        in_root = "f.collection_id = c.collection_id AND f.root_id = ?"
        in_folder = f"{in_root} AND f.path = ?"
        given = (key.root_id.bytes, folder)
        same = Sql(f"{in_folder} AND c.name = ? AND c.id {beyond} ?", (*given, name, row))
        yield Run(same, f"c.id {way}")
        rest = Sql(f"{in_folder} AND c.name {beyond} ?", (*given, name))
        yield Run(rest, f"c.name {way}, c.id {way}")
        others = Sql(f"{in_root} AND f.path {beyond} ?", given)
        yield Run(others, f"{path} {way}, c.name {way}, c.id {way}")

    def _words(self, column: str) -> tuple[str, str, str]:
        """The column, its direction, and what stands before a value that comes later."""
        if not self.is_dense:
            column = f"+{column}"  # its index would be walked for the order, from end to end
        if self.order.is_descending:
            return column, "DESC", "<"
        return column, "ASC", ">"

    def _listed(self, row: Row) -> Listed:
        point_id, number, *place = row
        if self.order.sort is Sort.PATH:
            root_id, folder, name = place
            path = b"/".join([folder, name]) if folder else name
            return Listed(
                UUID(bytes=point_id), Position(None, number, FileKey(UUID(bytes=root_id), path))
            )
        return Listed(UUID(bytes=point_id), Position(place[0], number))
