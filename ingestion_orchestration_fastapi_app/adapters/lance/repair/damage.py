"""Finds what of a table cannot be read: rows, deletions, indexes. Changes nothing.

A table is read in a session of its own: caches that outlive a damaged file would vouch for it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    is_damage,
    is_moment,
)
from ingestion_orchestration_fastapi_app.adapters.lance.rows import UUID_FORM, are_unit, to_vectors
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID, VECTOR
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import main_index
from utils.metadata.photo_metadata import TakenAtSource

CHUNK_ROWS = 1024  # what is lost at once where a page of a file is damaged
ROWS_A_LOOK = 250_000  # a second or two; the rest of a large table is for the next looks
_ROWS_A_READ = 8192
_SHIFT = np.uint64(32)  # an address is the fragment's number and the row's place in it
_ALL_PARTITIONS = 1 << 20
_DELETIONS = "_deletions"


Addresses: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class Marks:
    """Size and mtime of each file of a table. Lance never changes a file: one that changed, or is
    gone though nobody pruned, is damaged, or was put back from a copy."""

    files: dict[str, tuple[int, int]]

    def without_indexes_but(self, settled: Collection[str]) -> Marks:
        """Without the files of other indexes, which are still being written."""
        growing = {
            name
            for name in self.files
            if name.startswith("_indices/") and name.split("/")[1] not in settled
        }
        return Marks({name: self.files[name] for name in self.files.keys() - growing})

    def kept_by(self, now: Marks) -> bool:
        return all(now.files.get(name) == mark for name, mark in self.files.items())

    def with_new(self, now: Marks, *, pruned: bool) -> Marks:
        """What came since; `pruned`: without what has gone. One that changed stays as it was."""
        if pruned:
            return Marks({name: self.files.get(name, mark) for name, mark in now.files.items()})
        return Marks({**now.files, **self.files})


def marks(folder: str) -> Marks:
    """Blocking. Of data, deletions and indexes."""
    files: dict[str, tuple[int, int]] = {}
    for part in ("data", _DELETIONS, "_indices"):
        for where, _, names in os.walk(os.path.join(folder, part)):
            for name in names:
                path = os.path.join(where, name)
                stat = os.lstat(path)  # a link that leads nowhere is there, too
                files[os.path.relpath(path, folder)] = (stat.st_size, stat.st_mtime_ns)
    return Marks(files)


@dataclass(slots=True)
class Findings:
    """`kept` are the row addresses that can be read in fragments where others cannot, by fragment.

    `whole` fragments were read to the end. `indexes`: one of them cannot be read.
    """

    kept: dict[int, Addresses] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    indexes: bool = False

    @property
    def any(self) -> bool:
        return bool(self.kept) or self.indexes


async def fragments(handle: Any) -> dict[int, Addresses]:
    """The addresses of all rows, by fragment. Reads the deletions, and no data."""
    reader = await handle.query().select(["_rowaddr"]).to_batches()
    found = [batch["_rowaddr"].to_numpy(zero_copy_only=False) async for batch in reader]
    addresses = np.sort(np.concatenate(found)) if found else np.empty(0, np.uint64)
    numbers, starts = np.unique(addresses >> _SHIFT, return_index=True)
    parts = np.split(addresses, starts[1:])
    return {int(number): part for number, part in zip(numbers, parts, strict=False)}


async def look(
    handle: Any,
    there: Mapping[int, Addresses],
    unread: Collection[int],
    *,
    rows: int | None,
    indexes: bool,
) -> Findings:
    """Reads fragments that are unread, as far as `rows` go (None: all), then the indexes, if asked.

    All at once is three times as fast, and says nothing of where the damage is.
    """
    findings = Findings()
    total = sum(map(len, there.values()))
    if len(unread) == len(there) and (rows is None or total <= rows) and await _scans(handle):
        findings.whole = set(there)
    else:
        for number in sorted(unread):
            if rows is not None:
                if rows <= 0:
                    break
                rows -= len(there[number])
            kept = await _readable(handle, there[number])
            if len(kept) == len(there[number]):
                findings.whole.add(number)
            else:
                findings.kept[number] = kept
    if indexes and not findings.kept:
        findings.indexes = not await _holds(probe_indexes(handle))
    return findings


def of_fragment(number: int) -> str:
    return f"(_rowaddr >= {number << 32} AND _rowaddr < {(number + 1) << 32})"


async def take(handle: Any, addresses: Addresses) -> Any:
    """The rows at these addresses as an Arrow table, checked. No other fragment is touched."""
    rows = await handle.take_row_ids(addresses.tolist()).to_arrow()
    if rows.num_rows != len(addresses):
        raise DamagedError("rows are missing")
    check(rows)
    return rows


async def _readable(handle: Any, addresses: Addresses) -> Addresses:
    """Those that can be read. What cannot was tried twice; the moment's fault is raised."""
    if await _holds(_take_all(handle, addresses)):
        return addresses
    groups = _groups(addresses, CHUNK_ROWS)
    kept = [group for group in groups if await _holds(take(handle, group))]
    return np.concatenate(kept) if kept else addresses[:0]


async def _take_all(handle: Any, addresses: Addresses) -> None:
    for group in _groups(addresses, _ROWS_A_READ):
        await take(handle, group)


def _groups(addresses: Addresses, size: int) -> list[Addresses]:
    return [addresses[start : start + size] for start in range(0, len(addresses), size)]


async def _scans(handle: Any) -> bool:
    async def scan() -> None:
        async for batch in await handle.query().to_batches(max_batch_length=_ROWS_A_READ):
            check(pa.Table.from_batches([batch]))

    return await _holds(scan())


async def _holds(reading: Awaitable[object]) -> bool:
    try:
        await reading
    except BaseException as exc:
        if is_moment(exc) or not is_damage(exc):
            raise
        return False
    return True


async def probe_indexes(handle: Any) -> None:
    """Makes every partition of the vector index be read, and every page of the id's."""
    if await main_index(handle) is None:
        return
    first = (await handle.query().select([ID, VECTOR]).limit(1).to_arrow()).combine_chunks()
    if not first.num_rows:
        return
    query = handle.query().nearest_to(to_vectors(first)[0]).distance_type("cosine")
    await query.nprobes(_ALL_PARTITIONS).limit(10).select([ID, "_distance"]).to_arrow()
    if await handle.count_rows(f"{ID} >= ''") != await handle.count_rows():
        raise DamagedError("the index of ids lacks rows")


def check(table: Any) -> None:
    """Whether every row can be what was written, by its form. Raises DamagedError or of Arrow."""
    table.validate(full=True)
    for column in (ID, "root_id"):
        if not pc.all(pc.match_substring_regex(table[column], UUID_FORM)).as_py():
            raise DamagedError(f"{column}: not an id")
    known = pa.array(list(TakenAtSource), pa.string())
    sources = table["taken_at_source"].drop_null()
    if not pc.all(pc.is_in(sources, value_set=known), min_count=0).as_py():
        raise DamagedError("taken_at_source: unknown")
    if not are_unit(to_vectors(table)):
        raise DamagedError("a vector is not of norm 1")
