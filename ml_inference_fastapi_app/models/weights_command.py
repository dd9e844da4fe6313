"""Model weights from the terminal: what is cached, fetching, checking.

python -m ml_inference_fastapi_app.models list | pull | verify

A process of its own, so that the orchestrator's command never imports torch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from ml_inference_fastapi_app.backends.base import Embedder
from ml_inference_fastapi_app.backends.registry import BACKENDS
from ml_inference_fastapi_app.settings import Settings
from utils.contract import ErrorCode
from utils.web.problem_responses import validation_text

app = typer.Typer(
    help="Model weights: what is cached, fetching, checking.",
    no_args_is_help=True,
    add_completion=False,
)

_Model = Annotated[
    str | None, typer.Option("--model", help="As CLIP_MODEL, which it stands in for.")
]
_Pretrained = Annotated[
    str | None, typer.Option("--pretrained", help="As CLIP_PRETRAINED, which it stands in for.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Choice:
    model: str
    pretrained: str
    note: str


WELL_KNOWN = (
    Choice("ViT-B-32", "datacomp_xl_s13b_b90k", "the default: fast, 600 MB"),
    Choice("ViT-B-16", "datacomp_xl_s13b_b90k", "better, a third as fast, 600 MB"),
    Choice("ViT-L-14", "datacomp_xl_s13b_b90k", "much better, for a GPU, 1.7 GB"),
    Choice("ViT-B-16-SigLIP", "webli", "good with short texts, needs `transformers`, 800 MB"),
    Choice("tiny-shapes", "", "shipped: knows coloured shapes, for trying things out"),
)


@app.command("list")
def list_models(*, as_json: _Json = False) -> None:
    """What the cache folder holds, and a few well-known choices."""
    settings = _settings()
    cached = list(_cached(settings.model_cache_dir))
    known = [
        {**asdict(choice), "here": _is_here(choice, settings.model_cache_dir)}
        for choice in WELL_KNOWN
    ]
    if as_json:
        folder = str(settings.model_cache_dir)
        _say({"cache_dir": folder, "cached": cached, "known": known})
        return
    typer.echo(f"Cache folder: {settings.model_cache_dir}")
    for entry in cached:
        typer.echo(f"  {entry['name']}  {entry['size_bytes'] / 1e6:,.0f} MB")
    if not cached:
        typer.echo("  (empty)")
    typer.echo("Well-known choices (CLIP_MODEL / CLIP_PRETRAINED):")
    for choice in known:
        mark = "*" if choice["here"] else " "
        name = " / ".join(part for part in (choice["model"], choice["pretrained"]) if part)
        typer.echo(f"  {mark} {name}: {choice['note']}")
    typer.echo("* is on this machine. Any other open_clip name, hf-hub:... or local-dir:... works.")


@app.command()
def pull(model: _Model = None, pretrained: _Pretrained = None, *, as_json: _Json = False) -> None:
    """Fetch a model's files into the cache folder, once; later starts need no network."""
    from ml_inference_fastapi_app.backends.weights.model_source import resolve

    settings = _settings()
    with _missing_said():
        source = resolve(
            model=model or settings.clip_model,
            pretrained=pretrained or settings.clip_pretrained,
            cache_dir=settings.model_cache_dir,
            offline=settings.ml_offline,
        )
    checkpoint = None if source.checkpoint is None else str(source.checkpoint)
    if as_json:
        _say({"model": source.model, "weights": source.weights, "checkpoint": checkpoint})
    else:
        typer.echo(f"{source.model} / {source.weights}: {checkpoint or 'needs no weights'}")


@app.command()
def verify(model: _Model = None, pretrained: _Pretrained = None, *, as_json: _Json = False) -> None:
    """Load a model, embed a picture and a text, and say what it is."""
    settings = _settings()
    options = settings.clip_options(
        model or settings.clip_model, pretrained or settings.clip_pretrained
    )
    started_s = time.perf_counter()
    with _missing_said():
        clip = BACKENDS[settings.ml_backend].load_clip(
            replace(options, compile="off"), lambda _phase: None
        )
        clip.prepare(lambda _phase: None)
    load_s = time.perf_counter() - started_s
    fault = _fault(clip)
    description = clip.description
    said = {
        "model": description.model,
        "weights": description.weights,
        "fingerprint": description.fingerprint,
        "dim": description.dim,
        "image_size": description.image_size,
        "dtype": description.dtype,
        "device": description.device,
        "trained": description.trained,
        "load_s": round(load_s, 2),
        "fault": fault,
    }
    if as_json:
        _say(said)
    else:
        for name, value in said.items():
            if value is not None:
                typer.echo(f"{name:>12}  {value}")
    if fault is not None:
        raise typer.Exit(1)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as exc:
        typer.echo(f"A setting is not valid: {validation_text(exc)}", err=True)
        raise typer.Exit(1) from exc


def _fault(clip: Embedder) -> str | None:
    """What is wrong with the model's answers to a known picture and text, if anything is."""
    import numpy as np

    side_px = clip.description.upload.side_px
    pictures = np.random.default_rng(7).integers(0, 256, (4, side_px, side_px, 3), dtype=np.uint8)
    together = clip.embed_images(pictures)
    alone = clip.embed_images(pictures[:1])
    text = clip.embed_texts(["a red circle"])
    for vectors in (together, alone, text):
        if not np.isfinite(vectors).all():
            return "vectors are not finite: try ML_DTYPE=float32"
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            return "vectors are not of unit length"
    if float(together[0] @ alone[0]) < 0.999:
        return "a picture's vector depends on what else is in its batch"
    return None


def _cached(folder: Path) -> Iterator[dict[str, Any]]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        for repo in sorted(scan_cache_dir(folder).repos, key=lambda repo: repo.repo_id):
            yield {"name": f"hf-hub:{repo.repo_id}", "size_bytes": repo.size_on_disk}
    except CacheNotFound:
        return
    for file in sorted((folder / "downloads").glob("*")):
        yield {"name": file.name, "size_bytes": file.stat().st_size}


def _is_here(choice: Choice, folder: Path) -> bool:
    from ml_inference_fastapi_app.backends.base import ModelMissingError
    from ml_inference_fastapi_app.backends.weights.model_source import resolve

    try:
        resolve(model=choice.model, pretrained=choice.pretrained, cache_dir=folder, offline=True)
    except ModelMissingError:
        return False
    return True


@contextmanager
def _missing_said() -> Iterator[None]:
    from ml_inference_fastapi_app.backends.base import ModelMissingError

    try:
        yield
    except ModelMissingError as exc:
        typer.echo(f"{ErrorCode.MODEL_MISSING}: {exc}", err=True)
        raise typer.Exit(1) from exc


def _say(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, indent=2))
