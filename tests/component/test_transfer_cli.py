"""`photoseek export` against a real orchestrator on the loopback."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio
import pyarrow.parquet as pq
import pytest

from tests.component.orchestrator_app import library, orchestrator
from tests.contract.test_schemathesis import listening
from tests.unit.cli_calls import photoseek

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Said:
    exit_code: int
    stdout: str
    stderr: str


async def called(url: str, *arguments: str) -> Said:
    """In a process of its own: the orchestrator's log is in this one's output."""
    command = [sys.executable, "-m", "ingestion_orchestration_fastapi_app.cli", *arguments]
    done = await anyio.run_process([*command, "--url", url], check=False)
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


async def test_an_export_is_made_fetched_listed_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "none"))
    library(tmp_path)
    copies = tmp_path / "copies"
    copies.mkdir()
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        async with listening(running.app) as url:
            made = await called(url, "export", "default", "--name", "it", "--to", str(copies))
            assert made.exit_code == 0, made.stderr
            (file,) = (copies / "it").glob("*.parquet")
            file.write_bytes(b"broken off")
            again = await called(url, "export", "--name", "other", "--to", str(copies), "--json")
            back = await called(url, "import", "it", "--collection", "copy")
            moved = f"{running.photos}={running.photos}"
            told = await called(url, "import", "other", "--root", moved, "--json")
            outside = await called(url, "import", "/etc")
            listed = await called(url, "exports", "list", "--json")
            plain = await called(url, "exports", "list")
            taken = await called(url, "export", "--name", "it")
            images = (await running.get("/images?limit=2"))["images"]
            named = ("--image", images[0]["id"], "--image", images[1]["path"])
            some = await called(url, "export", "--name", "some", *named)
            removed = await called(url, "exports", "remove", "it")
            gone = await called(url, "exports", "remove", "it")
    assert "13 images" in made.stdout
    assert "2 images" in some.stdout
    assert json.loads(again.stdout)["images"] == 13
    assert pq.read_table(next((copies / "other").glob("*.parquet"))).num_rows == 13
    assert json.loads((copies / "other" / "manifest.json").read_text())["rows"] == 13
    assert [one["id"] for one in json.loads(listed.stdout)] == ["it", "other"]
    assert "default\tit" in plain.stdout
    assert (taken.exit_code, removed.exit_code, gone.exit_code) == (1, 0, 1)
    assert (back.exit_code, told.exit_code, outside.exit_code) == (0, 0, 1)
    assert "restored 13" in back.stdout
    assert json.loads(told.stdout)["numbers"]["unchanged"] == 13
    assert "ERR_DIRECTORY_NOT_ALLOWED" in outside.stderr
    assert "ERR_EXPORT_EXISTS" in taken.stderr
    assert "ERR_EXPORT_NOT_FOUND" in gone.stderr


def test_a_copy_goes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    result = photoseek("export", "--to", str(tmp_path / "none"))
    assert result.exit_code == 2
    assert photoseek("import", "it", "--root", "/only-one").exit_code == 2
