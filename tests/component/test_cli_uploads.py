"""`photoseek upload` and `folders`, against a real orchestrator in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.component.test_uploads_killed import serving
from tests.unit.cli_calls import photoseek


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Pictures on a machine whose service has never seen their folder."""
    Image.new("RGB", (32, 32), "red").save(tmp_path / "red.png")
    Image.new("RGB", (32, 32), "blue").save(tmp_path / "a\nb.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "photos").mkdir()
    with serving(tmp_path) as (port, _):
        monkeypatch.setenv("ORCHESTRATOR_PORT", str(port))
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "none"))
        yield tmp_path


def test_files_are_sent_followed_and_each_is_told(files: Path) -> None:
    paths = [str(files / name) for name in ("red.png", "a\nb.png", "notes.txt")]
    first = photoseek("upload", *paths)
    assert first.exit_code == 1, "one was refused"
    lines = first.output.splitlines()
    assert lines[0].startswith("stored\tred.png\t")
    assert lines[1].startswith("stored\ta")
    assert lines[2].startswith("refused\tnotes.txt\tERR_FORMAT_UNSUPPORTED: ")
    assert "2 embedded" in first.output or "2 of 2 files" in first.output, first.output
    again = photoseek("upload", paths[0], "--json", "--no-wait")
    told = json.loads(again.stdout)
    assert (again.exit_code, told["job_id"]) == (0, None)
    assert [one["outcome"] for one in told["files"]] == ["already_there"]


def test_what_is_no_file_or_no_collection_is_told(files: Path) -> None:
    assert photoseek("upload", str(files)).exit_code == 2
    assert photoseek("upload", str(files / "none.png")).exit_code == 2
    missing = photoseek("upload", str(files / "red.png"), "--collection", "cats")
    assert missing.exit_code == 1
    assert "ERR_COLLECTION_NOT_FOUND" in missing.output
    made = photoseek("upload", str(files / "red.png"), "--collection", "cats", "--create")
    assert made.exit_code == 0, made.output


def test_a_folder_is_hidden_listed_and_shown_again(files: Path) -> None:
    sent = json.loads(photoseek("upload", str(files / "red.png"), "--json").stdout)
    folder = str(Path(sent["files"][0]["path"]).parent)
    assert "red.png" in photoseek("browse").output
    assert photoseek("folders", "hide", folder).output == f"Hidden: {folder}\n"
    assert "red.png" not in photoseek("browse").output
    assert "red.png" not in photoseek("search", "red").output
    assert "red.png" in photoseek("browse", "--include-hidden").output
    assert "red.png" in photoseek("search", "red", "--include-hidden").output
    assert photoseek("folders", "list").output == f"hidden\t{folder}\n"
    assert json.loads(photoseek("folders", "list", "--json").stdout)["hidden"][0]["path"] == folder
    assert photoseek("folders", "show", folder).exit_code == 0
    assert "red.png" in photoseek("browse").output
    refused = photoseek("folders", "show", folder)
    assert refused.exit_code == 1
    assert "ERR_FOLDER_NOT_FOUND" in refused.output


def test_a_folder_is_excluded_and_included_again(files: Path) -> None:
    sent = json.loads(photoseek("upload", str(files / "red.png"), "--json").stdout)
    folder = str(Path(sent["files"][0]["path"]).parent)
    out = photoseek("folders", "exclude", folder)
    assert out.output == f"Excluded: {folder} (1 images)\n"
    assert "red.png" not in photoseek("browse", "--include-hidden").output
    assert photoseek("folders", "list").output == f"excluded\t{folder}\n"
    passed_over = photoseek("ingest", folder)
    assert "is excluded from the collection" in passed_over.output
    assert photoseek("folders", "include", folder).exit_code == 0
    assert photoseek("ingest", folder).exit_code == 0
    assert "red.png" in photoseek("browse").output
