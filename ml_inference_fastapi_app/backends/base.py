"""What the engine needs of a model. What is called here runs on the model thread, nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from utils.contract import ClipUpload
from utils.contract.inference import SigmoidHead

Pixels = npt.NDArray[np.uint8]  # shape (n, side_px, side_px, 3), RGB
Picture = npt.NDArray[np.uint8]  # shape (side_px, side_px, 3), RGB
Vectors = npt.NDArray[np.float32]  # shape (n, dim), unit norm

T = TypeVar("T")


class DeviceOutOfMemoryError(Exception):
    """The device had no memory for this batch; a smaller one may fit."""


class ModelMissingError(Exception):
    """The weights cannot be had. The text says what was tried, and every remedy."""


class StartPhase(StrEnum):
    """What a service does before it is ready, in this order; compiling only where it compiles."""

    FETCHING = "fetching"
    LOADING = "loading"
    COMPILING = "compiling"
    PROBING = "probing"


OnPhase = Callable[[StartPhase], None]


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """Which CLIP model shall run, and how, as configured."""

    model: str
    pretrained: str
    cache_dir: Path
    offline: bool
    device: str
    dtype: Literal["auto", "float32", "float16", "bfloat16"]
    compile: Literal["auto", "on", "off"]
    intra_op_threads: int
    max_batch: int


@dataclass(frozen=True, slots=True)
class ClipDescription:
    """`weights` as configured. `upload` is the preprocessing that the model wants.

    `fingerprint` is a short hash over model, weights and preprocessing (not dtype or device):
    vectors are comparable only within one. `sigmoid`: of models that were trained with one.
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
    sigmoid: SigmoidHead | None = None


class Embedder(Protocol):
    """Maps pictures and text into one space of unit vectors."""

    @property
    def description(self) -> ClipDescription: ...

    @property
    def sizes(self) -> Sequence[int]:
        """The batch sizes that are compiled, ascending: others are padded or cut. Empty: none is,
        and any size runs as it is."""

    @property
    def conditions(self) -> Sequence[str]:
        """What, beside the model, speed and memory hang on: the device, its driver, the library."""

    def prepare(self, on_phase: OnPhase) -> None:
        """The first call of all: what belongs to the thread, and the compiling of what is compiled.
        From then on description and sizes stay. Raises DeviceOutOfMemoryError."""

    def embed_images(self, pixels: Pixels) -> Vectors:
        """Any n from 1; the caller bounds it by the safe batch.

        Raises:
            DeviceOutOfMemoryError: nothing was computed; the embedder stays usable.
        """

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """What is beyond the model's context does not count."""

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether its end is beyond the model's context."""

    def warm(self, largest: int) -> Generator[None, None, None]:
        """Runs whatever is set up lazily, each size of both towers up to `largest` images, one a
        turn. From then on nothing compiles, and larger batches are cut. Raises as `embed_images`.
        """

    def memory_bytes(self) -> int:
        """Device memory that this process has reserved now; on CPU its resident set."""

    def memory_limit_bytes(self) -> int:
        """What of the device's memory (or the machine's) this process may use."""


@dataclass(frozen=True, slots=True)
class CaptionerDescription:
    """`fingerprint` is a short hash over the weights and how captions are made.

    `side_px` is what the captioner sees: the whole picture, squashed into a square.
    """

    model: str
    fingerprint: str
    side_px: int
    quantization: str
    dtype: str
    device: str


class Captioner(Protocol):
    """Says in words what pictures show."""

    @property
    def description(self) -> CaptionerDescription: ...

    def captions(self, pixels: Pixels) -> Generator[None, None, list[str]]:
        """One text a picture, for any n from 1. Yields after the picture and between words.

        Raises:
            DeviceOutOfMemoryError: nothing was said; the captioner stays usable.
        """

    def memory_bytes(self) -> int:
        """As an Embedder's."""

    def memory_limit_bytes(self) -> int:
        """As an Embedder's."""


def run_to_end(steps: Generator[None, None, T]) -> T:
    """What the steps return, where nobody waits for a turn between them."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # typed by the generator
