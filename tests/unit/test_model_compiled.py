"""Compiled models: one graph for each size and tower, which every request runs, and no other."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    StartPhase,
    Vectors,
    run_to_end,
)
from ml_inference_fastapi_app.backends.clip.torch_clip import Normalisation, TorchClip
from ml_inference_fastapi_app.backends.devices import DTypeName
from ml_inference_fastapi_app.models.loaded_clip import noise_pixels
from tests.component.inference_fakes import DESCRIPTION
from tests.torch_clips import load_torch_clip
from tests.unit.test_model_torch_clip import pictures

LARGEST = 32
SIZES = (1, 8, 32)

Run = tuple[str, int]  # a tower, and its batch size


class Counting:
    """Stands where inductor does: runs what torch traced as it is, and counts."""

    def __init__(self) -> None:
        self.graphs: Counter[Run] = Counter()
        self.runs: Counter[Run] = Counter()

    def __call__(
        self, graph: torch.fx.GraphModule, inputs: list[Any], **_options: object
    ) -> Callable[..., Any]:
        texts = [x for x in inputs if isinstance(x, Tensor) and x.dtype == torch.int64]
        images = [x for x in inputs if isinstance(x, Tensor) and x.shape[1:2] == (3,)]
        (batch,) = texts or [x for x in images if x.ndim == 4 and x.shape[2] > LARGEST]
        run: Run = ("text" if texts else "image", len(batch))
        self.graphs[run] += 1

        def counted(*args: Any) -> Any:
            self.runs[run] += 1
            return graph.forward(*args)

        return counted


@pytest.fixture(autouse=True)
def _nothing_compiled_before() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def shallow_vit(folder: Path) -> Path:
    """ViT-B-32 as open_clip builds it, but for its depth."""
    vision = {"image_size": 224, "layers": 1, "width": 768, "patch_size": 32}
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 1}
    config = {"model_cfg": {"embed_dim": 512, "vision_cfg": vision, "text_cfg": text}}
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({**config, "preprocess_cfg": {}}))
    return folder


def clip_of(
    tmp_path: Path,
    backend: Counting | None,
    *,
    model: str = "tiny-shapes",
    pretrained: str = "",
    dtype: DTypeName = "float32",
) -> TorchClip:
    return load_torch_clip(
        model=model,
        pretrained=pretrained,
        cache_dir=tmp_path,
        offline=True,
        dtype=dtype,
        device="cpu",
        compile="off" if backend is None else "on",
        backend=backend or "inductor",
        max_batch=LARGEST,
    )


@pytest.mark.parametrize("model", ["tiny-shapes", "ViT-B-32, one layer deep"])
def test_requests_run_one_compiled_graph_a_size_and_tower_and_nothing_compiles_after_warm_up(
    tmp_path: Path, model: str
) -> None:
    backend = Counting()
    if model == "tiny-shapes":
        clip = clip_of(tmp_path, backend)
    else:
        folder = shallow_vit(tmp_path / "vit")
        clip = clip_of(tmp_path, backend, model=f"local-dir:{folder}", pretrained="none")
    assert clip.description.compiled
    run_to_end(clip.warm(LARGEST))
    every = {(tower, size): 1 for tower in ("image", "text") for size in SIZES}
    assert backend.graphs == every

    shown = noise_pixels(LARGEST + 2, clip.description.upload.side_px)
    with torch.compiler.set_stance("fail_on_recompile"):
        for rows, ran in {
            1: {1: 1},
            2: {8: 1},
            8: {8: 1},
            9: {32: 1},
            32: {32: 1},
            34: {32: 1, 8: 1},
        }.items():
            backend.runs.clear()
            assert len(clip.embed_images(shown[:rows])) == rows
            assert backend.runs == {("image", size): n for size, n in ran.items()}
            backend.runs.clear()
            assert len(clip.embed_texts(["a red circle"] * rows)) == rows
            assert backend.runs == {("text", size): n for size, n in ran.items()}
    assert backend.graphs == every


def test_what_is_larger_than_the_largest_warmed_size_is_cut_not_compiled(tmp_path: Path) -> None:
    backend = Counting()
    clip = clip_of(tmp_path, backend)
    run_to_end(clip.warm(8))
    assert tuple(clip.sizes) == (1, 8)
    assert set(backend.graphs) == {("image", 1), ("image", 8), ("text", 1), ("text", 8)}
    assert len(clip.embed_images(pictures(12))) == 12
    assert ("image", 32) not in backend.graphs


class Plain(nn.Module):
    """Both towers with as little in them as torch compiles."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = nn.Sequential(nn.Flatten(), nn.Linear(3 * 40 * 40, DESCRIPTION.dim))

    def encode_text(self, tokens: Tensor) -> Tensor:
        return tokens.float() + 1


