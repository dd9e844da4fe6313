"""Pictures are uploaded over REST: kept in the inbox, each with its outcome, and imported."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.component.orchestrator_app import FakeService, Running, check_problem, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio
URL = "/api/v1/ingest/upload"
BOUNDARY = "b0undary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def picture(colour: str, *, side_px: int = 64) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (side_px, side_px), colour).save(made, "PNG")
    return made.getvalue()


def noisy(side_px: int, seed: int = 1) -> bytes:
    """A picture that no compression makes small."""
    made = io.BytesIO()
    data = hashlib.shake_128(b"%d" % seed).digest(side_px * side_px * 3)
    Image.frombytes("RGB", (side_px, side_px), data).save(made, "PNG", compress_level=0)
    return made.getvalue()


def part(name: str, data: bytes, *, field: str = "files") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"'
    return head.encode() + b"\r\n\r\n" + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def sent(running: Running, *files: tuple[str, bytes], **query: str) -> Any:
    reply = await running.http.post(URL, files=[("files", one) for one in files], params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def outcomes(reply: Any) -> list[tuple[str, str, str | None]]:
    return [(one["name"], one["outcome"], one["code"]) for one in reply["files"]]


def inbox_of(folder: Path) -> Path:
    return folder / "data" / "inbox"


def kept(folder: Path) -> list[str]:
    """All files of the inbox, by what is below the day's folder."""
    found = [one for one in inbox_of(folder).rglob("*") if one.is_file()]
    return sorted("/".join(one.relative_to(inbox_of(folder)).parts[2:]) for one in found)


