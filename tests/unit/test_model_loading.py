"""Weights from their files into a model: every one, none by chance, under one name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.clip.open_clip_model import built
from ml_inference_fastapi_app.backends.weights.model_source import resolve, tiny_shapes_folder
from tests.unit.test_model_torch_clip import changed_copy, folder_model, pictures, tiny


def test_the_same_weights_have_one_fingerprint_from_any_file(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    shipped = tiny(tmp_path)
    weights = load_file(tiny_shapes_folder() / "open_clip_model.safetensors")
    torch.save({"state_dict": weights}, tmp_path / "weights.pt")
    folder = changed_copy(tmp_path / "copy", lambda config: None)
    from_pickle = folder_model(folder, tmp_path, pretrained=str(tmp_path / "weights.pt"))
    assert from_pickle.description.fingerprint == shipped.description.fingerprint
    assert from_pickle.description.model != shipped.description.model


def test_the_shipped_model_keeps_its_fingerprint(tmp_path: Path) -> None:
    assert tiny(tmp_path).description.fingerprint == "c74fcb4287ea0582"


def test_weights_of_half_the_bits_are_named_by_their_values_too(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(tiny_shapes_folder() / "open_clip_model.safetensors")
    halved = {name: tensor.half() for name, tensor in weights.items()}
    save_file(halved, tmp_path / "half.safetensors")
    save_file({n: t.float() for n, t in halved.items()}, tmp_path / "whole.safetensors")
    folder = changed_copy(tmp_path / "copy", lambda config: None)
    half, whole = (
        folder_model(folder, tmp_path, pretrained=str(tmp_path / name))
        for name in ("half.safetensors", "whole.safetensors")
    )
    assert half.description.fingerprint == whole.description.fingerprint


@pytest.fixture
def _memory_holds_nan() -> Iterator[None]:
    """What is allocated and not written to is not a number."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("_memory_holds_nan")
@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_weights_that_are_loaded_need_no_random_ones_before_and_leave_none_unset(
    tmp_path: Path, ending: str
) -> None:
    from safetensors.torch import save_file

    assert torch.empty(2).isnan().all(), "the fixture works"
    folder = changed_copy(tmp_path / "copy", lambda config: None)
    source = partial(resolve, model=f"local-dir:{folder}", cache_dir=tmp_path, offline=True)
    weights = built(source(pretrained="none")).state_dict()
    file = tmp_path / f"weights{ending}"
    if ending == ".pt":
        torch.save({"state_dict": weights}, file)
    else:
        save_file(weights, file)
    before = torch.random.get_rng_state()
    loaded = built(source(pretrained=str(file)))
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, weights[name]), name
    buffers = dict(loaded.named_buffers())
    assert all(tensor.isnan().logical_not().all() for tensor in buffers.values())
    file.write_bytes(b"")  # in its place, while it may still be mapped
    assert all(tensor.isfinite().all() for tensor in loaded.state_dict().values())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_other_preprocessing_or_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    folder = changed_copy(
        tmp_path / "copy", lambda config: config["preprocess_cfg"].update(resize_mode="squash")
    )
    found = {
        tiny(tmp_path).description.fingerprint,
        tiny(tmp_path, pretrained="none").description.fingerprint,
        folder_model(folder, tmp_path).description.fingerprint,
    }
    assert len(found) == 3


def test_untrained_weights_are_the_same_at_every_start(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = tiny(tmp_path, pretrained="none")
    torch.manual_seed(2)
    second = tiny(tmp_path, pretrained="none")
    assert not first.description.trained
    assert first.description.weights == "none"
    assert first.description.fingerprint == second.description.fingerprint
    np.testing.assert_array_equal(first.embed_images(pictures()), second.embed_images(pictures()))


class Explosive:
    """What a hostile checkpoint holds: code that runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return exec, ("raise SystemExit('code from a checkpoint ran')",)


def test_code_in_a_checkpoint_is_never_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": Explosive()}}, tmp_path / "weights.pt")
    folder = changed_copy(tmp_path / "copy", lambda config: None)
    with pytest.raises(ModelMissingError, match=r"weights\.pt does not hold the weights"):
        folder_model(folder, tmp_path, pretrained=str(tmp_path / "weights.pt"))
