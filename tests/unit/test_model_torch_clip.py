"""Any open_clip model on torch: vectors, dtypes, preprocessing, running out of memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ml_inference_fastapi_app.backends.base import (
    ClipDescription,
    DeviceOutOfMemoryError,
    Pixels,
    Vectors,
)
from ml_inference_fastapi_app.backends.clip.torch_clip import Normalisation, TorchClip
from ml_inference_fastapi_app.backends.devices import DTypeName
from ml_inference_fastapi_app.backends.host_memory import cgroup_rooms
from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip
from ml_inference_fastapi_app.backends.weights.model_source import tiny_shapes_folder
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import draw, scenes
from tests.torch_clips import load_torch_clip
from utils.contract import ClipUpload

SIDE_PX = 60


def tiny(tmp_path: Path, *, dtype: DTypeName = "auto", pretrained: str = "") -> TorchClip:
    return load_torch_clip(
        model="tiny-shapes", pretrained=pretrained, cache_dir=tmp_path, dtype=dtype, offline=True
    )


def folder_model(folder: Path, tmp_path: Path, *, pretrained: str = "") -> TorchClip:
    return load_torch_clip(
        model=f"local-dir:{folder}", pretrained=pretrained, cache_dir=tmp_path, offline=True
    )


def changed_copy(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    shutil.copytree(tiny_shapes_folder(), folder)
    config = json.loads((folder / "open_clip_config.json").read_text())
    change(config)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


def pictures(n: int = 24) -> Pixels:
    chosen = scenes()[:: len(scenes()) // n][:n]
    return np.stack([np.asarray(draw(s, seed, width_px=SIDE_PX)) for seed, s in enumerate(chosen)])


def cosines(left: Vectors, right: Vectors) -> Vectors:
    found: Vectors = np.sum(left * right, axis=1)
    return found


def test_vectors_are_float32_of_unit_length(tmp_path: Path) -> None:
    clip = tiny(tmp_path)
    for vectors in (clip.embed_images(pictures()), clip.embed_texts(["a red circle", ""])):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == clip.description.dim
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert clip.embed_texts([]).shape == (0, clip.description.dim)


def test_pixels_may_be_read_only_and_of_any_memory_layout(tmp_path: Path) -> None:
    clip = tiny(tmp_path)
    shown = pictures(4)
    expected = clip.embed_images(shown)
    turned = np.asfortranarray(shown)
    turned.setflags(write=False)
    np.testing.assert_array_equal(clip.embed_images(turned), expected)


@pytest.mark.parametrize("dtype", ["auto", "float32", "bfloat16", "float16"])
def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(
    tmp_path: Path, dtype: DTypeName
) -> None:
    clip = tiny(tmp_path, dtype=dtype)
    shown = pictures()
    together = clip.embed_images(shown)
    alone = np.concatenate([clip.embed_images(shown[i : i + 1]) for i in range(len(shown))])
    assert cosines(together, alone).min() > 0.9999
    # Cosines between pictures are all high: each must also be nearest to itself.
    assert (np.argmax(together @ alone.T, axis=1) == np.arange(len(shown))).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_the_bits_give_nearly_the_same_vectors(tmp_path: Path, dtype: DTypeName) -> None:
    whole, half = tiny(tmp_path, dtype="float32"), tiny(tmp_path, dtype=dtype)
    assert half.description.dtype == dtype
    assert cosines(whole.embed_images(pictures()), half.embed_images(pictures())).min() > 0.999
    texts = [scene.caption for scene in scenes()[:40]]
    assert cosines(whole.embed_texts(texts), half.embed_texts(texts)).min() > 0.999
    assert whole.description.fingerprint == half.description.fingerprint


def test_pixels_are_normalised_as_open_clip_itself_does(tmp_path: Path) -> None:
    clip = tiny(tmp_path, dtype="float32")
    open_clip = import_open_clip()
    reference = open_clip.create_model(f"local-dir:{tiny_shapes_folder()}").eval()
    transform = open_clip.transform.image_transform_v2(
        open_clip.transform.PreprocessCfg(**reference.visual.preprocess_cfg), is_train=False
    )
    shown = pictures()
    with torch.inference_mode():
        batch = torch.stack([transform(Image.fromarray(picture)) for picture in shown])
        expected = reference.encode_image(batch, normalize=True).numpy()
    assert cosines(clip.embed_images(shown), expected).min() > 0.99999


def test_a_built_in_model_loads_untrained_without_the_network(tmp_path: Path) -> None:
    clip = load_torch_clip(model="RN50", pretrained="none", cache_dir=tmp_path, offline=True)
    assert clip.description.dim == 1024
    assert clip.description.upload == ClipUpload(side_px=224, crop="center")
    assert np.isfinite(clip.embed_images(np.zeros((1, 224, 224, 3), np.uint8))).all()


@pytest.mark.parametrize(
    ("preprocess", "upload"),
    [
        ({"resize_mode": "shortest"}, ClipUpload(side_px=SIDE_PX, crop="center")),
        ({"resize_mode": "squash"}, ClipUpload(side_px=SIDE_PX, crop="squash")),
        (
            {"resize_mode": "longest", "fill_color": 127, "interpolation": "bilinear"},
            ClipUpload(side_px=SIDE_PX, crop="longest", interpolation="bilinear", fill=127),
        ),
    ],
)
def test_uploads_are_prepared_as_the_model_was_trained(
    tmp_path: Path, preprocess: dict[str, Any], upload: ClipUpload
) -> None:
    folder = changed_copy(
        tmp_path / "copy", lambda config: config["preprocess_cfg"].update(preprocess)
    )
    assert folder_model(folder, tmp_path).description.upload == upload


class Cramped(nn.Module):
    """A model on a device that has memory for two images."""

    failure: Exception = torch.OutOfMemoryError("the device is full")

    def visual(self, images: Tensor) -> Tensor:
        if len(images) > 2:
            raise self.failure
        return images.flatten(1)[:, :4] + 1

    def encode_text(self, tokens: Tensor) -> Tensor:
        return tokens.float()


def cramped(tmp_path: Path, failure: Exception) -> TorchClip:
    model = Cramped()
    model.failure = failure
    description: ClipDescription = replace(tiny(tmp_path).description, dim=4)
    return TorchClip(
        model,
        tokenize=lambda texts: torch.ones(len(texts), 4),
        is_cut=lambda text: False,
        description=description,
        normalisation=Normalisation((0.5,) * 3, (0.25,) * 3),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("the device is full"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
    ],
)
def test_running_out_of_memory_leaves_the_model_usable(tmp_path: Path, failure: Exception) -> None:
    clip = cramped(tmp_path, failure)
    shown = pictures(3)
    with pytest.raises(DeviceOutOfMemoryError):
        clip.embed_images(shown)
    assert clip.embed_images(shown[:2]).shape == (2, 4)


def test_another_failure_of_the_model_is_not_called_out_of_memory(tmp_path: Path) -> None:
    clip = cramped(tmp_path, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        clip.embed_images(pictures(3))


def test_memory_in_use_is_below_its_limit(tmp_path: Path) -> None:
    clip = tiny(tmp_path)
    assert 0 < clip.memory_bytes() < clip.memory_limit_bytes()


def test_a_containers_memory_limit_counts_wherever_it_is_set(tmp_path: Path) -> None:
    limits = {"": "max", "service": "1000", "service/job": "max"}
    for path, limit in limits.items():
        (tmp_path / path).mkdir(exist_ok=True)
        (tmp_path / path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / path / "memory.current").write_text("400\n")
    assert cgroup_rooms("0::/service/job\n", tmp_path) == [600]
    old = tmp_path / "memory" / "docker"
    old.mkdir(parents=True)
    (old / "memory.limit_in_bytes").write_text("500")
    (old / "memory.usage_in_bytes").write_text("700")
    assert cgroup_rooms("3:cpu:/docker\n5:memory:/docker\n0::/\n", tmp_path) == [0]
