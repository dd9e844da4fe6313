"""Options of `photoseek search` become the filters of the API."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator
from utils.contract import FilterSpec

HERE = display_text(os.fsencode(os.getcwd()))


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ((), {}),
        (
            ("--after", "2019", "--before", "2020-06"),
            {"taken_after": "2019", "taken_before": "2020-06"},
        ),
        (("--camera", "canon", "--lens", "50mm"), {"camera": "canon", "lens": "50mm"}),
        (("--keyword", "dog", "--keyword", "sea"), {"keywords": ["dog", "sea"]}),
        (("--folder", "2019"), {"folder": f"{HERE}/2019"}),
        (("--folder", "~/photos"), {"folder": f"{Path.home()}/photos"}),
        (("--format", "JPG", "--format", "raw"), {"formats": ["jpg", "raw"]}),
        (
            ("--rating", "3", "--orientation", "portrait"),
            {"rating_min": 3, "orientation": "portrait"},
        ),
        (
            ("--min-megapixels", "12", "--max-megapixels", "24.5"),
            {"min_megapixels": 12, "max_megapixels": 24.5},
        ),
        (
            ("--near", "52.52,-13.4"),
            {"near": {"latitude": 52.52, "longitude": -13.4, "radius_km": 10.0}},
        ),
        (
            ("--near=-52.52,13.4,2.5", "--no-gps"),
            {"near": {"latitude": -52.52, "longitude": 13.4, "radius_km": 2.5}, "has_gps": False},
        ),
        (
            ("--tag", "print", "--tag", "x", "--no-favourite"),
            {"tags": ["print", "x"], "favourite": False},
        ),
        (("--gps", "--no-captioned"), {"has_gps": True, "has_caption": False}),
        (
            ("--not-keyword", "work", "--not-folder", "/scans", "--not-folder", "/x"),
            {"none_of": [{"keywords": ["work"]}, {"folder": "/scans"}, {"folder": "/x"}]},
        ),
        (
            ("--not-format", "png", "--not-camera", "fuji"),
            {"none_of": [{"formats": ["png"]}, {"camera": "fuji"}]},
        ),
    ],
    ids=str,
)
def test_options_are_filters(
    orchestrator: StandInOrchestrator, options: tuple[str, ...], meant: dict[str, Any]
) -> None:
    result = photoseek("search", "dog", *options)
    assert result.exit_code == 0, result.output
    [(_, _, body)] = orchestrator.heard
    assert FilterSpec.model_validate(body["filters"]) == FilterSpec.model_validate(meant)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--after", "soon"), "--after"),
        (("--format", "jpgg"), "--format"),
        (("--not-format", "jpgg"), "--not-format"),
        (("--rating", "9"), "--rating"),
        (("--orientation", "wide"), "--orientation"),
        (("--min-megapixels", "-1"), "--min-megapixels"),
        (("--max-megapixels", "nan"), "--max-megapixels"),
        (("--near", "Berlin"), "--near"),
        (("--near", "1"), "--near"),
        (("--near", "99,0"), "--near"),
        (("--near", "nan,0"), "--near"),
        (("--camera", "x" * 300), "--camera"),
        (("--not-keyword", ""), "--not-keyword"),
        (("--not-camera", "x") * 51, ""),
    ],
    ids=str,
)
def test_what_is_no_filter_is_wrong_usage_of_that_option(
    orchestrator: StandInOrchestrator, options: tuple[str, ...], named: str
) -> None:
    result = photoseek("search", "dog", *options)
    assert result.exit_code == 2
    assert named in result.output
    assert orchestrator.heard == []
