"""Where a model comes from: the configured names resolved to files that are on this machine.

A model is fetched once, into the cache folder, in this order: config, tokenizer, weights. So where
the weights are, everything else is; a later start finds all of it without one network call.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip
from ml_inference_fastapi_app.backends.weights.model_cache import ModelCache, NotToBeHad

TINY_SHAPES = "tiny-shapes"
UNTRAINED = "none"
_LOCAL_DIR = "local-dir:"
_HF_HUB = "hf-hub:"
_CONFIG = "open_clip_config.json"
# Safetensors first: nothing in one can run.
_WEIGHT_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Everything a loader needs, on this machine.

    `architecture` is a name that open_clip builds without the network. `checkpoint` is None for
    untrained weights. `config` is open_clip's `model_cfg`; its `hf_model_name` may be a folder
    here, `identity` has it as it was published.
    """

    model: str
    weights: str
    architecture: str
    checkpoint: Path | None
    config: dict[str, Any]
    identity: dict[str, Any]
    preprocess: dict[str, Any] = field(default_factory=dict)
    quick_gelu: bool = False
    tokenizer: Path | None = None

    @property
    def trained(self) -> bool:
        return self.checkpoint is not None


def tiny_shapes_folder() -> Path:
    return Path(__file__).resolve().parents[2] / "tiny_models" / TINY_SHAPES.replace("-", "_")


def resolve(
    *, model: str, pretrained: str, cache_dir: Path, offline: bool, hub_url: str | None = None
) -> ModelSource:
    """Finds or fetches. Blocking, for as long as a download takes; every wait has a limit.

    Raises:
        ModelMissingError: says what was tried and what helps.
    """
    cache = ModelCache(cache_dir, offline=offline, hub_url=hub_url)
    try:
        if model == TINY_SHAPES:
            return _from_folder(model, pretrained, tiny_shapes_folder(), cache)
        if model.startswith(_LOCAL_DIR):
            folder = Path(model.removeprefix(_LOCAL_DIR)).expanduser()
            return _from_folder(model, pretrained, folder, cache)
        if model.startswith(_HF_HUB):
            return _from_hub(model, pretrained, cache)
        return _built_in(model, pretrained, cache)
    except NotToBeHad as exc:
        raise ModelMissingError(_explained(model, pretrained, cache_dir, exc.tried)) from exc


def _built_in(model: str, pretrained: str, cache: ModelCache) -> ModelSource:
    open_clip = import_open_clip()
    name = model.replace("/", "-")  # as open_clip itself reads it
    config = open_clip.get_model_config(name)
    if config is None:
        near = difflib.get_close_matches(name, open_clip.list_models(), n=3)
        hint = f"; near to it: {', '.join(near)}" if near else ""
        raise NotToBeHad(f"open_clip knows no model called {model!r}{hint}")
    tag: dict[str, Any] = {}
    checkpoint: Path | None = None
    if pretrained != UNTRAINED:
        tag = dict(open_clip.pretrained.get_pretrained_cfg(name, pretrained))
        if not tag:
            checkpoint = _checkpoint_file(name, pretrained)
    tokenizer, local_config = _text_files(config, None, cache)
    if tag:
        checkpoint = _tagged_weights(tag, cache)
    return ModelSource(
        model=model,
        weights=pretrained,
        architecture=name,
        checkpoint=checkpoint,
        config=local_config,
        identity=config,
        preprocess=tag,
        quick_gelu=bool(tag.get("quick_gelu", False)),
        tokenizer=tokenizer,
    )


def _checkpoint_file(name: str, pretrained: str) -> Path:
    file = Path(pretrained).expanduser()
    if file.is_file():
        return file
    tags = ", ".join(import_open_clip().list_pretrained_tags_by_model(name)) or "none"
    raise NotToBeHad(
        f"{pretrained!r} is neither a file nor one of the tags that open_clip knows of {name} "
        f"({tags})"
    )


def _tagged_weights(tag: dict[str, Any], cache: ModelCache) -> Path:
    repo, _, filename = str(tag.get("hf_hub", "")).rpartition("/")
    if not repo:
        return cache.downloaded(str(tag["url"]))
    if not filename:
        return cache.first_of(repo, _WEIGHT_FILES)
    stem, _, ending = filename.rpartition(".")
    safe = (f"{stem}.safetensors",) if ending in ("bin", "pth") else ()
    return cache.first_of(repo, (*safe, filename))


