"""Roots of collections over REST: re-pointed, forgotten, known again without the ledger."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    import_request,
)
from ingestion_orchestration_fastapi_app.library.collections import Collections
from tests.component import test_crashes
from tests.component.bench import Bench, mixed_folder
from tests.component.orchestrator_app import Running, check_problem, library, orchestrator, paint
from tests.component.test_crashes import Fuse, cut
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

CHANGE = frozenset(
    {
        "roots.begin_changes",
        "store.write",
        "store.delete",
        "generations.set_synced_version",
        "roots.forget_points",
        "store.put_label",
        "roots.end_change",
    }
)


async def repoint(running: Running, old: Path, new: Path) -> Any:
    body = {"from": str(old), "to": str(new)}
    return await running.post("/collections/default/roots/repoint", body)


async def forget(running: Running, path: Path) -> Any:
    return await running.http.delete(
        "/api/v1/collections/default/roots", params={"path": str(path)}
    )


async def ingest(running: Running, folder: Path, **more: object) -> Any:
    response = await running.post("/ingest", {"directory_path": str(folder), **more})
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


async def paths(running: Running) -> list[str]:
    return [image["path"] for image in (await running.get("/images?limit=500"))["images"]]


async def test_a_moved_root_is_repointed_and_nothing_is_inferred_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        old, new = running.photos, tmp_path / "moved" / "pictures"
        await running.ingested(watch=True)
        before = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        sent = running.service.images
        new.parent.mkdir()
        old.rename(new)
        response = await repoint(running, old, new)
        assert response.status_code == 200, response.text
        assert response.json()["roots"] == [str(new)]
        assert [watch["directory_path"] for watch in response.json()["watches"]] == [str(new)]
        after = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert after == {path.replace(str(old), str(new)): one for path, one in before.items()}
        image_id = next(iter(after.values()))
        assert (await running.http.get(f"/api/v1/images/{image_id}/file")).status_code == 200
        job = await ingest(running, new, sync=True)
        assert (job["counts"]["unchanged"], job["removed"]) == (13, 0)
        assert running.service.images == sent
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,), service=running.service) as again:
        assert (await again.get("/collections/default"))["roots"] == [str(new)]
        assert len(await paths(again)) == 13


async def test_a_lost_ledger_changes_no_id_of_a_repointed_root(tmp_path: Path) -> None:
    library(tmp_path)
    given: dict[str, Any] = {"ingest_roots": (tmp_path,)}
    async with orchestrator(tmp_path, **given) as running:
        await running.ingested()
        new = tmp_path / "moved"
        running.photos.rename(new)
        assert (await repoint(running, running.photos, new)).status_code == 200
        paint(running.photos / "late.png", "red", side_px=77)  # its first folder is used again
        await ingest(running, running.photos)
        before = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert len(before) == len(set(before.values())) == 14
        sent = running.service.images
    for lost in (tmp_path / "data").glob("ledger.sqlite*"):
        lost.unlink()
    async with orchestrator(tmp_path, service=running.service, **given) as running:
        for folder in (running.photos, new):
            job = await ingest(running, folder, sync=True)
            assert job["state"] == "completed"
            assert job["counts"]["embedded"] == 0
        after = {image["path"]: image["id"] for image in (await running.get("/images"))["images"]}
        assert after == before
        assert running.service.images == sent
        roots = (await running.get("/collections/default"))["roots"]
        assert roots == [str(new), str(running.photos)]


async def test_a_forgotten_root_takes_its_pictures_and_watches_and_no_others(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        kept, gone = running.photos, tmp_path / "gone"
        for number in range(3):
            paint(kept / f"{number}.png", "red", side_px=40 + number)
            paint(gone / f"{number}.png", "blue", side_px=40 + number)
        await running.ingested()
        await ingest(running, gone, watch=True)
        shutil.rmtree(gone)
        response = await forget(running, gone)
        assert response.status_code == 200, response.text
        reply = response.json()
        assert (reply["count"], reply["roots"], reply["watches"]) == (3, [str(kept)], [])
        assert await paths(running) == [str(kept / f"{number}.png") for number in range(3)]
        check_problem(await forget(running, gone), 404, ErrorCode.ROOT_NOT_FOUND)
        paint(gone / "0.png", "blue", side_px=40)
        assert (await ingest(running, gone))["counts"]["cached"] == 1


async def test_what_cannot_be_repointed_or_forgotten_is_said_and_changes_nothing(
    tmp_path: Path,
) -> None:
    library(tmp_path)
    allowed, outside = tmp_path / "photos", tmp_path / "outside"
    outside.mkdir()
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        before = await running.get("/collections/default")
        inner = allowed / "red"
        check_problem(
            await repoint(running, allowed, outside), 403, ErrorCode.DIRECTORY_NOT_ALLOWED
        )
        check_problem(
            await repoint(running, allowed, allowed / "none"), 404, ErrorCode.DIRECTORY_NOT_FOUND
        )
        check_problem(await repoint(running, inner, allowed), 404, ErrorCode.ROOT_NOT_FOUND)
        check_problem(await forget(running, inner), 404, ErrorCode.ROOT_NOT_FOUND)
        for text in ("a\0b", "relative", "\u00e9"):
            assert (await repoint(running, Path(text), allowed)).status_code == 404
        wrong = {"from": str(allowed)}
        response = await running.post("/collections/default/roots/repoint", wrong)
        check_problem(response, 400, ErrorCode.VALIDATION)
        response = await running.http.delete("/api/v1/collections/default/roots")
        check_problem(response, 400, ErrorCode.VALIDATION)
        response = await running.post(
            "/collections/nobody/roots/repoint", {"from": str(inner), "to": str(allowed)}
        )
        check_problem(response, 404, ErrorCode.COLLECTION_NOT_FOUND)
        assert await running.get("/collections/default") == before


async def test_a_root_is_not_repointed_onto_what_was_imported_there(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        old, new = running.photos, tmp_path / "moved"
        await running.ingested()
        old.rename(new)
        await ingest(running, new)  # before the move was said: each picture is there twice
        assert len(await paths(running)) == 26
        check_problem(await repoint(running, old, new), 409, ErrorCode.ROOT_OVERLAP)
        assert (await forget(running, new)).status_code == 200
        assert (await repoint(running, old, new)).status_code == 200
        assert len(await paths(running)) == 13


async def test_all_roots_in_a_folder_move_with_it(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        disk = tmp_path / "disk"
        for year in ("2023", "2024"):
            paint(disk / year / "a.png", "red")
            await ingest(running, disk / year)
        disk.rename(tmp_path / "mounted")
        response = await repoint(running, disk, tmp_path / "mounted")
        assert response.json()["roots"] == [
            str(tmp_path / "mounted" / "2023"),
            str(tmp_path / "mounted" / "2024"),
        ]
        assert (await ingest(running, tmp_path / "mounted"))["counts"]["unchanged"] == 2
        assert len(await paths(running)) == 2


async def test_failed_files_of_a_moved_root_can_be_tried_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        first = await running.ingested()
        new = tmp_path / "moved"
        running.photos.rename(new)
        await repoint(running, running.photos, new)
        paint(new / "corrupt.jpg", "red")
        accepted = await running.post(f"/jobs/{first['job_id']}/retry-failed", None)
        job = await running.ended(accepted.json()["job_id"])
        assert job["counts"]["failed"] == first["counts"]["failed"] - 1
        await forget(running, new)
        response = await running.post(f"/jobs/{job['job_id']}/retry-failed", None)
        check_problem(response, 409, ErrorCode.JOB_STATE)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("to", [b"/moved", None], ids=["repoint", "forget"])
async def test_a_cut_at_any_step_of_a_change_is_seen_through_at_the_next_start(
    to: bytes | None, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", CHANGE)
    burnt: set[str] = set()
    for step in range(1, 50):
        bench = Bench()
        mixed_folder(bench.library)
        await bench.job()
        rows = await bench.rows()
        fuse = Fuse(step, after=after)
        await cut(bench, fuse, partial(changed, bench, to))
        if fuse.burnt_at is None:
            break
        burnt.add(fuse.burnt_at)
        where = f"{fuse.burnt_at}, step {step}"
        await bench.resumed()
        if (fuse.burnt_at, after) == ("roots.begin_changes", False):
            continue  # nothing was begun
        collection = await bench.ledger.collections.find("default")
        assert collection is not None
        assert collection.root_changes == {}, where
        await check_changed(bench, to, rows if to else {})
    else:
        raise AssertionError("the change has more durable steps than were tried")
    assert burnt >= CHANGE - (
        {"store.delete", "roots.forget_points"}
        if to
        else {"store.write", "generations.set_synced_version"}
    )


@pytest.mark.parametrize(
    "name", ["roots.begin_changes", "store.write", "store.put_label", "roots.end_change"]
)
async def test_a_cut_of_a_repointing_is_mended_by_the_real_ledger_and_store(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_crashes, "DURABLE", frozenset({name}))
    store = LanceStore(str(tmp_path / "store"))
    async with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        bench = Bench(ledger=ledger, store=store)
        mixed_folder(bench.library)
        await bench.job()
        rows = await bench.rows()
        fuse = Fuse(1, after=True)
        await cut(bench, fuse, partial(changed, bench, b"/moved"))
        assert fuse.burnt_at == name
        await bench.resumed()
        await check_changed(bench, b"/moved", rows)
    await store.aclose()


async def changed(bench: Bench, to: bytes | None) -> None:
    async with create_task_group():  # a cut comes out as a group, as from a job
        roots = bench.collections().roots
        collection = await bench.collections().get("default")
        if to is None:
            await roots.forget(collection, b"/photos")
        else:
            await roots.repoint(collection, b"/photos", to)


async def check_changed(bench: Bench, to: bytes | None, rows: dict[Any, int]) -> None:
    """The store, and what the next import makes of it."""
    assert await bench.rows() == rows
    points = await bench.store.get("default", list(rows))
    assert {point.path.rpartition(b"/")[0] for point in points} == ({to} if rows else set())
    collection = await bench.collections().get("default")
    kept = (Root(bench.library.root.id, to),) if to is not None else ()
    assert collection.roots == kept
    label = await bench.store.label("default")
    assert label is not None
    assert label.roots == set(kept)
    files, images = await bench.ledger.folders.totals(collection.id, b"/", recursive=True)
    assert images == len(rows)
    assert (files > 0) == (to is not None)
    request = import_request("default", b"/photos")
    await bench.ledger.jobs.create("next", collection.id, request)  # none is refused any more


async def test_an_older_ledger_learns_from_the_table_where_a_root_is() -> None:
    """As from a backup that was made before the root was re-pointed."""
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    version = (await bench.collections().get("default")).bound().synced_version
    await changed(bench, b"/moved")
    collection = await bench.collections().get("default")
    (root,) = collection.roots
    await bench.ledger.roots.begin_changes(collection.id, {root.id: b"/photos"})
    await bench.ledger.roots.end_change(collection.id, root.id)
    assert version is not None
    await bench.ledger.generations.set_synced_version(collection.bound().id, version)
    await Collections(bench.ledger, bench.store).check_all()
    assert (await bench.collections().get("default")).roots == (root,)


async def test_an_older_table_is_brought_to_where_the_ledger_has_the_root() -> None:
    bench = Bench()
    mixed_folder(bench.library)
    await bench.job()
    rows = await bench.rows()
    collection = await bench.collections().get("default")
    (root,) = collection.roots
    await bench.ledger.roots.begin_changes(collection.id, {root.id: b"/moved"})
    await bench.ledger.roots.end_change(collection.id, root.id)
    torn = 1_000
    await bench.ledger.generations.set_synced_version(collection.bound().id, torn)
    await Collections(bench.ledger, bench.store).check_all()
    points = await bench.store.get("default", list(rows))
    assert {point.path.rpartition(b"/")[0] for point in points} == {b"/moved"}
