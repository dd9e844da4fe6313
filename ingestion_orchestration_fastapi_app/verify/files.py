"""A page of the ledger's files against the vector store, the disk and the thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.files.records import UnseenFile
from ingestion_orchestration_fastapi_app.domain.jobs.reports import Example
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.verify.absence import Absence

NORM_TOLERANCE = 1e-3


class Wrong(StrEnum):
    """What a check looks for."""

    POINT_MISSING = "point_missing"  # the ledger believes it stored; mended: opened again
    VECTOR_NOT_UNIT = "vector_not_unit"  # mended: its row is taken out, its file opened again
    FILE_MISSING = "file_missing"  # not of a disk that is away; an import with sync removes it
    THUMBNAIL_MISSING = "thumbnail_missing"  # mended: made anew
    ROW_UNKNOWN = "row_unknown"  # to the ledger; mended: written over, never beside
    ROW_DUPLICATED = "row_duplicated"  # mended: the last one written stays
    WORDS_MISSING = "words_missing"  # a point has none; mended: made anew
    WORDS_UNKNOWN = "words_unknown"  # of no point; mended: deleted
    WORDS_DUPLICATED = "words_duplicated"  # of a point more than once; mended: one row stays
    CATALOGUE_MISSING = "catalogue_missing"  # a point has no row in it; mended: written
    CATALOGUE_WRONG = "catalogue_wrong"  # it says something else than its point; mended: likewise
    CATALOGUE_UNKNOWN = "catalogue_unknown"  # of no point; mended: deleted


@dataclass(frozen=True, slots=True)
class Found:
    wrong: Wrong
    example: Example
    to_mend: UUID | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """`points`: so many are stored. `away`: so many files are on a disk that is not there."""

    found: Sequence[Found]
    points: int
    away: int


async def look_at(ports: Ports, collection: CollectionRecord, page: Sequence[UnseenFile]) -> Look:
    """Changes nothing. An import may run beside it: what changes meanwhile is not blamed."""
    files = {file.point_id: file for file in page if file.had_point}
    believed = await ports.ledger.artefacts.surely_stored(collection.bound().id, list(files))
    points = await ports.store.get(collection.bound().table, sorted(believed), vectors=True)
    found = [
        Found(Wrong.POINT_MISSING, _example(files[one]), one)
        for one in sorted(await _lost(ports, collection, believed, points))
    ]
    found += [
        Found(Wrong.VECTOR_NOT_UNIT, _example(files[point.id], f"its norm is {norm:.6g}"), point.id)
        for point, norm in ((point, _norm(point)) for point in points)
        if not abs(norm - 1) <= NORM_TOLERANCE
    ]
    stored = [files[point.id] for point in points]
    missing, away = await Absence(ports.ledger.folders, ports.library, collection).of(stored)
    found += [
        Found(Wrong.FILE_MISSING, _example(file)) for file in stored if file.absolute in missing
    ]
    version = ports.preparation.picture_version
    there = await ports.cache.pictures(version, list({point.picture_key for point in points}))
    found += [
        Found(
            Wrong.THUMBNAIL_MISSING,
            _example(files[point.id]),
            None if files[point.id].absolute in missing | away else point.id,
        )
        for point in points
        if point.picture_key not in there and files[point.id].absolute not in away
    ]
    return Look(found, points=len(points), away=len(away))


async def _lost(
    ports: Ports, collection: CollectionRecord, believed: set[UUID], points: Sequence[Point]
) -> set[UUID]:
    """A second look at both tells what was being removed, or written again, from what is lost."""
    missing = believed - {point.id for point in points}
    if not missing:
        return set()
    still = await ports.ledger.artefacts.surely_stored(collection.bound().id, list(missing))
    again = await ports.store.get(collection.bound().table, list(still))
    return still - {point.id for point in again}


def _norm(point: Point) -> float:
    return float(np.linalg.norm(np.asarray(point.vector, dtype=np.float64)))


def _example(file: UnseenFile, detail: str = "") -> Example:
    return Example(display_text(file.absolute), str(file.point_id), detail)
