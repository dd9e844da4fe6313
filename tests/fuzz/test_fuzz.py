"""A few thousand broken files and bodies: each is a result or a code, and none takes long."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, in_time

RUNS = 3000
GUIDED_S = 5
GUIDED_LIMIT_S = 120
# A process begins with the peak of memory of the one that started it, and the fuzzer would take
# that of all the tests before for its own; a small process between them has none worth naming.
BETWEEN = (sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_broken_gets_through(name: str) -> None:
    target = TARGETS[name]
    given = target.seeds()
    for data in given:
        in_time(target, data)
    for number in range(RUNS):
        in_time(target, mutated(given, number))


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_fuzzer_that_sees_the_branches_finds_nothing(name: str, tmp_path: Path) -> None:
    module = [sys.executable, "-m", "tests.fuzz"]
    ended = subprocess.run(
        [*BETWEEN, *module, name, f"--seconds={GUIDED_S}", f"--found={tmp_path}"],
        capture_output=True,
        timeout=GUIDED_LIMIT_S,
        check=False,
    )
    said = ended.stderr.decode("utf-8", "replace")
    assert ended.returncode == 0, said[-3000:]
    assert "stat::number_of_executed_units" in said


def test_mutations_are_the_same_for_the_same_number() -> None:
    given = TARGETS["opener"].seeds()
    first = [mutated(given, number) for number in range(50)]
    assert first == [mutated(given, number) for number in range(50)]
    assert len(set(first)) > 40
