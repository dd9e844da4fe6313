"""A model cache that cannot be written is no reason not to start."""

from __future__ import annotations

from pathlib import Path

from ml_inference_fastapi_app.backends.clip.compiled_folder import compiled_folder


def test_it_lies_in_the_model_cache_and_elsewhere_where_that_cannot_be_written(
    tmp_path: Path,
) -> None:
    inside = Path(compiled_folder(tmp_path / "models"))
    assert inside == tmp_path / "models/compiled"
    assert inside.is_dir()
    (tmp_path / "a file").touch()
    elsewhere = Path(compiled_folder(tmp_path / "a file"))
    assert elsewhere.stat().st_mode & 0o777 == 0o700, "what lies in it is run"
    assert list(elsewhere.iterdir()) == []
    elsewhere.rmdir()
