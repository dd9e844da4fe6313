"""Failures by code, and the pictures beside them: for SQLite and for its twin."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from anyio import CapacityLimiter, create_task_group

from ingestion_orchestration_fastapi_app.adapters.sqlite.connections import close, connect
from ingestion_orchestration_fastapi_app.adapters.sqlite.database import Database
from ingestion_orchestration_fastapi_app.adapters.sqlite.ledger import ledger_of, utc_now
from ingestion_orchestration_fastapi_app.adapters.sqlite.writer import Writer
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.library.catalogue import Neighbour, Neighbours
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from tests.unit.catalogued import FOLDERS, ROOTS, filled
from tests.unit.ledger_words import (
    a_ledger,
    complete,
    failed,
    file_start,
    key,
    pid,
    running,
    stored,
)
from tests.unit.test_ledger_catalogue import point
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

CODES = {
    b"a.jpg": ErrorCode.FILE_EMPTY,
    b"b.jpg": ErrorCode.DECODING_IMAGE,
    b"c.jpg": ErrorCode.FILE_EMPTY,
    b"d.jpg": ErrorCode.CLIP_INFER,
}


async def test_failures_are_listed_by_code_in_pages(ledger: Ledger) -> None:
    made = await running(ledger)
    await ledger.files.register("job-1", made.id, [file_start(name) for name in CODES])
    await complete(ledger, made, *(failed(name, code) for name, code in CODES.items()))

    async def listed(*codes: ErrorCode, limit: int = 9, offset: int = 0) -> tuple[str, int]:
        page, total = await ledger.jobs.failures("job-1", limit=limit, offset=offset, codes=codes)
        assert [one.key for one in page] == [key(one.key.path) for one in page]
        return "".join(one.display_path[-5] for one in page), total

    assert await listed() == ("abcd", 4)
    assert await listed(ErrorCode.FILE_EMPTY) == ("ac", 2)
    assert await listed(ErrorCode.FILE_EMPTY, limit=1, offset=1) == ("c", 2)
    assert await listed(ErrorCode.CLIP_INFER, ErrorCode.DECODING_IMAGE) == ("bd", 2)
    assert await listed(ErrorCode.STORE_WRITE) == ("", 0)


async def test_beside_a_file_are_the_nearest_pictures_of_its_folder_alone(ledger: Ledger) -> None:
    made = await running(ledger)
    names = [b"a/1.jpg", b"a/3.jpg", b"a/5.jpg", b"a/b/2.jpg", b"4.jpg"]
    await ledger.files.register("job-1", made.id, [file_start(name) for name in names])
    await complete(ledger, made, *(stored(name) for name in names))
    await ledger.catalogue.put(made.id, [(key(name), point(name)) for name in names])
    asked = [b"a/2.jpg", b"a/3.jpg", b"a/9.jpg", b"a/0.jpg", b"a/b/1", b"z/1", b"9.jpg"]
    found = await ledger.browsing.neighbours(made.id, [key(name) for name in asked])

    def beside(name: bytes) -> tuple[bytes | None, bytes | None]:
        one = found[key(name)]
        before, after = one.previous, one.next
        return before.name if before else None, after.name if after else None

    assert found[key(b"a/2.jpg")] == Neighbours(
        Neighbour(pid(b"a/1.jpg"), b"1.jpg"), Neighbour(pid(b"a/3.jpg"), b"3.jpg")
    )
    assert beside(b"a/3.jpg") == (b"1.jpg", b"5.jpg")
    assert beside(b"a/9.jpg") == (b"5.jpg", None)
    assert beside(b"a/0.jpg") == (None, b"1.jpg")
    assert beside(b"a/b/1") == (None, b"2.jpg")
    assert beside(b"z/1") == (None, None)
    assert beside(b"9.jpg") == (b"4.jpg", None)
    elsewhere = await ledger.browsing.neighbours(made.id + 1, [key(b"a/2.jpg")])
    assert elsewhere == {key(b"a/2.jpg"): Neighbours()}


async def test_both_ledgers_know_the_same_neighbours(tmp_path: Path) -> None:
    """Of files in all folders of 150 pictures, in three roots of which one lies in another."""
    names = (b"0", b"7.jpg", b"77.jpg", b"IMG", b"z\xff")
    keys = [
        FileKey(root.id, folder + b"/" + name if folder else name)
        for root in ROOTS
        for folder in (*FOLDERS, b"nowhere")
        for name in names
    ]
    found = []
    async with a_ledger("sqlite", tmp_path) as real, a_ledger("memory", tmp_path) as twin:
        for ledger in (real, twin):
            number = await filled(ledger)
            found.append(await ledger.browsing.neighbours(number, keys))
    assert found[0] == found[1]
    assert len({one for one in found[0].values() if one.previous and one.next}) > 20


async def test_of_one_code_nothing_is_sorted_and_of_neighbours_each_is_one_step(
    tmp_path: Path,
) -> None:
    writing, *others = connect(str(tmp_path / "ledger.sqlite3"), 1)
    said: list[str] = []
    writer = Writer(writing)
    async with create_task_group() as tasks:
        tasks.start_soon(writer.run)
        ledger = ledger_of(Database(writer, others, CapacityLimiter(1), utc_now))
        number = await filled(ledger)
        for one in others:
            one.set_trace_callback(said.append)
        await ledger.jobs.failures("job-1", limit=9, offset=0, codes=[ErrorCode.FILE_EMPTY])
        await ledger.browsing.neighbours(number, [key(b"a/1"), key(b"a/2")])
        for one in others:
            one.set_trace_callback(None)
        writer.close()
    (listed,) = [one for one in said if one.startswith("SELECT root_id, path, display_path")]
    (counted,) = [one for one in said if one.startswith("SELECT count(*) FROM failures")]
    (beside,) = [one for one in said if "asked" in one]
    assert "failures_by_code (job_number=? AND code=?)" in plan(writing, listed)
    assert "failures_by_code (job_number=? AND code=?)" in plan(writing, counted)
    assert "TEMP B-TREE" not in plan(writing, listed) + plan(writing, beside)
    assert plan(writing, beside).count("catalogue_by_name (folder_id=? AND name") == 2
    close([writing, *others])


def plan(db: sqlite3.Connection, statement: str) -> str:
    return "\n".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"))
