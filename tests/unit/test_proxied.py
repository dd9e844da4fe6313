"""Behind a proxy, from other origins, and by HEAD: what the middlewares make of a request."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from anyio import fail_after, sleep_forever
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from utils.web.access.cors import cors_origins
from utils.web.install import install_web
from utils.web.routing.root_path import checked_root_path, external_path

pytestmark = pytest.mark.anyio

PAGE = "https://photos.example"


def small_app(*, root_path: str = "", origins: str = "", api_key: str = "") -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/things")
    async def things() -> dict[str, str]:
        return {"url": external_path("/api/v1/things/1")}

    @app.post("/api/v1/things")
    async def make() -> dict[str, str]:
        return {}

    @app.get("/")
    async def page() -> str:
        return "page"

    @app.get("/api/v1/events")
    async def events() -> StreamingResponse:
        async def endless() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await sleep_forever()

        return StreamingResponse(endless(), media_type="text/event-stream")

    install_web(
        app,
        service="test",
        api_key=SecretStr(api_key) if api_key else None,
        registry=CollectorRegistry(),
        root_path=root_path,
        trusted_origins=frozenset(cors_origins(origins)),
    )
    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.mark.parametrize("path", ["/api/v1/things", "/photos/api/v1/things"])
@pytest.mark.parametrize("setting", ["/photos", ""])
async def test_a_proxy_may_take_the_prefix_off_or_leave_it_on(path: str, setting: str) -> None:
    headers = {} if setting else {"X-Forwarded-Prefix": "/photos/"}
    async with client_of(small_app(root_path=setting)) as client:
        answer = await client.get(path, headers=headers)
        assert answer.json() == {"url": "/photos/api/v1/things/1"}
        described = await client.get("/openapi.json", headers=headers)
        assert described.json()["servers"] == [{"url": "/photos"}]
        moved = await client.get(f"{path}/", headers=headers)
        assert (moved.status_code, moved.headers["Location"]) == (307, "/photos/api/v1/things")
        page = await client.get("/photos", headers=headers)
        assert (page.status_code, page.headers["Location"]) == (307, "/photos/")
        assert (await client.get("/photos/", headers=headers)).json() == "page"


async def test_the_setting_counts_more_than_the_header() -> None:
    async with client_of(small_app(root_path="/mine")) as client:
        answer = await client.get("/api/v1/things", headers={"X-Forwarded-Prefix": "/theirs"})
        assert answer.json() == {"url": "/mine/api/v1/things/1"}


@pytest.mark.parametrize(
    "prefix",
    ["//evil.example", "https://evil.example", "/a//b", "/..", "/a/../b", "/a b", '/"x',
     "/<x>", "/a,/b", "photos", "/api", "/static/x", "/" + "a" * 300, "/%2e%2e", "/\xe4"],
)  # fmt: skip
async def test_a_prefix_that_is_none_is_passed_over(prefix: str) -> None:
    with pytest.raises(ValueError, match="a root path"):
        checked_root_path(prefix)
    headers = httpx.Headers([("X-Forwarded-Prefix", prefix)], encoding="latin-1")
    async with client_of(small_app()) as client:
        answer = await client.get("/api/v1/things", headers=headers)
        assert answer.json() == {"url": "/api/v1/things/1"}


async def test_without_a_proxy_addresses_begin_at_the_root() -> None:
    async with client_of(small_app()) as client:
        await client.get("/api/v1/things", headers={"X-Forwarded-Prefix": "/photos"})
        assert (await client.get("/api/v1/things")).json() == {"url": "/api/v1/things/1"}
        assert "servers" not in (await client.get("/openapi.json")).json()


async def test_head_is_answered_as_get_begins() -> None:
    async with client_of(small_app()) as client:
        for path in ("/", "/api/v1/things", "/openapi.json", "/docs", "/metrics", "/nowhere"):
            with fail_after(60):
                got, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers["Content-Type"] == got.headers["Content-Type"]
            if path not in ("/metrics", "/nowhere"):  # their lengths change
                assert head.headers["Content-Length"] == got.headers["Content-Length"]


async def test_head_of_an_event_stream_ends() -> None:
    async with client_of(small_app()) as client:
        with fail_after(60):
            head = await client.head("/api/v1/events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"].startswith("text/event-stream")


async def test_pages_of_named_origins_may_use_the_api_and_no_others() -> None:
    asking = {"Access-Control-Request-Method": "POST"}
    async with client_of(small_app(origins=f"{PAGE}, http://other:80/", api_key="k")) as client:
        for origin in (PAGE, "http://other"):
            headers = {"Origin": origin}
            before = await client.options("/api/v1/things", headers={**headers, **asking})
            assert before.status_code == 200
            assert before.headers["Access-Control-Allow-Origin"] == origin
            assert "X-API-Key" in before.headers["Access-Control-Allow-Headers"]
            refused = await client.post("/api/v1/things", headers=headers)
            assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (
                401,
                origin,
            )
            made = await client.post("/api/v1/things", headers={**headers, "X-API-Key": "k"})
            assert made.status_code == 200
            assert "Access-Control-Allow-Credentials" not in made.headers
        for origin in ("https://evil.example", f"{PAGE}.evil.example", "null", f"{PAGE}:444"):
            headers = {"Origin": origin, "X-API-Key": "k"}
            for answer in (
                await client.options("/api/v1/things", headers={**headers, **asking}),
                await client.get("/api/v1/things", headers=headers),
                await client.post("/api/v1/things", headers=headers),
            ):
                assert not [name for name in answer.headers if "access-control" in name.lower()]


async def test_without_the_setting_there_is_no_cors() -> None:
    async with client_of(small_app()) as client:
        answer = await client.get("/api/v1/things", headers={"Origin": PAGE})
        assert not [name for name in answer.headers if "access-control" in name.lower()]


@pytest.mark.parametrize("text", ["*", "photos.example", "https://a/b", "ftp://a", "https://*.a"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        cors_origins(text)
