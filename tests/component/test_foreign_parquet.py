"""Parquet files that somebody made: bombs, lies and damage cost a child process, and no more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ingestion_orchestration_fastapi_app.adapters.exports import LocalExports
from ingestion_orchestration_fastapi_app.adapters.exports.columns import to_table
from ingestion_orchestration_fastapi_app.adapters.exports.reading import rows as reading
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage, RefusedRow
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import ExportedFile
from ingestion_orchestration_fastapi_app.domain.transfer.rows import Reading
from ingestion_orchestration_fastapi_app.ports.exports import FileDamagedError, Layout
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from tests.component.transfer_images import DIM, image, manifest

pytestmark = pytest.mark.anyio

NAME = "images-00000.parquet"
MIB = 1024 * 1024


def table(count: int = 10) -> Any:
    return to_table([image(number) for number in range(count)], Layout(DIM, thumbnails=True))


def file_at(folder: Path, content: Any, **options: Any) -> ExportedFile:
    """As its manifest would say, whoever wrote it."""
    folder.mkdir(exist_ok=True)
    path = folder / NAME
    if isinstance(content, bytes):
        path.write_bytes(content)
        rows = 10
    else:
        pq.write_table(content, path, **options)
        rows = content.num_rows
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return ExportedFile(name=NAME, rows=rows, size_bytes=len(data), sha256=digest)


async def read(folder: Path, file: ExportedFile) -> list[Mapping[str, object]]:
    threads = RootThreads(lambda _: b"/", each=2)
    exports = LocalExports(folder.parent, makes_folder=False, threads=threads)
    groups = exports.rows(bytes(folder), file)
    async with aclosing(groups):
        return [row async for group in groups for row in group]


def images(rows: list[Mapping[str, object]]) -> list[ExportedImage | RefusedRow]:
    checked = Reading(manifest())
    return [checked.image(row) for row in rows]


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"row_group_size": 3}])
async def test_what_other_writers_make_is_read(tmp_path: Path, options: dict[str, Any]) -> None:
    file = file_at(tmp_path / "it", table(), **options)
    found = images(await read(tmp_path / "it", file))
    assert all(isinstance(one, ExportedImage) for one in found)


def without(column: str) -> Any:
    return table().drop_columns([column])


def as_type(column: str, kind: Any) -> Any:
    made = table()
    at = made.schema.get_field_index(column)
    return made.set_column(at, column, made[column].cast(kind))


def twice(column: str) -> Any:
    made = table()
    return made.append_column(column, made[column])


WRONG: dict[str, Callable[[], Any]] = {
    "it is no Parquet": lambda: b"PAR1" + b"\0" * 100 + b"PAR1",
    "it is empty": lambda: b" ",
    "a column lacks": lambda: without("sha256"),
    "a column is of another kind": lambda: as_type("size_bytes", pa.float64()),
    "a column is there twice": lambda: twice("id"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_no_file_of_an_export_is_refused_as_a_whole(
    tmp_path: Path, name: str
) -> None:
    file = file_at(tmp_path / "it", WRONG[name]())
    with pytest.raises(FileDamagedError) as refused:
        await read(tmp_path / "it", file)
    assert str(refused.value)


@pytest.mark.parametrize("lists", [False, True])
async def test_without_vectors_each_row_is_refused(tmp_path: Path, *, lists: bool) -> None:
    made = as_type("vector", pa.list_(pa.float32())) if lists else without("vector")
    file = file_at(tmp_path / "it", made)
    found = images(await read(tmp_path / "it", file))
    assert len(found) == 10
    assert all(isinstance(one, RefusedRow) for one in found)


async def test_a_bomb_of_one_text_ends_the_child_and_not_the_service(tmp_path: Path) -> None:
    """A dictionary makes a long text cheap on the disk, and a batch of them gigabytes."""
    bomb = table(200)
    at = bomb.schema.get_field_index("description")
    long = pa.array(["x" * 64 * MIB], pa.large_string())
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), long.cast(pa.string()))
    texts_of_all = bomb.set_column(at, "description", texts)
    file = file_at(tmp_path / "it", texts_of_all, compression="zstd", store_schema=False)
    assert file.size_bytes < MIB
    with pytest.raises(FileDamagedError, match="memory"):
        await read(tmp_path / "it", file)
    file = file_at(tmp_path / "it", texts_of_all, compression="zstd")  # read as a dictionary
    assert await read(tmp_path / "it", file) == [{}] * 200


async def test_rows_that_are_too_large_are_no_rows_and_their_neighbours_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FRAME_BYTES", MIB)
    large = table(9)
    at = large.schema.get_field_index("description")
    texts = pa.array(["x" * (3 * MIB) if number == 4 else "y" for number in range(9)])
    file = file_at(tmp_path / "it", large.set_column(at, "description", texts))
    found = images(await read(tmp_path / "it", file))
    refused = [isinstance(one, RefusedRow) for one in found]
    assert refused == [number == 4 for number in range(9)]


async def test_values_that_python_has_none_for_cost_their_own_row(tmp_path: Path) -> None:
    odd = table(6)
    at = odd.schema.get_field_index("taken_at")
    moments = pa.array([None, 2**62, None, -(2**62), None, 0], pa.int64()).cast(pa.timestamp("us"))
    odd = odd.set_column(at, "taken_at", moments)
    at = odd.schema.get_field_index("vector")
    mask = pa.array([number == 2 for number in range(6)])
    vectors = pc.if_else(mask, pa.scalar(None, odd.schema.field("vector").type), odd["vector"])
    file = file_at(tmp_path / "it", odd.set_column(at, odd.schema.field("vector"), vectors))
    found = images(await read(tmp_path / "it", file))
    refused = [isinstance(one, RefusedRow) for one in found]
    assert refused == [False, True, True, True, False, False]


async def test_a_file_cut_off_or_changed_under_its_hash_is_refused(tmp_path: Path) -> None:
    file = file_at(tmp_path / "it", table())
    path = tmp_path / "it" / NAME
    data = bytearray(path.read_bytes())
    for changed in (data[:-1], data + b"\0", bytes([data[0] ^ 1]) + data[1:], b""):
        path.write_bytes(changed)
        with pytest.raises(FileDamagedError):
            await read(tmp_path / "it", file)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(FileDamagedError):
        await read(tmp_path / "it", file)


async def test_damage_behind_a_mended_hash_is_refused_or_read_and_ends_nothing(
    tmp_path: Path,
) -> None:
    """A byte in each part of the file is another one; who means harm mends the hash, too."""
    folder = tmp_path / "it"
    file_at(folder, table(), write_page_checksum=False)
    whole = (folder / NAME).read_bytes()
    for at in range(3, len(whole), max(1, len(whole) // 12)):
        file = file_at(folder, whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        try:
            found = images(await read(folder, file))
        except FileDamagedError:
            continue
        assert len(found) == 10
