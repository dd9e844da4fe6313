"""Any open_clip model on torch, on CPU or CUDA. What is called here runs on the model thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_inference_fastapi_app.backends import host_memory
from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    DeviceOutOfMemoryError,
    Pixels,
    StartPhase,
    Vectors,
)
from ml_inference_fastapi_app.backends.clip.buckets import bucket_of
from ml_inference_fastapi_app.backends.clip.compiling import Backend, Tower, compiled
from ml_inference_fastapi_app.backends.clip.staging import CudaLink, Staging
from ml_inference_fastapi_app.backends.devices import (
    conditions_of,
)

log = structlog.stdlib.get_logger(__name__)

_MAX_TEXTS = 64  # a call; more are cut, and a request brings no more
_WARM_RUNS = 2  # of a compiled size: the first compiles, the second records its CUDA graph


@dataclass(frozen=True, slots=True)
class Normalisation:
    mean: tuple[float, ...]
    std: tuple[float, ...]


class TorchClip:
    """An Embedder. `tokenize` maps texts to a tensor of token ids, one row each; `is_cut` says
    whether it leaves out a text's end.

    With `sizes` (ascending) `prepare` has both towers compiled by `backend`, each size when it is
    run first. `intra_op_threads` is what one call may use on CPU.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenize: Callable[[list[str]], Tensor],
        is_cut: Callable[[str], bool],
        description: ClipDescription,
        normalisation: Normalisation,
        device: torch.device,
        dtype: torch.dtype,
        channels_last: bool = True,
        sizes: tuple[int, ...] = (),
        backend: Backend = "inductor",
        intra_op_threads: int | None = None,
    ) -> None:
        self.description = description
        self.sizes: tuple[int, ...] = ()
        self._wanted_sizes = sizes
        self._backend = backend
        self._intra_op_threads = intra_op_threads
        self._tokenize = tokenize
        self._is_cut = is_cut
        self._device = device
        self._dtype = dtype
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        # For pixels that are still 0 to 255: (x / 255 - mean) / std in one pass.
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(normalisation.mean, device=device).reshape(shape) * 255
        self._scale = 1 / (torch.tensor(normalisation.std, device=device).reshape(shape) * 255)
        self._image_tower: Tower = model.visual  # type: ignore[assignment]  # a module
        self._text_tower: Tower = model.encode_text  # type: ignore[assignment]  # a method
        self._staging = Staging(CudaLink(device)) if device.type == "cuda" else None

    @property
    def conditions(self) -> tuple[str, ...]:
        return conditions_of(self._device)

    def prepare(self, on_phase: Callable[[StartPhase], None]) -> None:
        """Where compiling fails the model runs without, and says so."""
        if self._intra_op_threads is not None:
            torch.set_num_threads(self._intra_op_threads)  # of the thread that calls
        sizes, self._wanted_sizes = self._wanted_sizes, ()
        if not sizes:
            return
        on_phase(StartPhase.COMPILING)
        eager = self._image_tower, self._text_tower
        self._image_tower, self._text_tower = (
            compiled(tower, sizes=len(sizes), backend=self._backend) for tower in eager
        )
        self.sizes = sizes
        if not self._compiles():
            self.sizes = ()
            self._image_tower, self._text_tower = eager
            self.description = replace(self.description, compiled=False)

    def _compiles(self) -> bool:
        """Whether the smallest batch of both towers does: then larger ones do, too."""
        side_px = self.description.upload.side_px
        try:
            self.embed_images(np.zeros((1, side_px, side_px, 3), np.uint8))
            self.embed_texts([""])
        except DeviceOutOfMemoryError:
            raise
        except Exception:  # no compiler on the machine, or a model that torch cannot trace
            log.warning("compile_failed", exc_info=True)
            return False
        return True

    def embed_images(self, pixels: Pixels) -> Vectors:
        return self._in_pieces(
            len(pixels), self.sizes, lambda at, n, size: self._images(pixels[at : at + n], size)
        )

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenize(list(texts)) if texts else torch.empty(0)
        return self._in_pieces(
            len(texts), self._text_sizes, lambda at, n, size: self._texts(tokens[at : at + n], size)
        )

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        return [self._is_cut(text) for text in texts]

    def warm(self, largest: int) -> Generator[None, None, None]:
        self.sizes = tuple(size for size in self.sizes if size <= largest)
        side_px = self.description.upload.side_px
        for size in self.sizes:
            for _ in range(_WARM_RUNS):
                self.embed_images(np.zeros((size, side_px, side_px, 3), np.uint8))
                yield
        for size in self._text_sizes or (1,):
            for _ in range(_WARM_RUNS):
                self.embed_texts([""] * size)
                yield

    def memory_bytes(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.memory_reserved(self._device)
        return host_memory.resident_bytes()

    def memory_limit_bytes(self) -> int:
        if self._device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self._device)
            return free + torch.cuda.memory_reserved(self._device)
        return host_memory.usable_bytes()

    @property
    def _text_sizes(self) -> tuple[int, ...]:
        return tuple(size for size in self.sizes if size <= _MAX_TEXTS)

    def _in_pieces(
        self, rows: int, sizes: Sequence[int], embed: Callable[[int, int, int], Tensor]
    ) -> Vectors:
        """`embed(at, n, size)` gives `size` vectors, still on the device, of which n count.

        Nothing waits for the device before all pieces are on their way to it.
        """
        step = sizes[-1] if sizes else max(rows, 1)
        failure = ""
        pieces = [torch.empty((0, self.description.dim))]
        try:
            with torch.inference_mode():
                for at in range(0, rows, step):
                    n = min(step, rows - at)
                    pieces.append(embed(at, n, bucket_of(sizes, n) if sizes else n)[:n])
                return torch.cat([piece.cpu() for piece in pieces]).numpy()
        except (MemoryError, RuntimeError) as exc:
            if not is_out_of_memory(exc):
                raise
            failure = str(exc) or "out of memory"
        # Outside the handler: there the exception's frames still hold the batch's tensors.
        pieces.clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        raise DeviceOutOfMemoryError(failure)

    def _images(self, pixels: Pixels, size: int) -> Tensor:
        if self._staging is None:
            x = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))
            x = _padded(x, size)
        else:
            x = self._staging.upload(pixels, padded_to=size)
        x = x.permute(0, 3, 1, 2)  # channels last in memory, as it came
        x = ((x.float() - self._mean) * self._scale).to(self._dtype)
        return _unit(self._image_tower(x.contiguous(memory_format=self._layout)))

    def _texts(self, tokens: Tensor, size: int) -> Tensor:
        # A copy, made in inference mode as all is here: without padding and on CPU the tokens would
        # come from outside of it, which to a compiled graph is another kind of input.
        x = _padded(tokens, size).to(self._device, copy=True)
        return _unit(self._text_tower(x))


def _padded(rows: Tensor, size: int) -> Tensor:
    missing = size - len(rows)
    return torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])]) if missing else rows


def _unit(features: Any) -> Tensor:
    """Some towers give (pooled, tokens)."""
    pooled: Tensor = features[0] if isinstance(features, tuple) else features
    return functional.normalize(pooled.float(), dim=-1)


def is_out_of_memory(exc: Exception) -> bool:
    """On CPU torch has no type for it, only a text."""
    return isinstance(exc, (MemoryError, torch.OutOfMemoryError)) or (
        "can't allocate memory" in str(exc)
    )
