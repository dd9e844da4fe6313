"""Where models come from: cache, hub, folders, files."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ml_inference_fastapi_app.backends.base import ModelMissingError
from ml_inference_fastapi_app.backends.weights.model_cache import ModelCache, NotToBeHad
from ml_inference_fastapi_app.backends.weights.model_source import resolve, tiny_shapes_folder

REPO = "someone/shapes"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOBODY = "http://127.0.0.1:9"  # the discard port: nobody listens


def tiny_files() -> dict[str, bytes]:
    names = ("open_clip_config.json", "open_clip_model.safetensors")
    return {name: (tiny_shapes_folder() / name).read_bytes() for name in names}


@contextmanager
def hub(files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """A hub on loopback with one repository, and the paths that were asked of it."""
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            content = files.get(self.path.removeprefix(f"/{REPO}/resolve/main/"))
            if content is None:
                self.send_response(404 if self.path != "/" else 200)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(files.get(self.path.removeprefix(f"/{REPO}/resolve/main/"), b""))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as inherited
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_tiny_model_needs_neither_cache_nor_network(tmp_path: Path) -> None:
    source = resolve(model="tiny-shapes", pretrained="any", cache_dir=tmp_path, offline=True)
    assert source.checkpoint == tiny_shapes_folder() / "open_clip_model.safetensors"
    assert source.trained
    assert source.weights == "open_clip_model.safetensors"


def test_a_hub_model_is_fetched_once_and_then_found_without_the_network(tmp_path: Path) -> None:
    model = f"hf-hub:{REPO}"
    with hub(tiny_files()) as (url, asked):
        first = resolve(model=model, pretrained="", cache_dir=tmp_path, offline=False, hub_url=url)
        fetched = len(asked)
        again = resolve(model=model, pretrained="", cache_dir=tmp_path, offline=False, hub_url=url)
        assert len(asked) == fetched, "the second start asked the hub"
    offline = resolve(model=model, pretrained="", cache_dir=tmp_path, offline=True)
    assert first == again == offline
    assert first.checkpoint is not None
    assert first.checkpoint.read_bytes() == tiny_files()["open_clip_model.safetensors"]
    assert first.checkpoint.is_relative_to(tmp_path)


def test_weights_without_pickle_are_preferred_and_others_are_taken(tmp_path: Path) -> None:
    config = {"open_clip_config.json": tiny_files()["open_clip_config.json"]}
    old = {"open_clip_pytorch_model.bin": b"old"}
    both = {"open_clip_model.safetensors": b"safe", **old}
    for files, expected in ((both, b"safe"), (old, b"old")):
        cache_dir = tmp_path / str(len(files))
        with hub(config | files) as (url, _):
            source = resolve(
                model=f"hf-hub:{REPO}",
                pretrained="",
                cache_dir=cache_dir,
                offline=False,
                hub_url=url,
            )
        assert source.checkpoint is not None
        assert source.checkpoint.read_bytes() == expected


def test_a_hub_without_the_weights_is_said_with_what_was_looked_for(tmp_path: Path) -> None:
    config = {"open_clip_config.json": tiny_files()["open_clip_config.json"]}
    with hub(config) as (url, _), pytest.raises(ModelMissingError) as missing:
        resolve(
            model=f"hf-hub:{REPO}", pretrained="", cache_dir=tmp_path, offline=False, hub_url=url
        )
    assert "has none of open_clip_model.safetensors" in str(missing.value)


@pytest.mark.timeout(30)
def test_a_machine_without_network_is_told_what_helps_in_seconds(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError) as missing:
        resolve(
            model="ViT-B-32",
            pretrained="datacomp_xl_s13b_b90k",
            cache_dir=tmp_path,
            offline=False,
            hub_url=NOBODY,
        )
    said = str(missing.value)
    assert f"{NOBODY}: no answer" in said
    for remedy in (
        "CLIP_MODEL=tiny-shapes",
        "CLIP_PRETRAINED=/",
        "CLIP_MODEL=local-dir:",
        "HF_ENDPOINT=",
        "photoseek models pull --model ViT-B-32 --pretrained datacomp_xl_s13b_b90k",
        str(tmp_path),
    ):
        assert remedy in said


def test_offline_means_that_the_hub_is_not_asked(tmp_path: Path) -> None:
    with hub(tiny_files()) as (url, asked):
        with pytest.raises(ModelMissingError, match="ML_OFFLINE"):
            resolve(
                model=f"hf-hub:{REPO}", pretrained="", cache_dir=tmp_path, offline=True, hub_url=url
            )
        assert asked == []


def test_a_name_that_open_clip_does_not_know_is_answered_with_those_near_to_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelMissingError, match=r"no model called 'ViT-B-33'.*ViT-B-32"):
        resolve(model="ViT-B-33", pretrained="x", cache_dir=tmp_path, offline=True)


def test_a_tag_that_open_clip_does_not_know_is_answered_with_those_that_it_does(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelMissingError, match=r"neither a file nor.*datacomp_xl_s13b_b90k"):
        resolve(model="ViT-B-32", pretrained="datacomp", cache_dir=tmp_path, offline=True)


def test_a_checkpoint_on_this_machine_needs_no_network(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"")
    source = resolve(model="ViT-B-32", pretrained=str(file), cache_dir=tmp_path, offline=True)
    assert source.checkpoint == file
    assert source.weights == str(file)


def test_none_asks_for_untrained_weights(tmp_path: Path) -> None:
    source = resolve(model="ViT-B-32", pretrained="none", cache_dir=tmp_path, offline=True)
    assert source.checkpoint is None
    assert not source.trained
    assert source.weights == "none"


def test_tags_that_were_trained_with_another_activation_get_it(tmp_path: Path) -> None:
    weights = tmp_path / "models--timm--vit_base_patch32_clip_224.openai"
    (weights / "refs").mkdir(parents=True)
    (weights / "refs" / "main").write_text(COMMIT)
    snapshot = weights / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "open_clip_model.safetensors").write_bytes(b"")
    source = resolve(model="ViT-B-32", pretrained="openai", cache_dir=tmp_path, offline=True)
    assert source.quick_gelu


def test_a_folder_without_config_or_without_weights_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"no open_clip_config\.json in"):
        resolve(model=f"local-dir:{tmp_path}", pretrained="", cache_dir=tmp_path, offline=True)
    shutil.copy(tiny_shapes_folder() / "open_clip_config.json", tmp_path)
    with pytest.raises(ModelMissingError, match="no weights in"):
        resolve(model=f"local-dir:{tmp_path}", pretrained="", cache_dir=tmp_path, offline=True)
    (tmp_path / "open_clip_config.json").write_text("[]")
    with pytest.raises(ModelMissingError, match="is no open_clip config"):
        resolve(model=f"local-dir:{tmp_path}", pretrained="", cache_dir=tmp_path, offline=True)


def test_a_download_that_is_not_what_was_published_is_thrown_away(tmp_path: Path) -> None:
    good = hashlib.sha256(b"weights").hexdigest()[:8]
    name = f"model-{good}.pt"
    with hub({name: b"something else"}) as (url, _):
        address = f"{url}/{REPO}/resolve/main/{name}"
        with pytest.raises(NotToBeHad, match="SHA-256"):
            ModelCache(tmp_path, offline=False).downloaded(address)
    assert list((tmp_path / "downloads").iterdir()) == []
    with hub({name: b"weights"}) as (url, _):
        address = f"{url}/{REPO}/resolve/main/{name}"
        file = ModelCache(tmp_path, offline=False).downloaded(address)
    assert file.read_bytes() == b"weights"
    assert ModelCache(tmp_path, offline=True).downloaded(address) == file
