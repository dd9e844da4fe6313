"""Every route of both services asks for a key where one is set, and for the right scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.routing import Mount, Route

from ingestion_orchestration_fastapi_app import main as orchestrator_main
from ingestion_orchestration_fastapi_app.api.security import ADMINISTERS, WRITES, Reader
from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app import main as inference_main
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from tests.component.orchestrator_app import orchestrator
from utils.contract import ErrorCode
from utils.web.access.security import Principal, Scope
from utils.web.install import install_web

pytestmark = pytest.mark.anyio

KEY = "correct horse"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PLACES = {"/map", "/albums", "/duplicates", "/imports", "/system", "/help", "/login"}
PUBLIC = {"/", "/docs", "/openapi.json", "/health/live", "/health/ready", "/manifest.webmanifest"}
LOGIN = ("POST", "/api/v1/session")
PUBLIC_BELOW = ("/static/", "/docs/")
# Not GET, and yet they change nothing of the library. A caller may always log itself out.
ONLY_READ = {
    "/api/v1/search",
    "/api/v1/search/text",
    "/api/v1/search/image",
    "/api/v1/search/pictures",
    "/api/v1/selection/export",
    "/api/v1/selection/zip",
    "/api/v1/session",
}


def apps(folder: Path, key: str | None) -> dict[str, FastAPI]:
    return {
        "orchestrator": orchestrator_main.create_app(
            OrchestratorSettings.model_validate({"data_dir": folder / "data", "api_key": key})
        ),
        "inference": inference_main.create_app(InferenceSettings.model_validate({"api_key": key})),
    }


def paths(routes: object) -> Iterator[str]:
    """Every path that is served, those of included routers and mounts as well."""
    assert isinstance(routes, list)
    for route in routes:
        if isinstance(route, Mount):
            yield f"{route.path}/x"
        elif isinstance(route, Route):
            yield route.path
        else:
            yield from paths(route.original_router.routes)


def is_public(path: str) -> bool:
    below = (*PUBLIC_BELOW, *(f"{one}/" for one in PLACES))
    return path in PUBLIC | PLACES or path.startswith(below)


def filled(path: str) -> str:
    return path.replace("{image_id}", "00000000-0000-4000-8000-000000000000").replace(
        "{", ""
    ).replace("}", "")  # fmt: skip


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8002")


def wrong_headers() -> list[list[tuple[bytes, bytes]]]:
    return [
        [],
        [(b"X-API-Key", b"")],
        [(b"X-API-Key", b"wrong")],
        [(b"X-API-Key", KEY.encode() + b"x")],
        [(b"X-API-Key", KEY[:-1].encode())],
        [(b"X-API-Key", b"\xff\xfe\x80")],
        [(b"X-API-Key", "é".encode())],
        [(b"Authorization", b"Bearer")],
        [(b"Authorization", b"Bearer wrong")],
        [(b"Authorization", b"Basic " + KEY.encode())],
        [(b"Authorization", KEY.encode())],
        [(b"Authorization", b"Bearer \xff")],
        [(b"Cookie", b"X-API-Key=" + KEY.encode())],
    ]


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
async def test_no_route_is_reached_without_the_key(service: str, tmp_path: Path) -> None:
    app = apps(tmp_path, KEY)[service]
    found = set(paths(app.routes))
    assert {"/metrics", "/api/v1/capabilities", "/openapi.json"} <= found
    assert len(found) > 8
    async with client_of(app) as client:
        for path in sorted(found | {"/nowhere", "/api/v1/nowhere", "//health/live", "/healthx"}):
            if is_public(path):
                continue
            for method in METHODS:
                if (method, path) == LOGIN:
                    continue
                for variant in (filled(path), filled(path) + "/", filled(path) + "?key=" + KEY):
                    response = await client.request(method, variant)
                    assert response.status_code == 401, (method, variant)
                    assert response.headers["WWW-Authenticate"] == "Bearer"
                    if method != "HEAD":
                        assert response.json()["code"] == ErrorCode.UNAUTHORIZED


async def test_what_the_app_shows_before_the_login_is_everywhere_the_same(tmp_path: Path) -> None:
    """But for the modules of the place, which anybody may read."""

    def but_for_modules(page: str) -> list[str]:
        return [line for line in page.splitlines() if 'rel="modulepreload"' not in line]

    async with client_of(apps(tmp_path, KEY)["orchestrator"]) as client:
        shell = but_for_modules((await client.get("/")).text)
        for place in sorted(PLACES):
            page = (await client.get(place)).text
            assert but_for_modules(page) == shell
            assert (await client.get(f"{place}/anything?in=secret")).text == page
            for address in (place, f"{place}/anything"):
                assert (await client.post(address)).status_code == 405


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
async def test_a_wrong_key_in_any_form_is_a_401(service: str, tmp_path: Path) -> None:
    async with client_of(apps(tmp_path, KEY)[service]) as client:
        for headers in wrong_headers():
            response = await client.get("/api/v1/capabilities", headers=httpx.Headers(headers))
            assert response.status_code == 401, headers
            assert KEY not in response.text


async def test_of_several_credentials_one_that_is_right_is_enough(tmp_path: Path) -> None:
    async with orchestrator(tmp_path, api_key=KEY) as running:
        for headers in (
            [("X-API-Key", KEY)],
            [("X-API-Key", "wrong"), ("X-API-Key", KEY)],
            [("X-API-Key", ""), ("Authorization", f"bearer  {KEY}")],
            [("Authorization", "Basic cHJveHk6cGFzcw=="), ("X-API-Key", KEY)],
        ):
            response = await running.http.get("/api/v1/jobs", headers=headers)
            assert response.status_code == 200, headers


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
def test_every_operation_says_which_scope_it_needs(service: str, tmp_path: Path) -> None:
    document = apps(tmp_path, None)[service].openapi()
    schemes = document["components"]["securitySchemes"]
    assert {"ApiKey", "Bearer"} <= schemes.keys()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            asked = operation.get("security")
            if is_public(path) or (method.upper(), path) == LOGIN:
                assert asked is None
                continue
            assert {name for one in asked for name in one} == schemes.keys(), (method, path)
            reads = method == "get" or path in ONLY_READ
            changes = service == "orchestrator" and not reads
            for scopes in (scope for one in asked for scope in one.values()):
                needed = {"write", "admin"} if changes else {"read"}
                assert needed & set(scopes), (method, path, scopes)


class Guest:
    is_ambient = False

    async def __call__(self, connection: object) -> Principal:
        return Principal("guest", frozenset({Scope.READ}))


async def test_a_caller_without_the_scope_is_refused_by_name() -> None:
    app = FastAPI()
    changed: list[str] = []

    @app.post("/change", dependencies=[WRITES])
    async def change() -> None:
        changed.append("yes")

    @app.get("/look")
    async def look(caller: Reader) -> str:
        return caller.name

    install_web(
        app,
        service="test",
        api_key=SecretStr(KEY),
        registry=CollectorRegistry(),
        checkers=[Guest()],
    )
    async with client_of(app) as client:
        assert (await client.get("/look")).json() == "guest"
        assert (await client.get("/look", headers={"X-API-Key": KEY})).json() == "API key"
        refused = await client.post("/change")
        assert (refused.status_code, refused.json()["code"]) == (403, ErrorCode.FORBIDDEN)
        assert "`write`" in refused.json()["detail"]
        assert changed == []


async def test_without_a_key_the_caller_is_the_local_user_who_may_not_decide_what_is_read() -> None:
    app = FastAPI()

    @app.get("/look")
    async def look(caller: Reader) -> list[str]:
        return sorted(caller.scopes)

    @app.get("/decide", dependencies=[ADMINISTERS])
    async def decide() -> None: ...

    install_web(app, service="test", api_key=None, registry=CollectorRegistry())
    async with client_of(app) as client:
        assert (await client.get("/look")).json() == ["read", "write"]
        assert (await client.get("/decide")).status_code == 403
