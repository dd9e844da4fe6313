"""The largest safe batch, found by running real ones. Pure: it is given what runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ml_inference_fastapi_app.backends.base import DeviceOutOfMemoryError

PUBLISHED_SHARE = 0.8
FALLBACK_BATCH = 8
MAX_BATCH_S = 10.0
MAX_TURN_S = 0.15  # what a query waits for at most behind an import


class LimitedBy(StrEnum):
    MEMORY = "memory"
    LATENCY = "latency"
    CEILING = "ceiling"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Trial:
    """One real batch: how long it took, and how much memory was reserved afterwards."""

    images: int
    model_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """`whole_batches`: one turn takes a whole batch (CUDA); otherwise only a micro-batch (CPU).

    `image_bytes` is what one waiting image costs beside the model.
    """

    max_batch: int
    memory_limit_bytes: int
    image_bytes: int
    whole_batches: bool
    max_batch_s: float = MAX_BATCH_S
    max_turn_s: float = MAX_TURN_S


@dataclass(frozen=True, slots=True)
class Probed:
    """`safe_batch` bounds a request, `turn_images` what runs between two queries.

    `ceiling` is how far `safe_batch` may rise when the device proves faster than in this moment.
    """

    safe_batch: int
    ceiling: int
    turn_images: int
    images_per_s: float | None
    limited_by: LimitedBy
    trials: tuple[Trial, ...]


def probe(run: Callable[[int], Trial], limits: ProbeLimits) -> Probed:
    """`run` embeds that many images; its DeviceOutOfMemoryError ends the growth."""
    try:
        run(1)  # the first call pays for what is set up lazily
        trials, ran_out = _grown(run, limits)
        if not trials:
            return _fallback(limits)
        return (
            _whole(run, trials, limits, ran_out)
            if limits.whole_batches
            else _turns(run, trials, limits)
        )
    except (DeviceOutOfMemoryError, MemoryError):
        return _fallback(limits)


def next_turn_images(current: int, *, images: int, model_s: float, ceiling: int) -> int:
    """What the next turn should take, after one of `images` took `model_s`.

    The probe sees one moment; what else runs on the machine changes. Shrinks gently, since a turn
    that was slow for another's sake is no faster an image when it is small.
    """
    if model_s > 1.2 * MAX_TURN_S:
        return max(1, min(current, 3 * images // 4))
    if images >= current and model_s < MAX_TURN_S / 2:
        return max(current, min(2 * current, ceiling))
    return current


def memory_per_image(trials: Sequence[Trial]) -> tuple[float, float]:
    """Slope and intercept, in bytes, of a line through the trials' memory."""
    if len({trial.images for trial in trials}) < 2:
        return 0.0, float(trials[-1].memory_bytes)
    return _line([t.images for t in trials], [t.memory_bytes for t in trials])


def _grown(run: Callable[[int], Trial], limits: ProbeLimits) -> tuple[list[Trial], int | None]:
    """Doubles until memory or time says stop. Also the size that ran out of memory, if one did."""
    trials: list[Trial] = []
    images = 1
    while images <= limits.max_batch:
        if trials and _memory_of(trials, images) > limits.memory_limit_bytes:
            break
        try:
            trial = run(images)
        except DeviceOutOfMemoryError:
            return trials, images
        trials.append(trial)
        longest_s = limits.max_batch_s if limits.whole_batches else limits.max_turn_s
        if trial.model_s > longest_s:
            break
        images *= 2
    return trials, None


def _whole(
    run: Callable[[int], Trial], trials: list[Trial], limits: ProbeLimits, ran_out: int | None
) -> Probed:
    """The whole batch is one call: bounded by its memory, its duration, and the ceiling."""
    slope, intercept = memory_per_image(trials)
    fits = (limits.memory_limit_bytes - intercept) / slope if slope > 0 else float("inf")
    if ran_out is not None:
        fits = min(fits, ran_out - 1)
    by_memory = PUBLISHED_SHARE * fits
    by_latency = limits.max_batch_s * _speed(trials)
    bounds = {
        LimitedBy.MEMORY: by_memory,
        LimitedBy.LATENCY: by_latency,
        LimitedBy.CEILING: float(limits.max_batch),
    }
    limited_by = min(bounds, key=lambda bound: bounds[bound])
    safe = max(1, int(bounds[limited_by]))
    while safe > 1:
        try:
            trials.append(run(safe))
            break
        except DeviceOutOfMemoryError:
            safe //= 2
            limited_by = LimitedBy.MEMORY
    turn = min(safe, _turn_images(trials, limits))
    return Probed(safe, safe, turn, _speed(trials), limited_by, tuple(trials))


def _turns(run: Callable[[int], Trial], trials: list[Trial], limits: ProbeLimits) -> Probed:
    """A request is cut into turns, so it is bounded by waiting pixels and by its duration."""
    turn = min(_turn_images(trials, limits), limits.max_batch)
    trial = run(turn)
    trials.append(trial)
    while turn > 1 and trial.model_s > 1.2 * limits.max_turn_s:  # the line promised too much
        turn = max(1, min(turn - 1, int(turn * limits.max_turn_s / trial.model_s)))
        trial = run(turn)
        trials.append(trial)
    images_per_s = trial.images / max(trial.model_s, 1e-6)
    room_bytes = PUBLISHED_SHARE * (limits.memory_limit_bytes - trial.memory_bytes)
    bounds = {
        LimitedBy.LATENCY: limits.max_batch_s * images_per_s,
        LimitedBy.MEMORY: max(room_bytes, 0.0) / limits.image_bytes,
        LimitedBy.CEILING: float(limits.max_batch),
    }
    limited_by = min(bounds, key=lambda bound: bounds[bound])
    safe = max(1, int(bounds[limited_by]))
    del bounds[LimitedBy.LATENCY]
    ceiling = max(safe, int(min(bounds.values())))
    return Probed(safe, ceiling, min(turn, safe), images_per_s, limited_by, tuple(trials))


def _turn_images(trials: Sequence[Trial], limits: ProbeLimits) -> int:
    """The most images that a line through the durations puts within one turn."""
    within = [trial.images for trial in trials if trial.model_s <= limits.max_turn_s]
    if len(trials) < 2 or not within:
        return max(within, default=1)
    slope_s, intercept_s = _line([t.images for t in trials], [t.model_s for t in trials])
    if slope_s <= 0:
        return max(within)
    # Between two sizes that were run, never beyond the largest of them.
    promised = int((limits.max_turn_s - intercept_s) / slope_s)
    return max(*within, min(trials[-1].images, promised))


def _speed(trials: Sequence[Trial]) -> float:
    return max(trial.images / max(trial.model_s, 1e-6) for trial in trials)


def _memory_of(trials: Sequence[Trial], images: int) -> float:
    slope, intercept = memory_per_image(trials)
    return intercept + max(slope, 0.0) * images


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    slope, intercept = np.polyfit(np.asarray(x, np.float64), np.asarray(y, np.float64), 1)
    return float(slope), float(intercept)


def _fallback(limits: ProbeLimits) -> Probed:
    safe = min(FALLBACK_BATCH, limits.max_batch)
    return Probed(safe, safe, 1, None, LimitedBy.FAILURE, ())
