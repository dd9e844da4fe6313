"""BLIP on torch, on CPU or CUDA. Importing this costs seconds: only who wants captions does so.

Everything here runs on the model thread.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml_inference_fastapi_app.backends import host_memory
from ml_inference_fastapi_app.backends.base import (
    CaptionerDescription,
    DeviceOutOfMemoryError,
    ModelMissingError,
    Pixels,
)
from ml_inference_fastapi_app.backends.blip.source import BlipSource
from ml_inference_fastapi_app.backends.clip.torch_clip import is_out_of_memory
from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable


class TorchBlip:
    """A Captioner. `decode` makes text of one caption's token ids."""

    def __init__(
        self, model: Any, *, decode: Any, source: BlipSource, description: CaptionerDescription
    ) -> None:
        self.description = description
        self._vision = model.vision_model
        self._text = model.text_decoder
        self._decode = decode
        self._source = source
        self._device = torch.device(description.device)
        text = model.config.text_config
        self._bos, self._end = int(text.bos_token_id), int(text.sep_token_id)
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(source.mean, device=self._device).reshape(shape) * 255
        self._scale = 1 / (torch.tensor(source.std, device=self._device).reshape(shape) * 255)

    def captions(self, pixels: Pixels) -> Generator[None, None, list[str]]:
        search = _BeamSearch(len(pixels), self._source.beams, self._bos, self._end)
        failure = ""
        try:
            yield from self._search(search, pixels)
        except (MemoryError, RuntimeError) as exc:
            if not is_out_of_memory(exc):
                raise
            failure = str(exc) or "out of memory"
        if failure:
            # Outside the handler: there the exception's frames still hold the batch's tensors.
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            raise DeviceOutOfMemoryError(failure)
        return [self._decode(ids).strip() for ids in search.best()]

    def _search(self, search: _BeamSearch, pixels: Pixels) -> Generator[None, None, None]:
        seen = self._seen(pixels)
        cache = _empty_cache()
        for _ in range(self._source.max_new_tokens):
            yield
            cache = self._step(search, seen, cache)
            if search.is_over:
                break

    def memory_bytes(self) -> int:
        if self._device.type == "cuda":
            return torch.cuda.memory_reserved(self._device)
        return host_memory.resident_bytes()

    def memory_limit_bytes(self) -> int:
        if self._device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self._device)
            return free + torch.cuda.memory_reserved(self._device)
        return host_memory.usable_bytes()

    @torch.inference_mode()
    def _seen(self, pixels: Pixels) -> Tensor:
        """The image tower's states, one row a beam."""
        x = torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(self._device)
        x = (x.permute(0, 3, 1, 2).float() - self._mean) * self._scale
        states: Tensor = self._vision(pixel_values=x).last_hidden_state
        return states.repeat_interleave(self._source.beams, dim=0)

    @torch.inference_mode()
    def _step(self, search: _BeamSearch, seen: Tensor, cache: Any) -> Any:
        """One token more on every beam. Inference mode ends before the next yield: the thread
        runs other models' calls there."""
        answer = self._text(
            input_ids=torch.tensor(search.last_tokens, device=self._device),
            encoder_hidden_states=seen,
            past_key_values=cache,
            use_cache=True,
        )
        logits = answer.logits[:, -1].float()
        if not bool(torch.isfinite(logits).all()):
            raise FloatingPointError("the decoder's answer is not finite")
        beams = search.advance(torch.log_softmax(logits, dim=-1))
        cache = answer.past_key_values
        if self._source.beams > 1:
            cache.reorder_cache(torch.tensor(beams, device=self._device))
        return cache


@dataclass(slots=True)
class _Beam:
    ids: list[int]
    score: float


