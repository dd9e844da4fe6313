"""Thumbnails as they are compared: some are held, those that are gone are made anew."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images
from ingestion_orchestration_fastapi_app.domain.duplicates.same_picture import (
    GRID_PX,
    Grid,
    difference,
    turned,
)
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.picture import picture_key
from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.library.pictures.thumbnails import Thumbnails
from utils.contract.warnings import WarningCode
from utils.imaging.thumbnail import thumbnail_grid
from utils.problems import Problem, ServiceOverloaded

_HELD = 1024  # grids: 50 MB
MOST_LOST = 200  # thumbnails that cannot be made: then no more are tried, since a disk is away


@dataclass(frozen=True, slots=True)
class Compared:
    """The candidates that show the same picture, in their order. `is_whole`: all could be seen."""

    same: tuple[int, ...]
    is_whole: bool


@dataclass
class ComparedPictures:
    """Compares pictures of one collection by their thumbnails."""

    scope: JobScope
    collection: CollectionRecord
    images: Images
    thumbnails: Thumbnails
    threads: CapacityLimiter
    _grids: OrderedDict[int, Grid] = field(default_factory=OrderedDict)
    _lost: set[int] = field(default_factory=set)

    async def compared(self, place: int, candidates: Sequence[tuple[int, int]]) -> Compared:
        """The candidates come with the quarters by which the image is turned to be as they are."""
        wanted = {place, *(other for other, _ in candidates)}
        there = await self._had(sorted(wanted))
        if place not in there:
            return Compared((), is_whole=False)
        compare = partial(_same, there, place, candidates)
        same = await to_thread.run_sync(compare, limiter=self.threads)
        return Compared(same, is_whole=len(there) == len(wanted))

    async def _had(self, places: Sequence[int]) -> dict[int, Grid]:
        wanted = list(dict.fromkeys(places))
        lacking = [one for one in wanted if one not in self._grids and one not in self._lost]
        if lacking:
            webps = await self._thumbnails(lacking)
            made = await to_thread.run_sync(_grids_of, webps, limiter=self.threads)
            self._grids.update(made)
        found = {one: self._grids[one] for one in wanted if one in self._grids}
        for one in found:
            self._grids.move_to_end(one)
        while len(self._grids) > _HELD:
            self._grids.popitem(last=False)
        return found

    async def _thumbnails(self, places: Sequence[int]) -> dict[int, bytes]:
        ports = self.scope.ports
        keys = {one: self._key(one) for one in places}
        kept = await ports.cache.pictures(
            ports.preparation.picture_version, list(dict.fromkeys(keys.values()))
        )
        found = {one: kept[key].thumbnail for one, key in keys.items() if key in kept}
        for one in places:
            if one in found or len(self._lost) >= MOST_LOST:
                continue
            webp = await self._made_anew(one)
            if webp is not None:
                found[one] = webp
                continue
            self._lost.add(one)
            if len(self._lost) == MOST_LOST:
                self.scope.progress.warn(WarningCode.THUMBNAILS_LOST, count=MOST_LOST)
        return found

    async def _made_anew(self, place: int) -> bytes | None:
        """None where it cannot be: then nothing is said of the image."""
        point_id = self.images.id_at(place)
        points = await self.scope.ports.store.get(self.collection.bound().table, [point_id])
        if not points:
            return None
        image = StoredImage.of(points[0])
        try:
            picture = await self.scope.until_stored(partial(self.thumbnails.picture, image))
        except (StoreWrite, DiskFull, ServiceOverloaded):  # while it is being stopped
            raise
        except Problem as exc:
            self.scope.progress.note("thumbnail_not_made", f"{exc.code}: {exc.detail}")
            return None
        return picture.thumbnail

    def _key(self, place: int) -> bytes:
        return picture_key(self.images.content_at(place), int(self.images.turn[place]) or None)


def _grids_of(webps: Mapping[int, bytes]) -> dict[int, Grid]:
    return {one: thumbnail_grid(webp, GRID_PX) for one, webp in webps.items()}


def _same(
    grids: Mapping[int, Grid], place: int, candidates: Sequence[tuple[int, int]]
) -> tuple[int, ...]:
    found = (
        other
        for other, quarters in candidates
        if other in grids and difference(turned(grids[place], quarters), grids[other]).is_none
    )
    return tuple(dict.fromkeys(found))
