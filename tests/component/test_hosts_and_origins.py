"""Which Hosts are answered, and where a service may listen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from tests.component.test_who_may_call import apps, client_of
from utils.contract import ErrorCode
from utils.web.access.hosts import AllowedHosts, Authority, host_rules, is_loopback
from utils.web.install import install_web

pytestmark = pytest.mark.anyio

LOOPBACK = (
    "localhost", "LOCALHOST:8002", "localhost.", "127.0.0.1", "127.0.0.1:8002", "127.8.9.1",
    "[::1]", "[::1]:8002", "photos.localhost:1", "[::ffff:127.0.0.1]",
)  # fmt: skip
FOREIGN = (
    "evil.test", "evil.test:8002", "localhost.evil.test", "127.0.0.1.evil.test", "notlocalhost",
    "0.0.0.0", "0.0.0.0:8002", "192.168.1.5:8002", "[::]", "[fe80::1]", "10.0.0.1", "inference",
    "user@localhost", "localhost/", "localhost:port", "localhost:8002:1", "[::1", "::1", "", " ",
    "localhost,evil.test", "http://localhost", "127.1", "2130706433", "0x7f.0.0.1", "\xff",
)  # fmt: skip


class Cookie:
    """Stands for a session: whoever sends `session=good`."""

    is_ambient = True

    async def __call__(self, connection: httpx.Request) -> object:
        from utils.web.access.security import LOCAL_USER

        return LOCAL_USER if connection.headers.get("Cookie") == "session=good" else None


def small_app(
    *, key: str | None = None, hosts: tuple[str, ...] = (), trusted: frozenset[str] = frozenset()
) -> tuple[FastAPI, list[str]]:
    app, changed = FastAPI(), list[str]()

    @app.get("/look")
    async def look() -> None: ...

    @app.get("/health/live")
    async def live() -> None: ...

    @app.api_route("/change", methods=["POST", "PUT", "PATCH", "DELETE"])
    async def change() -> None:
        changed.append("yes")

    install_web(
        app,
        service="test",
        api_key=SecretStr(key) if key else None,
        registry=CollectorRegistry(),
        allowed_hosts=hosts,
        trusted_origins=trusted,
        checkers=[Cookie()],  # type: ignore[list-item]  # httpx's request has what it looks at
    )
    return app, changed


async def asked(app: FastAPI, host: str, path: str = "/look") -> httpx.Response:
    async with client_of(app) as client:
        return await client.get(path, headers=[(b"Host", host.encode("latin-1"))])


@pytest.mark.parametrize("host", LOOPBACK)
async def test_without_a_key_this_machines_own_names_are_answered(host: str) -> None:
    assert (await asked(small_app()[0], host)).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_any_other_host_is_a_421_that_names_it_and_the_setting(host: str) -> None:
    app, _ = small_app()
    refused = await asked(app, host)
    assert (refused.status_code, refused.json()["code"]) == (421, ErrorCode.HOST_NOT_ALLOWED)
    authority = Authority.parsed(host)
    if authority is not None:
        assert authority.name in refused.json()["detail"]
        assert "ALLOWED_HOSTS" in refused.json()["detail"]
    assert (await asked(app, host, "/health/live")).status_code == 200


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
async def test_both_services_hold_it_on_every_path(service: str, tmp_path: Path) -> None:
    app = apps(tmp_path, None)[service]
    for path in ("/", "/docs", "/openapi.json", "/metrics", "/api/v1/capabilities", "/static/x"):
        assert (await asked(app, "evil.test", path)).status_code == 421, path
    assert (await asked(app, "10.1.2.3:8002", "/health/live")).status_code == 200


@pytest.mark.parametrize("hosts", [[], ["localhost", "evil.test"], ["localhost", "localhost"]])
@pytest.mark.parametrize("key", [None, "k"])
async def test_no_host_or_two_of_them_are_refused(hosts: list[str], key: str | None) -> None:
    app, _ = small_app(key=key)
    answered: list[int] = []

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])  # type: ignore[arg-type]  # ASGI's is an int

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", host.encode()) for host in hosts] + [(b"x-api-key", b"k")]
    scope = {
        "type": "http", "method": "GET", "path": "/look", "raw_path": b"/look", "root_path": "",
        "scheme": "http", "query_string": b"", "headers": headers, "server": ("127.0.0.1", 8002),
        "client": ("127.0.0.1", 5), "http_version": "1.0", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's types are wider
    assert answered == [200 if key and not hosts else 421]


async def test_with_a_key_every_host_is_answered_unless_some_are_named() -> None:
    for host in ("evil.test", "192.168.1.5:8002"):
        assert (await asked(small_app(key="k")[0], host)).status_code == 401
        assert (await asked(small_app(key="k", hosts=("nas.lan",))[0], host)).status_code == 421
    for host in ("nas.lan:8002", "localhost"):
        assert (await asked(small_app(key="k", hosts=("nas.lan",))[0], host)).status_code == 401


async def test_hosts_that_are_named_are_answered_without_a_key() -> None:
    app, _ = small_app(hosts=host_rules("NAS.lan, *.photos.test ,192.168.1.5,[fd00::5]"))
    for host in ("nas.lan", "nas.lan:80", "a.photos.test", "192.168.1.5:8002", "[fd00::5]:1"):
        assert (await asked(app, host)).status_code == 200, host
    for host in ("photos.test", "xphotos.test", "192.168.1.6", "nas.lan.evil.test"):
        assert (await asked(app, host)).status_code == 421, host


@pytest.mark.parametrize("wrong", ["http://nas.lan", "nas.lan:8002", "*", "a b", "nas.lan/", "*.*"])
@pytest.mark.parametrize("settings", [OrchestratorSettings, InferenceSettings])
def test_a_rule_that_is_no_name_is_said_at_the_start(
    wrong: str, settings: type[OrchestratorSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", wrong)
    with pytest.raises(ValueError, match="no host's name"):
        settings()


@given(st.text(max_size=40))
def test_no_text_is_taken_for_this_machine_by_mistake(text: str) -> None:
    authority = Authority.parsed(text)
    if authority is not None and AllowedHosts((), has_key=False).include(authority):
        name = authority.name
        assert is_loopback(name)
        assert name.endswith("localhost") or name.startswith(("127.", "::", "0:"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.1"])
def test_listening_beyond_this_machine_needs_a_key_or_a_word(host: str) -> None:
    for settings, name in (
        (OrchestratorSettings, "orchestrator_host"),
        (InferenceSettings, "ml_host"),
    ):
        fault = settings.model_validate({name: host}).binding_fault
        assert fault is not None
        assert f"{name.upper()}={host} " in fault
        assert "API_KEY" in fault
        assert "ALLOW_NO_KEY=1" in fault
        assert settings.model_validate({name: host, "api_key": "k"}).binding_fault is None
        assert settings.model_validate({name: host, "allow_no_key": "1"}).binding_fault is None
        for own in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
            assert settings.model_validate({name: own}).binding_fault is None


@pytest.mark.parametrize(
    ("module", "variable"),
    [
        ("ingestion_orchestration_fastapi_app", "ORCHESTRATOR_HOST"),
        ("ml_inference_fastapi_app", "ML_HOST"),
    ],
)
def test_a_service_that_would_let_strangers_in_ends_with_one_line(
    module: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_KEY", raising=False)
    monkeypatch.setenv(variable, "0.0.0.0")
    ended = subprocess.run(
        [sys.executable, "-m", module], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"{variable}=0.0.0.0 lets other machines in")
