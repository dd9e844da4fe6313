"""`photoseek collections`: another model for a collection, and the way back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.cli_calls import photoseek
from tests.unit.stand_in_orchestrator import JOB_ID, NOW, StandInOrchestrator, job
from utils.contract import (
    CollectionDetail,
    ErrorCode,
    GenerationList,
    GenerationReply,
    JobState,
    Reply,
)

PATH = "/api/v1/collections/default"


def generation(number: int, state: str, *, missing: int = 0) -> GenerationReply:
    return GenerationReply.model_validate(
        {
            "id": number,
            "state": state,
            "model": f"model-{number}",
            "weights": "w",
            "dim": 8,
            "fingerprint": f"fp{number}",
            "count": None if number == 3 else 10 * number,
            "missing": missing,
            "created_at": NOW,
            "activated_at": None if state == "filling" else NOW + timedelta(number),
        }
    )


@pytest.fixture
def known(orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch) -> GenerationList:
    """What the orchestrator says of generations; all else as it does."""
    told = GenerationList(
        collection="default",
        generations=(
            generation(1, "retired", missing=3),
            generation(2, "retired"),
            generation(3, "filling", missing=7),
            generation(4, "active"),
        ),
    )
    others = orchestrator.answer

    def answer(method: str, path: str) -> Reply:
        if method == "POST" and path == f"{PATH}/reembed":
            return others("POST", "/api/v1/jobs")
        return told if path.startswith(f"{PATH}/generations") else others(method, path)

    monkeypatch.setattr(orchestrator, "answer", answer)
    return told


def test_generations_are_listed(known: GenerationList) -> None:
    result = photoseek("collections", "generations")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "1\tretired\tmodel-1\tfp1\t10\t3",
        "2\tretired\tmodel-2\tfp2\t20\t0",
        "3\tfilling\tmodel-3\tfp3\t?\t7",
        "4\tactive\tmodel-4\tfp4\t40\t0",
    ]
    answer = json.loads(photoseek("collections", "generations", "--json").output)
    assert GenerationList.model_validate(answer) == known


@pytest.mark.usefixtures("known")
def test_a_rollback_goes_to_the_one_that_answered_last(orchestrator: StandInOrchestrator) -> None:
    assert photoseek("collections", "rollback", "default").exit_code == 0
    assert photoseek("collections", "rollback", "--to", "1", "--force").exit_code == 0
    called = [one for one in orchestrator.heard if one[0] == "POST"]
    assert called == [
        ("POST", f"{PATH}/generations/2/activate", {"force": False}),
        ("POST", f"{PATH}/generations/1/activate", {"force": True}),
    ]


def test_without_another_generation_there_is_no_way_back(
    orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = GenerationList(collection="default", generations=(generation(1, "active"),))
    monkeypatch.setattr(orchestrator, "answer", lambda method, path: told)
    result = photoseek("collections", "rollback")
    assert (result.exit_code, "has answered before" in result.output) == (1, True)


@pytest.mark.usefixtures("known")
def test_a_reembedding_is_followed_to_its_end(orchestrator: StandInOrchestrator) -> None:
    orchestrator.jobs = [
        job(JobState.COMPLETED, kind="reembed", done=30, total=30, reason="it answers")
    ]
    result = photoseek("collections", "reembed", "--model", "ViT-L-14", "--no-switch")
    assert result.exit_code == 0, result.output
    assert "30 of 30" in result.output
    asked = {"model": "ViT-L-14", "fingerprint": None, "switch": False, "force_switch": False}
    assert orchestrator.heard[0] == ("POST", f"{PATH}/reembed", asked)
    result = photoseek("collections", "reembed", "--no-wait")
    assert JOB_ID in result.output


@pytest.mark.usefixtures("known")
def test_one_that_did_not_switch_is_said_by_its_status(orchestrator: StandInOrchestrator) -> None:
    code = ErrorCode.SWITCH_GUARD
    ended = job(JobState.COMPLETED, kind="reembed", reason="20 of 40 images", reason_code=code)
    orchestrator.jobs = [ended]
    result = photoseek("collections", "reembed")
    assert result.exit_code == 1
    assert "ERR_SWITCH_GUARD: 20 of 40 images" in result.output


def test_a_collection_is_described_line_by_line(
    orchestrator: StandInOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = CollectionDetail.model_validate(CollectionDetail.model_json_schema()["examples"][0])
    monkeypatch.setattr(orchestrator, "answer", lambda method, path: told)
    result = photoseek("collections", "show")
    assert result.exit_code == 0
    shown = dict(line.split("\t", 1) for line in result.output.splitlines())
    assert (shown["images"], shown["folder"]) == ("499", "/photos/2019")
    assert shown["bytes of vectors"] == "4194304"
    assert shown["generation 2"] == "filling, ViT-L-14, 1200 images"
    assert shown["index"] == "499 images, 0 without"
    assert shown["removed"].startswith("12 images, 36864 bytes, the first until 2026-06-02")
    answer = json.loads(photoseek("collections", "show", "--json").output)
    assert CollectionDetail.model_validate(answer) == told
    assert orchestrator.heard[0][:2] == ("GET", "/api/v1/collections/default")
