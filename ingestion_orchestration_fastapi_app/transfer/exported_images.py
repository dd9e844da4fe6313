"""Points as an export holds them: joined with words, annotations, ledger and thumbnails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind, State, found
from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord
from ingestion_orchestration_fastapi_app.domain.library.catalogue import key_of
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Words
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage, SeenFile
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.library.words.faults import WordsLostError, of_words

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Joining:
    """Of one collection. What is joined is as it is now, whatever version the points are of."""

    ports: Ports
    words: CollectionWords
    collection: CollectionRecord
    thumbnails: bool

    async def images(self, points: Sequence[Point]) -> list[ExportedImage]:
        """In the order given. Raises StoreWrite where their words cannot be had for the moment."""
        ids = [point.id for point in points]
        seen = await self._seen(points)
        words = await self._words(ids)
        said = await self.ports.ledger.annotations.find({point.sha256 for point in points})
        added = await self.ports.ledger.browsing.added(self.collection.id, ids)
        thumbnails = await self._thumbnails(points)
        images = []
        for point in points:
            spoken = words.get(point.id)
            caption = point.caption if spoken is None else spoken.caption
            joined = replace(point, caption=caption, annotation=said.get(point.sha256))
            images.append(
                ExportedImage(
                    joined,
                    None if spoken is None or caption is None else spoken.caption_fingerprint,
                    seen.get(point.id),
                    None if point.id not in added else _moment(added[point.id]),
                    thumbnails.get(point.picture_key),
                )
            )
        return images

    async def _seen(self, points: Sequence[Point]) -> dict[UUID, SeenFile]:
        roots = self.collection.roots
        keys = {point.id: key_of(point, roots) for point in points}
        asked = [key for key in keys.values() if key is not None]
        records = await self.ports.ledger.files.recall(self.collection.id, asked)
        seen = {}
        for point in points:
            key = keys[point.id]
            record = None if key is None else records.get(key)
            if record is not None and (one := seen_file(record, point)) is not None:
                seen[point.id] = one
        return seen

    async def _words(self, ids: Sequence[UUID]) -> Mapping[UUID, Words]:
        """An export without captions that are there would be none: it waits for them."""
        table = self.words.state(self.collection).table
        if table is None:
            return {}
        try:
            with of_words():
                return await self.words.store.get(table, ids)
        except WordsLostError as exc:
            self.words.ask(self.collection)
            raise StoreWrite("The words of the images are being made anew.") from exc

    async def _thumbnails(self, points: Sequence[Point]) -> dict[bytes, bytes]:
        if not self.thumbnails:
            return {}
        version = self.ports.preparation.picture_version
        keys = list({point.picture_key for point in points})
        pictures = await self.ports.cache.pictures(version, keys)
        return {key: picture.thumbnail for key, picture in pictures.items()}


def seen_file(record: FileRecord, point: Point) -> SeenFile | None:
    """None where the point is not of what the ledger says of its file."""
    vector = found(record.artefacts, Kind.VECTOR, point.fingerprint)
    stat = record.stat
    if (
        vector is None
        or vector.state is not State.STORED
        or stat is None
        or record.sha256 != point.sha256
        or (stat.size_bytes, stat.mtime_ns) != (point.size_bytes, point.mtime_ns)
    ):
        return None
    return SeenFile(stat, record.mtime_trusted, vector.reader_version)


def _moment(number: int) -> datetime:
    return _YEAR_ONE + timedelta(microseconds=number)
