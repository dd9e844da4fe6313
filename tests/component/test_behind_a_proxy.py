"""The orchestrator below a path of a proxy, and HEAD on everything that it shows."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import pytest

from tests.component.orchestrator_app import library, orchestrator

pytestmark = pytest.mark.anyio

PREFIX = {"X-Forwarded-Prefix": "/photos"}


def behind(url: str) -> str:
    """What a proxy asks for that shows the service below /photos/, and nothing else."""
    assert url.startswith("/photos/"), f"{url} leads past the proxy"
    return url.removeprefix("/photos")


async def test_every_address_leads_through_the_proxy(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        http = running.http
        http.headers.update(PREFIX)
        made = await http.post("/api/v1/collections", json={"name": "more"})
        assert (await http.get(behind(made.headers["Location"]))).status_code == 200
        started = await running.post("/ingest", {"directory_path": str(running.photos)})
        assert started.headers["Location"] == started.json()["status_url"]
        assert (await http.get(behind(started.json()["status_url"]))).status_code == 200
        found = await running.post("/search/text", {"query": "red", "limit": 1})
        for hit in [*found.json()["results"], *(await running.get("/images?limit=1"))["images"]]:
            assert (await http.get(behind(hit["thumbnail_url"]))).status_code == 200
            assert (await http.get(behind(hit["file_url"]))).status_code == 200
        for place in ("/", "/system/collections/default?in=default"):
            page = (await http.get(place)).text
            named = [one for one in re.findall(r'(?:href|src)="([^"#]+)"', page) if ":" not in one]
            assert named
            for one in named:
                assert (await http.get(behind(urljoin("/photos/", one)))).status_code == 200, one
            assert 'data-root="/photos"' in page  # what the scripts ask begins with it
        manifest = (await http.get("/manifest.webmanifest")).json()
        assert manifest["start_url"] == manifest["scope"] == "/photos/"
        for icon in manifest["icons"]:
            assert (await http.get(behind(icon["src"]))).status_code == 200
        assert (await http.get("/openapi.json")).json()["servers"] == [{"url": "/photos"}]


async def test_head_is_answered_on_every_get_route(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        job = await running.ingested()
        image = (await running.get("/images?limit=1"))["images"][0]
        values = {"job_id": job["job_id"], "name": "default", "image_id": image["id"]}
        # What is not there is told alike.
        values |= {
            "album_id": str(uuid4()),
            "export_id": "none",
            "file_name": "none",
            "group_id": "1",
        }
        paths = {"/static/js/main.js", "/static/css/base.css", "/docs", "/openapi.json"}
        paths |= {"/", "/imports/new", "/manifest.webmanifest", "/metrics"}
        for path, operations in running.app.openapi()["paths"].items():
            if "get" in operations:
                paths.add(path.format_map(values))
        assert len(paths) >= 15
        for path in sorted(paths):
            if path.endswith("/ready"):
                continue  # looked at below: its answer may change between two calls
            got, head = await running.http.get(path), await running.http.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            for name in ("Content-Type", "ETag", "Content-Disposition", "Accept-Ranges"):
                assert head.headers.get(name) == got.headers.get(name), (path, name)
        assert (await running.http.head("/health/ready")).status_code == 200


async def test_what_a_client_holds_is_not_sent_again(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        image = (await running.get("/images?limit=1"))["images"][0]
        for url in (image["thumbnail_url"], image["file_url"]):
            etag = (await running.http.get(url)).headers["ETag"]
            for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
                held = {"If-None-Match": given}
                got = await running.http.get(url, headers=held)
                head = await running.http.head(url, headers=held)
                assert (got.status_code, head.status_code) == (304, 304), (url, given)
                assert got.headers["ETag"] == etag
            other = await running.http.get(url, headers={"If-None-Match": '"other"'})
            assert other.status_code == 200
