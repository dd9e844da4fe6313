"""`photoseek duplicates` against a stand-in orchestrator: lines, exports, what is asked for."""

from __future__ import annotations

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import StandInOrchestrator, job
from utils.contract import JobCounts, JobState
from utils.contract.duplicates.groups import DuplicateList

LISTED = ("GET", "/duplicates")


@pytest.fixture
def stand_in(orchestrator: StandInOrchestrator) -> StandInOrchestrator:
    example = DuplicateList.model_json_schema()["examples"][0]
    orchestrator.answers[LISTED] = [DuplicateList.model_validate(example)]
    orchestrator.jobs = [job(JobState.COMPLETED, JobCounts(), kind="duplicates", total=3, done=3)]
    return orchestrator


def test_it_searches_and_lists_groups_with_what_to_keep(stand_in: StandInOrchestrator) -> None:
    result = photoseek("duplicates", "cats", "--class", "same_picture")
    assert result.exit_code == 0, result.output
    assert stand_in.heard[0] == (
        "POST",
        "/api/v1/jobs",
        {"kind": "duplicates", "collection": "cats", "options": {"classes": ["same_picture"]}},
    )
    keep, other = [line for line in result.stdout.splitlines() if "same_picture" in line]
    assert keep.split("\t")[:3] == ["17", "same_picture", "keep"]
    assert keep.split("\t")[4:] == [
        "more pixels: 6000 x 4000 against 1500 x 1000",
        *("/photos/2019/beach.jpg", "keep"),
    ]
    assert other.split("\t") == [
        *("17", "same_picture", "other", "412345", "", "/photos/phone/beach-small.jpg"),
        "undecided",
    ]
    assert "1 groups; all but the images to keep take 412,345 bytes." in result.stderr


def test_what_was_found_last_is_shown_without_a_search(stand_in: StandInOrchestrator) -> None:
    assert photoseek("duplicates", "--no-search").exit_code == 0
    assert [method for method, _, _ in stand_in.heard] == ["GET"]


def test_a_search_that_failed_lists_nothing(stand_in: StandInOrchestrator) -> None:
    stand_in.jobs = [job(JobState.FAILED, JobCounts(), kind="duplicates", reason="It is torn.")]
    result = photoseek("duplicates")
    assert result.exit_code == 1
    assert "It is torn." in result.stderr
    assert not result.stdout.strip()


def test_one_form_at_a_time_and_a_class_that_there_is(stand_in: StandInOrchestrator) -> None:
    assert photoseek("duplicates", "--csv", "--json").exit_code == 2
    assert photoseek("duplicates", "--class", "nearly").exit_code == 2
    assert stand_in.heard == []


def test_only_what_is_to_be_decided_is_asked_for(stand_in: StandInOrchestrator) -> None:
    assert photoseek("duplicates", "--no-search", "--undecided").exit_code == 0
    assert photoseek("duplicates", "--no-search").exit_code == 0
    asked = ["decided=false" in path for _, path, _ in stand_in.heard]
    assert asked == [True, False]
