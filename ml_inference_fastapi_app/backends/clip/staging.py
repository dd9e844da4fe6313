"""The way of pixels to a CUDA device: two pinned buffers that take turns.

While the device works on what came from one, the next rows are written into the other and copied
by a stream of their own. A buffer is written again only when its last copy has ended.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ml_inference_fastapi_app.backends.base import Pixels


class Copied(Protocol):
    """A copy that was started."""

    def synchronize(self) -> None:
        """Blocks until it has ended."""


class Link(Protocol):
    """From the host's memory to a device's."""

    def buffer(self, rows: int, shape: tuple[int, ...]) -> Tensor:
        """uint8, shape (rows, *shape), on the host, where the device can read it by itself."""

    def send(self, rows: Tensor) -> tuple[Tensor, Copied]:
        """The rows on the device, for the current stream to use, and their copy, which may still
        be under way: until it has ended nobody may write to them."""


class CudaLink:
    """One copying stream a device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch types it not

    def buffer(self, rows: int, shape: tuple[int, ...]) -> Tensor:
        return torch.empty((rows, *shape), dtype=torch.uint8, pin_memory=True)

    def send(self, rows: Tensor) -> tuple[Tensor, Copied]:
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):
            on_device = rows.to(self._device, non_blocking=True)
            copied = self._stream.record_event()
        computing.wait_event(copied)
        on_device.record_stream(computing)  # its memory is not the copying stream's to reuse
        return on_device, copied


class Staging:
    """Belongs to the model thread."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._buffers: list[Tensor | None] = [None, None]
        self._copies: list[Copied | None] = [None, None]
        self._turn = 0

    def upload(self, pixels: Pixels, *, padded_to: int) -> Tensor:
        """uint8 on the device, shape (padded_to, side, side, 3); the first picture is the padding.

        The caller may change `pixels` at once.
        """
        slot, self._turn = self._turn, 1 - self._turn
        last = self._copies[slot]
        if last is not None:
            last.synchronize()
        buffer = self._buffers[slot]
        if buffer is None or len(buffer) < padded_to:
            # Larger ones come while probing only: afterwards no batch exceeds the largest trial.
            buffer = self._buffers[slot] = self._link.buffer(padded_to, pixels.shape[1:])
        rows = buffer[:padded_to]
        rows.numpy()[: len(pixels)] = pixels
        rows[len(pixels) :] = rows[0]
        on_device, self._copies[slot] = self._link.send(rows)
        return on_device
