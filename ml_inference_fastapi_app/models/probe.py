"""The largest safe batch, found by running real ones. Pure: it is given what runs them.

Everything that runs batches is a generator: the device is free for others at each yield.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from ml_inference_fastapi_app.backends.base import DeviceOutOfMemoryError

T = TypeVar("T")
Steps = Generator[None, None, T]
Run = Callable[[int], Generator[None, None, "Trial"]]  # embeds that many images

PUBLISHED_SHARE = 0.8
FALLBACK_BATCH = 8
MAX_BATCH_S = 10.0
MAX_TURN_S = 0.15  # what a query waits for at most behind an import
BLUR_S = 0.02  # what a neighbour on the machine may add to one batch
ROOM_STEPS = 8  # in which room that memory once took away comes back


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

    `image_bytes` is what one waiting image costs beside the model. `sizes` are those that the model
    is compiled for, ascending from 1: no other is ever run. Empty: any size may be.
    """

    max_batch: int
    memory_limit_bytes: int
    image_bytes: int
    whole_batches: bool
    sizes: Sequence[int] = ()
    max_batch_s: float = MAX_BATCH_S
    max_turn_s: float = MAX_TURN_S


@dataclass(frozen=True, slots=True)
class Probed:
    """`safe_batch` bounds a request, `micro_batch_size` what runs between two queries.

    `ceiling` and `largest_turn` are how far they may rise when the device proves faster than in
    this moment.
    """

    safe_batch: int
    ceiling: int
    micro_batch_size: int
    largest_turn: int
    images_per_s: float | None
    limited_by: LimitedBy
    trials: tuple[Trial, ...]


def probe(run: Run, limits: ProbeLimits) -> Steps[Probed]:
    """A DeviceOutOfMemoryError of `run` ends the growth."""
    try:
        yield from run(1)  # the first call pays for what is set up lazily
        trials, ran_out = yield from _grown(run, limits)
        if not trials:
            return _fallback(limits)
        if limits.whole_batches:
            return (yield from _whole(run, trials, limits, ran_out))
        return (yield from _turns(run, trials, limits))
    except (DeviceOutOfMemoryError, MemoryError):
        return _fallback(limits)


def confirmed(run: Run, known: Probed, limits: ProbeLimits) -> Steps[bool]:
    """Whether what an earlier start found still holds: one batch of the size that counts fits, and
    takes about its time of then: no less than half, no more than twice."""
    if known.images_per_s is None or known.ceiling > limits.max_batch:
        return False
    images = known.largest_turn if limits.whole_batches else known.micro_batch_size
    if limits.sizes and not {images, known.largest_turn} <= set(limits.sizes):
        return False
    try:
        yield from run(1)  # the first call pays for what is set up lazily
        yield
        trial = yield from run(images)
    except (DeviceOutOfMemoryError, MemoryError):
        return False
    if trial.memory_bytes + known.safe_batch * limits.image_bytes > limits.memory_limit_bytes:
        return False
    known_s = images / known.images_per_s
    return known_s / 2 - BLUR_S <= trial.model_s <= known_s * 2 + BLUR_S


def next_turn_images(
    current: int, *, images: int, model_s: float, ceiling: int, sizes: Sequence[int] = ()
) -> int:
    """What the next turn should take, after one of `images` took `model_s`.

    The probe sees one moment; what else runs on the machine changes. Shrinks gently, since a turn
    that was slow for another's sake is no faster an image when it is small.
    """
    if model_s > 1.2 * MAX_TURN_S:
        return fitting(max(1, min(current, 3 * images // 4)), sizes)
    larger = next((size for size in sizes if size > current), 2 * current)
    if images >= current and model_s * larger < MAX_TURN_S * images:
        return max(current, fitting(min(larger, ceiling), sizes))
    return current


def fitting(images: int, sizes: Sequence[int]) -> int:
    """The largest of the sizes (which begin with 1) that is not above."""
    return max((size for size in sizes if size <= images), default=images)


@dataclass(frozen=True, slots=True)
class Headroom:
    """How far something may grow: `now` falls when memory runs out, and rises to `probed` again."""

    probed: int
    now: int

    def lowered(self, now: int) -> Headroom:
        return Headroom(self.probed, min(self.now, now))

    def raised(self) -> Headroom:
        """One step. Additive, as what took the memory may still have it."""
        step = max(1, self.probed // ROOM_STEPS)
        return Headroom(self.probed, min(self.probed, self.now + step))


def memory_per_image(trials: Sequence[Trial]) -> tuple[float, float]:
    """Slope and intercept, in bytes, of a line through the trials' memory."""
    if len({trial.images for trial in trials}) < 2:
        return 0.0, float(trials[-1].memory_bytes)
    return _line([t.images for t in trials], [t.memory_bytes for t in trials])


def _grown(run: Run, limits: ProbeLimits) -> Steps[tuple[list[Trial], int | None]]:
    """Larger each time, until memory or time says stop; and the size that ran out of memory."""
    trials: list[Trial] = []
    for images in _growing(limits):
        if trials and _memory_of(trials, images) > limits.memory_limit_bytes:
            break
        yield
        try:
            trial = yield from run(images)
        except DeviceOutOfMemoryError:
            return trials, images
        trials.append(trial)
        longest_s = limits.max_batch_s if limits.whole_batches else limits.max_turn_s
        if trial.model_s > longest_s:
            break
    return trials, None


def _growing(limits: ProbeLimits) -> list[int]:
    doubled = [1 << power for power in range(limits.max_batch.bit_length())]
    return [images for images in limits.sizes or doubled if images <= limits.max_batch]


def _whole(
    run: Run, trials: list[Trial], limits: ProbeLimits, ran_out: int | None
) -> Steps[Probed]:
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
    safe = fitting(max(1, int(bounds[limited_by])), limits.sizes)
    while safe > 1:
        yield
        try:
            trials.append((yield from run(safe)))
            break
        except DeviceOutOfMemoryError:
            safe = fitting(safe // 2, limits.sizes)
            limited_by = LimitedBy.MEMORY
    turn = fitting(min(safe, _turn_images(trials, limits)), limits.sizes)
    return Probed(safe, safe, turn, safe, _speed(trials), limited_by, tuple(trials))


def _turns(run: Run, trials: list[Trial], limits: ProbeLimits) -> Steps[Probed]:
    """A request is cut into turns, so it is bounded by waiting pixels and by its duration."""
    turn = min(_turn_images(trials, limits), limits.max_batch)
    yield
    trial = yield from run(turn)
    trials.append(trial)
    while turn > 1 and trial.model_s > 1.2 * limits.max_turn_s:  # the line promised too much
        shorter = max(1, min(turn - 1, int(turn * limits.max_turn_s / trial.model_s)))
        turn = fitting(shorter, limits.sizes)
        yield
        trial = yield from run(turn)
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
    turn = fitting(min(turn, safe), limits.sizes)
    ran = max(trial.images for trial in trials)
    largest_turn = fitting(min(ran, ceiling), limits.sizes) if limits.sizes else ceiling
    return Probed(
        safe, ceiling, turn, max(turn, largest_turn), images_per_s, limited_by, tuple(trials)
    )


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
    return fitting(max(*within, min(trials[-1].images, promised)), limits.sizes)


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
    return Probed(safe, safe, 1, 1 if limits.sizes else safe, None, LimitedBy.FAILURE, ())
