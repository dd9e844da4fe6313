"""Exports over HTTP: made of what is stored, listed, read by anybody's tools, removed."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.component.orchestrator_app import Running, check_problem, library, orchestrator, paint
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def exported(running: Running, **asked: object) -> Any:
    response = await running.post("/exports", asked)
    assert response.status_code == 202, response.text
    return await running.ended(response.json()["job_id"])


async def table_of(running: Running, export_id: str) -> Any:
    """All rows of its files, fetched over HTTP and held to the manifest's hashes."""
    manifest = await running.get(f"/exports/{export_id}/files/manifest.json")
    tables = []
    for one in manifest["files"]:
        path = f"/api/v1/exports/{export_id}/files/{one['name']}"
        content = (await running.http.get(path)).content
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert len(content) == one["size_bytes"]
        tables.append(pq.read_table(io.BytesIO(content)))
    (whole,) = tables
    return whole


async def test_an_export_holds_what_is_known_of_each_image(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        listed = (await running.get("/images?limit=1"))["images"]
        image = listed[0]
        said = {"rating": 4, "favourite": True, "tags": ["lake"]}
        await running.http.put(f"/api/v1/images/{image['id']}/annotation", json=said)
        job = await exported(running, thumbnails=True)
        assert (job["state"], job["done"], job["total"]) == ("completed", 13, 13)
        (shown,) = (await running.get("/exports"))["exports"]
        table = await table_of(running, shown["id"])
        vector = (await running.get(f"/images/{image['id']}/vector"))["vector"]
        ids = {
            one["id"] for page in [await running.get("/images?limit=100")] for one in page["images"]
        }
    assert shown["id"] == job["reason"]
    assert shown["id"].startswith("default-")
    assert shown["images"] == table.num_rows == 13
    rows = {row["id"]: row for row in table.to_pylist()}
    assert rows.keys() == ids
    row = rows[image["id"]]
    assert row["path"] == image["path"]
    assert row["path_bytes"].decode() == image["path"]
    assert (row["own_rating"], row["own_favourite"], row["own_tags"]) == (4, True, ["lake"])
    assert row["sha256"] == hashlib.sha256(Path(row["path"]).read_bytes()).hexdigest()
    assert row["ctime_ns"] == Path(row["path"]).stat().st_ctime_ns
    assert row["thumbnail"][8:12] == b"WEBP"
    np.testing.assert_array_equal(row["vector"], np.asarray(vector, dtype=np.float32))


async def test_filters_and_columns_may_be_left_out(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        folder = str(running.photos / "red")
        asked = {"name": "only-red", "vectors": False, "filters": {"folder": folder}}
        job = await exported(running, **asked)
        table = await table_of(running, "only-red")
        manifest = await running.get("/exports/only-red/files/manifest.json")
        shown = await running.get("/exports/only-red")
    assert job["reason"] == "only-red"
    assert table.num_rows == 5
    assert all(path.startswith(folder) for path in table["path"].to_pylist())
    assert not {"vector", "thumbnail"} & set(table.column_names)
    assert manifest["filters"] == {"folder": folder}
    assert (shown["filtered"], shown["vectors"]) == (True, False)


async def test_images_that_are_named_are_exported_and_what_is_not_there_is_said(
    tmp_path: Path,
) -> None:
    library(tmp_path)
    unknown = "00000000-0000-5000-8000-000000000000"
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        listed = (await running.get("/images?sort=path&limit=100"))["images"]
        ids = [one["id"] for one in listed[:6]]
        whole = await exported(running, name="some", ids=[*ids, ids[0]])
        folder = str(running.photos / "red")
        in_folder = [one["id"] for one in listed if one["path"].startswith(folder)]
        both = [in_folder[0], next(one for one in ids if one not in in_folder), unknown]
        part = await exported(running, name="part", ids=both, filters={"folder": folder})
        tables = [await table_of(running, name) for name in ("some", "part")]
        manifest = await running.get("/exports/part/files/manifest.json")
        too_many = await running.post("/exports", {"ids": [unknown] * 5001})
        none = await running.post("/exports", {"ids": []})
    assert (whole["state"], whole["total"], whole["warnings"]) == ("completed", 6, [])
    assert sorted(tables[0]["id"].to_pylist()) == sorted(ids)
    assert tables[1]["id"].to_pylist() == in_folder[:1]
    assert part["warnings"] == ["2 of the images that were named are not in it"]
    assert manifest["filters"] == {"folder": folder, "ids": both}
    check_problem(too_many, 400, ErrorCode.VALIDATION)
    check_problem(none, 400, ErrorCode.VALIDATION)


async def test_a_download_that_broke_off_goes_on(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running, name="one")
        path = "/api/v1/exports/one/files/images-00000.parquet"
        whole = await running.http.get(path)
        half = len(whole.content) // 2
        ranged = {"Range": f"bytes={half}-", "If-Range": whole.headers["ETag"]}
        rest = await running.http.get(path, headers=ranged)
        held = await running.http.get(path, headers={"If-None-Match": whole.headers["ETag"]})
        beyond = await running.http.get(path, headers={"Range": "bytes=999999999-"})
    assert rest.status_code == 206
    assert whole.content[:half] + rest.content == whole.content
    assert (held.status_code, beyond.status_code) == (304, 416)
    assert whole.headers["Content-Disposition"] == 'attachment; filename="images-00000.parquet"'


async def test_what_is_no_export_is_said_and_never_served(tmp_path: Path) -> None:
    library(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running, name="one")
        place = tmp_path / "data" / "exports"
        (place / "empty").mkdir()
        (place / "future").mkdir()
        newer = {"format": "photoseek-export", "format_version": 2}
        (place / "future" / "manifest.json").write_text(json.dumps(newer))
        (place / "linked").symlink_to(place / "one")
        (place / "one" / "secret").symlink_to(secret)
        listed = await running.get("/exports")
        for export_id, status, code in (
            ("empty", 404, ErrorCode.EXPORT_NOT_FOUND),
            ("linked", 404, ErrorCode.EXPORT_NOT_FOUND),
            ("..", 404, ErrorCode.NOT_FOUND),
            (".removed-x", 404, ErrorCode.EXPORT_NOT_FOUND),
            ("future", 422, ErrorCode.EXPORT_INVALID),
        ):
            response = await running.http.get(f"/api/v1/exports/{export_id}")
            check_problem(response, status, code)
        for name in ("secret", "none.parquet", "..%2Fledger.sqlite"):
            response = await running.http.get(f"/api/v1/exports/one/files/{name}")
            assert response.status_code == 404, name
    assert [one["id"] for one in listed["exports"]] == ["one"]
    assert listed["unusable"] == ["empty", "future", "linked"]


async def test_names_are_given_once_and_an_export_is_removed_at_once(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        await exported(running, name="one")
        again = await running.post("/exports", {"name": "one"})
        check_problem(again, 409, ErrorCode.EXPORT_EXISTS)
        wrong = await running.post("/exports", {"name": "../one"})
        check_problem(wrong, 400, ErrorCode.VALIDATION)
        unknown = await running.post("/exports", {"collection": "none"})
        check_problem(unknown, 404, ErrorCode.COLLECTION_NOT_FOUND)
        other = await running.post("/exports", {"generation_id": 999})
        check_problem(other, 404, ErrorCode.GENERATION_NOT_FOUND)
        removed = await running.http.delete("/api/v1/exports/one")
        gone = await running.http.delete("/api/v1/exports/one")
        listed = await running.get("/exports")
    assert removed.status_code == 204
    check_problem(gone, 404, ErrorCode.EXPORT_NOT_FOUND)
    assert listed["total"] == 0
    assert list((tmp_path / "data" / "exports").iterdir()) == []


async def test_a_collection_that_holds_nothing_says_so(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "new"})
        job = await exported(running, collection="new")
    assert (job["state"], job["reason_code"]) == ("failed", ErrorCode.VALIDATION)


async def test_exports_go_where_the_setting_says_and_are_never_taken_for_photos(
    tmp_path: Path,
) -> None:
    library(tmp_path)
    place = tmp_path / "photos" / "exports"
    async with orchestrator(tmp_path, export_dir=place) as running:
        await running.ingested()
        away = await exported(running, name="one")
        place.mkdir()
        there = await exported(running, name="one")
        paint(place / "one" / "cat.png", "red")
        again = await running.ingested()
    assert (away["state"], away["reason_code"]) == ("failed", ErrorCode.DIRECTORY_NOT_FOUND)
    assert there["state"] == "completed"
    assert (place / "one" / "manifest.json").stat().st_mode & 0o077 == 0
    assert again["counts"]["embedded"] == again["counts"]["cached"] == 0
