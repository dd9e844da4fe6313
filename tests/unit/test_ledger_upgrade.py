"""What a ledger of before said of files in one row each is known as artefacts, kind by kind."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.adapters.sqlite.migrate import migrate, shipped
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind, State
from ingestion_orchestration_fastapi_app.domain.files.file import Outcome
from tests.unit.ledger_words import ROOT, SHA, STAT, key, pid
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

BEFORE = 14  # its version
AT = "2026-01-02T03:04:05+00:00"
WELL = (None, None, "readers-1", 0, datetime.fromisoformat(AT))


def fault(code: ErrorCode, attempts: int = 2) -> tuple[ErrorCode, str, str, int, datetime]:
    return (code, "said", "readers-1", attempts, datetime.fromisoformat(AT))


VECTOR = Artefact(Kind.VECTOR, "fp", State.STORED, *WELL)
CAPTION = Artefact(Kind.CAPTION, "blip", State.STORED, *WELL)
BROKEN, REFUSED = fault(ErrorCode.DECODING_IMAGE), fault(ErrorCode.CLIP_INFER)
# verdict, code, stored_fingerprint and stale, as they were in the file's row
ROWS: dict[bytes, tuple[tuple[str | None, str | None, str | None, int], list[Artefact]]] = {
    b"plain": (("stored", None, "fp", 0), [VECTOR]),
    b"captioned": (("stored", None, "fp+blip", 0), [CAPTION, VECTOR]),
    b"captioned by nobody knows": (("stored", None, "fp+?", 0), [VECTOR]),
    b"stale": (
        ("failed", BROKEN[0], "fp+blip", 1),
        [
            Artefact(Kind.CAPTION, "blip", State.STALE, *WELL),
            Artefact(Kind.PICTURE, "", State.FAILED, *BROKEN),
            Artefact(Kind.VECTOR, "fp", State.STALE, *WELL),
        ],
    ),
    b"broken": (
        ("failed", BROKEN[0], None, 0),
        [Artefact(Kind.PICTURE, "", State.FAILED, *BROKEN)],
    ),
    b"refused": (
        ("failed", REFUSED[0], None, 0),
        [Artefact(Kind.VECTOR, "fp", State.FAILED, *REFUSED)],
    ),
    b"refused and stale": (
        ("failed", REFUSED[0], "fp", 1),
        [Artefact(Kind.VECTOR, "fp", State.STALE, *REFUSED)],
    ),
    b"text": (
        ("skipped", None, None, 0),
        [Artefact(Kind.PICTURE, "", State.SKIPPED, None, "said", *WELL[2:])],
    ),
    b"pending": ((None, None, None, 0), []),
}


def of_before(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, shipped()[:BEFORE])
    db.execute(
        "INSERT INTO collections (id, name, model, weights, dim, fingerprint, identity)"
        " VALUES (3, 'default', 'm', 'w', 512, 'fp', 'default')"
    )
    db.execute("INSERT INTO roots VALUES (3, ?, ?)", (ROOT.id.bytes, ROOT.path))
    for name, ((verdict, code, fingerprint, stale), _) in ROWS.items():
        is_refused = verdict in ("failed", "skipped")
        db.execute(
            "INSERT INTO files (collection_id, root_id, path, point_id, size_bytes, mtime_ns,"
            " ctime_ns, mtime_trusted, verdict, code, detail, sha256, stored_fingerprint, stale,"
            " judged_at, reader_version, attempts)"
            " VALUES (3, ?, ?, ?, 10, 20, 30, 1, ?, ?, ?, ?, ?, ?, ?, 'readers-1', ?)",
            (
                ROOT.id.bytes,
                name,
                pid(name).bytes,
                verdict,
                code,
                "said" if is_refused else None,
                SHA,
                fingerprint,
                stale,
                AT,
                2 if verdict == "failed" else 0,
            ),
        )
    db.execute(
        "INSERT INTO jobs (number, id, collection_id, directory, options, state, progress,"
        " created_at, updated_at) VALUES (7, 'open', 3, ?, '{}', 'running', '{}', ?, ?)",
        (ROOT.path, AT, AT),
    )
    db.execute("INSERT INTO intents VALUES (3, ?, 7, 'embedded')", (pid(b"pending").bytes,))
    db.execute("INSERT INTO intents VALUES (3, ?, NULL, NULL)", (pid(b"stranger").bytes,))
    db.close()


async def test_verdicts_points_and_captions_of_before_are_known_as_they_were(
    tmp_path: Path,
) -> None:
    of_before(tmp_path / "ledger.sqlite3")
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        known = await ledger.files.recall(3, [key(name) for name in ROWS])
        for name, (_, made) in ROWS.items():
            record = known[key(name)]
            assert (name, list(record.artefacts)) == (name, made)
            assert (record.stat, record.mtime_trusted, record.sha256) == (STAT, True, SHA)


async def test_points_and_writes_under_way_are_those_of_the_collections_only_generation(
    tmp_path: Path,
) -> None:
    of_before(tmp_path / "ledger.sqlite3")
    async with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        found = await ledger.collections.find("default")
        assert found is not None
        generation_id = found.bound().id
        assert await ledger.artefacts.pending_writes("open") == {pid(b"pending"): Outcome.EMBEDDED}
        asked = [pid(name) for name in (*ROWS, b"stranger", b"nobody")]
        there = (b"plain", b"captioned", b"captioned by nobody knows")
        stale = (b"stale", b"refused and stale")
        surely = {pid(name) for name in (*there, *stale)}
        assert await ledger.artefacts.surely_stored(generation_id, asked) == surely
        maybe = {*surely, pid(b"pending"), pid(b"stranger")}
        assert await ledger.artefacts.maybe_written(generation_id, asked) == maybe
        files = len(ROWS)
        totals = await ledger.folders.totals(3, ROOT.path, recursive=True)
        assert totals == (files, len(surely))
