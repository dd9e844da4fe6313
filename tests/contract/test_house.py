"""The tree shows the architecture: sizes, docstrings of packages, and the way to the right file."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PRODUCT = ("ingestion_orchestration_fastapi_app", "ml_inference_fastapi_app", "utils")
CHECKING = ("tests", "benchmarks")
MOST_LINES = 300
MOST_FILES = 12
TASKS = 20
REGISTRIES = (
    *(("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com")),
    *(("yarnpkg", "com"), ("ghcr", "io"), ("quay", "io"), ("download.pytorch", "org")),
)


def product_files() -> list[Path]:
    return [file for name in PRODUCT for file in sorted((REPOSITORY / name).rglob("*.py"))]


def checking_files() -> list[Path]:
    """Tests and benchmarks, without what npm has installed for them."""
    found = [file for name in CHECKING for file in sorted((REPOSITORY / name).rglob("*.py"))]
    return [file for file in found if "node_modules" not in file.parts]


def relative(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def docstring(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text())) or ""


def table_rows() -> list[tuple[str, list[str]]]:
    """Of CONTRIBUTING's table: what is to be done, and the files to open."""
    chapter = (REPOSITORY / "CONTRIBUTING.md").read_text().split("## To do X, open Y", 1)[1]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", chapter.split("\n## ", 1)[0], re.MULTILINE)
    return [(task, re.findall(r"`([^`]+)`", files)) for task, files in rows[1:]]


def test_no_file_is_longer_than_a_reader_takes_in_at_once() -> None:
    files = [*product_files(), *checking_files()]
    lines = {relative(file): len(file.read_text().splitlines()) for file in files}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_package_has_more_files_than_a_reader_keeps_in_mind() -> None:
    files = Counter(relative(file.parent) for file in product_files())
    assert {name: count for name, count in files.items() if count > MOST_FILES} == {}


def test_every_package_and_file_says_in_a_line_what_it_is_for() -> None:
    silent = [relative(file) for file in product_files() if not docstring(file).strip()]
    assert silent == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    """Where packages come from is the business of who installs them."""
    hosts = [f"{name}.{end}" for name, end in REGISTRIES]
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    naming = [
        name
        for name in listed.stdout.decode().split("\0")
        if name and any(host.encode() in (REPOSITORY / name).read_bytes() for host in hosts)
    ]
    assert naming == []


def test_contributing_says_which_file_to_open_for_the_likely_tasks() -> None:
    rows = table_rows()
    assert len(rows) >= TASKS
    named = [name for _, files in rows for name in files]
    missing = [name for name in named if not (REPOSITORY / name).exists()]
    assert missing == []
    assert all(files for _, files in rows)
