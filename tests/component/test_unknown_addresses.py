"""An address that nobody has: people see the app, which says so, programs a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import check_problem, orchestrator
from utils.contract import ErrorCode
from utils.web.access.security_headers import PAGE_POLICY

pytestmark = pytest.mark.anyio

# As Chromium asks for a page.
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
FOR_PROGRAMS = ("/api/v1/nonsense", "/api", "/health/nonsense", "/metrics/x", "/docs/no/such/page")


@pytest.mark.parametrize("key", [None, "correct horse"])
async def test_people_see_the_app_with_the_status_404_with_and_without_a_key(
    key: str | None, tmp_path: Path
) -> None:
    async with orchestrator(tmp_path, api_key=key) as running:
        shell = (await running.http.get("/help")).text
        for address in ("/nonsense", "/non/sense", "/constructor", "/photos.html"):
            answer = await running.http.get(address, headers=BROWSER)
            assert answer.status_code == 404
            assert answer.text == shell
            assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
            assert answer.headers["Vary"] == "Accept"
            assert answer.headers["Cache-Control"] == "no-cache"


async def test_below_a_path_of_a_proxy_it_names_its_files_by_it(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        headers = {**BROWSER, "X-Forwarded-Prefix": "/photos"}
        answer = await running.http.get("/nonsense", headers=headers)
        assert answer.status_code == 404
        assert 'src="/photos/static/js/main.js"' in answer.text


async def test_programs_and_their_addresses_get_a_problem(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for address in FOR_PROGRAMS:
            answer = await running.http.get(address, headers=BROWSER)
            check_problem(answer, 404, ErrorCode.NOT_FOUND)
        for accepted in ("*/*", "application/json"):
            answer = await running.http.get("/nonsense", headers={"Accept": accepted})
            check_problem(answer, 404, ErrorCode.NOT_FOUND)
        posted = await running.http.post("/nonsense", headers=BROWSER)
        check_problem(posted, 404, ErrorCode.NOT_FOUND)


async def test_with_a_key_programs_learn_of_no_address(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key="correct horse") as running:
        for address in FOR_PROGRAMS[:2]:
            answer = await running.http.get(address, headers=BROWSER)
            check_problem(answer, 401, ErrorCode.UNAUTHORIZED)
        answer = await running.http.get("/nonsense")
        check_problem(answer, 401, ErrorCode.UNAUTHORIZED)
