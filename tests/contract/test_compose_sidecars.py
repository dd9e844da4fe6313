"""docker-compose.yml has, as a comment, the mount by which sidecars can be written."""

from __future__ import annotations

import yaml

from tests.contract.test_compose import REPOSITORY, SERVICES


def test_the_mount_for_sidecars_is_the_same_one_but_that_it_can_be_written_to() -> None:
    lines = (REPOSITORY / "docker-compose.yml").read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if "photoseek sidecars write" in line) + 1
    commented = [line.partition("# ")[2] for line in lines[start : start + 3]]
    [writable] = yaml.safe_load("\n".join(commented))
    mounts = [one for one in SERVICES["orchestrator"]["volumes"] if isinstance(one, dict)]
    [photos] = [one for one in mounts if one["target"] == "/photos"]
    assert {**writable, "read_only": True} == photos
