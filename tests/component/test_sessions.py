"""A browser logs in with the key, gets a cookie that opens everything, and logs out."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timedelta, tzinfo
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from ingestion_orchestration_fastapi_app.api.admin import sessions
from tests.component.orchestrator_app import (
    Running,
    check_problem,
    library,
    orchestrator,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

KEY = "correct horse battery"
HERE = {"Origin": "http://localhost"}  # what the page sends with a change


async def log_in(running: Running, key: str = KEY, **headers: str) -> httpx.Response:
    return await running.http.post(
        "/api/v1/session", json={"key": key}, headers={**HERE, **headers}
    )


def cookie_of(response: httpx.Response) -> tuple[str, str, str]:
    """Its name, its value, its attributes."""
    text = response.headers["Set-Cookie"]
    [(name, morsel)] = SimpleCookie(text).items()
    return name, morsel.value, text.lower()


async def test_the_cookie_of_a_login_opens_what_the_key_opens(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path, api_key=KEY, orchestrator_port=8123) as running:
        headers = {"X-API-Key": KEY}
        job = (
            await running.http.post(
                "/api/v1/ingest", json={"directory_path": str(running.photos)}, headers=headers
            )
        ).json()["job_id"]
        answer = await log_in(running)
        assert answer.status_code == 201
        assert answer.json()["scopes"] == ["admin", "read", "write"]
        name, value, attributes = cookie_of(answer)
        assert name == "photoseek_session_8123"
        document = (await running.http.get("/openapi.json")).json()
        assert document["components"]["securitySchemes"]["Session"]["name"] == name
        assert len(value) >= 43
        assert "httponly" in attributes
        assert "samesite=strict" in attributes
        assert "path=/" in attributes
        assert "max-age=2592000" in attributes
        assert "secure" not in attributes
        await running.ended(job)  # by the cookie, as all that follows
        found = (
            await running.http.post("/api/v1/search/text", json={"query": "red"}, headers=HERE)
        ).json()["results"]
        for url in (found[0]["thumbnail_url"], found[0]["file_url"], f"/api/v1/jobs/{job}/events"):
            assert (await running.http.get(url)).status_code == 200, url
        assert (await running.get("/session"))["name"] == "session"


async def test_logging_out_ends_the_session_for_every_holder_of_the_cookie(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        name, value, _ = cookie_of(await log_in(running))
        stolen = {"Cookie": f"{name}={value}"}
        out = await running.http.delete("/api/v1/session", headers=HERE)
        assert out.status_code == 204
        assert "max-age=0" in out.headers["Set-Cookie"].lower()
        assert out.headers["Clear-Site-Data"] == '"cache"'
        running.http.cookies.clear()
        for headers in (stolen, {}):
            check_problem(
                await running.http.get("/api/v1/jobs", headers=headers),
                401,
                ErrorCode.UNAUTHORIZED,
            )
        fresh = cookie_of(await log_in(running))[1]
        assert fresh != value


async def test_a_session_outlives_a_restart_and_ends_with_the_key_that_opened_it(
    tmp_path: Path,
) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        name, value, _ = cookie_of(await log_in(running))
    cookie = {"Cookie": f"{name}={value}"}
    async with orchestrator(tmp_path, api_key=KEY) as running:
        assert (await running.http.get("/api/v1/jobs", headers=cookie)).status_code == 200
    async with orchestrator(tmp_path, api_key="another key") as running:
        assert (await running.http.get("/api/v1/jobs", headers=cookie)).status_code == 401


async def test_a_session_ends_after_its_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return super().now(tz) + moved

    async with orchestrator(tmp_path, api_key=KEY) as running:
        monkeypatch.setattr(sessions, "datetime", Clock)
        await log_in(running)
        moved = sessions.LIFE - timedelta(minutes=5)
        assert (await running.http.get("/api/v1/jobs")).status_code == 200
        moved = sessions.LIFE
        for _ in range(2):  # the first was remembered
            assert (await running.http.get("/api/v1/jobs")).status_code == 401


async def test_neither_the_cookie_nor_the_key_lies_on_the_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        _, value, _ = cookie_of(await log_in(running))
        await log_in(running, "a wrong secret")
    [row] = sqlite3.connect(tmp_path / "data/ledger.sqlite").execute("SELECT * FROM sessions")
    assert len(row[0]) == 32
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert value.encode() not in content, file
            assert KEY.encode() not in content, file
    said = "".join(capsys.readouterr())
    for secret in (value, KEY, "a wrong secret"):
        assert secret not in said


@pytest.mark.parametrize("value", ["", "x", "ü", "x" * 43, "x" * 5000, "a b", '"quoted"'])
async def test_a_cookie_that_was_never_given_opens_nothing(value: str, tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        header = [(b"Cookie", f"photoseek_session_8002={value}".encode())]
        answer = await running.http.get("/api/v1/jobs", headers=header)
        check_problem(answer, 401, ErrorCode.UNAUTHORIZED)


@pytest.mark.parametrize(
    "body",
    [{}, {"key": ""}, {"key": "wrong"}, {"key": 1}, {"key": "\ud800"}, {"key": "ü"}, {"key": None},
     {"key": "x" * 5000}, [], {"key": KEY, "more": 1}],
)  # fmt: skip
async def test_a_wrong_key_gives_no_cookie(body: object, tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        headers = {**HERE, "Content-Type": "application/json"}
        content = json.dumps(body)
        answer = await running.http.post("/api/v1/session", content=content, headers=headers)
        assert answer.status_code in (400, 401)
        assert "Set-Cookie" not in answer.headers
        assert KEY not in answer.text


async def test_wrong_keys_are_limited_and_holders_of_a_right_one_are_not(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        name, value, _ = cookie_of(await log_in(running))
        running.http.cookies.clear()
        statuses = [(await log_in(running, f"guess {n}")).status_code for n in range(30)]
        assert statuses[:10] == [401] * 10
        assert set(statuses[11:]) == {429}
        late = await log_in(running)
        check_problem(late, 429, ErrorCode.TOO_MANY_ATTEMPTS)
        assert 1 <= int(late.headers["Retry-After"]) <= 6
        for headers in ({"Cookie": f"{name}={value}"}, {"X-API-Key": KEY}):
            assert (await running.http.get("/api/v1/jobs", headers=headers)).status_code == 200


async def test_a_right_key_clears_what_was_mistyped_before(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        for _ in range(3):
            for n in range(9):
                assert (await log_in(running, f"typo {n}")).status_code == 401
            assert (await log_in(running)).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_no_other_site_logs_a_browser_in_or_out_or_uses_its_cookie(
    headers: dict[str, str], tmp_path: Path
) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        refused = await running.http.post("/api/v1/session", json={"key": KEY}, headers=headers)
        check_problem(refused, 403, ErrorCode.CROSS_SITE)
        await log_in(running)
        for call in (
            running.http.delete("/api/v1/session", headers=headers),
            running.http.post("/api/v1/collections", json={"name": "x"}, headers=headers),
        ):
            check_problem(await call, 403, ErrorCode.CROSS_SITE)
        bare = await running.http.post("/api/v1/collections", json={"name": "x"})
        check_problem(bare, 403, ErrorCode.CROSS_SITE)  # a cookie alone
        assert (await running.get("/collections"))["collections"] == []


async def test_behind_https_the_cookie_is_secure_and_it_keeps_to_the_prefix(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        https = {"X-Forwarded-Proto": "https", "Origin": "https://localhost"}
        _, _, attributes = cookie_of(await log_in(running, **https))
        assert re.search(r"; secure(;|$)", attributes)
        _, _, attributes = cookie_of(await log_in(running, **{"X-Forwarded-Prefix": "/photos"}))
        assert re.search(r"; path=/photos(;|$)", attributes)


async def test_without_a_key_there_is_nothing_to_log_in_to(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        check_problem(await log_in(running), 400, ErrorCode.VALIDATION)
        told = await running.get("/session")
        assert (told["name"], told["scopes"]) == ("local user", ["read", "write"])
