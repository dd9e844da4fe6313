"""What a ledger of before lacked to serve pictures by."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.library.catalogue import CATALOGUE_VERSION
from tests.unit.ledger_words import ROOT, SHA, pid

pytestmark = pytest.mark.anyio

BEFORE = 34  # its version
NAMES = (b"plain.jpg", b"with a sidecar.jpg", b"of no file.jpg")


def of_before(path: Path) -> None:
    """Two collections: one with an image of each kind, one of which all is known."""
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:BEFORE])
    for number, names in ((1, NAMES), (2, NAMES[:1])):
        root = (number, ROOT.id.bytes)
        db.execute(
            "INSERT INTO collections (id, name, identity, catalogue_version) VALUES (?, ?, ?, 1)",
            (number, f"number-{number}", f"number-{number}"),
        )
        db.execute("INSERT INTO roots VALUES (?, ?, ?)", (*root, ROOT.path))
        db.execute("INSERT INTO catalogue_folders VALUES (?, ?, ?, x'')", (number, *root))
        db.execute(
            "INSERT INTO generations (collection_id, table_name, model, weights, dim,"
            " fingerprint, state, created_at) VALUES (?, ?, 'm', 'w', 8, 'fp', 'active', ?)",
            (number, f"table-{number}", "2026-01-02T03:04:05+00:00"),
        )
        for mark, name in enumerate(names):
            if name != NAMES[-1]:
                db.execute(
                    "INSERT INTO files (collection_id, root_id, path, point_id, sidecar_mark)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (*root, name, pid(name).bytes, mark),
                )
            db.execute(
                "INSERT INTO catalogue (collection_id, point_id, version, folder_id, name,"
                " added_at, mtime_ns, size_bytes, width_px, height_px, format, camera_id, lens_id,"
                " phash, sha256, partial)"
                " VALUES (?, ?, ?, ?, ?, 1, 2, 3, 4, 5, 'jpeg', 1, 1, -1, ?, 0)",
                (number, pid(name).bytes, CATALOGUE_VERSION, number, name, SHA),
            )
    db.close()


async def test_of_files_without_a_sidecar_all_is_known_and_the_rest_is_made_anew(
    tmp_path: Path,
) -> None:
    of_before(tmp_path / "ledger.sqlite3")
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        one, other = await ledger.collections.list_all()
        (image,) = await ledger.catalogue.images(one.id, [pid(name) for name in NAMES])
        assert (image.id, image.path) == (pid(NAMES[0]), ROOT.path + b"/" + NAMES[0])
        assert (image.phash, image.sidecar_turn, image.fingerprint) == (2**64 - 1, None, "fp")
        lacking = await ledger.catalogue.lacking(one.id, [pid(name) for name in NAMES])
        assert lacking == {pid(NAMES[1]), pid(NAMES[2])}
        assert (one.catalogue_version, other.catalogue_version) == (None, CATALOGUE_VERSION)
