"""`photoseek caption`, against a stand-in orchestrator."""

from __future__ import annotations

import json

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, StandInOrchestrator, job
from utils.contract import ErrorCode, JobCounts, JobReply, JobState


def captions(state: JobState, **changes: object) -> JobReply:
    return job(state, JobCounts(), kind="caption", directory_path="", total=3, **changes)


def test_caption_asks_for_a_job_with_the_filters_and_tells_its_end(
    orchestrator: StandInOrchestrator,
) -> None:
    orchestrator.jobs = [
        captions(JobState.RUNNING, done=1),
        captions(JobState.COMPLETED, done=3, reason="2 captions by blip; 1 images were away"),
    ]
    given = ["--after", "2024", "--not-folder", "/private", "--rating", "3", "--renew"]
    result = photoseek("caption", "cats", "--captioner", "service", *given)
    assert result.exit_code == 0, result.output
    method, path, body = orchestrator.heard[0]
    assert (method, path) == ("POST", "/api/v1/jobs")
    assert body == {
        "kind": "caption",
        "collection": "cats",
        "options": {
            "captioner": "service",
            "renew": True,
            "filters": {
                "taken_after": "2024-01-01T00:00:00",
                "rating_min": 3,
                "none_of": [{"folder": "/private"}],
            },
        },
    }
    assert "2 captions by blip; 1 images were away" in result.output


def test_without_filters_all_images_are_meant_and_nobody_need_wait(
    orchestrator: StandInOrchestrator,
) -> None:
    result = photoseek("caption", "--no-wait", "--json")
    assert result.exit_code == 0, result.output
    assert orchestrator.heard[0][2] == {"kind": "caption", "collection": "default", "options": {}}
    assert json.loads(result.stdout)["job_id"] == JOB_ID


def test_a_job_that_found_no_captioner_says_why_with_status_1(
    orchestrator: StandInOrchestrator,
) -> None:
    why = "captions are switched off (DISABLE_CAPTIONS)."
    code = ErrorCode.CAPTIONS_UNAVAILABLE
    orchestrator.jobs = [captions(JobState.FAILED, reason=why, reason_code=code)]
    result = photoseek("caption")
    assert result.exit_code == 1
    assert "DISABLE_CAPTIONS" in result.output
    assert "ERR_CAPTIONS_UNAVAILABLE" in result.output