def _from_hub(model: str, pretrained: str, cache: ModelCache) -> ModelSource:
    repo = model.removeprefix(_HF_HUB)
    config_file = cache.first_of(repo, (_CONFIG,))
    config, preprocess = _read_config(config_file)
    tokenizer, local_config = _text_files(config, lambda: cache.text_files(repo), cache)
    checkpoint, weights = _schema_weights(pretrained, lambda: cache.first_of(repo, _WEIGHT_FILES))
    return ModelSource(
        model=model,
        weights=weights,
        architecture=f"{_LOCAL_DIR}{config_file.parent}",
        checkpoint=checkpoint,
        config=local_config,
        identity=config,
        preprocess=preprocess,
        tokenizer=tokenizer,
    )


def _from_folder(model: str, pretrained: str, folder: Path, cache: ModelCache) -> ModelSource:
    if not (folder / _CONFIG).is_file():
        raise NotToBeHad(f"there is no {_CONFIG} in {folder}")
    config, preprocess = _read_config(folder / _CONFIG)
    tokenizer, local_config = _text_files(config, lambda: folder, cache)
    checkpoint, weights = _schema_weights(pretrained, lambda: _weights_in(folder))
    return ModelSource(
        model=model,
        weights=weights,
        architecture=f"{_LOCAL_DIR}{folder}",
        checkpoint=checkpoint,
        config=local_config,
        identity=config,
        preprocess=preprocess,
        tokenizer=tokenizer,
    )


def _schema_weights(pretrained: str, own: Callable[[], Path]) -> tuple[Path | None, str]:
    """A folder or repository brings its own weights; a tag beside it means nothing."""
    if pretrained == UNTRAINED:
        return None, UNTRAINED
    named = Path(pretrained).expanduser()
    if named.is_file():
        return named, pretrained
    checkpoint = own()
    return checkpoint, checkpoint.name


def _weights_in(folder: Path) -> Path:
    for name in _WEIGHT_FILES:
        if (folder / name).is_file():
            return folder / name
    single = sorted(folder.glob("*.safetensors"))
    if len(single) == 1:
        return single[0]
    raise NotToBeHad(f"there are no weights in {folder}; looked for {', '.join(_WEIGHT_FILES)}")


def _read_config(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """`model_cfg` and `preprocess_cfg`."""
    try:
        content = json.loads(file.read_text("utf-8"))
        return dict(content["model_cfg"]), dict(content.get("preprocess_cfg", {}))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise NotToBeHad(f"{file} is no open_clip config ({type(exc).__name__})") from exc


def _text_files(
    config: dict[str, Any], own: Callable[[], Path] | None, cache: ModelCache
) -> tuple[Path | None, dict[str, Any]]:
    """The tokenizer's folder, if the model has one of its own, and the config made local.

    `own` is where a repository or folder may keep its tokenizer beside the weights.
    """
    text = dict(config.get("text_cfg", {}))
    tokenizer: Path | None = None
    if text.get("hf_tokenizer_name"):
        if own is not None:
            tokenizer = own()
        if tokenizer is None or not ModelCache.holds_tokenizer(tokenizer):
            tokenizer = cache.text_files(str(text["hf_tokenizer_name"]))
    if text.get("hf_model_name"):
        text["hf_model_name"] = str(cache.text_files(str(text["hf_model_name"])))
    return tokenizer, {**config, "text_cfg": text}


def _explained(model: str, pretrained: str, cache_dir: Path, tried: tuple[str, ...]) -> str:
    lines = [f"The weights of {model} / {pretrained} cannot be had. Tried:"]
    lines += [f"  - {attempt}" for attempt in tried]
    lines.append("Any one of these helps:")
    if not model.startswith(_LOCAL_DIR):
        lines.append(
            f"  - on a connected machine: photoseek models pull --model {model} "
            f"--pretrained {pretrained}, then copy its model cache folder to {cache_dir}"
        )
    lines += [
        "  - HF_ENDPOINT=https://your-mirror: a mirror of the Hugging Face hub",
        "  - CLIP_PRETRAINED=/path/to/weights.safetensors: a checkpoint of this model on this "
        "machine",
        "  - CLIP_MODEL=local-dir:/path/to/folder: a folder with open_clip_config.json and weights",
        "To see Photoseek at work without any of them: CLIP_MODEL=tiny-shapes, which is shipped. "
        "It knows drawn, coloured shapes and finds nothing in photos.",
    ]
    return "\n".join(lines)
