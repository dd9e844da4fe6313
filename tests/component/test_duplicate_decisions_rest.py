"""What people decide about duplicates, over REST: in every answer, and after whatever comes."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.component.orchestrator_app import Running, check_problem
from tests.component.test_duplicates_job import searched
from tests.component.test_duplicates_rest import NONE_SUCH, PICTURES, found
from tests.component.test_imports_rest import exported, imported
from utils.client import PhotoseekClient
from utils.contract import ErrorCode, Selection
from utils.contract.duplicates.decisions import AddedFile, UnneededFilesRequest

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

CLASSES = ["same_bytes", "same_picture"]
LIST = "/duplicates/not-needed"


async def groups(running: Running, asked: str = "class=same_picture") -> Any:
    return (await running.get(f"/duplicates?{asked}"))["groups"]


async def decide(running: Running, group: Any, *decisions: str) -> httpx.Response:
    """About the first images of the group, in their order."""
    said = [
        {"id": image["id"], "decision": decision}
        for image, decision in zip(group["images"], decisions, strict=False)
    ]
    path = f"/api/v1/duplicates/groups/{group['id']}/decisions"
    return await running.http.put(path, json={"decisions": said})


def decisions(group: Any) -> list[str]:
    return [group["decisions"].get(image["id"], "undecided") for image in group["images"]]


async def totals(running: Running) -> dict[str, tuple[int, int]]:
    listed = (await running.get("/duplicates?limit=1"))["totals"]
    return {one["class"]: (one["decided"], one["undecided"]) for one in listed}


async def test_groups_carry_what_was_decided_and_are_listed_by_it(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        first, second, *others = await groups(running)
        for _ in range(2):
            answer = await decide(running, first, "keep", "not_needed", "not_needed")
        await decide(running, second, "not_needed")
        done, open_again, *_ = await groups(running)
        part = await running.get(f"/duplicates/groups/{first['id']}?limit=1&offset=1")
        decided = await groups(running, "class=same_picture&decided=true")
        asked = "/duplicates?class=same_picture&decided=false&limit=2"
        page = await running.get(asked)
        rest = await running.get(f"{asked}&cursor={page['cursor']}")
        other = await running.http.get(
            f"/api/v1/duplicates?class=same_picture&cursor={page['cursor']}"
        )
        progress, listed = await totals(running), await running.get(LIST)
    ids = [image["id"] for image in first["images"]]
    assert answer.json() == {
        "decisions": dict(zip(ids, ["keep", "not_needed", "not_needed"], strict=True)),
        "files": 2,
    }
    assert (decisions(done), done["undecided"]) == (["keep", "not_needed", "not_needed"], 0)
    assert decisions(open_again) == ["not_needed", "undecided", "undecided"]
    assert open_again["undecided"] == 2
    assert part["decisions"] == {ids[1]: "not_needed"}
    assert [one["id"] for one in decided] == [first["id"]]
    listed_open = [one["id"] for one in [*page["groups"], *rest["groups"]]]
    assert listed_open == [second["id"], *(one["id"] for one in others)]
    check_problem(other, 400, ErrorCode.CURSOR)
    assert progress == {"same_bytes": (0, PICTURES), "same_picture": (1, PICTURES - 1)}
    best = Path(second["images"][0]["path"])
    copies = dict.fromkeys([str(best.with_name(name)) for name in ("a.png", "d.png")], "")
    kept = first["images"][0]["path"]
    assert {one["path"]: one["kept_path"] for one in listed["files"]} == {
        **{image["path"]: kept for image in first["images"][1:]},
        **copies,
    }
    assert listed["total"] == 4
    assert listed["total_bytes"] == sum(one["bytes"] for one in listed["files"])


async def test_the_next_search_knows_it_though_files_moved_and_asks_for_what_is_new(
    tmp_path: Path,
) -> None:
    async with found(tmp_path) as running:
        first, second, *_ = await groups(running)
        await decide(running, first, "keep", "not_needed", "not_needed")
        await decide(running, second, "keep", "not_needed", "not_needed")
        moved = Path(first["images"][0]["path"]).parent.rename(running.photos / "moved")
        changed = Path(second["images"][0]["path"]).parent
        shutil.copy(changed / "c.png", changed / "new.png")
        with (changed / "new.png").open("ab") as appended:
            appended.write(b"\0")  # other bytes, the same picture
        await running.ingested(sync=True)
        await searched(running, classes=CLASSES)
        again = {Path(one["images"][0]["path"]).parent: one for one in await groups(running)}
    assert sorted(decisions(again[moved])) == ["keep", "not_needed", "not_needed"]
    assert again[moved]["undecided"] == 0
    assert sorted(decisions(again[changed])) == ["keep", "not_needed", "not_needed", "undecided"]
    assert again[changed]["undecided"] == 1


async def test_what_is_forgotten_stays_on_the_list_and_counts_and_comes_back_decided(
    tmp_path: Path,
) -> None:
    async with found(tmp_path) as running:
        [first, *_] = await groups(running)
        ids = [image["id"] for image in first["images"]]
        await decide(running, first, "keep", "not_needed", "not_needed")
        await running.post("/selection/forget", {"ids": ids[1:]})
        left, progress = await groups(running), await totals(running)
        listed = await running.get(LIST)
        again = await decide(running, first, "keep", "not_needed", "not_needed")
        await running.post("/selection/restore", {"ids": ids[1:]})
        [back, *_] = await groups(running)
        taken = await running.post(f"{LIST}/take-back", {"ids": ids[1:2]})
        [after, *_] = await groups(running)
        cleared = await running.http.delete(f"/api/v1{LIST}")
        empty, none = await running.get(LIST), await totals(running)
        files = [Path(image["path"]) for image in first["images"]]
        assert all(one.is_file() for one in files), "no file is ever deleted"
    assert len(left) == PICTURES - 1
    assert progress["same_picture"] == (1, PICTURES - 1)
    assert {one["id"] for one in listed["files"]} == set(ids[1:])
    assert again.status_code == 200
    assert decisions(back) == ["keep", "not_needed", "not_needed"]
    assert taken.json() == {"files": 1}
    assert decisions(after) == ["keep", "undecided", "not_needed"]
    assert (cleared.status_code, empty["total"]) == (204, 0)
    assert none["same_picture"] == (0, PICTURES)


async def test_an_undone_import_finds_its_images_decided(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        [first, *_] = await groups(running)
        await decide(running, first, "keep", "not_needed", "not_needed")
        folder = Path(first["images"][0]["path"]).parent
        aside = folder.rename(tmp_path / "aside")
        job = await running.ingested(sync=True)
        gone, kept = await groups(running), await running.get(LIST)
        aside.rename(folder)
        undo = (await running.post(f"/jobs/{job['job_id']}/undo", None)).json()
        await running.ended(undo["job_id"])
        [back, *_] = await groups(running)
    assert first["id"] not in [one["id"] for one in gone]
    assert kept["total"] == 2
    assert (back["id"], decisions(back)) == (first["id"], ["keep", "not_needed", "not_needed"])


async def test_what_was_dismissed_counts_and_is_back_when_that_is_taken_back(
    tmp_path: Path,
) -> None:
    async with found(tmp_path) as running:
        before = await groups(running)
        path = f"/duplicates/groups/{before[0]['id']}"
        dismissal = (await running.post(f"{path}/dismiss", None)).json()
        progress, late = await totals(running), await decide(running, before[0], "keep")
        await running.http.delete(f"/api/v1/duplicates/dismissed/{dismissal['id']}")
        after = await groups(running)
    assert progress["same_picture"] == (1, PICTURES - 1)
    check_problem(late, 404, ErrorCode.DUPLICATES_NOT_FOUND)
    assert after == before


async def test_a_call_that_is_wrong_decides_nothing(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        first, second, *_ = await groups(running)
        mixed = {**first, "images": [first["images"][0], second["images"][0]]}
        path = f"/api/v1/duplicates/groups/{first['id']}/decisions"
        image = first["images"][0]["id"]
        bodies: list[object] = [
            {"decisions": []},
            {"decisions": [{"id": image, "decision": "keep"}] * 501},
            {"decisions": [{"id": image, "decision": "delete"}]},
            {"decisions": [{"id": "it", "decision": "keep"}]},
            {"decisions": {image: "keep"}},
        ]
        refused = [await running.http.put(path, json=body) for body in bodies]
        foreign = await decide(running, mixed, "keep", "not_needed")
        unknown = await decide(running, {**first, "id": 999_999}, "keep")
        elsewhere = await running.http.get(f"/api/v1{LIST}?collection=none")
        after, listed = await groups(running), await running.get(LIST)
    for answer in refused:
        check_problem(answer, 400, ErrorCode.VALIDATION)
    check_problem(foreign, 404, ErrorCode.IMAGE_NOT_FOUND)
    check_problem(unknown, 404, ErrorCode.DUPLICATES_NOT_FOUND)
    check_problem(elsewhere, 404, ErrorCode.COLLECTION_NOT_FOUND)
    assert [one["undecided"] for one in after] == [3] * PICTURES
    assert listed["total"] == 0


async def test_an_export_has_a_column_of_it_and_may_be_of_what_is_open(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        [first, *_] = await groups(running)
        await decide(running, first, "keep", "not_needed", "undecided")
        asked = {"class": "same_picture"}
        text = (await running.http.get("/api/v1/duplicates/export", params=asked)).text
        await decide(running, first, "keep", "not_needed", "keep")
        asked |= {"decided": "false", "format": "json"}
        rest = (await running.http.get("/api/v1/duplicates/export", params=asked)).json()
    rows = list(csv.DictReader(io.StringIO(text)))
    said = [row["decision"] for row in rows if row["group"] == str(first["id"])]
    assert said == ["keep", "not_needed", "undecided"]
    assert {row["decision"] for row in rows if row["group"] != str(first["id"])} == {"undecided"}
    assert len(rest["groups"]) == PICTURES - 1
    assert {image["decision"] for one in rest["groups"] for image in one["images"]} == {"undecided"}


async def test_a_list_of_before_is_taken_over_and_read_page_by_page(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        [first, *_] = await groups(running)
        image = first["images"][1]
        known = {name: image[name] for name in ("id", "path", "bytes", "sha256")}
        old = {"id": NONE_SUCH, "path": "/old", "bytes": 7, "sha256": "ab" * 32}
        files = [AddedFile(**known), AddedFile.model_validate({**old, "kept_path": "/kept"})]
        transport = httpx.ASGITransport(running.app)
        async with PhotoseekClient("http://localhost", transport=transport) as client:
            body = UnneededFilesRequest(files=tuple(files))
            counts = [(await client.add_unneeded_files(body)).files for _ in range(2)]
            listed = [one async for one in client.all_unneeded_files()]
            page = await client.list_unneeded_files(limit=1)
            found_again = await client.get_duplicate_group(first["id"])
            taken = await client.take_back_unneeded_files(Selection(ids=(files[1].id,)))
            await client.clear_duplicate_decisions()
            left = await client.list_unneeded_files()
    assert counts == [2, 0]
    assert [(one.id, one.kept_path) for one in listed] == [(image["id"], ""), (NONE_SUCH, "/kept")]
    assert (len(page.files), page.total, page.total_bytes) == (1, 2, image["bytes"] + 7)
    assert found_again.decisions == {image["id"]: "not_needed"}
    assert (taken.files, left.total) == (1, 0)


async def test_decisions_are_of_their_collection_and_in_no_export_of_it(tmp_path: Path) -> None:
    async with found(tmp_path) as running:
        [first, *_] = await groups(running)
        await decide(running, first, "keep", "not_needed")
        await exported(running)
        assert (await imported(running, collection="copy"))["state"] == "completed"
        copy = await running.get(f"{LIST}?collection=copy")
        await running.http.patch("/api/v1/collections/default", json={"name": "renamed"})
        renamed = await running.get(f"{LIST}?collection=renamed")
        gone = await running.http.delete("/api/v1/collections/renamed")
        await running.post("/collections", {"name": "anew"})
        anew = await running.get(f"{LIST}?collection=anew")
    assert gone.is_success, gone.text
    assert (copy["total"], renamed["total"], anew["total"]) == (0, 1, 0)
