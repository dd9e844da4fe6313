"""Rows of an export that cannot be: each is named, and its neighbours come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.transfer import export_job, import_job
from tests.component.bench import Bench
from tests.component.test_import_job import check_same, imported, received, sent, told
from tests.memory_exports import Rows, file_of
from utils.contract import ErrorCode, JobState

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_job, "FILE_BYTES", 5000)
    monkeypatch.setattr(import_job, "GROUP_ROWS", 3)


def other_id(row: dict[str, Any]) -> None:
    row["id"] = row["id"][:-1] + ("1" if row["id"][-1] == "0" else "0")


WRONG: dict[str, Callable[[dict[str, Any]], None]] = {
    "id: it is not that": other_id,
    "vector: its norm": lambda row: row.update(vector=row["vector"] * 3),
    "vector: it has not": lambda row: row.update(vector=row["vector"][:3]),
    "vector: its norm is nan": lambda row: row.update(vector=row["vector"] * np.nan),
    "root_id: it is none": lambda row: row.update(root_id="0" * 8 + row["root_id"][8:]),
    "path_bytes: it does not lie": lambda row: row.update(path_bytes=b"/etc/passwd"),
    "path_bytes: it holds dots": lambda row: row.update(path_bytes=b"/photos/../etc/passwd"),
    "sha256": lambda row: row.update(sha256="0"),
    "format": lambda row: row.update(format="exe"),
    "width_px": lambda row: row.update(width_px=0),
    "latitude": lambda row: row.update(latitude=91.0, longitude=0.0),
    "caption": lambda row: row.update(caption="x" * 70_000),
    "own_tags": lambda row: row.update(own_tags=["x"] * 51),
    "thumbnail": lambda row: row.update(thumbnail=b"<script>"),
    "size_bytes": lambda row: row.update(size_bytes=None),
    "mtime_ns": lambda row: row.update(mtime_ns=2**63),
}


def spoilt(bench: Bench, change: Callable[[dict[str, Any]], object]) -> None:
    """The export's first row is another one; hash and size are mended, as who means harm does."""
    manifest, files = bench.exports.finished["it"]
    first = manifest.files[0]
    row: dict[str, Any] = dict(files[first.name][0])
    change(row)
    rows: Rows = [row, *files[first.name][1:]]
    told_files = (file_of(first.name, rows), *manifest.files[1:])
    bench.exports.finished["it"] = (
        manifest.model_copy(update={"files": told_files}),
        {**files, first.name: rows},
    )


async def test_a_row_that_cannot_be_is_named_and_its_neighbours_come_in() -> None:
    sender = await sent()
    finished = dict(sender.exports.finished)
    for reason, change in WRONG.items():
        sender.exports.finished = dict(finished)
        bench = received(sender)
        spoilt(bench, change)
        job = await imported(bench)
        assert (job.state, job.reason_code) == (JobState.COMPLETED, ErrorCode.EXPORT_ROW), reason
        (finding,) = told(job).findings.items()
        assert finding[0] == ErrorCode.EXPORT_ROW
        assert finding[1].examples[0].detail.startswith(reason), finding[1].examples[0].detail
        assert len(await bench.rows()) == len(await sender.rows()) - 1


async def test_a_row_without_anything_and_one_that_is_there_twice_are_no_images() -> None:
    sender = await sent()
    manifest, files = sender.exports.finished["it"]
    first = manifest.files[0]
    rows: Rows = [{}, files[first.name][0], *files[first.name]]
    changed = manifest.model_copy(
        update={"files": (file_of(first.name, rows), *manifest.files[1:])}
    )
    changed = changed.model_copy(update={"rows": changed.rows + 2})
    sender.exports.finished["it"] = (changed, {**files, first.name: rows})
    bench = received(sender)
    job = await imported(bench)
    assert told(job).findings[ErrorCode.EXPORT_ROW].count == 2
    await check_same(bench, sender)
