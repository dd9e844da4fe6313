"""Duplicates over HTTP: groups in pages with what to keep, one image's, and what is dismissed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.component.orchestrator_app import Running, check_problem, orchestrator
from tests.component.test_duplicates_job import searched
from utils.client import PhotoseekClient
from utils.contract import ErrorCode
from utils.contract.duplicates.options import DuplicateClass

pytestmark = pytest.mark.anyio

PICTURES = 4
OPEN = {"decided": 0, "undecided": PICTURES}
NONE_SUCH = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"


def paint(photos: Path) -> None:
    """Four pictures, each as PNG, as WebP, as a smaller PNG, and the PNG once more."""
    for number in range(PICTURES):
        random = np.random.default_rng(number)
        coarse = random.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((900, 600), Image.Resampling.BICUBIC)
        folder = photos / f"{number}"
        folder.mkdir(parents=True)
        image.save(folder / "a.png")
        image.save(folder / "b.webp", quality=90)
        image.resize((450, 300), Image.Resampling.LANCZOS).save(folder / "c.png")
        shutil.copy(folder / "a.png", folder / "d.png")


@asynccontextmanager
async def found(folder: Path) -> AsyncIterator[Running]:
    paint(folder / "photos")
    async with orchestrator(folder) as running:
        await running.ingested()
        await searched(running, classes=["same_bytes", "same_picture"])
        yield running


def names(group: Any) -> list[str]:
    return [image["filename"] for image in group["images"]]


async def test_groups_say_which_image_to_keep_and_why(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        listed = await running.get("/duplicates")
        [thumbnail] = {one["images"][0]["thumbnail_url"] for one in listed["groups"][:1]}
        picture = await running.http.get(thumbnail)
    assert picture.headers["content-type"] == "image/webp"
    assert (listed["collection"], listed["searched"]) == ("default", 4 * PICTURES)
    assert listed["found_at"] is not None
    assert listed["totals"] == [
        {"class": "same_bytes", "groups": PICTURES, "images": 2 * PICTURES, **OPEN},
        {"class": "same_picture", "groups": PICTURES, "images": 3 * PICTURES, **OPEN},
    ]
    kinds = [group["class"] for group in listed["groups"]]
    assert kinds == ["same_bytes"] * PICTURES + ["same_picture"] * PICTURES
    for group in listed["groups"]:
        assert group["keep"] == group["images"][0]["id"]
        assert group["bytes_beside"] == sum(one["bytes"] for one in group["images"][1:])
        if group["class"] == "same_picture":
            assert names(group)[1:] == ["b.webp", "c.png"]
            assert (group["kept_by"], group["count"]) == ("format", 3)
            assert group["reason"] == "the better format: png against webp"
    sizes = [group["bytes_beside"] for group in listed["groups"][:PICTURES]]
    assert sizes == sorted(sizes, reverse=True)


async def test_pages_by_class_repeat_nothing(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        asked = "/duplicates?class=same_picture&limit=3&members=1"
        first = await running.get(asked)
        second = await running.get(f"{asked}&cursor={first['cursor']}")
        other = await running.http.get(f"/api/v1/duplicates?cursor={first['cursor']}")
        await searched(running)
        late = await running.http.get(f"/api/v1{asked}&cursor={first['cursor']}")
    assert len(first["groups"]) == 3
    assert len(second["groups"]) == PICTURES - 3
    assert (second["cursor"], second["totals"]) == (None, None)
    ids = [group["id"] for page in (first, second) for group in page["groups"]]
    assert len(set(ids)) == PICTURES
    assert all(len(group["images"]) == 1 and group["count"] == 3 for group in first["groups"])
    for answer in (other, late):
        check_problem(answer, 400, ErrorCode.CURSOR)


async def test_a_group_and_one_images_groups(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        [group, *_] = (await running.get("/duplicates?class=same_picture"))["groups"]
        rest = await running.get(f"/duplicates/groups/{group['id']}?offset=1&limit=1")
        of_kept = await running.get(f"/images/{group['keep']}/duplicates")
        of_last = await running.get(f"/images/{group['images'][-1]['id']}/duplicates?members=1")
        no_image = await running.http.get(f"/api/v1/images/{NONE_SUCH}/duplicates")
        no_group = await running.http.get("/api/v1/duplicates/groups/999999")
    assert names(rest) == names(group)[1:2]
    assert rest["keep"] == group["keep"]
    assert [one["class"] for one in of_kept["groups"]] == ["same_bytes", "same_picture"]
    [one] = of_last["groups"]
    assert (one["id"], len(one["images"])) == (group["id"], 1)
    check_problem(no_image, 404, ErrorCode.IMAGE_NOT_FOUND)
    check_problem(no_group, 404, ErrorCode.DUPLICATES_NOT_FOUND)


async def test_images_that_were_forgotten_are_left_out(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        groups = (await running.get("/duplicates?class=same_picture"))["groups"]
        gone = [groups[0]["keep"], *(one["id"] for one in groups[1]["images"][1:])]
        await running.post("/selection/forget", {"ids": gone})
        left = await running.get("/duplicates?class=same_picture")
    assert [group["id"] for group in left["groups"]] == [
        group["id"] for group in groups if group["id"] != groups[1]["id"]
    ]
    assert names(left["groups"][0]) == names(groups[0])[1:]
    assert left["groups"][0]["keep"] == groups[0]["images"][1]["id"]
    [total] = [one for one in left["totals"] if one["class"] == "same_picture"]
    assert total == {
        "class": "same_picture",
        "groups": PICTURES - 1,
        "images": 3 * PICTURES - 4,
        "decided": 0,
        "undecided": PICTURES - 1,
    }


async def test_what_is_hidden_is_in_no_group(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        hidden = {"path": f"{running.photos}/0"}
        answer = await running.post("/collections/default/folders/hidden", hidden)
        assert answer.is_success, answer.text
        listed = await running.get("/duplicates")
        export = await running.http.get("/api/v1/duplicates/export")
    assert [total["groups"] for total in listed["totals"]] == [PICTURES - 1] * 2
    assert len(listed["groups"]) == 2 * (PICTURES - 1)
    assert f"{running.photos}/0/" not in export.text
    assert f"{running.photos}/1/" in export.text


async def test_what_was_dismissed_is_not_proposed_again_until_it_is_taken_back(
    tmp_path: Path,
) -> None:
    async with found(tmp_path) as running:
        groups = (await running.get("/duplicates"))["groups"]
        copies = next(one for one in groups if one["class"] == "same_bytes")
        pictures = next(one for one in groups if one["class"] == "same_picture")
        said = [
            (await running.post(f"/duplicates/groups/{one['id']}/dismiss", None)).json()
            for one in (copies, pictures)
        ]
        again = await running.http.post(f"/api/v1/duplicates/groups/{copies['id']}/dismiss")
        left = await running.get("/duplicates")
        listed = await running.get("/duplicates/dismissed?limit=1")
        rest = await running.get(f"/duplicates/dismissed?after={listed['next_after']}")
        await searched(running, classes=["same_bytes", "same_picture"])
        later = await running.get("/duplicates")
        for one in said:
            path = f"/api/v1/duplicates/dismissed/{one['id']}"
            assert (await running.http.delete(path)).status_code == 204
        gone = await running.http.delete(f"/api/v1/duplicates/dismissed/{said[0]['id']}")
        await searched(running, classes=["same_bytes", "same_picture"])
        back = await running.get("/duplicates")
    assert [one["path"] for one in said] == [
        copies["images"][0]["path"],
        *([pictures["images"][0]["path"]]),
    ]
    assert len(said[0]["sha256s"]) == 1
    assert len(said[1]["sha256s"]) == 3
    assert [*listed["dismissals"], *rest["dismissals"]] == said
    for answer in (again, gone):
        check_problem(answer, 404, ErrorCode.DUPLICATES_NOT_FOUND)
    assert len(left["groups"]) == 2 * PICTURES - 2
    against = {image["sha256"] for image in pictures["images"]}
    for group in later["groups"]:
        inside = [image["sha256"] for image in group["images"] if image["sha256"] in against]
        assert group["class"] == "same_bytes" or len(inside) < 2
        assert group["images"][0]["sha256"] != copies["images"][0]["sha256"] or (
            group["class"] != "same_bytes"
        )
    assert len(back["groups"]) == 2 * PICTURES


async def test_without_a_search_there_are_none(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "default"})
        listed = await running.get("/duplicates")
        dismissed = await running.get("/duplicates/dismissed")
        elsewhere = await running.http.get("/api/v1/duplicates?collection=none")
        unknown = await running.http.get("/api/v1/duplicates?class=nearly")
    assert (listed["groups"], listed["job_id"], listed["totals"]) == ([], None, [])
    assert dismissed == {"dismissals": [], "next_after": None}
    check_problem(elsewhere, 404, ErrorCode.COLLECTION_NOT_FOUND)
    check_problem(unknown, 400, ErrorCode.VALIDATION)


async def test_options_out_of_bounds_are_refused(tmp_path: Path) -> None:
    refused: list[dict[str, object]] = [
        {"classes": []},
        {"classes": ["same"]},
        {"max_hash_bits": 12},
        {"burst_s": -1},
        {"burst_hash_bits": "3"},
        {"min_cosine": 0.5},
        {"folder_path": "relative"},
        {"unknown": 1},
    ]
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "default"})
        for options in refused:
            content = {"kind": "duplicates", "options": options}
            check_problem(await running.post("/jobs", content), 400, ErrorCode.VALIDATION)


async def test_the_client_goes_through_all_pages(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        transport = httpx.ASGITransport(running.app)
        async with PhotoseekClient("http://localhost", transport=transport) as client:
            groups = [one async for one in client.all_duplicates(members=2)]
            some = await client.list_duplicates(classes=[DuplicateClass.SAME_BYTES], limit=1)
            one = await client.get_duplicate_group(groups[0].id)
    assert [group.kind for group in groups] == [
        kind
        for kind in (DuplicateClass.SAME_BYTES, DuplicateClass.SAME_PICTURE)
        for _ in range(PICTURES)
    ]
    assert not any(
        {image.id for image in one.images} >= {image.id for image in other.images}
        for one, other in combinations(groups, 2)
    )
    assert some.groups[0].id == groups[0].id == one.id