async def test_pictures_are_kept_imported_found_and_shown(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        reply = await sent(
            running,
            ("red.png", picture("red")),
            ("notes.txt", b"no picture at all"),
            ("blue.png", picture("blue")),
            ("empty.jpg", b""),
        )
        assert outcomes(reply) == [
            ("red.png", "stored", None),
            ("notes.txt", "refused", ErrorCode.FORMAT_UNSUPPORTED),
            ("blue.png", "stored", None),
            ("empty.jpg", "refused", ErrorCode.FILE_EMPTY),
        ]
        job = await running.ended(reply["job_id"])
        assert reply["status_url"] == f"/api/v1/jobs/{reply['job_id']}"
        assert (job["counts"]["found"], job["counts"]["embedded"]) == (2, 2)
        images = (await running.get("/images"))["images"]
        assert {one["path"] for one in images} == {
            one["path"] for one in reply["files"] if one["path"]
        }
        for one in images:
            for picture_url in (one["thumbnail_url"], one["file_url"], one["preview_url"]):
                assert (await running.http.get(picture_url)).status_code == 200
        hits = (await running.post("/search/text", {"query": "red", "limit": 1})).json()
        assert [hit["filename"] for hit in hits["results"]] == ["red.png"]
        assert kept(tmp_path) == ["blue.png", "red.png"]
        assert {"path": str(inbox_of(tmp_path)), "source": "inbox"} in (
            await running.get("/roots")
        )["roots"]


async def test_nothing_is_overwritten_and_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        first = await sent(running, ("a.png", picture("red")), ("a.png", picture("blue")))
        assert kept(tmp_path) == ["a (2).png", "a.png"]
        again = await sent(running, ("a.png", picture("red")), ("a.png", picture("blue")))
        assert {one["outcome"] for one in again["files"]} == {"already_there"}
        assert [one["path"] for one in again["files"]] == [one["path"] for one in first["files"]]
        await running.ended(again["job_id"] or first["job_id"])
        for reply in (first, again):
            if reply["job_id"]:
                await running.ended(reply["job_id"])
        known = await sent(running, ("other name.png", picture("red")))
        assert outcomes(known) == [("other name.png", "already_there", None)]
        assert known["files"][0]["path"] == first["files"][0]["path"]
        assert known["job_id"] is None
        assert (await running.get("/collections/default"))["count"] == 2
        Path(first["files"][0]["path"]).unlink()
        back = await sent(running, ("a.png", picture("red")))
        assert outcomes(back) == [("a.png", "stored", None)]


async def test_names_are_made_safe(tmp_path: Path) -> None:
    names = ("../../../etc/passwd.png", "C:\\Users\\me\\a.png", ".hidden.png", "..")
    async with orchestrator(tmp_path) as running:
        body = b"".join(part(one, picture("red", side_px=9 + n)) for n, one in enumerate(names))
        reply = (await running.http.post(URL, content=body + END, headers=FORM)).json()
        assert {one["outcome"] for one in reply["files"]} == {"stored"}
        assert kept(tmp_path) == ["a.png", "hidden.png", "passwd.png", "picture"]
        await running.ended(reply["job_id"])


async def test_a_large_picture_comes_in_pieces_and_one_that_is_too_large_is_refused(
    tmp_path: Path,
) -> None:
    large, too_large = noisy(700), noisy(800, seed=2)
    assert len(large) < 1_600_000 < len(too_large)
    async with orchestrator(tmp_path, max_file_bytes=1_600_000) as running:
        reply = await sent(
            running, ("a.png", large), ("b.png", too_large), ("c.png", picture("red"))
        )
        assert [code for _, _, code in outcomes(reply)] == [None, ErrorCode.FILE_TOO_LARGE, None]
        assert kept(tmp_path) == ["a.png", "c.png"]
        assert Path(reply["files"][0]["path"]).read_bytes() == large
        job = await running.ended(reply["job_id"])
        assert job["counts"]["embedded"] == 2


GOOD = part("good.png", picture("red"))
HOSTILE: list[tuple[bytes, int, ErrorCode]] = [
    (part("x.png", b"x", field="file") + END, 400, ErrorCode.VALIDATION),
    (part("cut.png", noisy(100))[:-40], 400, ErrorCode.MALFORMED_MULTIPART),
    (b"--b0undary\r\nno header\r\n\r\n", 400, ErrorCode.MALFORMED_MULTIPART),
    (b"--b0undary\r\nA: " + b"a" * 20_000, 400, ErrorCode.MALFORMED_MULTIPART),
    (GOOD * 1000 + END, 413, ErrorCode.BATCH_TOO_LARGE),
    (part("large.png", noisy(700)), 413, ErrorCode.BATCH_TOO_LARGE),
]


async def test_what_came_before_a_hostile_rest_stays_and_is_imported(tmp_path: Path) -> None:
    async def chunks(body: bytes) -> AsyncIterator[bytes]:  # declares no length
        for start in range(0, len(body), 60_000):
            yield body[start : start + 60_000]

    async with orchestrator(tmp_path, max_upload_bytes=1_048_576) as running:
        for number, (rest, status, code) in enumerate(HOSTILE):
            body = part(f"{number}.png", picture("red", side_px=70 + number)) + rest
            refused = await running.http.post(URL, content=chunks(body), headers=FORM)
            check_problem(refused, status, code)
        stored = kept(tmp_path)
        assert [f"{number}.png" for number in range(len(HOSTILE))] == [
            name for name in stored if name[0].isdigit()
        ]
        for job in (await running.get("/jobs"))["jobs"]:
            await running.ended(job["job_id"])
        assert (await running.get("/collections/default"))["count"] == len(stored)


async def test_nothing_to_keep_is_told_and_starts_nothing(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        field = part("x.png", b"x").replace(b'; filename="x.png"', b"")
        for body in (END, field + END, part("x.png", b"x", field="other") + END):
            refused = await running.http.post(URL, content=body, headers=FORM)
            check_problem(refused, 400, ErrorCode.VALIDATION)
        assert (await running.get("/jobs"))["jobs"] == []
        assert kept(tmp_path) == []


async def test_refusals_before_a_byte_is_read(tmp_path: Path) -> None:
    files = [("files", ("a.png", picture("red")))]

    async def refused(running: Running, status: int, code: ErrorCode, **query: str) -> None:
        check_problem(await running.http.post(URL, files=files, params=query), status, code)

    async with orchestrator(tmp_path) as running:
        await refused(running, 404, ErrorCode.COLLECTION_NOT_FOUND, collection="other")
        await refused(running, 400, ErrorCode.VALIDATION, unknown="1")
        as_json = await running.post("/ingest/upload", {})
        check_problem(as_json, 415, ErrorCode.MEDIA_TYPE)
        odd = {"Content-Type": "multipart/form-data"}
        no_boundary = await running.http.post(URL, content=b"x", headers=odd)
        check_problem(no_boundary, 400, ErrorCode.MALFORMED_MULTIPART)
    async with orchestrator(tmp_path, inbox_max_bytes=0) as running:
        await refused(running, 507, ErrorCode.DISK_FULL)
    async with orchestrator(tmp_path, min_free_bytes=2**60) as running:
        await refused(running, 507, ErrorCode.DISK_FULL)
    async with orchestrator(tmp_path, max_upload_bytes=1_048_576) as running:
        large = [("files", ("a.png", noisy(700)))]
        check_problem(await running.http.post(URL, files=large), 413, ErrorCode.BATCH_TOO_LARGE)
    assert not inbox_of(tmp_path).exists()


async def test_the_inbox_takes_no_more_than_it_may_hold(tmp_path: Path) -> None:
    data = noisy(300)
    async with orchestrator(tmp_path, inbox_max_bytes=int(2.5 * len(data))) as running:
        await sent(running, ("a.png", data))

        async def undeclared() -> AsyncIterator[bytes]:
            for number in range(3):
                yield part(f"{number}.png", noisy(300, seed=number + 5))
            yield END

        full = await running.http.post(URL, content=undeclared(), headers=FORM)
        check_problem(full, 507, ErrorCode.DISK_FULL)
        assert "INBOX_MAX_BYTES" in full.json()["detail"]
        assert kept(tmp_path) == ["0.png", "a.png"]


async def test_an_inbox_that_cannot_be_written_is_told_and_mended_without_a_restart(
    tmp_path: Path,
) -> None:
    inbox = tmp_path / "box"
    inbox.write_text("in the way")
    async with orchestrator(tmp_path, inbox_dir=inbox) as running:
        files = [("files", ("a.png", picture("red")))]
        refused = await running.http.post(URL, files=files)
        check_problem(refused, 503, ErrorCode.INBOX)
        inbox.unlink()
        reply = await sent(running, ("a.png", picture("red")))
        assert Path(reply["files"][0]["path"]).is_relative_to(inbox)
        (tmp_path / "other").mkdir()
        async with orchestrator(tmp_path / "other", inbox_dir=inbox) as other:
            in_use = await other.http.post(URL, files=files)
            check_problem(in_use, 503, ErrorCode.INBOX)


async def test_a_forgotten_picture_is_not_kept_again(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        reply = await sent(running, ("a.png", picture("red")))
        await running.ended(reply["job_id"])
        (image,) = (await running.get("/images"))["images"]
        assert (await running.http.delete(f"/api/v1/images/{image['id']}")).status_code == 200
        again = await sent(running, ("b.png", picture("red")))
        assert outcomes(again) == [("b.png", "refused", ErrorCode.IMAGE_FORGOTTEN)]


async def test_uploads_that_wait_for_the_same_import_join_it(tmp_path: Path) -> None:
    service = FakeService(down=True)
    async with orchestrator(tmp_path, service=service, max_running_jobs=1) as running:
        for colour in ("red", "green", "blue"):
            await sent(running, (f"{colour}.png", picture(colour)))
        listed = (await running.get("/jobs"))["jobs"]
        assert len(listed) == 2, "one is at work, and the other yet to begin"
        service.down = False
        for job in listed:
            await running.ended(job["job_id"])
        assert (await running.get("/collections/default"))["count"] == 3


async def test_each_collection_has_a_folder_of_its_own_over_a_new_name(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        await running.post("/collections", {"name": "cats"})

        async def taken(collection: str, colour: str) -> str:
            reply = await sent(running, (f"{colour}.png", picture(colour)), collection=collection)
            await running.ended(reply["job_id"])
            return Path(reply["files"][0]["path"]).relative_to(inbox_of(tmp_path)).parts[0]

        assert await taken("cats", "red") == "cats"
        await running.http.patch("/api/v1/collections/cats", json={"name": "felines"})
        assert await taken("felines", "green") == "cats"
        await running.post("/collections", {"name": "cats"})
        assert await taken("cats", "blue") == "cats-2"
        counts = [
            (await running.get(f"/collections/{name}"))["count"] for name in ("felines", "cats")
        ]
        assert counts == [2, 1]


async def test_a_sync_of_the_home_above_leaves_uploads_alone(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, ingest_roots=(tmp_path,)) as running:
        reply = await sent(running, ("a.png", picture("red")))
        await running.ended(reply["job_id"])
        above = await running.post("/ingest", {"directory_path": str(tmp_path), "sync": True})
        job = await running.ended(above.json()["job_id"])
        assert job["removed"] == 0
        assert (await running.get("/collections/default"))["count"] == 1
