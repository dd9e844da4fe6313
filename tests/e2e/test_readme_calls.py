"""Every marked call in the README, run by bash and curl against both real services."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Services

README = Path(__file__).parents[2] / "README.md"
MARK = "<!-- run by tests/e2e/test_readme_calls.py -->\n```bash\n"
LIMIT_S = 300


def blocks() -> list[str]:
    return [part.split("\n```")[0] for part in README.read_text().split(MARK)[1:]]


def as_run_here(block: str, services: Services) -> str:
    """The README's text with this test's addresses; a call that is refused fails."""
    for written, here in (
        ("http://127.0.0.1:8002", services.orchestrator.url),
        ("/home/you/Pictures", str(services.pictures)),
    ):
        block = block.replace(written, here)
    return re.sub(r"\bcurl -s\b", "curl -sS --noproxy '*' --fail-with-body", block)


def test_every_call_to_the_api_in_the_readme_is_marked() -> None:
    calls = re.compile(r"http://127\.0\.0\.1:8002/\S*[a-z]")
    in_blocks = [url for block in blocks() for url in calls.findall(block)]
    outside = README.read_text()
    for block in blocks():
        outside = outside.replace(block, "")
    assert len(in_blocks) >= 8
    # The one for Docker names a folder that only a container has; the others rename the collection,
    # give it a model that is not served here, and move and forget the folder that the calls need:
    # they have tests of their own.
    collection = "http://127.0.0.1:8002/api/v1/collections/default"
    roots = f"{collection}/roots"
    assert calls.findall(outside) == [
        collection,
        f"{collection}/reembed",
        f"{collection}/generations",
        f"{collection}/generations/1/activate",
        f"{collection}/generations",
        f"{roots}/repoint",
        f"{roots}?path=/home/you/old",
        "http://127.0.0.1:8002/api/v1/ingest",
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_readmes_calls_import_a_folder_and_find_its_pictures(
    services: Services, tmp_path: Path
) -> None:
    picture = next(services.pictures.rglob("*.jpg"))
    shutil.copy(picture, tmp_path / "picture.jpg")
    calls = [as_run_here(block, services) for block in blocks()]
    kept = ("searches", "rest", "browsed", "watched")
    to_files = zip(kept, (calls[2:4], calls[4:5], calls[5:6], calls[6:]), strict=True)
    script = "\n".join(
        ["set -euo pipefail", *calls[:2]]
        + [line for name, run in to_files for line in (f"exec > {name}.txt", *run)]
    )
    ran = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["state"] == "completed"
    counts = status["counts"]
    assert counts["found"] == sum(counts.values()) - counts["found"] > 0
    assert counts["failed"] == 0
    by_text, by_image, by_all = _values((tmp_path / "searches.txt").read_text())
    assert "red circle" in by_text["results"][0]["path"]
    assert by_image["results"][0]["filename"] == picture.name
    assert "red circle" in by_all["results"][0]["path"]
    jobs, collections, capabilities, ready = _values((tmp_path / "rest.txt").read_text())
    assert jobs["jobs"][0]["job_id"] == status["job_id"]
    assert collections["collections"][0]["name"] == "default"
    assert capabilities["safe_clip_batch"] > 0
    assert ready["status"] == "ok"
    images, timeline, facets, places, folders = _values((tmp_path / "browsed.txt").read_text())
    assert images["total"] == sum(one["count"] for one in timeline["buckets"]) == counts["found"]
    assert facets["formats"]["values"]
    assert places["clusters"]
    assert folders["folders"][0]["images_in_all"] == images["total"]
    watched = (tmp_path / "watched.txt").read_text()
    event, rest = watched.removeprefix("data: ").split("\n\n", 1)
    assert json.loads(event)["state"] == "completed"
    log, accepted = _values(rest)
    assert log["lines"][0]["event"] == "job_started"
    assert accepted["job_id"] != status["job_id"]


def _values(text: str) -> list[dict[str, Any]]:
    """JSON values that stand one behind the other."""
    decoder, values = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:]
    return values
