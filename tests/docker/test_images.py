"""What is in the images, and what is not."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.conftest import Report
from tests.docker.engine import Engine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

MOST_BYTES = {"orchestrator": 800e6, "inference-cpu": 1600e6}
TARGETS = sorted(MOST_BYTES)
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|//[^/\s:@]+:[^/\s:@]+@"
)
LEFTOVERS = re.compile(
    r"(^|/)(\.git|\.env|\.cache|\.venv|tests/(unit|e2e|component)|var/lib/apt/lists/.+|.*\.whl)(/|$)"
)
BINARY = (".pyc", ".safetensors", ".npz", ".png")
LARGEST = 10


def layers(engine: Engine, image: str, folder: Path) -> Iterator[tarfile.TarFile]:
    """Of an image, the lowest first."""
    saved = folder / "image.tar"
    engine.docker("save", f"--output={saved}", image)
    with tarfile.open(saved) as archive:
        listed = archive.extractfile("manifest.json")
        assert listed is not None
        [manifest] = json.load(listed)
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                yield layer
    saved.unlink()


def faults(layer: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[str]:
    if LEFTOVERS.search(member.name):
        yield f"left over: {member.name}"
    if member.mode & 0o6000:
        yield f"set-uid: {member.name}"
    if not member.isfile():
        return
    if member.mode & 0o002:
        yield f"anybody may write: {member.name}"
    is_text = member.name.startswith("app/") and not member.name.endswith(BINARY)
    content = layer.extractfile(member) if is_text else None
    if content is not None and SECRETS.search(content.read()):
        yield f"looks like a secret: {member.name}"


def inside(engine: Engine, image: str, script: str) -> str:
    return engine.docker("run", "--rm", "--network=none", image, "sh", "-c", script)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_no_larger_than_promised(
    docker_engine: Engine, images: dict[str, str], target: str
) -> None:
    size = docker_engine.inspected(images[target])["Size"]
    assert isinstance(size, int)
    assert size <= MOST_BYTES[target]


@pytest.mark.parametrize("target", TARGETS)
def test_no_layer_holds_a_secret_a_leftover_or_what_may_become_root(
    docker_engine: Engine, images: dict[str, str], target: str, tmp_path: Path, report: Report
) -> None:
    found: list[str] = []
    files = 0
    for at, layer in enumerate(layers(docker_engine, images[target], tmp_path)):
        for member in layer:
            files += 1
            if at > 0:  # the base is Debian's
                found += faults(layer, member)
    words = ("history", "--no-trunc", "--format={{.CreatedBy}}", images[target])
    history = docker_engine.docker(*words)
    assert "API_KEY" not in history
    assert found == []
    report.add(f"layers of {images[target]} scanned", f"{files} files: nothing found")


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_no_compiler_and_nothing_to_install_with(
    docker_engine: Engine, images: dict[str, str], target: str
) -> None:
    tools = "gcc g++ cc pip pip3 make"
    assert inside(docker_engine, images[target], f"command -v {tools} || true").strip() == ""
    modules = inside(docker_engine, images[target], "ls /opt/photoseek/lib/python3*/site-packages")
    assert "pip" not in modules.split()
    assert ("torch" in modules.split()) == target.startswith("inference")
    assert ("lancedb" in modules.split()) == (target == "orchestrator")


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_lists_all_that_is_installed_with_its_licence(
    docker_engine: Engine, images: dict[str, str], target: str, report: Report
) -> None:
    share = "/opt/photoseek/share"
    listed = json.loads(inside(docker_engine, images[target], f"cat {share}/sbom.cdx.json"))
    assert listed["bomFormat"] == "CycloneDX"
    names = {one["name"].lower().replace("_", "-") for one in listed["components"]}
    installed = inside(
        docker_engine,
        images[target],
        "python -c 'import importlib.metadata as m;"
        ' print(*sorted({d.name.lower().replace("_", "-") for d in m.distributions()}))\'',
    ).split()
    assert set(installed) - {"photoseek"} == names - {"photoseek"}
    notices = inside(docker_engine, images[target], f"cat {share}/NOTICES.txt")
    told = {line.strip().lower().replace("_", "-") for line in notices.splitlines()}
    assert names - told - {"photoseek"} == set()
    report.add(f"packages listed in {images[target]}", str(len(names)))


@pytest.mark.parametrize("target", TARGETS)
def test_which_packages_are_large_is_told(
    docker_engine: Engine, images: dict[str, str], target: str, report: Report
) -> None:
    told = inside(
        docker_engine,
        images[target],
        f"du -sm /opt/photoseek/lib/python3*/site-packages/* | sort -rn | head -{LARGEST}",
    )
    sizes = [line.split("\t") for line in told.splitlines()]
    assert len(sizes) == LARGEST
    named = ", ".join(f"{path.rpartition('/')[2]} {size}" for size, path in sizes)
    report.add(f"largest in {images[target]}, MiB", named)
