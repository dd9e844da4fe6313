"""What somebody forgot and takes back is there again at once, or with the next import."""

from __future__ import annotations

import pytest

from ingestion_orchestration_fastapi_app.domain.trash.trashed import TrashLimits
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, StoreWrite
from tests.component.bench import Bench
from tests.component.test_forgetting import THREE, filled, forget, images, opened

pytestmark = pytest.mark.anyio


async def test_what_is_taken_back_is_there_at_once() -> None:
    bench = await filled()
    before = await bench.rows()
    await forget(bench, "003.jpg")
    inferred = len(bench.inference.inferred)
    collections = await opened(bench)
    forgetting = bench.forgetting(collections)
    with pytest.raises(ImageNotFound):
        await forgetting.take_back("default", bytes(32))
    await forgetting.take_back("default", THREE)
    assert await bench.rows() == before
    await bench.check_vectors()
    with pytest.raises(ImageNotFound):
        await forgetting.take_back("default", THREE)
    job = await bench.job()
    assert (job.counts.unchanged, job.counts.cached, job.counts.skipped) == (23, 0, 1)
    assert len(bench.inference.inferred) == inferred + 1, "the one that never had a vector"


async def test_what_is_taken_back_and_not_kept_the_next_import_takes_in() -> None:
    bench = await filled(Bench(trash=TrashLimits(size_bytes=0)))
    await forget(bench, "003.jpg")
    collections = await opened(bench)
    forgetting = bench.forgetting(collections)
    with pytest.raises(ImageNotFound):
        await forgetting.take_back("default", bytes(32))
    await forgetting.take_back("default", THREE)
    assert len(await bench.rows()) == 20, "an import does that"
    job = await bench.job()
    assert (job.counts.cached, job.counts.skipped) == (3, 1)
    assert len(await bench.rows()) == 23


async def test_what_is_taken_back_half_forgotten_is_whole_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A point was deleted, and the ledger could not be told."""
    bench = await filled()
    collections = await opened(bench)
    forgetting = bench.forgetting(collections)

    async def failing(*_: object, **__: object) -> None:
        raise StoreWrite("The ledger cannot be written.")

    with monkeypatch.context() as patched:
        patched.setattr(bench.ledger.forgotten, "forget_points", failing)
        with pytest.raises(StoreWrite):
            await forgetting.forget("default", await images(bench, "003.jpg"))
    assert len(await bench.rows()) == 22
    await forgetting.take_back("default", THREE)
    assert len(await bench.rows()) == 23
    job = await bench.job(collections)
    assert (job.counts.unchanged, job.counts.skipped) == (23, 1)
