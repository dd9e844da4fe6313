"""What one start leaves for the next, and what is said of a start that is under way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from ml_inference_fastapi_app.backends.base import StartPhase
from ml_inference_fastapi_app.models.loading_progress import MAX_RETRY_S, USUAL_S, LoadingProgress
from ml_inference_fastapi_app.models.probe import LimitedBy, Probed
from ml_inference_fastapi_app.models.probe_cache import (
    FILENAME,
    MAX_STARTS,
    ProbeCache,
    conditions_of,
)
from tests.component.inference_fakes import DESCRIPTION
from utils.contract import ErrorCode

FOUND = Probed(100, 200, 8, 32, 55.5, LimitedBy.MEMORY, ())
PHASES_S = {StartPhase.FETCHING: 0.5, StartPhase.LOADING: 4.0, StartPhase.PROBING: 1.5}
CONFIGURED = ("ViT-B-32", "none")
CONDITIONS = ("fingerprint", "cpu")


def remember(
    folder: Path, *, found: Probed = FOUND, conditions: tuple[str, ...] = CONDITIONS
) -> None:
    ProbeCache(folder).remember(
        found, configured=CONFIGURED, conditions=conditions, phases_s=PHASES_S
    )


def test_the_next_start_knows_what_the_last_one_found_and_how_long_it_took(tmp_path: Path) -> None:
    remember(tmp_path / "models")
    starts = ProbeCache(tmp_path / "models")
    assert starts.probed(CONDITIONS) == FOUND
    assert starts.phases_s(CONFIGURED) == PHASES_S
    assert starts.probed(("fingerprint", "cuda:0")) is None
    assert starts.phases_s(("RN50", "none")) == {}
    assert [file.name for file in (tmp_path / "models").iterdir()] == [FILENAME]


def test_the_newest_start_counts_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    for number in range(MAX_STARTS + 3):
        remember(tmp_path, conditions=(f"{number}",))
    remember(tmp_path, conditions=("7",), found=replace(FOUND, safe_batch=50))
    starts = ProbeCache(tmp_path)
    assert starts.probed(("2",)) is None
    assert starts.probed(("4",)) == FOUND
    assert starts.probed(("7",)) == replace(FOUND, safe_batch=50)
    assert starts.probed((f"{MAX_STARTS + 2}",)) == FOUND


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff" * 100,
        b'{"version": 2, "starts": []}',
        b'{"version": 1, "starts": [{"safe_batch": 0}]}',
        b"[" * 200_000,
        b" " * (2 << 20),
    ],
)
def test_a_file_that_is_not_ours_is_as_good_as_none_and_is_replaced(
    tmp_path: Path, damage: bytes
) -> None:
    (tmp_path / FILENAME).write_bytes(damage)
    with structlog.testing.capture_logs():
        assert ProbeCache(tmp_path).probed(CONDITIONS) is None
        assert ProbeCache(tmp_path).phases_s(CONFIGURED) == {}
        remember(tmp_path)
    assert ProbeCache(tmp_path).probed(CONDITIONS) == FOUND


def test_a_folder_that_cannot_be_written_to_ends_no_start(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file stands where the folder should")
    with structlog.testing.capture_logs() as said:
        remember(tmp_path / "models")
    assert said[-1]["event"] == "start_not_remembered"


def test_a_probe_that_could_run_nothing_is_not_remembered(tmp_path: Path) -> None:
    remember(tmp_path, found=replace(FOUND, images_per_s=None))
    assert ProbeCache(tmp_path).probed(CONDITIONS) is None


def test_another_model_dtype_device_ceiling_or_compiling_is_another_condition() -> None:
    described = [
        DESCRIPTION,
        replace(DESCRIPTION, fingerprint="2"),
        replace(DESCRIPTION, dtype="float16"),
        replace(DESCRIPTION, device="cuda:0"),
        replace(DESCRIPTION, compiled=True),
    ]
    keys = {conditions_of(one, ("torch 2",), max_batch=64) for one in described}
    keys.add(conditions_of(DESCRIPTION, ("torch 2",), max_batch=65))
    keys.add(conditions_of(DESCRIPTION, ("torch 3",), max_batch=64))
    assert len(keys) == len(described) + 2


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_the_time_left_is_what_the_last_start_took_less_what_has_passed() -> None:
    clock = Clock()
    startup = LoadingProgress(clock)
    startup.expect(PHASES_S)
    startup.enter(StartPhase.FETCHING)
    assert startup.eta_s() == pytest.approx(6.0)
    clock.now_s += 0.2
    assert startup.eta_s() == pytest.approx(5.8)
    startup.enter(StartPhase.LOADING)
    clock.now_s += 3.0
    assert startup.eta_s() == pytest.approx(2.5)
    clock.now_s += 9.0
    assert startup.eta_s() == pytest.approx(6.0 + 1.5), "overdue: half as long again"
    startup.enter(StartPhase.PROBING)
    assert startup.took_s[StartPhase.LOADING] == pytest.approx(12.0)


def test_loading_again_should_take_as_long_as_the_last_time() -> None:
    clock = Clock()
    startup = LoadingProgress(clock)
    for phase in (StartPhase.FETCHING, StartPhase.LOADING, StartPhase.PROBING):
        startup.enter(phase)
        clock.now_s += 2.0
    startup.end()
    clock.now_s += 10_000.0
    startup.begin_again()
    assert startup.eta_s() == pytest.approx(6.0), "and not as long as it was unloaded"
    clock.now_s += 1.0
    startup.enter(StartPhase.LOADING)
    assert startup.took_s == {StartPhase.FETCHING: 1.0}
    assert startup.eta_s() == pytest.approx(4.0)


def test_a_first_start_takes_what_starts_usually_take() -> None:
    clock = Clock()
    startup = LoadingProgress(clock)
    startup.enter(StartPhase.LOADING)
    assert startup.eta_s() == USUAL_S[StartPhase.LOADING] + USUAL_S[StartPhase.PROBING]
    startup.enter(StartPhase.COMPILING)
    assert startup.eta_s() == USUAL_S[StartPhase.COMPILING] + USUAL_S[StartPhase.PROBING]


def test_whoever_calls_too_early_hears_the_phase_when_to_come_back_and_the_time_left() -> None:
    startup = LoadingProgress(Clock())
    startup.enter(StartPhase.COMPILING)
    problem = startup.loading()
    assert (problem.status, problem.code) == (503, ErrorCode.MODEL_LOADING)
    assert problem.retry_after_s == MAX_RETRY_S
    assert problem.eta_s == startup.eta_s()
    assert "compiling" in problem.detail


def test_what_the_version_before_wrote_is_read(tmp_path: Path) -> None:
    remember(tmp_path)
    file = tmp_path / FILENAME
    file.write_text(file.read_text().replace("micro_batch_size", "turn_images"))
    assert ProbeCache(tmp_path).probed(CONDITIONS) is not None
