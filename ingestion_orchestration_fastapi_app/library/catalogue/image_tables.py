"""Images as CSV or JSON, made page by page while they are sent: one page is in memory."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.library.annotations import NO_ANNOTATION
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.transfer.spreadsheet import lines
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, StoreRead
from ingestion_orchestration_fastapi_app.library.catalogue.browsing import (
    Asked,
    Browsing,
    ImagePage,
)
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.pictures.stored_images import StoredImages
from ingestion_orchestration_fastapi_app.ports.gazetteer import Gazetteer
from utils.contract.browsing.rows import ExportFormat, ImageRow

ROWS_AT_ONCE = 500
_COLUMNS = tuple(ImageRow.model_fields)
_THREADS = 2
_BETWEEN = "; "


class ImageTables:
    """What raises does so before anything is sent; later it breaks the transfer off.

    The chunks must be closed. Raises CollectionNotFound, StoreRead.
    """

    def __init__(
        self,
        collections: Collections,
        browsing: Browsing,
        images: StoredImages,
        gazetteer: Gazetteer,
    ) -> None:
        self._collections = collections
        self._browsing = browsing
        self._images = images
        self._gazetteer = gazetteer
        self._threads = CapacityLimiter(_THREADS)

    async def listed(self, asked: Asked, form: ExportFormat) -> tuple[AsyncGenerator[bytes], bool]:
        """All pages of a list, from its first on, and whether they are all of it: not where the
        catalogue that puts them in order is being filled.
        """
        first = await self._browsing.page(replace(asked, limit=ROWS_AT_ONCE))
        was_whole = self._collections.catalogue.is_whole(first.collection)
        groups = self._after(first, replace(asked, limit=ROWS_AT_ONCE), was_whole=was_whole)
        chunks = self._chunks(asked.collection, first.points, groups, form)
        return chunks, not first.warning_details

    async def selected(
        self, collection: str, ids: Sequence[UUID], form: ExportFormat
    ) -> AsyncGenerator[bytes]:
        """In the order given, without what is not there. Raises ImageNotFound where nothing is."""
        groups = self._selected(collection, ids)
        first = await anext(groups, None)
        if first is None:
            raise ImageNotFound(f"Collection {collection!r} holds none of these images.")
        return self._chunks(collection, first, groups, form)

    async def _after(
        self, page: ImagePage, asked: Asked, *, was_whole: bool
    ) -> AsyncGenerator[Sequence[Point]]:
        """Where the catalogue is being filled, a list by path has no cursor: it is counted through.

        Raises StoreRead where it was filled meanwhile, since it has an order of its own, or is not
        whole any more.
        """
        while page.is_full:
            offset = asked.offset if page.cursor else asked.offset + len(page.points)
            asked = replace(asked, cursor=page.cursor, offset=offset)
            page = await self._browsing.page(asked)
            if self._collections.catalogue.is_whole(page.collection) is not was_whole:
                raise StoreRead("The catalogue has changed meanwhile: export again.")
            yield page.points

    async def _selected(
        self, collection: str, ids: Sequence[UUID]
    ) -> AsyncGenerator[Sequence[Point]]:
        for start in range(0, len(ids), ROWS_AT_ONCE):
            group = ids[start : start + ROWS_AT_ONCE]
            record = await self._collections.get(collection)
            points = await self._images.points(collection, group)
            if points:
                yield await self._collections.words.joined(record, points)

    async def _chunks(
        self,
        collection: str,
        points: Sequence[Point] | None,
        others: AsyncGenerator[Sequence[Point]],
        form: ExportFormat,
    ) -> AsyncGenerator[bytes]:
        if form is ExportFormat.CSV:
            head, written, between, end = lines([_COLUMNS]), self._lines, b"", b""
        else:
            begin = f'{{"collection": {json.dumps(collection)}, "images": ['
            head, written, between, end = begin.encode(), self._objects, b", ", b"]}"
        before = head
        async with aclosing(others):
            while points is not None:
                rows = await to_thread.run_sync(written, points, limiter=self._threads)
                if rows:
                    yield before + rows
                    before = between
                points = await anext(others, None)
        if last := end if before is between else head + end:
            yield last

    def _lines(self, points: Sequence[Point]) -> bytes:
        return lines(map(_text, self._row(point).values()) for point in points)

    def _objects(self, points: Sequence[Point]) -> bytes:
        """In ASCII."""
        return ", ".join(json.dumps(self._row(point)) for point in points).encode()

    def _row(self, point: Point) -> dict[str, object]:
        """By the names and in the order of `ImageRow`."""
        told, said = point.metadata, point.annotation or NO_ANNOTATION
        place = None
        if told.latitude is not None and told.longitude is not None:
            place = self._gazetteer.nearest(told.latitude, told.longitude)
        city = None if place is None else place[0]
        return {
            "id": str(point.id),
            "path": point.display_path,
            "bytes": point.size_bytes,
            "width_px": point.width_px,
            "height_px": point.height_px,
            "format": point.format,
            "taken_at": None if told.taken_at is None else told.taken_at.isoformat(),
            "taken_at_offset_min": told.taken_at_offset_min,
            "camera_make": told.camera_make,
            "camera_model": told.camera_model,
            "lens": told.lens,
            "focal_length_mm": told.focal_length_mm,
            "aperture_f": told.aperture_f,
            "exposure_s": told.exposure_s,
            "iso": told.iso,
            "latitude": told.latitude,
            "longitude": told.longitude,
            "altitude_m": told.altitude_m,
            "city": None if city is None else city.name,
            "country": None if city is None else city.country,
            "country_code": None if city is None else city.country_code,
            "rating": told.rating if said.rating is None else said.rating,
            "favourite": told.favourite if said.favourite is None else said.favourite,
            "tags": said.tags,
            "keywords": told.keywords,
            "title": told.title,
            "description": told.description,
            "caption": point.caption,
            "sha256": point.sha256.hex(),
        }


def _text(value: object) -> object:
    return _BETWEEN.join(value) if isinstance(value, tuple) else value