@dataclass(slots=True)
class _BeamSearch:
    """`width` live beams an image; with one it is greedy search. Scores are per token."""

    images: int
    width: int
    bos: int
    end: int
    _live: list[list[_Beam]] = field(init=False)
    _done: list[list[_Beam]] = field(init=False)
    _over: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        # The beams begin alike: at the first step all but one must not count.
        first = [0.0] + [-1e9] * (self.width - 1)
        self._live = [[_Beam([self.bos], score) for score in first] for _ in range(self.images)]
        self._done = [[] for _ in range(self.images)]
        self._over = [False] * self.images

    @property
    def is_over(self) -> bool:
        return all(self._over)

    @property
    def last_tokens(self) -> list[list[int]]:
        return [[beam.ids[-1]] for beams in self._live for beam in beams]

    def advance(self, log_probabilities: Tensor) -> list[int]:
        """`log_probabilities`: shape (images * width, vocabulary). Returns which row each beam
        continues."""
        vocabulary = log_probabilities.shape[-1]
        before = torch.tensor([beam.score for beams in self._live for beam in beams])
        total = log_probabilities + before.to(log_probabilities.device)[:, None]
        # Even if half of them end, enough go on.
        top = total.view(self.images, -1).topk(2 * self.width, dim=1)
        rows: list[int] = []
        for image, (scores, places) in enumerate(
            zip(top.values.tolist(), top.indices.tolist(), strict=True)
        ):
            choices = [
                (score, *divmod(place, vocabulary))
                for score, place in zip(scores, places, strict=True)
            ]
            rows += [image * self.width + beam for beam in self._continued(image, choices)]
        return rows

    def _continued(self, image: int, choices: list[tuple[float, int, int]]) -> list[int]:
        live, following, origins = self._live[image], [], []
        length = len(live[0].ids)  # of what is said with the next token, without BOS
        for rank, (score, beam, token) in enumerate(choices):
            if token != self.end:
                following.append(_Beam([*live[beam].ids, token], score))
                origins.append(beam)
            elif rank < self.width and not self._over[image]:
                self._done[image].append(_Beam(live[beam].ids, score / length))
            if len(following) == self.width:
                break
        self._live[image] = following
        done = sorted(self._done[image], key=lambda one: one.score, reverse=True)[: self.width]
        self._done[image] = done
        hopeless = len(done) == self.width and done[-1].score >= choices[0][0] / length
        self._over[image] = self._over[image] or hopeless
        return origins

    def best(self) -> list[list[int]]:
        """Each image's best caption without BOS; a live one where none has ended better."""
        best: list[list[int]] = []
        for live, done, over in zip(self._live, self._done, self._over, strict=True):
            length = len(live[0].ids) - 1
            going = [] if over else [_Beam(beam.ids, beam.score / length) for beam in live]
            best.append(max(done + going, key=lambda one: one.score).ids[1:])
        return best


def load_blip(source: BlipSource, *, device: str, dtype: str) -> TorchBlip:
    """Blocking, for seconds. `device` and `dtype` are those that CLIP runs with.

    Raises:
        ModelMissingError: the files hold no BLIP, or the quantisation cannot be had here.
    """
    make_torchvision_importable()
    transformers = _transformers()
    transformers.utils.logging.disable_progress_bar()
    target = torch.device(device)
    on_cpu = target.type == "cpu"
    if source.quantization == "8bit" and on_cpu:
        dtype = "float32"  # what is quantised while it runs starts from it
    options: dict[str, Any] = {"dtype": getattr(torch, dtype), "local_files_only": True}
    if source.quantization != "none" and not on_cpu:
        options["quantization_config"] = _bitsandbytes(source, getattr(torch, dtype))
        options["device_map"] = {"": device}
    elif source.quantization == "4bit":
        raise ModelMissingError("BLIP_QUANTIZATION=4bit needs a CUDA device; on CPU there is 8bit")
    try:
        model = transformers.BlipForConditionalGeneration.from_pretrained(source.folder, **options)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.folder, local_files_only=True)
    except (OSError, ValueError, ImportError) as exc:
        first_line = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ModelMissingError(f"{source.folder} cannot be loaded: {first_line}") from exc
    model.eval().requires_grad_(requires_grad=False)
    if source.quantization == "8bit" and on_cpu:
        model = _int8(model)
    elif source.quantization == "none":
        model = model.to(target)
    return TorchBlip(
        model,
        decode=lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
        source=source,
        description=CaptionerDescription(
            model=source.model,
            fingerprint=source.fingerprint,
            side_px=source.side_px,
            quantization=source.quantization,
            dtype=dtype,
            device=device,
        ),
    )


def _int8(model: Any) -> Any:
    """Linear layers compute in int8; activations are quantised as they come."""
    quantization: Any = importlib.import_module("torch.ao.quantization")
    with warnings.catch_warnings():  # its successor is a package of its own, for the same result
        warnings.simplefilter("ignore")
        return quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)


def _bitsandbytes(source: BlipSource, dtype: torch.dtype) -> Any:
    """Not run by our tests: they have no CUDA device."""
    if source.quantization == "8bit":
        return _transformers().BitsAndBytesConfig(load_in_8bit=True)
    return _transformers().BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def _empty_cache() -> Any:
    transformers = _transformers()
    return transformers.EncoderDecoderCache(
        transformers.DynamicCache(), transformers.DynamicCache()
    )


def _transformers() -> Any:
    """Half of it is untyped. Raises ModelMissingError."""
    try:
        return importlib.import_module("transformers")
    except ImportError as exc:
        raise ModelMissingError(
            "Captions need the Python package `transformers`: pip install transformers"
        ) from exc
