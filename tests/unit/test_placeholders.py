"""Placeholders of what was imported before: made of thumbnails that are kept, of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture, placeholder_phash
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import DiskFull
from ingestion_orchestration_fastapi_app.library.pictures import placeholders
from ingestion_orchestration_fastapi_app.library.pictures.placeholders import (
    AskedPictures,
    Placeholders,
)
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.fused_port import fused_ledger
from tests.memory_ports import MemoryContentCache
from tests.unit.ledger_words import complete, running, stored
from tests.unit.test_ledger_catalogue import point
from utils.imaging.thumbnail import placeholder_pixels, thumbnail_placeholder, thumbnail_webp

pytestmark = pytest.mark.anyio

VERSION = "pictures-1"
NAMES = [b"%d.jpg" % number for number in range(40)]
RED = Image.new("RGB", (40, 30), (200, 30, 30))


def photograph(name: bytes) -> Point:
    return replace(point(name), sha256=name.ljust(32, b"\0"))


def picture(thumbnail: bytes, phash: int = 1) -> Picture:
    return Picture("jpeg", 40, 30, phash, False, "image", thumbnail)


async def imported(ledger: Ledger, cache: MemoryContentCache) -> CollectionRecord:
    """As before there were placeholders."""
    made = await running(ledger)
    points = [photograph(name) for name in NAMES]
    ends = [
        replace(stored(name), sha256=one.sha256, catalogued=one)
        for name, one in zip(NAMES, points, strict=True)
    ]
    await complete(ledger, made, *ends)
    shown = picture(thumbnail_webp(RED, 320))
    await cache.put_pictures(VERSION, {one.sha256: shown for one in points})
    return made


async def served(
    ledger: Ledger, cache: MemoryContentCache, made: CollectionRecord, wanted: Sequence[Point]
) -> None:
    """Until these have one."""
    async with create_task_group() as tasks:
        tasks.start_soon(Placeholders(ledger, cache, VERSION).serve)
        pictures = {one.id: one.picture_key for one in wanted}
        with fail_after(60):
            while len(await ledger.catalogue.placeholders(made.id, pictures)) < len(wanted):
                await checkpoint()
        tasks.cancel_scope.cancel()


def test_a_placeholder_is_the_mean_colours_of_twelve_fields_row_by_row() -> None:
    fields = np.zeros((30, 40, 3), np.uint8)
    fields[:, :, 0] = np.arange(40) // 10 * 60  # red grows to the right
    fields[:, :, 1] = np.arange(30)[:, None] // 10 * 100  # green grows downwards
    expected = bytes(
        value for row in range(3) for column in range(4) for value in (column * 60, row * 100, 0)
    )
    image = Image.fromarray(fields)
    assert placeholder_pixels(image) == expected
    assert placeholder_pixels(image.resize((8, 300), Image.Resampling.NEAREST)) == expected
    assert len(placeholder_pixels(Image.new("L", (1, 1)))) == 36


def test_that_of_a_thumbnail_is_close_to_that_of_its_picture() -> None:
    columns = np.linspace(0, 255, 320).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(columns[None, :, None], (240, 320, 3)).copy())
    exact = np.frombuffer(placeholder_pixels(image), np.uint8).astype(int)
    stored_one = np.frombuffer(thumbnail_placeholder(thumbnail_webp(image, 320)), np.uint8)
    assert np.abs(exact - stored_one).max() <= 4
    assert exact[0] < 40 < 215 < exact[9]


async def test_all_of_a_library_of_before_get_theirs_after_a_start(ledger: Ledger) -> None:
    cache = MemoryContentCache()
    made = await imported(ledger, cache)
    points = [photograph(name) for name in NAMES]
    await served(ledger, cache, made, points)
    assert await ledger.catalogue.without_placeholder(made.id, [one.id for one in points]) == {}


async def test_what_is_asked_for_is_made_of_the_very_picture_that_is_shown(ledger: Ledger) -> None:
    """A sidecar turns it: the thumbnail is that of another key."""
    cache = MemoryContentCache()
    made = await imported(ledger, cache)
    still = photograph(NAMES[0])
    one = replace(still, metadata=replace(still.metadata, sidecar_turn=6))
    blue = Image.new("RGB", (30, 40), (20, 20, 220))
    await cache.put_pictures(VERSION, {one.picture_key: picture(thumbnail_webp(blue, 320))})
    maker = Placeholders(ledger, cache, VERSION)
    assert await maker.of(made, [one]) == {}
    async with create_task_group() as tasks:
        tasks.start_soon(maker.serve)
        with fail_after(60):
            while not (found := await maker.of(made, [one])):
                await checkpoint()
        tasks.cancel_scope.cancel()
    assert found[one.id][2] > 200 > found[one.id][0]


async def test_what_nobody_has_seen_yet_and_what_has_no_thumbnail_get_none(ledger: Ledger) -> None:
    cache = MemoryContentCache()
    made = await imported(ledger, cache)
    unseen, lost, last = (photograph(name) for name in (*NAMES[:2], NAMES[-1]))
    grey = thumbnail_webp(Image.new("RGB", (40, 30), (128, 128, 128)), 320)
    phash = placeholder_phash(unseen.picture_key)
    await cache.put_pictures(VERSION, {unseen.picture_key: picture(grey, phash)})
    other = MemoryContentCache()
    kept = await cache.pictures(VERSION, [unseen.picture_key, last.picture_key])
    await other.put_pictures(VERSION, kept)
    ids = {one.id: one.picture_key for one in (unseen, lost)}
    async with create_task_group() as tasks:
        maker = Placeholders(ledger, other, VERSION)
        await maker.of(made, [last, lost, unseen])
        tasks.start_soon(maker.serve)
        with fail_after(60):
            while not await maker.of(made, [last]):
                await checkpoint()
        tasks.cancel_scope.cancel()
    assert await ledger.catalogue.placeholders(made.id, ids) == {}


async def test_of_too_many_that_are_asked_for_the_latest_are_made_first() -> None:
    asked = AskedPictures(most=3)
    ids = [photograph(name).id for name in NAMES[:5]]
    for one in ids:
        asked.ask(1, one, b"key")
    asked.ask(2, ids[2], b"other")
    assert await asked.next(2) == {2: {ids[2]: b"other"}, 1: {ids[4]: b"key"}}
    asked.ask(1, ids[3], b"again")
    assert await asked.next(9) == {1: {ids[3]: b"again"}}


class PowerCutError(GeneratorExit):
    """Ends everything at once."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cut_before_or_after_they_are_kept_costs_nothing(
    ledger: Ledger, after: bool
) -> None:
    cache = MemoryContentCache()
    made = await imported(ledger, cache)

    async def step(name: str, method: Any, *args: Any, **kwargs: Any) -> None:
        if after:
            await method(*args, **kwargs)
        raise PowerCutError(name)

    fused = fused_ledger(ledger, step, {"catalogue.put_placeholders"})
    with pytest.raises(BaseExceptionGroup) as cut:
        await Placeholders(fused, cache, VERSION).serve()
    assert cut.value.subgroup(PowerCutError)
    await served(ledger, cache, made, [photograph(name) for name in NAMES])
    assert await ledger.catalogue.size(made.id) == len(NAMES)


async def test_a_thumbnail_that_cannot_be_read_costs_no_other(ledger: Ledger) -> None:
    cache = MemoryContentCache()
    made = await imported(ledger, cache)
    torn, *others = (photograph(name) for name in NAMES)
    await cache.put_pictures(VERSION, {torn.picture_key: picture(b"no WebP")})
    await served(ledger, cache, made, others)
    assert await ledger.catalogue.placeholders(made.id, {torn.id: torn.picture_key}) == {}


async def test_a_disk_that_is_full_for_a_moment_does_not_end_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placeholders, "RETRY_S", 0)
    cache = MemoryContentCache()
    made = await imported(ledger, cache)
    faults = 0

    async def step(name: str, method: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal faults
        faults += 1
        if faults <= 3:
            raise DiskFull("no space")
        await method(*args, **kwargs)

    fused = fused_ledger(ledger, step, {"catalogue.put_placeholders"})
    maker = Placeholders(fused, cache, VERSION)
    one = photograph(NAMES[0])
    async with create_task_group() as tasks:
        tasks.start_soon(maker.serve)
        with fail_after(60):
            while not await maker.of(made, [one]):
                await checkpoint()
        tasks.cancel_scope.cancel()
    assert faults > 3
