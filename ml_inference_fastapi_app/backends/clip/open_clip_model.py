"""Builds an open_clip model and its tokenizer from files that are on this machine."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.serialization import config as serialization

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip
from ml_inference_fastapi_app.backends.weights.model_source import ModelSource
from utils.contract.inference import SigmoidHead

_UNTRAINED_SEED = 20_240_501  # the same untrained weights, hence vectors, at every start
_LOOSE = frozenset({".npz", ".npy"})  # big_vision's arrays, the only ones not loaded strictly
_DRAWS = frozenset(
    {nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_, nn.init.kaiming_normal_}
    | {Tensor.normal_, Tensor.uniform_, Tensor.erfinv_}
)


def built(source: ModelSource) -> nn.Module:
    """The model in float32 on the CPU, as its weights are hashed."""
    with _quiet_open_clip(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(_UNTRAINED_SEED)
        if source.checkpoint is None:
            net = _architecture(source)
        else:
            loose = source.checkpoint.suffix in _LOOSE
            with nullcontext() if loose else _NothingDrawn():
                net = _architecture(source)
            _fill(net, source, source.checkpoint)
    return net.eval().requires_grad_(requires_grad=False)


def _architecture(source: ModelSource) -> nn.Module:
    net: nn.Module = import_open_clip().create_model(
        source.architecture,
        load_weights=False,  # they come from the file that was resolved, never by open_clip's own
        pretrained_text=False,  # search for one
        force_quick_gelu=source.quick_gelu,
        force_preprocess_cfg=source.preprocess,
        text_cfg={**source.config["text_cfg"], "hf_model_pretrained": False},
    )
    return net


def _fill(net: nn.Module, source: ModelSource, checkpoint: Path) -> None:
    """Every weight, from a file that is mapped, not read: one copy of it in memory at a time.

    It is a copy, so that nothing that happens to the file later reaches the vectors.
    """
    mapped = checkpoint.suffix != ".safetensors" and zipfile.is_zipfile(checkpoint)
    try:
        # Files of safetensors are mapped anyway.
        with serialization.patch({"load.mmap": mapped}):  # type: ignore[attr-defined]  # torch adds it
            import_open_clip().load_checkpoint(net, str(checkpoint), weights_only=True)
    except Exception as exc:
        raise ModelMissingError(
            f"{checkpoint} does not hold the weights of {source.model}: "
            f"{(str(exc).splitlines() or [type(exc).__name__])[0]}"
        ) from exc


class _NothingDrawn(TorchFunctionMode):
    """Leaves memory as it is where random numbers would go that a checkpoint overwrites: drawing
    them takes a second for ViT-B-32. Loading is strict, so none of it can stay."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _DRAWS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def sigmoid_of(net: nn.Module) -> SigmoidHead | None:
    """Of a model that was trained with a sigmoid, which alone has a bias; its scale is a logarithm.
    None: it was trained with a softmax over the texts of a batch, and says nothing of one alone.
    """
    bias, scale = getattr(net, "logit_bias", None), getattr(net, "logit_scale", None)
    if not isinstance(bias, Tensor) or not isinstance(scale, Tensor):
        return None
    return SigmoidHead(scale=float(scale.exp()), bias=float(bias))


def tokenizer(source: ModelSource) -> Callable[[list[str]], Tensor]:
    """Maps texts to token ids, one row each, cut and padded to the model's context."""
    open_clip = import_open_clip()
    text = source.config["text_cfg"]
    context_length = text.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
    options = dict(text.get("tokenizer_kwargs", {}))
    if source.tokenizer is None:
        simple: Callable[[list[str]], Tensor] = open_clip.SimpleTokenizer(
            context_length=context_length, **options
        )
        return simple
    try:
        tokenize: Callable[[list[str]], Tensor] = open_clip.tokenizer.HFTokenizer(
            str(source.tokenizer),
            context_length=context_length,
            tokenizer_mode=text.get("tokenizer_mode"),
            **options,
        )
    except ImportError as exc:
        raise ModelMissingError(
            f"{source.model} has a tokenizer of its own, which needs the Python package "
            f"`{exc.name or 'transformers'}`: pip install {exc.name or 'transformers'}"
        ) from exc
    return tokenize


def is_cut(tokenize: Any, text: str) -> bool:
    """Whether a tokenizer of `tokenizer` leaves out the text's end. It says so nowhere itself."""
    if not hasattr(tokenize, "tokenizer"):  # open_clip's own: a start and an end beside the tokens
        return bool(len(tokenize.encode(text)) + 2 > tokenize.context_length)
    cleaned, clips = tokenize.clean_fn(text), tokenize.tokenizer_mode == "clips"
    tokens = tokenize.tokenizer(
        cleaned, add_special_tokens=not clips, truncation=False, verbose=False
    ).input_ids
    return bool(len(tokens) + (3 if clips else 0) > tokenize.context_length)


@contextmanager
def _quiet_open_clip() -> Iterator[None]:
    """open_clip writes to the root logger, installs a handler there, and calls a model that is
    about to be given its weights randomly initialised."""
    root = logging.getLogger()
    silent = logging.NullHandler()

    def not_open_clip(record: logging.LogRecord) -> bool:
        return "open_clip" not in record.pathname

    root.addHandler(silent)
    root.addFilter(not_open_clip)
    try:
        yield
    finally:
        root.removeFilter(not_open_clip)
        root.removeHandler(silent)