def test_more_sizes_than_torch_recompiles_by_itself_are_all_compiled(tmp_path: Path) -> None:
    backend = Counting()
    sizes = tuple(range(1, 21))  # torch gives up after 8, in silence
    clip = TorchClip(
        Plain(),
        tokenize=lambda texts: torch.ones((len(texts), DESCRIPTION.dim), dtype=torch.int64),
        is_cut=lambda text: False,
        description=described(),
        normalisation=Normalisation((0.5,) * 3, (0.25,) * 3),
        device=torch.device("cpu"),
        dtype=torch.float32,
        sizes=sizes,
        backend=backend,
    )
    clip.prepare(lambda _phase: None)
    run_to_end(clip.warm(sizes[-1]))
    assert backend.graphs == {(tower, size): 1 for tower in ("image", "text") for size in sizes}
    backend.runs.clear()
    for size in sizes:
        clip.embed_images(noise_pixels(size, 40))
    assert backend.runs == {("image", size): 1 for size in sizes}


def described() -> ClipDescription:
    upload = DESCRIPTION.upload.model_copy(update={"side_px": 40})
    return replace(DESCRIPTION, compiled=True, upload=upload)


def test_a_machine_that_cannot_compile_serves_without_and_says_so(tmp_path: Path) -> None:
    class Broken(Counting):
        def __call__(self, *args: Any, **options: object) -> Callable[..., Any]:
            raise RuntimeError("no compiler here")

    clip = clip_of(tmp_path, Broken())
    assert not clip.description.compiled
    assert tuple(clip.sizes) == ()
    assert clip.embed_images(pictures(3)).shape == (3, clip.description.dim)


def test_auto_compiles_on_cuda_only(tmp_path: Path) -> None:
    backend, phases = Counting(), list[StartPhase]()
    clip = load_torch_clip(
        model="tiny-shapes",
        pretrained="",
        cache_dir=tmp_path,
        device="cpu",
        compile="auto",
        backend=backend,
        on_phase=phases.append,
    )
    assert not clip.description.compiled
    assert not backend.graphs
    assert phases == [StartPhase.FETCHING, StartPhase.LOADING]


@pytest.mark.parametrize(
    ("pretrained", "compiles", "dtype"),
    [
        ("", False, "float32"),
        ("", False, "bfloat16"),
        ("", False, "float16"),
        ("", True, "float32"),
        ("", True, "bfloat16"),
        ("none", False, "float32"),
    ],
)
def test_a_picture_has_one_vector_alone_first_last_padded_or_in_a_full_batch(
    tmp_path: Path, pretrained: str, compiles: bool, dtype: DTypeName
) -> None:
    backend = Counting() if compiles else None
    clip = clip_of(tmp_path, backend, dtype=dtype, pretrained=pretrained)
    full = pictures(LARGEST)
    expected = clip.embed_images(full)
    padded = clip.embed_images(full[:24])  # compiled: 8 rows of padding
    turned = clip.embed_images(full[::-1].copy())[::-1]  # the first is last
    few = np.concatenate([clip.embed_images(full[at : at + 3]) for at in range(0, 30, 3)])
    alone = np.concatenate([clip.embed_images(full[at : at + 1]) for at in range(LARGEST)])
    for other in (padded, turned, few, alone):
        same = expected[: len(other)]
        assert np.sum(other * same, axis=1).min() > 0.9999
        assert_each_is_nearest_to_itself(other, same)


def assert_each_is_nearest_to_itself(left: Vectors, right: Vectors) -> None:
    """Without what all have in common: untrained vectors are nearly all alike."""
    centre = right.mean(axis=0)
    apart = np.linalg.norm((left - centre)[:, None] - (right - centre)[None], axis=-1)
    assert (apart.argmin(axis=1) == np.arange(len(left))).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # inductor's own imports
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch needs a C++ compiler on CPU")
def test_what_inductor_compiles_on_cpu_gives_the_same_vectors(tmp_path: Path) -> None:
    eager = clip_of(tmp_path, None)
    clip = load_torch_clip(
        model="tiny-shapes",
        pretrained="",
        cache_dir=tmp_path,
        dtype="float32",
        device="cpu",
        compile="on",
        max_batch=8,
    )
    assert clip.description.compiled
    run_to_end(clip.warm(8))
    shown = pictures(11)
    assert np.sum(clip.embed_images(shown) * eager.embed_images(shown), axis=1).min() > 0.9999
    texts = ["a red circle", "a blue square"]
    assert np.sum(clip.embed_texts(texts) * eager.embed_texts(texts), axis=1).min() > 0.9999


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_cuda_graphs_give_the_vectors_of_eager_runs_at_every_size(tmp_path: Path) -> None:
    def on_cuda(when: Any) -> TorchClip:
        return load_torch_clip(
            model="tiny-shapes",
            pretrained="",
            cache_dir=tmp_path,
            device="cuda",
            compile=when,
            max_batch=LARGEST,
        )

    eager, clip = on_cuda("off"), on_cuda("auto")
    assert clip.description.compiled
    run_to_end(clip.warm(LARGEST))
    shown = pictures(LARGEST + 9)
    with torch.compiler.set_stance("fail_on_recompile"):
        for rows in (1, 3, 8, 24, 32, 41):
            ours, theirs = clip.embed_images(shown[:rows]), eager.embed_images(shown[:rows])
            assert np.sum(ours * theirs, axis=1).min() > 0.9999
            assert_each_is_nearest_to_itself(ours, theirs)
