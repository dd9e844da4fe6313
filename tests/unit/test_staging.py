"""The two buffers on the way to a CUDA device, over a link that copies as late as it may."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ml_inference_fastapi_app.backends.base import Pixels
from ml_inference_fastapi_app.backends.clip.staging import CudaLink, Staging


@dataclass
class LateCopy:
    """Reads its source when somebody waits for it, or when the device gets to it."""

    source: Tensor
    target: Tensor
    ended: bool = False

    def synchronize(self) -> None:
        if not self.ended:
            self.target.copy_(self.source)
            self.ended = True


@dataclass
class LateLink:
    buffers: list[Tensor] = field(default_factory=list)
    copies: list[LateCopy] = field(default_factory=list)

    def buffer(self, rows: int, shape: tuple[int, ...]) -> Tensor:
        self.buffers.append(torch.empty((rows, *shape), dtype=torch.uint8))
        return self.buffers[-1]

    def send(self, rows: Tensor) -> tuple[Tensor, LateCopy]:
        copy = LateCopy(rows, torch.zeros_like(rows))
        self.copies.append(copy)
        return copy.target, copy


def pixels(count: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, 2, 2, 3), np.uint8)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), min_size=1, max_size=8))
def test_no_picture_is_overwritten_before_its_copy_has_ended(
    batches: list[tuple[int, int]],
) -> None:
    link = LateLink()
    staging = Staging(link)
    sent = []
    for seed, (count, padding) in enumerate(batches):
        given_pixels = pixels(count, seed)
        on_device = staging.upload(given_pixels, padded_to=count + padding)
        sent.append((given_pixels.copy(), on_device))
        given_pixels[:] = 0  # the caller may
    for copy in link.copies:
        copy.synchronize()
    for wanted, on_device in sent:
        assert np.array_equal(on_device[: len(wanted)].numpy(), wanted)
        assert all(np.array_equal(row.numpy(), wanted[0]) for row in on_device[len(wanted) :])


def test_the_next_batch_is_written_while_the_last_is_still_copied() -> None:
    link = LateLink()
    staging = Staging(link)
    for seed in range(3):
        staging.upload(pixels(4, seed), padded_to=4)
    assert [copy.ended for copy in link.copies] == [True, False, False], "only the third waits"
    assert len(link.buffers) == 2, "and nothing is allocated a second time"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_pixels_reach_a_cuda_device_unharmed() -> None:
    staging = Staging(CudaLink(torch.device("cuda", torch.cuda.current_device())))
    sent = [
        (batch, staging.upload(batch, padded_to=64))
        for batch in (pixels(60, seed) for seed in range(20))
    ]
    for wanted, on_device in sent:
        assert np.array_equal(on_device[:60].cpu().numpy(), wanted)
