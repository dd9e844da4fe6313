"""Any open_clip model on torch, on CPU or CUDA. Everything here runs on the model thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import structlog
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_inference_fastapi_app.backends import host_memory
from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    DeviceOutOfMemoryError,
    ModelMissingError,
    Pixels,
    StartPhase,
    Vectors,
)
from ml_inference_fastapi_app.backends.clip.buckets import bucket_of, bucket_sizes
from ml_inference_fastapi_app.backends.clip.compiling import Backend, Tower, compiled
from ml_inference_fastapi_app.backends.clip.open_clip_model import built, is_cut, tokenizer
from ml_inference_fastapi_app.backends.clip.staging import CudaLink, Staging
from ml_inference_fastapi_app.backends.devices import (
    DTypeName,
    conditions_of,
    device_of,
    dtype_of,
)
from ml_inference_fastapi_app.backends.fingerprint import fingerprint
from ml_inference_fastapi_app.backends.weights.model_source import resolve
from utils.contract import ClipUpload

log = structlog.stdlib.get_logger(__name__)

MAX_BATCH = 256
_MAX_TEXTS = 64  # a call; more are cut, and a request brings no more
_WARM_RUNS = 2  # of a compiled size: the first compiles, the second records its CUDA graph


@dataclass(frozen=True, slots=True)
class Normalisation:
    mean: tuple[float, ...]
    std: tuple[float, ...]


class TorchClip:
    """An Embedder. `tokenize` maps texts to a tensor of token ids, one row each; `is_cut` says
    whether it leaves out a text's end.

    With `sizes` (ascending) both towers are compiled by `backend`, each size when it is run first.
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
    ) -> None:
        self.description = description
        self.sizes = sizes
        self._tokenize = tokenize
        self._is_cut = is_cut
        self._device = device
        self._dtype = dtype
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        # For pixels that are still 0 to 255: (x / 255 - mean) / std in one pass.
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(normalisation.mean, device=device).reshape(shape) * 255
        self._scale = 1 / (torch.tensor(normalisation.std, device=device).reshape(shape) * 255)
        image_tower: Tower = model.visual  # type: ignore[assignment]  # a module
        text_tower: Tower = model.encode_text  # type: ignore[assignment]  # a method
        if sizes:
            image_tower = compiled(image_tower, sizes=len(sizes), backend=backend)
            text_tower = compiled(text_tower, sizes=len(sizes), backend=backend)
        self._image_tower = image_tower
        self._text_tower = text_tower
        self._staging = Staging(CudaLink(device)) if device.type == "cuda" else None

    @property
    def conditions(self) -> tuple[str, ...]:
        return conditions_of(self._device)

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

    def warm(self, largest: int) -> None:
        self.sizes = tuple(size for size in self.sizes if size <= largest)
        side_px = self.description.upload.side_px
        for size in self.sizes:
            for _ in range(_WARM_RUNS):
                self.embed_images(np.zeros((size, side_px, side_px, 3), np.uint8))
        for size in self._text_sizes or (1,):
            for _ in range(_WARM_RUNS):
                self.embed_texts([""] * size)

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


def load_torch_clip(
    *,
    model: str,
    pretrained: str,
    cache_dir: Path,
    dtype: DTypeName = "auto",
    offline: bool = False,
    device: str = "auto",
    intra_op_threads: int | None = None,
    channels_last: bool = True,
    compile: Literal["auto", "on", "off"] = "off",  # noqa: A002  # the ability's name everywhere
    backend: Backend = "inductor",
    max_batch: int = MAX_BATCH,
    on_phase: Callable[[StartPhase], None] = lambda _phase: None,
) -> TorchClip:
    """Blocking, seconds to minutes. `intra_op_threads` is what one call may use on CPU.

    `compile=auto` means on CUDA. Where compiling fails the model runs without, and says so.

    Raises:
        ModelMissingError: see its text.
    """
    on_phase(StartPhase.FETCHING)
    source = resolve(model=model, pretrained=pretrained, cache_dir=cache_dir, offline=offline)
    on_phase(StartPhase.LOADING)
    if intra_op_threads is not None:
        torch.set_num_threads(intra_op_threads)
    target = device_of(device)
    net = built(source)
    preprocess: dict[str, Any] = net.visual.preprocess_cfg  # type: ignore[union-attr, assignment]
    upload = _upload(preprocess)
    chosen = dtype_of(dtype, target)
    description = ClipDescription(
        model=model,
        weights=source.weights,
        dim=int(source.config["embed_dim"]),
        image_size=upload.side_px,
        fingerprint=fingerprint(net, config=source.identity, preprocess=preprocess),
        trained=source.trained,
        dtype=str(chosen).removeprefix("torch."),
        backend="torch",
        compiled=compile == "on" or (compile == "auto" and target.type == "cuda"),
        device=str(target),
        upload=upload,
    )
    net = net.to(device=target, dtype=chosen)
    if channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # untyped
    tokenize = tokenizer(source)
    clip = partial(
        TorchClip,
        net,
        tokenize=tokenize,
        is_cut=partial(is_cut, tokenize),
        normalisation=Normalisation(_three(preprocess["mean"]), _three(preprocess["std"])),
        device=target,
        dtype=chosen,
        channels_last=channels_last,
    )
    if description.compiled:
        on_phase(StartPhase.COMPILING)
        whole = clip(description=description, sizes=bucket_sizes(max_batch), backend=backend)
        if _compiles(whole):
            return whole
    return clip(description=replace(description, compiled=False))


def _compiles(clip: TorchClip) -> bool:
    """Whether the smallest batch of both towers does: then larger ones do, too."""
    side_px = clip.description.upload.side_px
    try:
        clip.embed_images(np.zeros((1, side_px, side_px, 3), np.uint8))
        clip.embed_texts([""])
    except DeviceOutOfMemoryError:
        raise
    except Exception:  # no compiler on the machine, or a model that torch cannot trace
        log.warning("compile_failed", exc_info=True)
        return False
    return True


def _padded(rows: Tensor, size: int) -> Tensor:
    missing = size - len(rows)
    return torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])]) if missing else rows


def _upload(preprocess: dict[str, Any]) -> ClipUpload:
    sides = np.atleast_1d(preprocess["size"])
    if sides.min() != sides.max():
        raise ModelMissingError(f"models with pictures of {tuple(sides)} are not supported")
    crop: dict[str, Literal["center", "squash", "longest"]] = {
        "shortest": "center",
        "squash": "squash",
        "longest": "longest",
    }
    bilinear = preprocess["interpolation"] == "bilinear"  # "random" is open_clip's bicubic here
    return ClipUpload(
        side_px=int(sides[0]),
        crop=crop[preprocess["resize_mode"]],
        interpolation="bilinear" if bilinear else "bicubic",
        fill=int(preprocess["fill_color"]),
    )


def _three(values: float | Sequence[float]) -> tuple[float, ...]:
    """open_clip takes one number for all channels too."""
    return tuple(float(v) for v in np.broadcast_to(values, 3))


def _unit(features: Any) -> Tensor:
    """Some towers give (pooled, tokens)."""
    pooled: Tensor = features[0] if isinstance(features, tuple) else features
    return functional.normalize(pooled.float(), dim=-1)


def is_out_of_memory(exc: Exception) -> bool:
    """On CPU torch has no type for it, only a text."""
    return isinstance(exc, (MemoryError, torch.OutOfMemoryError)) or (
        "can't allocate memory" in str(exc)
    )
