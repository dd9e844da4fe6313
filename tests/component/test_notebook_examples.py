"""What docs/undo-and-backup.md shows for people's notebooks works on a real export."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from pathlib import Path

import pytest

from tests.component.orchestrator_app import library, orchestrator

pytestmark = pytest.mark.anyio

DOC = Path(__file__).parents[2] / "docs" / "undo-and-backup.md"


def shown() -> str:
    text = DOC.read_text()
    found = re.findall(
        r"<!-- run by tests/component/(.+?) -->\n```python\n(.+?)```", text, re.DOTALL
    )
    ((where, code),) = found
    assert where == Path(__file__).name
    return str(code)


async def test_the_lines_that_the_document_shows_run_as_they_stand(tmp_path: Path) -> None:
    library(tmp_path)
    async with orchestrator(tmp_path) as running:
        await running.ingested()
        accepted = (await running.post("/exports", {"name": "it"})).json()
        await running.ended(accepted["job_id"])
    folder = tmp_path / "data" / "exports" / "it"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(shown(), {"folder": str(folder)})
    (line,) = (one for one in said.getvalue().splitlines() if one.startswith("["))
    paths = eval(line)
    assert len(paths) == 5
    colours = {Path(path).parent.name for path in paths[:4]}
    assert len(colours) == 1, "the nearest of an image are of its colour"
    if importlib.util.find_spec("pandas") is not None:
        import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

        assert len(pd.read_parquet(sorted(folder.glob("*.parquet")))) == 13
