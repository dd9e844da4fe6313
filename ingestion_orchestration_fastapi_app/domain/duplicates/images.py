"""The images of a collection as duplicates are looked for: a few numbers of each, in arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.duplicates.keeper import (
    format_rank,
    metadata_count,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue import moment_number
from ingestion_orchestration_fastapi_app.domain.library.picture import placeholder_phash
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.search.folding import is_raw, shot_of
from utils.metadata.photo_metadata import TakenAtSource
from utils.text.folded import folded

NO_TIME = np.iinfo(np.int64).min
NO_CAMERA = 0
_SOURCES = list(TakenAtSource)
_FIRST_GUESS = _SOURCES.index(TakenAtSource.MODIFY_DATE)
_INT64_MAX = np.iinfo(np.int64).max
_MOST_SIDE = 2**31 - 1  # so that the product of two is a number
Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Images:
    """One row an image, arrays of one length, the one to keep first: so the place of an image is
    its rank.

    `ids` (16 bytes) and `contents` (32) are numpy's void. `taken_at` in microseconds, NO_TIME where
    nothing says it; `source` is the place of its source in the order of trust. `camera` and `shot`
    are numbers that stand for texts. `is_seen`: its perceptual hash is of what it shows.
    """

    ids: Column
    contents: Column
    phash: npt.NDArray[np.uint64]
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    size_bytes: npt.NDArray[np.int64]
    mtime_ns: npt.NDArray[np.int64]
    taken_at: npt.NDArray[np.int64]
    source: npt.NDArray[np.int8]
    camera: npt.NDArray[np.int32]
    shot: npt.NDArray[np.uint64]
    format_rank: npt.NDArray[np.int8]
    metadata_count: npt.NDArray[np.int8]
    turn: npt.NDArray[np.int8]
    is_raw: npt.NDArray[np.bool_]
    is_partial: npt.NDArray[np.bool_]
    is_seen: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_dated(self) -> npt.NDArray[np.bool_]:
        """Whether something says when they were taken that is no guess."""
        dated: npt.NDArray[np.bool_] = (self.taken_at != NO_TIME) & (self.source < _FIRST_GUESS)
        return dated

    def is_dated_at(self, place: int) -> bool:
        return bool(self.taken_at[place] != NO_TIME and self.source[place] < _FIRST_GUESS)

    def id_at(self, place: int) -> UUID:
        return UUID(bytes=self.ids[place].tobytes())

    def content_at(self, place: int) -> bytes:
        return bytes(self.contents[place].tobytes())

    def digest(self) -> str:
        """Of all that groups are made of: where it is another one, so may the groups be."""
        found = hashlib.sha256()
        for one in fields(self):
            found.update(np.ascontiguousarray(getattr(self, one.name)).tobytes())
        return found.hexdigest()


_DTYPES: dict[str, Any] = {
    "ids": "V16",
    "contents": "V32",
    "phash": np.uint64,
    "source": np.int8,
    "camera": np.int32,
    "shot": np.uint64,
    "format_rank": np.int8,
    "metadata_count": np.int8,
    "turn": np.int8,
    "is_raw": np.bool_,
    "is_partial": np.bool_,
    "is_seen": np.bool_,
}


class ImagesBuilder:
    """Fills rows for at most `capacity` images, and sorts them."""

    def __init__(self, capacity: int) -> None:
        self._columns = {
            one.name: np.zeros(capacity, _DTYPES.get(one.name, np.int64)) for one in fields(Images)
        }
        self._cameras: dict[str, int] = {"": NO_CAMERA}
        self._count = 0

    def add(self, points: Iterable[Point]) -> None:
        for point in points:
            for name, value in self._row(point).items():
                self._columns[name][self._count] = value
            self._count += 1

    def _row(self, point: Point) -> dict[str, Any]:
        metadata = point.metadata
        camera = folded(f"{metadata.camera_make or ''} {metadata.camera_model or ''}").strip()
        source = metadata.taken_at_source
        return {
            "ids": np.void(point.id.bytes),
            "contents": np.void(point.sha256),
            "phash": point.phash % 2**64,
            "width": min(point.width_px, _MOST_SIDE),
            "height": min(point.height_px, _MOST_SIDE),
            "size_bytes": _bounded(point.size_bytes),
            "mtime_ns": _bounded(point.mtime_ns),
            "taken_at": _moment(metadata.taken_at),
            "source": -1 if source is None else _SOURCES.index(source),
            "camera": self._cameras.setdefault(camera, len(self._cameras)),
            "shot": _shot(point.path),
            "format_rank": format_rank(point.format),
            "metadata_count": metadata_count(metadata),
            "turn": metadata.sidecar_turn or 0,
            "is_raw": is_raw(point.format),
            "is_partial": point.partial,
            "is_seen": point.phash != placeholder_phash(point.picture_key),
        }

    def built(self) -> tuple[Images, npt.NDArray[np.int64]]:
        """And of each place, how manieth it was added."""
        added = {name: column[: self._count] for name, column in self._columns.items()}
        halves = np.ascontiguousarray(added["ids"]).view(">u8").reshape(-1, 2)
        order = np.lexsort(
            (
                halves[:, 1],
                halves[:, 0],
                -added["size_bytes"],
                added["mtime_ns"],
                -added["metadata_count"],
                added["format_rank"],
                -(added["width"] * added["height"]),
                added["is_partial"],
            )
        )
        return Images(**{name: column[order] for name, column in added.items()}), order


def _moment(moment: datetime | None) -> int:
    return int(NO_TIME) if moment is None else moment_number(moment)


def _shot(path: bytes) -> int:
    folder, stem = shot_of(path)
    whole = folder + b"/" + stem.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest())


def _bounded(number: int) -> int:
    return max(-int(_INT64_MAX), min(number, int(_INT64_MAX)))
