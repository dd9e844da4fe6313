"""What every place of exports promises: the in-memory twin, and a folder of Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from ingestion_orchestration_fastapi_app.adapters.exports import LocalExports
from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    ExportedFile,
    Manifest,
    file_name,
)
from ingestion_orchestration_fastapi_app.domain.transfer.rows import Reading
from ingestion_orchestration_fastapi_app.errors import ExportExists, ExportNotFound
from ingestion_orchestration_fastapi_app.ports.exports import Exports, FileDamagedError, Layout
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from tests.component.transfer_images import DIM, image, manifest
from tests.memory_exports import MemoryExports

pytestmark = pytest.mark.anyio

ALL = Layout(DIM, thumbnails=True)
JOB, OTHER = "0f", "1f"


@pytest.fixture(params=["memory", "disk"])
def exports(request: pytest.FixtureRequest, tmp_path: Path) -> Exports:
    if request.param == "memory":
        return MemoryExports()
    threads = RootThreads(lambda _: b"/", each=2)
    return LocalExports(tmp_path / "exports", makes_folder=True, threads=threads)


async def written(
    exports: Exports, images: Sequence[ExportedImage], *, number: int = 0, job: str = JOB
) -> ExportedFile:
    async with exports.file(job, file_name(number), ALL) as writer:
        for start in range(0, len(images), 300):
            await writer.add(images[start : start + 300])
        return await writer.close()


async def made(exports: Exports, images: Sequence[ExportedImage]) -> tuple[bytes, Manifest]:
    await exports.begin(JOB, kept=())
    told = manifest(await written(exports, images))
    await exports.finish(JOB, told)
    return await exports.folder(told.name), told


async def read(
    exports: Exports, folder: bytes, file: ExportedFile, *, skip: int = 0
) -> list[Mapping[str, object]]:
    groups = exports.rows(folder, file, skip=skip)
    async with aclosing(groups):
        return [row async for group in groups for row in group]


async def test_images_come_back_as_they_were_written(exports: Exports) -> None:
    images = [image(number) for number in range(700)]
    folder, told = await made(exports, images)
    assert await exports.manifest(folder) == told
    reading = Reading(told)
    found = [reading.image(row) for row in await read(exports, folder, told.files[0])]
    for one, other in zip(images, found, strict=True):
        assert isinstance(other, ExportedImage), other
        np.testing.assert_array_equal(one.point.vector, other.point.vector)
        assert plain(one) == plain(other)
    rest = await read(exports, folder, told.files[0], skip=650)
    assert [row["id"] for row in rest] == [str(one.point.id) for one in images[650:]]


def plain(one: ExportedImage) -> str:
    return repr(one).replace(repr(one.point.vector), "")


async def test_an_export_is_seen_when_it_is_whole_and_goes_at_once(exports: Exports) -> None:
    await exports.begin(JOB, kept=())
    file = await written(exports, [image(0)])
    assert (await exports.names(), await exports.unfinished()) == ([], [JOB])
    with pytest.raises(ExportNotFound):
        await exports.folder("it")
    for _ in range(2):  # it may have been cut off behind its end
        await exports.finish(JOB, manifest(file))
    assert (await exports.names(), await exports.unfinished()) == (["it"], [])
    await exports.remove("it")
    assert await exports.names() == []
    with pytest.raises(ExportNotFound):
        await exports.remove("it")


async def test_a_name_is_not_taken_from_another(exports: Exports) -> None:
    await made(exports, [image(0)])
    await exports.begin(OTHER, kept=())
    file = await written(exports, [image(1)], job=OTHER)
    with pytest.raises(ExportExists):
        await exports.finish(OTHER, manifest(file, job_id=OTHER))
    assert await exports.unfinished() == [OTHER]
    await exports.discard(OTHER)
    await exports.discard(OTHER)
    assert await exports.unfinished() == []


async def test_who_goes_on_finds_the_whole_files_and_no_others(exports: Exports) -> None:
    await exports.begin(JOB, kept=())
    first = await written(exports, [image(0)], number=0)
    async with exports.file(JOB, file_name(1), ALL) as writer:
        await writer.add([image(1)])  # and then it was cut off
    assert await exports.begin(JOB, kept=[first])
    second = await written(exports, [image(1)], number=1)
    told = manifest(first, second)
    await exports.finish(JOB, told)
    folder = await exports.folder("it")
    rows = [row for one in told.files for row in await read(exports, folder, one)]
    assert [row["id"] for row in rows] == [str(image(number).point.id) for number in (0, 1)]
    assert not await exports.begin(OTHER, kept=[first]), "it was somebody else's"


async def test_a_file_that_is_not_what_the_manifest_says_is_not_believed(exports: Exports) -> None:
    folder, told = await made(exports, [image(0)])
    (file,) = told.files
    for wrong in (
        file.model_copy(update={"sha256": "0" * 64}),
        file.model_copy(update={"size_bytes": file.size_bytes + 1}),
        file.model_copy(update={"rows": 2}),
        file.model_copy(update={"name": file_name(7)}),
    ):
        with pytest.raises(FileDamagedError):
            await read(exports, folder, wrong)


async def test_a_served_file_is_read_in_pieces(exports: Exports) -> None:
    _, told = await made(exports, [image(0)])
    opened = await exports.open("it", "manifest.json")
    assert opened.read_at(0, opened.size_bytes) == told.json_bytes()
    opened.close()
    opened.close()
    with pytest.raises(ExportNotFound):
        await exports.open("it", "none.parquet")
