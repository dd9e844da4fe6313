"""A library for the web app to show: points of 20 years over a few hundred pictures.

The store, the catalogue and the cache are filled as an import leaves them, without one: the files
are there (links to the few), and so are thumbnails and placeholders.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from uuid import UUID

import numpy as np
from anyio import CapacityLimiter, to_thread
from PIL import Image

from benchmarks.browse import BASE, filled, photograph
from benchmarks.store import ROOT_ID
from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import LEDGER_NAME
from ingestion_orchestration_fastapi_app.adapters.image_preparation import picture_version
from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture, Placeholder
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.words.filling import WordsFilling
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from utils.imaging.thumbnail import placeholder_pixels, thumbnail_webp

SHARED = 300  # distinct pictures
LONGEST_PX = 1200
THUMBNAIL_PX = 320
YEARS = 20
GROUP = 4096
# Width by height, as often as people take them: cameras, phones, squares, upright, panoramas.
SHAPES = (3 / 2, 3 / 2, 3 / 2, 4 / 3, 4 / 3, 4 / 3, 16 / 9, 1.0, 2 / 3, 2 / 3, 3 / 4, 3 / 4, 2.8)


@dataclass(frozen=True, slots=True)
class Shared:
    """One picture, which many files hold."""

    path: Path
    sha256: bytes
    size_bytes: int
    picture: Picture
    placeholder: bytes


class Photographs:
    """Makes points of points, as `filled` takes them, and remembers which picture each shows."""

    def __init__(self, photos: Path, shared: list[Shared], count: int) -> None:
        self._photos = photos
        self._shared = shared
        self._apart = _apart(count)
        self.placeholders: dict[UUID, Placeholder] = {}

    def point(self, point: Point, number: int, random: Random) -> Point:
        one = photograph(point, number, random)
        shown = random.choice(self._shared)
        path = self._photos / f"{number // 500:05d}" / point.filename
        _link(shown.path, path)
        self.placeholders[one.id] = Placeholder(shown.sha256, shown.placeholder)
        taken_at = None
        if one.metadata.taken_at is not None:
            taken_at = BASE + number * self._apart
        return replace(
            one,
            path=os.fsencode(path),
            display_path=str(path),
            sha256=shown.sha256,
            size_bytes=shown.size_bytes,
            format="jpeg",
            width_px=shown.picture.width_px,
            height_px=shown.picture.height_px,
            phash=shown.picture.phash,
            metadata=replace(one.metadata, taken_at=taken_at),
        )


def months_of(count: int) -> list[str]:
    """Those in which photographs of a library of so many were taken for sure: `2008-09`."""
    apart = _apart(count)
    return sorted({f"{BASE + number * apart:%Y-%m}" for number in range(count)})


async def make_library(folder: Path, photos: Path, count: int) -> None:
    """In `folder`, which becomes a data folder, and in `photos`: neither is there yet."""
    shared = await to_thread.run_sync(_shared, folder, photos, limiter=CapacityLimiter(1))
    made = Photographs(photos, shared, count)
    store = LanceStore(str(folder / "store"))
    try:
        async with open_ledger(folder / LEDGER_NAME) as ledger:
            root = Root(ROOT_ID, os.fsencode(photos))
            await filled(ledger, store, count, root=root, point_of=made.point)
            await _put_placeholders(ledger, made.placeholders)
            while await store.upkeep("default") is not None:
                pass
            async with open_content_cache(folder / "cache") as cache:
                kept = {one.sha256: one.picture for one in shared}
                await cache.put_pictures(picture_version(), kept)
                await _write_words(ledger, store, cache)
    finally:
        await store.aclose()


async def _write_words(ledger: Ledger, store: LanceStore, cache: ContentCache) -> None:
    """A service that starts would write them, beside what is measured."""
    collections = Collections(ledger, store, LanceWords(store.database))
    await collections.check_all()
    made = await collections.get("default")
    await WordsFilling(ledger, store, collections.words, cache).fill(made)


async def _put_placeholders(ledger: Ledger, placeholders: dict[UUID, Placeholder]) -> None:
    (made,) = await ledger.collections.list_all()
    ids = list(placeholders)
    for start in range(0, len(ids), GROUP):
        group = {one: placeholders[one] for one in ids[start : start + GROUP]}
        await ledger.catalogue.put_placeholders(made.id, group)
    await ledger.catalogue.set_version(made.id, CATALOGUE_VERSION)


def _apart(count: int) -> timedelta:
    """Between a photograph and the next."""
    return timedelta(days=365.2425 * YEARS) / count


def _shared(folder: Path, photos: Path) -> list[Shared]:
    """Makes the folders, too."""
    originals = photos / "shared"
    for one in (folder, originals):
        one.mkdir(parents=True)
    random = np.random.default_rng(0)
    return [_drawn(originals / f"{number}.jpg", number, random) for number in range(SHARED)]


def _drawn(path: Path, number: int, random: np.random.Generator) -> Shared:
    """Soft colours with a little noise: as large, as a file and to decode, as a photograph."""
    ratio = SHAPES[number % len(SHAPES)]
    width, height = (
        (LONGEST_PX, round(LONGEST_PX / ratio))
        if ratio >= 1
        else (round(LONGEST_PX * ratio), LONGEST_PX)
    )
    coarse = random.integers(0, 256, (6, 8, 3), np.uint8)
    soft = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noise = random.integers(-10, 11, (height, width, 1), np.int16)
    image = Image.fromarray((np.asarray(soft) + noise).clip(0, 255).astype(np.uint8))
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=85)
    data = encoded.getvalue()
    path.write_bytes(data)
    picture = Picture(
        "jpeg", width, height, number + 1, False, "image", thumbnail_webp(image, THUMBNAIL_PX)
    )
    return Shared(path, sha256(data).digest(), len(data), picture, placeholder_pixels(image))


def _link(source: Path, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    os.link(source, path)
