"""What a page draws before a thumbnail is there: found, or made of the thumbnail that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog
from anyio import CapacityLimiter, Event, create_task_group, current_time, sleep, to_thread

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.picture import (
    Picture,
    Placeholder,
    placeholder_phash,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.imaging.thumbnail import thumbnail_placeholder
from utils.problems import Problem

log = structlog.get_logger(__name__)

MOST_ASKED = 2_000  # that wait: of more, those that were asked for first are let go
RETRY_S = 60.0  # after what may be the moment's fault
_A_STEP = 16  # thumbnails
_A_LOOK = 1_024  # rows of the catalogue
_RESTS = 3  # times as long as a step took: jobs and searches come first


class AskedPictures:
    """Those that somebody looks at, and that wait. The latest come first."""

    def __init__(self, most: int = MOST_ASKED) -> None:
        self._most = most
        self._waiting: dict[tuple[int, UUID], bytes] = {}
        self._asked = Event()

    def ask(self, collection_id: int, point_id: UUID, picture: bytes) -> None:
        self._waiting.pop((collection_id, point_id), None)
        self._waiting[collection_id, point_id] = picture
        if len(self._waiting) > self._most:
            del self._waiting[next(iter(self._waiting))]
        self._asked.set()

    async def next(self, most: int) -> dict[int, dict[UUID, bytes]]:
        """Waits for some. Returns their keys by collection and point."""
        while not self._waiting:
            self._asked = Event()
            await self._asked.wait()
        group: dict[int, dict[UUID, bytes]] = {}
        for _ in range(min(most, len(self._waiting))):
            (collection_id, point_id), picture = self._waiting.popitem()
            group.setdefault(collection_id, {})[point_id] = picture
        return group


class Placeholders:
    """An import makes them with its thumbnails. What was imported before, or comes from the cache,
    gets its own from the thumbnail that is kept: what is asked for first, then all else, once after
    a start. No file is opened for it; without a thumbnail there is none.
    """

    def __init__(self, ledger: Ledger, cache: ContentCache, picture_version: str) -> None:
        self._ledger = ledger
        self._cache = cache
        self._picture_version = picture_version
        self._asked = AskedPictures()
        self._threads = CapacityLimiter(1)

    async def of(
        self, collection: CollectionRecord, points: Sequence[Point]
    ) -> Mapping[UUID, bytes]:
        """By point. Those that are missing are made soon."""
        wanted = {point.id: point.picture_key for point in points}
        found = await self._ledger.catalogue.placeholders(collection.id, wanted) if wanted else {}
        for point_id, picture in wanted.items():
            if point_id not in found:
                self._asked.ask(collection.id, point_id, picture)
        return found

    async def serve(self) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(self._make_asked)
            tasks.start_soon(self._make_all)

    async def _make_asked(self) -> None:
        while True:
            groups = await self._asked.next(_A_STEP)
            try:
                for collection_id, group in groups.items():
                    await self._make(collection_id, group)
            except Problem as exc:  # who looks again asks again
                log.warning("placeholders_not_made", error=exc.detail)
                await sleep(RETRY_S)
            except Exception:  # a bug, too: nothing else depends on it
                log.exception("placeholders_not_made")
                await sleep(RETRY_S)

    async def _make_all(self) -> None:
        try:
            for collection in await self._ledger.collections.list_all():
                await self._make_lacking(collection.id)
        except Problem as exc:  # the next start goes on
            log.warning("placeholders_not_filled", error=exc.detail)
        except Exception:  # a bug, too: nothing else depends on it
            log.exception("placeholders_not_filled")

    async def _make_lacking(self, collection_id: int) -> None:
        catalogue = self._ledger.catalogue
        after: UUID | None = None
        while ids := await catalogue.point_ids(collection_id, after=after, limit=_A_LOOK):
            after = ids[-1]
            # Of a picture that a sidecar turns another key counts: it is made when asked for.
            lacking = list((await catalogue.without_placeholder(collection_id, ids)).items())
            for start in range(0, len(lacking), _A_STEP):
                await self._make(collection_id, dict(lacking[start : start + _A_STEP]))

    async def _make(self, collection_id: int, pictures: Mapping[UUID, bytes]) -> None:
        began = current_time()
        keys = list(dict.fromkeys(pictures.values()))
        kept = await self._cache.pictures(self._picture_version, keys)
        pixels = await to_thread.run_sync(_pixels, kept, limiter=self._threads)
        made = {
            point_id: Placeholder(key, pixels[key])
            for point_id, key in pictures.items()
            if key in pixels
        }
        if made:
            await self._ledger.catalogue.put_placeholders(collection_id, made)
        await sleep((current_time() - began) * _RESTS)


def _pixels(pictures: Mapping[bytes, Picture]) -> dict[bytes, bytes]:
    """Without those that nobody has seen yet. Blocking."""
    pixels: dict[bytes, bytes] = {}
    for key, picture in pictures.items():
        if picture.phash != placeholder_phash(key):
            with suppress(OSError):  # a thumbnail that cannot be read is none
                pixels[key] = thumbnail_placeholder(picture.thumbnail)
    return pixels
