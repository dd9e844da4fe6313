"""What the engine needs of a model. Everything here runs on the model thread, nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from utils.contract import ClipUpload

Pixels = npt.NDArray[np.uint8]  # shape (n, side_px, side_px, 3), RGB
Vectors = npt.NDArray[np.float32]  # shape (n, dim), unit norm


class DeviceOutOfMemoryError(Exception):
    """The device had no memory for this batch; a smaller one may fit."""


class ModelMissingError(Exception):
    """The weights cannot be had. The text says what was tried, and every remedy."""


@dataclass(frozen=True, slots=True)
class ClipDescription:
    """`weights` as configured. `upload` is the preprocessing that the model wants.

    `fingerprint` is a short hash over model, weights and preprocessing (not dtype or device):
    vectors are comparable only within one.
    """

    model: str
    weights: str
    dim: int
    image_size: int
    fingerprint: str
    trained: bool
    dtype: str
    backend: str
    compiled: bool
    device: str
    upload: ClipUpload


class Embedder(Protocol):
    """Maps pictures and text into one space of unit vectors."""

    @property
    def description(self) -> ClipDescription: ...

    def embed_images(self, pixels: Pixels) -> Vectors:
        """Any n from 1; the caller bounds it by the safe batch.

        Raises:
            DeviceOutOfMemoryError: nothing was computed; the embedder stays usable.
        """

    def embed_texts(self, texts: Sequence[str]) -> Vectors: ...

    def memory_bytes(self) -> int:
        """Device memory that this process has reserved now; on CPU its resident set."""

    def memory_limit_bytes(self) -> int:
        """What of the device's memory (or the machine's) this process may use."""
