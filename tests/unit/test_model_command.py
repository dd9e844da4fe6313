"""The process behind `photoseek models`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ml_inference_fastapi_app.models.weights_command import app


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in ("CLIP_MODEL", "CLIP_PRETRAINED", "ML_DTYPE"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner(env={"MODEL_CACHE_DIR": str(tmp_path), "ML_OFFLINE": "1"})


def test_list_says_what_is_cached_and_what_is_well_known(asked: CliRunner, tmp_path: Path) -> None:
    weights = tmp_path / "models--someone--shapes" / "blobs"
    weights.mkdir(parents=True)
    (weights / "abc").write_bytes(b"1234")
    snapshot = weights.parent / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (snapshot / "weights").symlink_to("../../blobs/abc")
    content = json.loads(succeeded(asked.invoke(app, ["list", "--json"])))
    assert content["cached"] == [{"name": "hf-hub:someone/shapes", "size_bytes": 4}]
    here = {choice["model"]: choice["here"] for choice in content["known"]}
    assert here["tiny-shapes"]
    assert not here["ViT-B-32"]
    assert "hf-hub:someone/shapes" in succeeded(asked.invoke(app, ["list"]))


def test_an_empty_cache_folder_is_no_error(asked: CliRunner) -> None:
    assert "(empty)" in succeeded(asked.invoke(app, ["list"]))


def test_verify_says_what_the_model_is(asked: CliRunner) -> None:
    output = succeeded(asked.invoke(app, ["verify", "--model", "tiny-shapes", "--json"]))
    content = json.loads(output)
    assert content["dim"] == 64
    assert content["trained"]
    assert content["fault"] is None
    assert len(content["fingerprint"]) == 16


def test_pulling_what_needs_no_fetching_succeeds(asked: CliRunner) -> None:
    output = succeeded(asked.invoke(app, ["pull", "--model", "tiny-shapes"]))
    assert "open_clip_model.safetensors" in output


@pytest.mark.parametrize("command", ["pull", "verify"])
def test_weights_that_cannot_be_had_end_with_the_code_and_the_remedies(
    asked: CliRunner, command: str
) -> None:
    result = asked.invoke(app, [command])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("ERR_MODEL_MISSING: The weights of ViT-B-32")
    assert "CLIP_MODEL=tiny-shapes" in result.stderr


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout
