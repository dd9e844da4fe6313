"""`photoseek bench` runs a benchmark of the checkout, or says why it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ingestion_orchestration_fastapi_app.cli.commands.bench import run_benchmark
from tests.picture_files import encoded, put, scene


def photoseek(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from ingestion_orchestration_fastapi_app.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


def test_bench_raw_measures_all_ways_in_one_run_and_prints_json() -> None:
    ran = photoseek("bench", "raw", "--count", "2", "--megapixels", "1", "--rounds", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["machine"]["cores"] >= 1
    assert [row["key"] for row in said["rows"]] == [
        "preview_full",
        "preview_small",
        "developed",
        "jpeg",
    ]
    assert all(row["ms_per_image"] > 0 for row in said["rows"])
    assert [target["wanted"] for target in said["targets"]] == [20, 1, 20, 1]


def test_bench_ingest_measures_stages_bound_and_baseline_in_one_run() -> None:
    options = ("--count", "8", "--megapixels", "0.2", "--model", "tiny-shapes", "--rounds", "1")
    ran = photoseek("bench", "ingest", *options, "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert [stage["name"] for stage in said["stages"]] == ["hash", "decode", "inference", "store"]
    assert said["bound_images_per_s"] > 0
    assert said["baseline_images_per_s"] > 0
    assert len(said["rounds_images_per_s"]) == 1
    assert [target["wanted"] for target in said["targets"]] == [0.85, 12]


def test_bench_ingest_takes_your_photos_and_says_what_it_left_out(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"sub/{number}.jpg", encoded(scene(200 + number, 150)))
    put(tmp_path / "broken.jpg", b"no picture")
    put(tmp_path / "notes.txt", b"no image by its name")
    options = ("--photos", str(tmp_path), "--model", "tiny-shapes", "--rounds", "1")
    ran = photoseek("bench", "ingest", *options, "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["model"], said["photos"]) == ("tiny-shapes", 5)
    assert (said["sample"], said["skipped"], said["not_embedded"]) == (3, 1, 2)


def test_bench_ingest_without_a_photo_says_so(tmp_path: Path) -> None:
    ran = photoseek("bench", "ingest", "--photos", str(tmp_path))
    assert ran.returncode == 1
    assert "no photo" in ran.stderr


def test_bench_library_counts_what_an_unchanged_tree_costs() -> None:
    ran = photoseek("bench", "library", "--count", "600", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["first"]["files"], said["first"]["opened_files"]) == (600, 600)
    assert said["first"]["inference_calls"] > 0
    assert (said["unchanged"]["opened_files"], said["unchanged"]["inference_calls"]) == (0, 0)
    assert said["at_end"]["rss_mb"] > 0
    assert said["index"]["upkeep_s"] > 0
    assert [target["wanted"] for target in said["targets"]] == [60, 20_000, 0, 0]


def test_bench_search_holds_what_is_found_to_an_exact_search() -> None:
    ran = photoseek("bench", "search", "--rows", "600", "--rounds", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    (size,) = json.loads(ran.stdout)["sizes"]
    assert (size["rows"], size["index_mib"] > 0) == (600, True)
    assert [size[asked]["recall"] for asked in ("pictures", "filtered", "texts")] == [1, 1, 1]


def test_a_wrong_option_is_wrong_usage() -> None:
    ran = photoseek("bench", "raw", "--no-such-option")
    assert ran.returncode == 2
    assert "--no-such-option" in ran.stderr


def test_without_a_checkout_it_is_said_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run_benchmark("raw", [], checkout=tmp_path)
    assert ended.value.exit_code == 1
    assert "checkout" in capsys.readouterr().err


def test_bench_browse_measures_pages_wherever_they_are() -> None:
    ran = photoseek("bench", "browse", "--count", "1000", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["count"] == 1000
    assert {"page by path: last", "facets", "map of a city"} <= set(said["ms"])
    assert all(ms > 0 for ms in said["ms"].values())
    assert [target["wanted"] for target in said["targets"]] == [60, 3, 150]


def test_bench_thumbnails_asks_a_service_for_pages_of_pictures() -> None:
    ran = photoseek("bench", "thumbnails", "--count", "1000", "--rounds", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["count"] == 1000
    for figures in (said["p50_ms"], said["p95_ms"], said["cpu_ms"]):
        assert set(figures) == {"page of thumbnails", "page that is held already"}
        assert all(ms > 0 for ms in figures.values())
    assert [target["wanted"] for target in said["targets"]] == [100]
