"""What is counted of pictures: captions as they come and go, shapes, places; ledgers of before."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.files import artefacts
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Facet
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.ledger_words import ROOT, complete, failed, key, pid, running, stored
from tests.unit.test_ledger_captions import STORED, WORDLESS, made
from tests.unit.test_ledger_catalogue import listed, point

pytestmark = pytest.mark.anyio

# The version without these columns.
BEFORE = next(at for at, script in enumerate(shipped()) if "ADD COLUMN captioned" in script)


async def counts(
    ledger: Ledger, collection_id: int, facet: Facet, filters: Filters = NO_FILTERS
) -> dict[str, int]:
    found = await ledger.browsing.facets(collection_id, {facet: filters}, top=9)
    return {one.value: one.count for one in found[facet].values}


async def test_captions_are_counted_as_they_come_and_go(ledger: Ledger) -> None:
    found = await running(ledger)
    said = replace(listed(b"b"), artefacts=(*listed(b"b").artefacts, STORED))
    await complete(ledger, found, listed(b"a"), said, listed(b"c"))
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 1, "false": 2}
    await made(ledger, found.id, STORED, b"a")
    await made(ledger, found.id, artefacts.caption_failed(WORDLESS, model="blip"), b"c")
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 2, "false": 1}
    await complete(ledger, found, failed(b"b"))  # what was there stays, and is stale
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 2, "false": 1}
    await ledger.captions.forget(found.id, [pid(b"a"), pid(b"c")])
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 1, "false": 2}
    assert await ledger.browsing.count(found.id, Filters(has_caption=True), at_most=None) == 1


async def test_a_caption_that_is_older_than_its_row_is_counted(ledger: Ledger) -> None:
    found = await running(ledger)
    await complete(ledger, found, stored(b"a"))
    await made(ledger, found.id, STORED, b"a")
    await ledger.catalogue.put(found.id, [(key(b"a"), point(b"a"))])
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 1}
    await ledger.catalogue.doubt(found.id, [pid(b"a")])
    await ledger.catalogue.put(found.id, [(key(b"a"), point(b"a"))])
    assert await counts(ledger, found.id, Facet.CAPTION) == {"true": 1}


async def test_a_picture_that_changes_is_counted_by_what_it_is_now(ledger: Ledger) -> None:
    found = await running(ledger)
    await complete(ledger, found, listed(b"a"))
    assert await counts(ledger, found.id, Facet.ORIENTATION) == {"landscape": 1}
    assert await counts(ledger, found.id, Facet.PLACE) == {"false": 1}
    tall = replace(point(b"a"), width_px=20)
    metadata = replace(tall.metadata, latitude=1.0, longitude=2.0)
    await complete(
        ledger, found, replace(stored(b"a"), catalogued=replace(tall, metadata=metadata))
    )
    assert await counts(ledger, found.id, Facet.ORIENTATION) == {"portrait": 1}
    assert await counts(ledger, found.id, Facet.PLACE) == {"true": 1}
    nothing = Filters(camera="none")
    for facet in Facet:
        assert await counts(ledger, found.id, facet, nothing) == {}


async def test_a_ledger_of_before_is_counted_as_one_of_today(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:BEFORE])
    db.execute("INSERT INTO collections (id, name, identity) VALUES (1, 'default', 'default')")
    sizes = {b"wide": (4, 3), b"tall": (3, 4), b"even": (3, 3)}
    for row, (name, (width, height)) in enumerate(sizes.items(), 1):
        db.execute(
            "INSERT INTO files (id, collection_id, root_id, path, point_id) VALUES (?, 1, ?, ?, ?)",
            (row, ROOT.id.bytes, name, pid(name).bytes),
        )
        db.execute(
            "INSERT INTO catalogue (id, collection_id, point_id, version, folder_id, name, "
            "added_at, mtime_ns, size_bytes, width_px, height_px, format, camera_id, lens_id,"
            " latitude, phash, sha256, partial)"
            " VALUES (?, 1, ?, 1, 1, ?, 0, 0, 0, ?, ?, 'jpeg', 1, 1, ?, 0, x'00', 0)",
            (row, pid(name).bytes, name, width, height, 1.5 if name == b"wide" else None),
        )
    for row, state in ((1, "stored"), (2, "stale"), (3, "failed")):
        of_caption = (row, Kind.CAPTION, "blip", state)
        db.execute(
            "INSERT INTO artefacts (file_id, kind, model, state, attempts) VALUES (?, ?, ?, ?, 0)",
            of_caption,
        )
    db.close()
    async with open_ledger(path) as ledger:
        assert await counts(ledger, 1, Facet.CAPTION) == {"true": 2, "false": 1}
        assert await counts(ledger, 1, Facet.PLACE) == {"true": 1, "false": 2}
        shapes = await counts(ledger, 1, Facet.ORIENTATION)
        assert shapes == {"landscape": 1, "portrait": 1, "square": 1}
