"""What every answer says to browsers, and that /docs is whole without a network."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.component.orchestrator_app import orchestrator
from tests.component.test_who_may_call import KEY, apps, client_of
from utils.web import docs_page

pytestmark = pytest.mark.anyio

SERVICES = pytest.mark.parametrize("service", ["orchestrator", "inference"])


def check_headers(response: httpx.Response) -> str:
    """The policy."""
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    return policy


@SERVICES
async def test_every_answer_has_them_refusals_as_well(service: str, tmp_path: Path) -> None:
    app = apps(tmp_path, KEY)[service]
    seen = set()

    @app.get("/api/v1/bug")
    async def bug() -> None:
        raise RuntimeError

    async with client_of(app) as client:
        for path, headers in (
            ("/docs", {}), ("/openapi.json", {}), ("/health/live", {}), ("/docs/nothing", {}),
            ("/metrics", {}), ("/nowhere", {"X-API-Key": KEY}), ("/docs", {"Host": "a b"}),
            ("/api/v1/bug", {"X-API-Key": KEY}), ("/metrics", {"X-API-Key": KEY}),
        ):  # fmt: skip
            response = await client.get(path, headers=headers)
            seen.add(response.status_code)
            check_headers(response)
            assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            head = await client.head(path, headers=headers)
            assert head.status_code == response.status_code
            check_headers(head)
    assert seen == {200, 401, 404, 421, 500}


async def test_the_pages_may_load_what_is_beside_them_and_nothing_else(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for path in ("/", "/docs"):
            policy = check_headers(await running.http.get(path))
            assert "script-src 'self'" in policy
            assert "style-src 'self'" in policy
        data = check_headers(await running.http.get("/api/v1/jobs"))
        assert "script-src" not in data


@SERVICES
async def test_docs_name_only_files_that_are_served_here(service: str, tmp_path: Path) -> None:
    async with client_of(apps(tmp_path, KEY)[service]) as client:
        page = (await client.get("/docs")).text
        assert not re.search(r"https?://|<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page)
        named = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(named) == 5
        for name in named:
            assert not name.startswith("/"), "a proxy may serve it below a path"
            response = await client.get(f"/{name}")
            assert response.status_code == 200, name
            assert response.headers["Content-Type"].split(";")[0] in (
                "text/javascript", "text/css", "image/svg+xml", "application/json",
            )  # fmt: skip
        for other in ("/redoc", "/docs/oauth2-redirect", "/docs/redoc.standalone.js"):
            assert (await client.get(other, headers={"X-API-Key": KEY})).status_code == 404


def test_the_script_of_docs_asks_for_no_validator() -> None:
    script = (Path(docs_page.__file__).parent / "docs_files/start.js").read_text()
    assert "validatorUrl: null" in script
    assert "http" not in script.replace("https?", "")
