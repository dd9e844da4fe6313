"""Real files say what exiftool reads of them; what differs is known, with its reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.metadata_against_exiftool import compare

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpus"
KNOWN = {
    ("ISO", "photos/jpg/exif-org/kodak-dc240.jpg"),  # 65535 stands for unknown
    ("ISO", "photos/jpg/tests/36-memory_error.jpg"),  # so does 0
    ("description", "photos/jpg/PaintTool_sample.jpg"),  # a comment that is a hash
}

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here"),
    pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed"),
]


def test_nothing_is_missing_and_nothing_is_different() -> None:
    rows = compare(sorted(file for file in CORPUS.rglob("*") if file.is_file()))
    assert {name: row.different for name, row in rows.items() if row.different} == {}
    missing = {
        (name, str(Path(shown.partition(": ")[0]).relative_to(CORPUS)))
        for name, row in rows.items()
        for shown in row.missing
    }
    assert missing == KNOWN
    assert rows["taken at"].equal >= 89
