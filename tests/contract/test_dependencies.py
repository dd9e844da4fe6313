"""Each service declares what it imports: its image is installed from that alone."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
OWN = {"utils", "ingestion_orchestration_fastapi_app", "ml_inference_fastapi_app"}
SERVICES = {
    "ingestion_orchestration_fastapi_app": "orchestrator",
    "ml_inference_fastapi_app": "inference",
}
# Imported where it is there: nothing that is promised needs it.
IF_THERE = {"bitsandbytes", "triton"}
# Made what is shipped: no service runs them.
MAKERS = {"train.py", "building.py"}
# Come with what is declared, as its interface.
WITH = {"starlette": "fastapi", "pydantic-core": "pydantic", "annotated-types": "pydantic"}


def tidy(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(extra: str) -> set[str]:
    listed = PROJECT["dependencies"] + PROJECT["optional-dependencies"][extra]
    return {tidy(re.split(r"[\[;<>=! ]", one, maxsplit=1)[0]) for one in listed}


def imported(folder: Path) -> set[str]:
    """Top-level modules of others."""
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        if file.name in MAKERS:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - OWN


@pytest.mark.parametrize("package", sorted(SERVICES))
def test_a_service_declares_what_it_and_what_is_shared_import(package: str) -> None:
    distributions = packages_distributions()
    offered = declared(SERVICES[package])
    missing = {
        f"{module} ({', '.join(sorted(names))})"
        for module in imported(REPOSITORY / package) | imported(REPOSITORY / "utils")
        if module not in IF_THERE
        for names in [{WITH.get(tidy(one), tidy(one)) for one in distributions.get(module, ["?"])}]
        if not names & offered
    }
    assert missing == set()
