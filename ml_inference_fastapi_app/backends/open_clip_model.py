"""Builds an open_clip model and its tokenizer from files that are on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.model_source import ModelSource
from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip

_UNTRAINED_SEED = 20_240_501  # the same untrained weights, hence vectors, at every start


def built(source: ModelSource) -> nn.Module:
    """The model in float32 on the CPU, as its weights are hashed."""
    open_clip = import_open_clip()
    with _quiet_open_clip(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(_UNTRAINED_SEED)
        net: nn.Module = open_clip.create_model(
            source.architecture,
            load_weights=False,  # below: from the file that was resolved, never by open_clip's own
            pretrained_text=False,  # search for one
            force_quick_gelu=source.quick_gelu,
            force_preprocess_cfg=source.preprocess,
            text_cfg={**source.config["text_cfg"], "hf_model_pretrained": False},
        )
        if source.checkpoint is not None:
            try:
                open_clip.load_checkpoint(net, str(source.checkpoint), weights_only=True)
            except Exception as exc:
                raise ModelMissingError(
                    f"{source.checkpoint} does not hold the weights of {source.model}: "
                    f"{(str(exc).splitlines() or [type(exc).__name__])[0]}"
                ) from exc
    return net.eval().requires_grad_(requires_grad=False)


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
