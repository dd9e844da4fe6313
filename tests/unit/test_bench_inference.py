"""`photoseek bench inference` and `threads`, small, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.threads import counts_of
from tests.unit.test_cli_bench import photoseek

TINY = ("--model", "tiny-shapes", "--pretrained", "", "--megapixels", "0.3", "--json")


def test_bench_inference_measures_http_beside_the_engine_in_one_run(tmp_path: Path) -> None:
    plot = tmp_path / "docs" / "inference.svg"
    ran = photoseek("bench", "inference", "--quick", "--plot", str(plot), *TINY)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["machine"]["cores"] >= 1
    assert said["model"] == "tiny-shapes"
    assert [(cell["batch"], cell["clients"]) for cell in said["http"]] == [
        (1, 1),
        (1, 2),
        (8, 1),
        (8, 2),
    ]
    assert [one["batch"] for one in said["in_process"]] == [1, 8]
    for one in (*said["http"], *said["in_process"]):
        assert one["images_per_s"] > 0
        assert 0 < one["p50_s"] <= one["p95_s"]
    assert said["jpegs"]["bound_images_per_s"] > 0
    assert said["text"]["busy_95_ms"] > 0
    assert set(said["mixed"]["faults"].values()) == {0}
    assert [target["wanted"] for target in said["targets"]] == [
        0.92,
        0.85,
        max(3 * said["text"]["idle_95_ms"], 250),
        0,
        1.1,
    ]
    svg = plot.read_text()
    assert svg.startswith("<?xml")
    assert "<svg" in svg


def test_bench_threads_compares_the_default_with_other_settings() -> None:
    small = ("--counts", "1", "--images", "4", "--batch", "2", "--rounds", "1")
    ran = photoseek("bench", "threads", *small, *TINY)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    tried = [row["threads"] for row in said["rows"]]
    assert {"decode": 1, "model": 1} in tried
    assert said["default"] in tried
    assert all(row["jpeg"][0] > 0 and row["ppm"][0] > 0 for row in said["rows"])
    assert [target["wanted"] for target in said["targets"]] == [0.9, 0.9]


@pytest.mark.parametrize(
    ("cores", "counts"),
    [(1, [1, 2]), (2, [1, 2, 4]), (6, [1, 2, 4, 6, 12]), (16, [1, 2, 4, 8, 16, 32])],
)
def test_threads_are_tried_up_to_twice_the_cores(cores: int, counts: list[int]) -> None:
    assert counts_of(cores) == counts
