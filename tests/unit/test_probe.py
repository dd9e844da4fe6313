"""The search for the largest safe batch, on devices made of two lines."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_inference_fastapi_app.backends.base import DeviceOutOfMemoryError, run_to_end
from ml_inference_fastapi_app.backends.clip.buckets import bucket_sizes
from ml_inference_fastapi_app.models.probe import (
    FALLBACK_BATCH,
    Headroom,
    LimitedBy,
    ProbeLimits,
    Trial,
    confirmed,
    fitting,
    next_turn_images,
    probe,
)


@dataclass
class Device:
    """Memory and time grow along a line; beyond `memory_bytes` there is no more."""

    memory_bytes: int = 10**12
    base_bytes: int = 10**9
    image_bytes: int = 10**7
    base_s: float = 0.005
    image_s: float = 0.001
    ran: list[int] = field(default_factory=list)

    def run(self, images: int) -> Generator[None, None, Trial]:
        yield
        self.ran.append(images)
        used = self.base_bytes + images * self.image_bytes
        if used > self.memory_bytes:
            raise DeviceOutOfMemoryError
        return Trial(images, self.base_s + images * self.image_s, used)

    def limits(
        self,
        *,
        whole: bool,
        max_batch: int = 1024,
        told_bytes: int = 0,
        sizes: tuple[int, ...] = (),
    ) -> ProbeLimits:
        return ProbeLimits(
            sizes=sizes,
            max_batch=max_batch,
            memory_limit_bytes=told_bytes or self.memory_bytes,
            image_bytes=300_000,
            whole_batches=whole,
        )


devices = st.builds(
    Device,
    memory_bytes=st.integers(10**9 + 10**7, 10**11),
    image_bytes=st.integers(10**5, 10**8),
    base_s=st.floats(0.0001, 0.1),
    image_s=st.floats(0.00001, 1.0),
)


@given(devices, st.integers(1, 2000), st.booleans())
def test_what_is_published_was_run_or_is_cut_into_what_was_run(
    device: Device, max_batch: int, whole: bool
) -> None:
    found = run_to_end(probe(device.run, device.limits(whole=whole, max_batch=max_batch)))
    assert 1 <= found.micro_batch_size <= found.safe_batch <= found.ceiling <= max_batch
    assert found.micro_batch_size <= found.largest_turn <= found.ceiling
    if found.limited_by is LimitedBy.FAILURE:
        return
    assert found.safe_batch in device.ran if whole else found.micro_batch_size <= max(device.ran)
    assert device.base_bytes + found.micro_batch_size * device.image_bytes <= device.memory_bytes


@given(devices)
def test_a_whole_batch_leaves_a_fifth_of_the_memory_for_surprises(device: Device) -> None:
    found = run_to_end(probe(device.run, device.limits(whole=True)))
    fits = (device.memory_bytes - device.base_bytes) // device.image_bytes
    if found.limited_by is LimitedBy.FAILURE:
        return
    assert found.safe_batch <= fits
    if found.limited_by is LimitedBy.MEMORY and found.safe_batch > 1:
        assert found.safe_batch <= 0.81 * fits + 1


@given(devices)
def test_a_turn_on_cpu_is_short_or_one_image(device: Device) -> None:
    found = run_to_end(probe(device.run, device.limits(whole=False)))
    assert found.micro_batch_size == 1 or (
        device.base_s + found.micro_batch_size * device.image_s <= 0.15 * 1.2
    )


@given(devices)
def test_a_full_batch_on_cpu_lasts_no_longer_than_ten_seconds(device: Device) -> None:
    found = run_to_end(probe(device.run, device.limits(whole=False)))
    if found.images_per_s is not None and found.safe_batch > 1:
        assert found.safe_batch / found.images_per_s <= 10.0


def test_a_limit_that_the_device_overstates_is_found_by_running() -> None:
    device = Device(memory_bytes=3 * 10**9)  # 200 images
    found = run_to_end(probe(device.run, device.limits(whole=True, told_bytes=10**12)))
    assert found.limited_by is LimitedBy.MEMORY
    assert 100 <= found.safe_batch <= 200


def test_a_fast_device_with_much_memory_is_held_by_the_ceiling() -> None:
    found = run_to_end(probe(Device(image_s=1e-5).run, Device().limits(whole=True, max_batch=512)))
    assert (found.safe_batch, found.limited_by) == (512, LimitedBy.CEILING)


def test_a_slow_cpu_takes_one_image_a_turn_and_few_a_batch() -> None:
    device = Device(image_s=1.0)
    found = run_to_end(probe(device.run, device.limits(whole=False)))
    assert found.micro_batch_size == 1
    assert found.safe_batch == 9
    assert max(device.ran) == 1, "a slow device is not kept busy with large trials"


def test_a_device_that_cannot_run_anything_gets_a_small_constant() -> None:
    device = Device(memory_bytes=0)
    found = run_to_end(probe(device.run, device.limits(whole=True)))
    assert (found.safe_batch, found.micro_batch_size) == (FALLBACK_BATCH, 1)
    assert found.limited_by is LimitedBy.FAILURE


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0, 10), st.integers(1, 500))
def test_a_turn_follows_the_devices_speed_within_its_bounds(
    current: int, images: int, model_s: float, ceiling: int
) -> None:
    images = min(images, current)
    found = next_turn_images(current, images=images, model_s=model_s, ceiling=ceiling)
    assert 1 <= found <= max(current, ceiling)
    if found > current:
        assert images == current, "a part of a turn says nothing about a larger one"
        assert 2 * model_s < 0.15
    if found < current:
        assert model_s > 0.15


def test_a_turn_that_was_small_in_a_busy_moment_grows_back() -> None:
    turn = 1
    for _ in range(10):
        turn = next_turn_images(turn, images=turn, model_s=0.01 + 0.001 * turn, ceiling=500)
    assert 64 <= turn <= 140


@given(devices, st.integers(1, 2000), st.booleans())
def test_a_compiled_model_runs_no_size_that_it_is_not_compiled_for(
    device: Device, max_batch: int, whole: bool
) -> None:
    sizes = bucket_sizes(max_batch)
    found = run_to_end(
        probe(device.run, device.limits(whole=whole, max_batch=max_batch, sizes=sizes))
    )
    assert set(device.ran) <= set(sizes)
    assert {found.micro_batch_size, found.largest_turn} <= set(sizes)
    assert found.micro_batch_size <= found.largest_turn
    if found.limited_by is LimitedBy.FAILURE:
        return
    assert found.largest_turn in device.ran
    assert device.base_bytes + found.largest_turn * device.image_bytes <= device.memory_bytes
    if whole:
        assert found.safe_batch == found.largest_turn


@given(st.integers(1, 2000), st.integers(1, 2000), st.floats(0, 10), st.integers(1, 2000))
def test_the_turns_of_a_compiled_model_change_from_size_to_size(
    current: int, images: int, model_s: float, ceiling: int
) -> None:
    sizes = bucket_sizes(2000)
    current, ceiling = fitting(current, sizes), fitting(ceiling, sizes)
    images = min(images, current)
    found = next_turn_images(current, images=images, model_s=model_s, ceiling=ceiling, sizes=sizes)
    assert found in sizes
    assert found <= max(current, ceiling)
    if found > current:
        assert model_s * found < 0.15 * current


@pytest.mark.parametrize("whole", [True, False])
def test_what_an_earlier_start_found_is_tried_with_one_batch_and_holds(whole: bool) -> None:
    device = Device(memory_bytes=10**10)
    limits = device.limits(whole=whole)
    known = run_to_end(probe(device.run, limits))
    device.ran.clear()
    assert run_to_end(confirmed(device.run, known, limits))
    assert device.ran == [1, known.largest_turn if whole else known.micro_batch_size]


@pytest.mark.parametrize("whole", [True, False])
def test_what_an_earlier_start_found_is_not_believed_when_the_machine_has_changed(
    whole: bool,
) -> None:
    device = Device(memory_bytes=10**10)
    limits = device.limits(whole=whole)
    known = run_to_end(probe(device.run, limits))
    slower = replace(device, image_s=3 * device.image_s, base_s=3 * device.base_s)
    faster = replace(device, image_s=device.image_s / 3, base_s=device.base_s / 3)
    fuller = replace(device, memory_bytes=device.base_bytes + device.image_bytes)
    for changed in (slower, faster, fuller):
        assert not run_to_end(confirmed(changed.run, known, limits))
    poor = replace(limits, memory_limit_bytes=device.base_bytes + device.image_bytes)
    assert not run_to_end(confirmed(device.run, known, poor))
    assert not run_to_end(
        confirmed(device.run, known, replace(limits, max_batch=known.ceiling - 1))
    )
    assert not run_to_end(confirmed(device.run, known, replace(limits, sizes=(1, 5))))


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_room_that_was_taken_comes_back_in_steps_and_never_exceeds_what_was_probed(
    probed: int, lowered: int
) -> None:
    room = Headroom(probed, probed).lowered(lowered)
    assert room.now == min(probed, lowered)
    steps = 0
    while room.now < probed:
        larger = room.raised()
        assert room.now < larger.now <= probed
        room, steps = larger, steps + 1
        assert steps <= 16
    assert room.raised() == room
