"""What `make` does before anything of Photoseek runs, with stand-ins for python and photoseek."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MAKE = shutil.which("make") or "make"
TOOLS = ("sh", "echo", "rm", "touch")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The Makefile and what it depends on, beside an installed stand-in that prints its words."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, tmp_path)
    script(tmp_path / ".venv/bin/photoseek", "printf '<%s>' \"$@\"")
    script(tmp_path / ".venv/bin/python", "exit 1")
    (tmp_path / ".venv/.installed").touch()
    return tmp_path


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def make(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key != "PHOTOS"}  # noqa: TID251
    return subprocess.run(
        [MAKE, "--no-print-directory", *words],
        check=False,
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "photos", ["/a/Pictures", "~/Pictures", "../shared/my photos", 'it\'s "mine"; exit 7', "-odd"]
)
def test_a_folder_reaches_photoseek_as_it_was_written(clone: Path, photos: str) -> None:
    assert make(clone, "run", f"PHOTOS={photos}").stdout == f"<up><--photos><{photos}>"
    assert make(clone, "run", PHOTOS=photos).stdout == f"<up><--photos><{photos}>"


def test_without_a_folder_it_is_the_demo(clone: Path) -> None:
    assert make(clone, "run").stdout == "<up><--demo>"
    assert make(clone, "serve").stdout == "<up>"


@pytest.mark.parametrize(
    "word", ["PHOTO=/x", "FOTOS=/x", "photos=/x", "PICTURES=/x", "DIR=/x", "PHOTOS="]
)
def test_a_misspelt_word_is_said_and_is_not_the_demo(clone: Path, word: str) -> None:
    (clone / ".venv/.installed").unlink()  # nothing is installed for it
    ran = make(clone, "run", word)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert word.partition("=")[0] in ran.stderr
    assert "make run PHOTOS=" in ran.stderr


def test_so_is_one_in_the_environment(clone: Path) -> None:
    ran = make(clone, "run", PHOTO="/x")
    assert ran.returncode == 2
    assert "make run knows no PHOTO." in ran.stderr


@pytest.mark.parametrize("word", ["ORCHESTRATOR_PORT=9", "CLIP_MODEL=x", "PIP_INDEX_URL=x"])
def test_settings_may_stand_on_the_command_line(clone: Path, word: str) -> None:
    shutil.copy(REPOSITORY / "README.md", clone)
    assert make(clone, "run", word).stdout == "<up><--demo>"
    assert make(clone, "run", word, "PHOTOS=/x").stdout == "<up><--photos></x>"


def test_a_folder_that_is_not_there_is_said_before_anything_is_installed(clone: Path) -> None:
    (clone / ".venv/.installed").unlink()
    ran = make(clone, "run", "PHOTOS=/not/there")
    assert ran.returncode == 2
    assert "PHOTOS=/not/there is no folder." in ran.stderr
    assert "pip install" not in ran.stdout


def test_running_installs_what_runs_and_shows_it_and_tests_install_the_rest(clone: Path) -> None:
    script(clone / ".venv/bin/python", 'echo "$@"')
    (clone / ".venv/.installed").unlink()
    ran = make(clone, "install")
    assert "'.[orchestrator,inference]'" in ran.stdout
    assert "GB" in ran.stdout
    assert "--quiet" not in ran.stdout
    assert make(clone, "run").stdout == "<up><--demo>", "once"
    script(clone / ".venv/bin/ruff", "exit 0")
    for tool in ("mypy", "lint-imports"):
        script(clone / f".venv/bin/{tool}", "exit 0")
    assert "'.[orchestrator,inference,dev]'" in make(clone, "check").stdout
    assert "pip install" not in make(clone, "check").stdout
    assert make(clone, "run").stdout == "<up><--demo>", "the tests' stamp is newer, and enough"


def test_a_change_of_the_constraints_installs_again(clone: Path) -> None:
    installed = (clone / ".venv/.installed").stat().st_mtime
    os.utime(clone / "constraints.txt", (installed + 10, installed + 10))
    ran = make(clone, "run")
    assert ran.returncode != 0, "the stand-in for python fails"
    assert "pip install" in ran.stdout


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (None, "Python 3.11 or newer"),
        ("exit 1", "Python 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "has no venv module"),
    ],
)
def test_a_missing_python_or_venv_is_told_with_the_package_to_install(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, python: str | None, said: str
) -> None:
    shutil.rmtree(clone / ".venv")
    tools = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    if python is not None:
        script(tools / "python3", python)
    ran = make(clone, "install", PATH=str(tools))
    assert ran.returncode != 0
    assert said in ran.stderr
    assert "python3-venv" in ran.stderr
    assert not (clone / ".venv").exists()


def test_help_lists_every_word(clone: Path) -> None:
    said = make(clone).stdout
    for word in ("run", "install", "check", "test", "serve", "demo-clean"):
        assert f"make {word}" in said
