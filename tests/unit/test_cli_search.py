"""`photoseek search` with modes, examples and orders."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator


def test_a_search_has_modes_examples_and_an_order(
    orchestrator: StandInOrchestrator, tmp_path: Path
) -> None:
    image = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
    asked = ("--mode", "hybrid", "--like", image, "--not", "people", "--min-score", "0.2")
    assert photoseek("search", "a", "beach", *asked, "--sort", "taken_at").exit_code == 0
    body = orchestrator.heard[-1][2]
    assert (body["query"], body["mode"], body["sort"]) == ("a beach", "hybrid", "taken_at")
    sent = json.dumps(body)
    assert f'"positive": [{{"image_id": "{image}"}}]' in sent
    assert '"negative": [{"text": "people"' in sent
    assert body["min_score"] == 0.2
    assert photoseek("search", "dog", "--templates", "on").exit_code == 0
    assert orchestrator.heard[-1][2]["templates"] == "on"
    assert photoseek("search", "--not", "people").exit_code == 0
    for wrong in (
        ("x", "--like", str(tmp_path / "gone.jpg")),
        ("x", "--mode", "text", "--not", "people"),
        ("x", "--diverse", "--sort", "path"),
        ("x", "--sort", "size"),
        ("x", "--templates", "some"),
        (),
    ):
        assert photoseek("search", *wrong).exit_code == 2, wrong


def test_a_file_is_sent_along(orchestrator: StandInOrchestrator, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"a picture")
    assert photoseek("search", "--like", str(tmp_path / "one.jpg")).exit_code == 0
    assert orchestrator.heard[-1][1] == "/api/v1/search/pictures"
