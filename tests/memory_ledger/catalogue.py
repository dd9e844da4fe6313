"""The rows of the catalogue, as the twin keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from anyio.lowlevel import checkpoint

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.picture import Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from tests.memory_ledger.state import State


class MemoryCatalogue:
    """Implements `CatalogueRepository`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, collection_id: int, points: Sequence[tuple[FileKey, Point]]) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is None:
            return
        for key, point in points:
            if point.id not in kept.catalogue or point.id in kept.doubted:
                file = kept.files.get(key)
                stored = [] if file is None else file.record.artefacts
                moments = [one.updated_at for one in stored if one.kind is Kind.VECTOR]
                at = min((one for one in moments if one), default=self._state.clock())
                kept.put_entry(key, point, at)

    async def lacking(self, collection_id: int, point_ids: Sequence[UUID]) -> set[UUID]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        doubted = set() if kept is None else kept.doubted
        return set(point_ids) - (set(self._state.entries(collection_id)) - doubted)

    async def unlike(
        self, collection_id: int, points: Sequence[tuple[FileKey, Point]]
    ) -> set[UUID]:
        lacking = await self.lacking(collection_id, [point.id for _, point in points])
        there = self._state.entries(collection_id)
        return lacking | {
            point.id
            for key, point in points
            if point.id in there
            and _said(there[point.id].key, there[point.id].point) != _said(key, point)
        }

    async def doubt(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is not None:
            kept.doubted |= set(point_ids)

    async def forget(self, collection_id: int, point_ids: Sequence[UUID]) -> None:
        await checkpoint()
        for one in point_ids:
            self._state.entries(collection_id).pop(one, None)

    async def point_ids(self, collection_id: int, *, after: UUID | None, limit: int) -> list[UUID]:
        await checkpoint()
        found = sorted(self._state.entries(collection_id))
        return [one for one in found if after is None or one > after][:limit]

    async def size(self, collection_id: int) -> int:
        await checkpoint()
        return len(self._state.entries(collection_id))

    async def images(self, collection_id: int, point_ids: Collection[UUID]) -> list[StoredImage]:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        active = None if kept is None else kept.record.active
        if kept is None or active is None:
            return []
        roots = {root.id: root.path.rstrip(b"/") for root in kept.record.roots}
        known = [kept.catalogue[one] for one in point_ids if one in kept.catalogue]
        return [
            replace(
                StoredImage.of(one.point),
                path=roots[one.key.root_id] + b"/" + one.key.path,
                fingerprint=active.fingerprint,
            )
            for one in known
            if one.point.id not in kept.doubted and one.key.root_id in roots
        ]

    async def placeholders(
        self, collection_id: int, pictures: Mapping[UUID, bytes]
    ) -> dict[UUID, bytes]:
        await checkpoint()
        there = self._drawn(collection_id)
        return {
            one: there[one].pixels
            for one, picture in pictures.items()
            if one in there and there[one].picture == picture
        }

    async def without_placeholder(
        self, collection_id: int, point_ids: Collection[UUID]
    ) -> dict[UUID, bytes]:
        await checkpoint()
        entries, drawn = self._state.entries(collection_id), self._drawn(collection_id)
        wanted = {one for one in point_ids if one in entries and one not in drawn}
        return {one: entries[one].point.sha256 for one in wanted}

    def _drawn(self, collection_id: int) -> dict[UUID, Placeholder]:
        entries = self._state.entries(collection_id).items()
        return {one: entry.placeholder for one, entry in entries if entry.placeholder is not None}

    async def put_placeholders(self, collection_id: int, made: Mapping[UUID, Placeholder]) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is not None:
            kept.put_placeholders(made)

    async def set_version(self, collection_id: int, version: int | None) -> None:
        await checkpoint()
        kept = self._state.collections.get(collection_id)
        if kept is not None:
            kept.record = replace(kept.record, catalogue_version=version)


def _said(key: FileKey, point: Point) -> tuple[object, ...]:
    """What of a point is in the catalogue."""
    metadata = point.metadata
    return (
        key,
        *(metadata.taken_at, metadata.camera_make, metadata.camera_model, metadata.lens),
        *(metadata.rating, metadata.latitude, metadata.longitude, set(metadata.keywords)),
        *(point.mtime_ns, point.size_bytes, point.width_px, point.height_px, point.format),
        *(point.phash, point.sha256, point.partial),
    )
