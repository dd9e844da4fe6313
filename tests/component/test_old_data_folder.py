"""A data folder of version 0.1 opens, keeps every point, and nothing is inferred again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from anyio import fail_after, sleep

from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import LEDGER_NAME
from ingestion_orchestration_fastapi_app.domain.files.artefacts import Kind
from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from tests.component.old_data_folder import (
    OldData,
    controlled,
    extracted,
    found,
    images_of,
    imported,
    moved,
)
from tests.component.orchestrator_app import PATIENCE_S

pytestmark = pytest.mark.anyio

OF_THE_ADDRESS = frozenset({"thumbnail_url", "file_url"})
OF_A_JOB = ("state", "collection", "directory_path", "counts", "removed", "origin")


@pytest.fixture
def old(tmp_path: Path) -> OldData:
    return extracted(tmp_path)


async def test_collections_and_points_are_what_they_were(old: OldData) -> None:
    async with old.opened() as running:
        for was in old.collections:
            now = await running.get(f"/collections/{was['name']}")
            for key in ("count", "model", "fingerprint", "roots", "last_job_id"):
                assert now[key] == was[key], key
            watched = [watch["directory_path"] for watch in now["watches"]]
            assert watched == [watch["directory_path"] for watch in was["watches"]]
            images = await images_of(running, was["name"])
            assert images.keys() == {image["id"] for image in was["images"]}
            for image in was["images"]:
                told = image.keys() - OF_THE_ADDRESS
                assert {key: images[image["id"]][key] for key in told} == {
                    key: image[key] for key in told
                }
        remembered = [root["path"] for root in old.expected["roots"] if root["source"] != "setting"]
        roots = {root["path"] for root in (await running.get("/roots"))["roots"]}
        assert roots >= set(remembered)
    assert old.service.asked == []


async def test_each_collection_has_one_generation_with_the_table_that_it_had(old: OldData) -> None:
    folders = {one.name for one in (old.folder / "data" / "store").iterdir()}
    async with old.opened() as running:
        ports = running.app.state.services.ports
        for was in old.collections:
            collection = await ports.ledger.collections.find(was["name"])
            (only,) = collection.generations
            assert collection.active == only
            assert f"{only.table}.lance" in folders
            assert (only.model, only.fingerprint) == (was["model"], was["fingerprint"])
            assert await ports.store.count(only.table) == was["count"]
    now = {one.name for one in (old.folder / "data" / "store").iterdir()}
    tables = {name for name in now if name.endswith(".lance")}
    assert {name for name in tables if ".words" not in name} == folders


async def test_what_was_made_of_each_file_is_known_as_it_was(old: OldData) -> None:
    """Captions are those of the captioner that made them, and a verdict is of the file."""
    with closing(sqlite3.connect(old.folder / "data" / LEDGER_NAME)) as db:
        rows = db.execute(
            "SELECT collection_id, root_id, path, verdict, code, stored_fingerprint FROM files"
        ).fetchall()
    async with old.opened() as running:
        ledger = running.app.state.services.ports.ledger
        for collection_id, root_id, path, verdict, code, fingerprint in rows:
            key = FileKey(UUID(bytes=root_id), path)
            known = (await ledger.files.recall(collection_id, [key]))[key]
            models = fingerprint.split("+") if fingerprint else []
            made = dict(zip((Kind.VECTOR, Kind.CAPTION), models, strict=False))
            if verdict in ("failed", "skipped"):
                made[Kind.PICTURE] = ""
                assert [one.code for one in known.artefacts if one.is_verdict] == [code]
            assert {one.kind: one.model for one in known.artefacts} == made
    assert {row[3] for row in rows} == {"stored", "failed", "skipped", None}
    assert any("+" in (row[5] or "") for row in rows)


async def test_each_collection_gets_words_at_a_start_with_the_captions_that_it_had(
    old: OldData,
) -> None:
    async with old.opened() as running:
        services = running.app.state.services
        for was in old.collections:
            collection = await services.collections.get(was["name"])
            state = services.collections.words.state(collection)
            with fail_after(60):
                while not state.whole:
                    await sleep(0.01)
            ids = [one async for group in services.ports.words.ids(state.table) for one in group]
            words = await services.ports.words.get(state.table, ids)
            captions = {image["id"]: image["caption"] for image in was["images"]}
            assert {str(one): made.caption for one, made in words.items()} == captions
            assert len(ids) == len(words)


async def test_each_collection_gets_its_catalogue_at_a_start(old: OldData) -> None:
    async with old.opened() as running:
        services = running.app.state.services
        for was in old.collections:
            with fail_after(60):
                while not services.collections.catalogue.is_whole(
                    collection := await services.collections.get(was["name"])
                ):
                    await sleep(0.01)
            catalogue = services.ports.ledger.catalogue
            ids = await catalogue.point_ids(collection.id, after=None, limit=999)
            assert {str(one) for one in ids} == {image["id"] for image in was["images"]}


async def test_every_point_has_its_vector(old: OldData) -> None:
    async with old.opened() as running:
        for was in old.collections:
            for image in was["images"]:  # the service answers an id with the point's old vector
                hits = await found(running, was["name"], image["id"])
                assert dict(hits)[image["id"]] > 0.99999


async def test_searches_find_the_same(old: OldData) -> None:
    async with old.opened() as running:
        for was in old.collections:
            for query, hits in was["searches"].items():
                now = await found(running, was["name"], query)
                assert [one for one, _ in now] == [one for one, _ in hits]
                scores = [score for _, score in hits]
                assert [score for _, score in now] == pytest.approx(scores, abs=1e-4)


async def test_jobs_are_listed_with_their_counts_and_failures(old: OldData) -> None:
    async with old.opened() as running:
        jobs = (await running.get("/jobs?limit=200"))["jobs"]
        assert [job["job_id"] for job in jobs] == [job["job_id"] for job in old.expected["jobs"]]
        for now, was in zip(jobs, old.expected["jobs"], strict=True):
            for key in (*OF_A_JOB, "reason_code", "errors_by_code", "started_at", "finished_at"):
                assert now[key] == was[key], key
            page = await running.get(f"/jobs/{was['job_id']}/failures")
            pairs = zip(page["failures"], was["failures"], strict=True)
            assert [now | old for now, old in pairs] == page["failures"], "all that was said is"
    assert any(job["failures"] for job in old.expected["jobs"])


async def test_the_paused_job_goes_on_and_can_be_cancelled(old: OldData) -> None:
    was = old.job("paused")
    assert was["counts"]["embedded"] > 0
    assert was["counts"]["pending"] > 0
    async with old.opened() as running:
        old.service.down = True  # so that it waits where nothing is lost
        await controlled(running, was["job_id"], "resume")
        with fail_after(PATIENCE_S):
            while (job := await running.get(f"/jobs/{was['job_id']}"))["state"] != "waiting_for_ml":
                await sleep(0.01)
        assert job["counts"] == was["counts"]
        assert (await controlled(running, was["job_id"], "cancel"))["state"] == "cancelled"
    async with old.opened() as running:
        job = await running.get(f"/jobs/{was['job_id']}")
        assert (job["state"], job["counts"]) == ("cancelled", was["counts"])


async def test_its_photos_at_another_place_keep_their_points_and_cost_no_inference(
    old: OldData,
) -> None:
    unfinished = old.job("paused")
    async with old.opened() as running:
        await controlled(running, unfinished["job_id"], "cancel")
        for was in old.collections:
            name = was["name"]
            to = {"from": old.expected["photos"], "to": str(running.photos)}
            response = await running.post(f"/collections/{name}/roots/repoint", to)
            assert response.status_code == 200, response.text
            assert response.json()["roots"] == [moved(root, old) for root in was["roots"]]
            for root in was["roots"]:
                if root == unfinished["directory_path"]:
                    continue
                captions = name == "captioned"
                more = {"collection": name, "captions": captions}
                job = await imported(running, moved(root, old), **more)
                stored = [one for one in was["images"] if one["path"].startswith(f"{root}/")]
                assert job["counts"]["unchanged"] + job["counts"]["cached"] == len(stored)
            images = await images_of(running, name)
            assert {one["id"]: (one["path"], one["caption"]) for one in images.values()} == {
                one["id"]: (moved(one["path"], old), one["caption"]) for one in was["images"]
            }
            for one in was["images"]:
                assert dict(await found(running, name, one["id"]))[one["id"]] > 0.99999
    assert old.service.asked == []


async def test_another_collection_of_its_photos_comes_from_the_cache(old: OldData) -> None:
    async with old.opened() as running:
        response = await running.post("/collections", {"name": "another"})
        assert response.status_code == 201, response.text
        for was in old.collections:
            captions = was["name"] == "captioned"
            for root in was["roots"]:
                if root == old.job("paused")["directory_path"]:
                    continue
                more = {"collection": "another", "captions": captions}
                job = await imported(running, moved(root, old), **more)
                stored = [one for one in was["images"] if one["path"].startswith(f"{root}/")]
                assert job["counts"]["cached"] == len(stored)
        now = await images_of(running, "another")
        captions_by_path = {one["path"]: one["caption"] for one in now.values()}
        for was in old.collections:
            for one in was["images"]:
                if moved(one["path"], old) in captions_by_path:
                    assert captions_by_path[moved(one["path"], old)] == one["caption"]
