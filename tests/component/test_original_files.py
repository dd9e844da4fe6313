"""Originals over HTTP: typed by what was read, in ranges, from allowed folders alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import sleep
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.local_files import stored_file, whole_file
from tests.component.orchestrator_app import Running, orchestrator

pytestmark = pytest.mark.anyio
SCRIPT = b"<html><body><script>document.title = document.domain</script>"
NO_SCRIPT = "sandbox; default-src 'none'"


def picture(path: Path, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), how.pop("colour", "red")).save(path, **{"format": "JPEG", **how})
    return path


@asynccontextmanager
async def imported(
    folder: Path, *paths: Path, **settings: Any
) -> AsyncIterator[tuple[Running, list[str]]]:
    """With the addresses of the files, in the order of the paths."""
    async with orchestrator(folder, **settings) as running:
        job = await running.ingested()
        assert job["counts"]["failed"] == 0
        listed = (await running.get("/images?limit=100"))["images"]
        urls = {image["path"]: image["file_url"] for image in listed}
        yield running, [urls[str(path)] for path in paths]


@pytest.mark.parametrize(
    ("name", "how", "media_type", "kind"),
    [
        ("x.html", {"comment": SCRIPT}, "image/jpeg", "inline"),
        ("x.html", {"format": "GIF", "comment": SCRIPT}, "image/gif", "inline"),
        ("x.svg", {"format": "PNG"}, "image/png", "inline"),
        ("x.xhtml", {"format": "WEBP"}, "image/webp", "inline"),
        ("semi;colon:.jpg", {}, "image/jpeg", "inline"),
        ("no extension", {}, "image/jpeg", "inline"),
        ("data:text,z.jpg", {}, "image/jpeg", "inline"),
        ("x.js", {"format": "BMP"}, "image/bmp", "inline"),
        ("x.jpg", {"format": "TIFF"}, "image/tiff", "attachment"),
        ("x.html", {"format": "PPM"}, "image/x-portable-anymap", "attachment"),
    ],
)
async def test_a_file_has_the_type_of_what_was_read_whatever_its_name(
    tmp_path: Path, name: str, how: dict[str, Any], media_type: str, kind: str
) -> None:
    path = picture(tmp_path / "photos" / name, **how)
    async with imported(tmp_path, path) as (running, [url]):
        for method in ("GET", "HEAD") if await _knows_head(running, url) else ("GET",):
            response = await running.http.request(method, url)
            assert response.headers["content-type"] == media_type
            assert response.headers["content-disposition"].startswith(f"{kind}; ")
            assert response.headers["content-security-policy"] == NO_SCRIPT
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["content-length"] == str(path.stat().st_size)
        saved = await running.http.get(url, params={"download": "true"})
        assert saved.headers["content-disposition"].startswith("attachment; ")
        thumbnail = await running.http.get(url.replace("/file", "/thumbnail"))
        assert thumbnail.headers["content-type"] == "image/webp"
        assert thumbnail.headers["content-security-policy"] == NO_SCRIPT
        assert thumbnail.headers["x-content-type-options"] == "nosniff"


async def _knows_head(running: Running, url: str) -> bool:
    return (await running.http.head(url)).status_code != 405


async def test_a_name_can_put_nothing_into_the_headers(tmp_path: Path) -> None:
    names = [
        b'a"; filename="x.exe\r\nSet-Cookie: a=b\r\n\r\n.jpg',
        b"caf\xe9.jpg",
        b"n" * 251 + b".jpg",
    ]
    paths = [tmp_path / "photos" / os.fsdecode(name) for name in names]
    for path in paths:
        picture(path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        for image in (await running.get("/images"))["images"]:
            response = await running.http.get(image["file_url"])
            assert response.status_code == 200
            assert "set-cookie" not in response.headers
            assert response.headers["content-disposition"].isascii()


async def test_ranges_and_conditions_are_answered(tmp_path: Path) -> None:
    path = picture(tmp_path / "photos" / "a.jpg")
    whole = path.read_bytes()
    async with imported(tmp_path, path) as (running, [url]):

        async def asked(**headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await running.http.get(url, headers=named)

        first = await asked()
        assert first.content == whole
        etag, modified = first.headers["etag"], first.headers["last-modified"]
        for response, status, content in [
            (await asked(range="bytes=5-9"), 206, whole[5:10]),
            (await asked(range="bytes=-7"), 206, whole[-7:]),
            (await asked(range="bytes=0-1,4-5"), 200, whole),
            (await asked(range="bytes=5-9", if_range=etag), 206, whole[5:10]),
            (await asked(range="bytes=5-9", if_range=modified), 206, whole[5:10]),
            (await asked(range="bytes=5-9", if_range='"other"'), 200, whole),
            (await asked(range=f"bytes={len(whole)}-"), 416, b""),
            (await asked(if_none_match=f'"x", {etag}'), 304, b""),
            (await asked(if_none_match='"other"'), 200, whole),
        ]:
            assert (response.status_code, response.content) == (status, content)
        assert (await asked(range="bytes=5-9")).headers["content-range"] == (
            f"bytes 5-9/{len(whole)}"
        )


async def test_what_the_ledger_knows_is_not_read_again_to_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []

    def hash_whole(descriptor: int, size_bytes: int) -> tuple[bytes, bytes, int]:
        hashed.append(size_bytes)
        return whole_file.hash_whole(descriptor, size_bytes)

    monkeypatch.setattr(stored_file, "hash_whole", hash_whole)
    path = picture(tmp_path / "photos" / "a.jpg")
    await sleep(2.1)  # until its times can be trusted
    async with imported(tmp_path, path) as (running, [url]):
        assert (await running.http.get(url)).status_code == 200
        assert not hashed
        path.chmod(0o640)  # which changes the ctime alone
        assert (await running.http.get(url)).status_code == 200
        assert hashed == [path.stat().st_size]


async def test_a_copy_that_was_put_back_is_served_by_its_content(tmp_path: Path) -> None:
    path = picture(tmp_path / "photos" / "a.jpg")
    async with imported(tmp_path, path) as (running, [url]):
        os.utime(path, (0, 1_000_000_000))
        response = await running.http.get(url)
        assert response.content == path.read_bytes()
        assert response.headers["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"


async def test_open_files_are_closed_whatever_is_asked(tmp_path: Path) -> None:
    path = picture(tmp_path / "photos" / "a.jpg")
    async with imported(tmp_path, path) as (running, [url]):
        etag = (await running.http.get(url)).headers["etag"]
        before = len(os.listdir("/proc/self/fd"))
        for headers in (
            {},
            {"Range": "bytes=9-2"},
            {"Range": "bytes=99999-"},
            {"If-None-Match": etag},
        ):
            for method in ("GET", "HEAD"):
                await running.http.request(method, url, headers=headers)
        assert len(os.listdir("/proc/self/fd")) == before


async def test_a_thumbnail_is_made_anew_from_an_allowed_folder_and_no_other(tmp_path: Path) -> None:
    path = picture(tmp_path / "photos" / "trip" / "a.jpg")
    async with imported(tmp_path, path) as (running, [url]):
        thumbnail = url.replace("/file", "/thumbnail")
        shutil.copytree(tmp_path / "data", tmp_path / "kept" / "data")
    for folder in ("data", "kept/data"):
        for cache in (tmp_path / folder).glob("cache*"):
            shutil.rmtree(cache)
    async with orchestrator(tmp_path) as running:
        assert (await running.http.get(thumbnail)).status_code == 200
    (tmp_path / "other").mkdir()
    async with orchestrator(tmp_path / "kept", ingest_roots=(tmp_path / "other",)) as running:
        assert (await running.http.get(thumbnail)).status_code in (403, 404)
        original = await running.http.get(url)
        assert original.status_code in (403, 404)
