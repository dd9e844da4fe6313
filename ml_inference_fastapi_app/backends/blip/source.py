"""Where BLIP comes from: BLIP_MODEL resolved to files that are on this machine. Loads nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.weights.model_cache import ModelCache, NotToBeHad

TINY_CAPTIONS = "tiny-captions"
Quantization = Literal["none", "8bit", "4bit"]

_CONFIG = "config.json"
_PREPROCESSOR = "preprocessor_config.json"
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")  # nothing in the first can run
_SAMPLES = 64
_SAMPLE_BYTES = 4096
_HEX_DIGITS = 16


@dataclass(frozen=True, slots=True)
class BlipSource:
    """A folder that transformers loads, and what BLIP wants of a picture.

    `fingerprint` is a short hash over the weights, config, tokenizer and how captions are made:
    two services with the same one say the same of a picture, apart from rounding.
    """

    model: str
    folder: Path
    side_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    quantization: Quantization
    max_new_tokens: int
    beams: int
    fingerprint: str


def resolve_blip(
    *,
    model: str,
    cache_dir: Path,
    offline: bool,
    quantization: Quantization = "none",
    max_new_tokens: int = 30,
    beams: int = 1,
    hub_url: str | None = None,
) -> BlipSource:
    """Finds or fetches. Blocking, for as long as a download takes; every wait has a limit.

    Raises:
        ModelMissingError: says what was tried and what helps.
    """
    try:
        folder, weights = _files(model, ModelCache(cache_dir, offline=offline, hub_url=hub_url))
        config, preprocessor = _json(folder / _CONFIG), _json(folder / _PREPROCESSOR)
        if config.get("model_type") != "blip":
            raise NotToBeHad(f"{folder / _CONFIG} is not of a BLIP model")  # noqa: TRY301  # as the others
        side_px = int(config["vision_config"].get("image_size", 384))
        mean, std = _three(preprocessor["image_mean"]), _three(preprocessor["image_std"])
    except NotToBeHad as exc:
        raise ModelMissingError(_explained(model, cache_dir, exc.tried)) from exc
    except (KeyError, TypeError, ValueError) as exc:
        what = f"its configuration cannot be used ({type(exc).__name__}: {exc})"
        raise ModelMissingError(_explained(model, cache_dir, (what,))) from exc
    way = {"quantization": quantization, "max_new_tokens": max_new_tokens, "beams": beams}
    return BlipSource(
        model=model,
        folder=folder,
        side_px=side_px,
        mean=mean,
        std=std,
        quantization=quantization,
        max_new_tokens=max_new_tokens,
        beams=beams,
        fingerprint=_fingerprint(folder, weights, way),
    )


def _files(model: str, cache: ModelCache) -> tuple[Path, Path]:
    """The folder, and the weights in it."""
    local = Path(model).expanduser()
    if model == TINY_CAPTIONS:
        local = (
            Path(__file__).resolve().parents[2] / "tiny_models" / TINY_CAPTIONS.replace("-", "_")
        )
    if local.is_dir():
        for name in (_CONFIG, _PREPROCESSOR):
            if not (local / name).is_file():
                raise NotToBeHad(f"there is no {name} in {local}")
        if not ModelCache.holds_tokenizer(local):
            raise NotToBeHad(f"there is no tokenizer in {local}")
        for name in _WEIGHT_FILES:
            if (local / name).is_file():
                return local, local / name
        raise NotToBeHad(f"there are no weights in {local}; looked for {', '.join(_WEIGHT_FILES)}")
    if local.is_absolute() or model.count("/") != 1:
        raise NotToBeHad(f"{model!r} is neither a folder nor the name of a hub's repository")
    cache.text_files(model)
    weights = cache.first_of(model, _WEIGHT_FILES)
    return weights.parent, weights


def _json(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as exc:
        raise NotToBeHad(f"{file} cannot be read ({type(exc).__name__})") from exc


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _fingerprint(folder: Path, weights: Path, way: Mapping[str, object]) -> str:
    """Milliseconds for any size: of the weights their length and evenly spread samples.

    Weights that were trained further differ nearly everywhere, so that samples tell.
    """
    digest = hashlib.sha256(json.dumps(way, sort_keys=True).encode())
    for name in (_CONFIG, _PREPROCESSOR, "tokenizer.json", "vocab.txt"):
        if (folder / name).is_file():
            digest.update(name.encode() + (folder / name).read_bytes())
    try:
        with weights.open("rb") as file:
            size_bytes = weights.stat().st_size
            digest.update(f"{weights.name} {size_bytes};".encode())
            for sample in range(_SAMPLES):
                file.seek(max(0, size_bytes - _SAMPLE_BYTES) * sample // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    except OSError as exc:
        raise NotToBeHad(f"{weights} cannot be read ({type(exc).__name__})") from exc
    return digest.hexdigest()[:_HEX_DIGITS]


def _explained(model: str, cache_dir: Path, tried: tuple[str, ...]) -> str:
    lines = [f"The captioning model {model} cannot be had. Tried:"]
    lines += [f"  - {attempt}" for attempt in tried]
    lines += [
        "Any one of these helps:",
        "  - BLIP_MODEL=/path/to/folder: a folder that transformers' save_pretrained made",
        "  - BLIP_MODEL=tiny-captions: the small model that is shipped; it knows coloured shapes",
        "  - HF_ENDPOINT=https://your-mirror: a mirror of the Hugging Face hub",
        f"  - the model cache folder of a connected machine, copied to {cache_dir}",
        "  - DISABLE_CAPTIONS=1: images are embedded without captions",
    ]
    return "\n".join(lines)
