"""The kinds of jobs over REST: what a page needs to offer each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.component.orchestrator_app import Running, check_problem, orchestrator
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

WORDS = Path(__file__).parents[2] / "ingestion_orchestration_fastapi_app/ui/static/i18n"

# Options that each kind takes, and some that it does not.
TAKEN: dict[str, dict[str, Any]] = {
    "caption": {"captioner": "service", "filters": {"camera": "Canon"}},
    "dry_run": {"directory_path": "/photos", "sync": True},
    "duplicates": {"classes": ["burst"], "burst_s": 3},
    "evaluate": {"captions_path": None},
    "export": {"thumbnails": True, "filters": {"any_of": [{"formats": ["jpeg"]}]}},
    "import": {"source": "default-20261129", "roots": {"/old": "/new"}},
    "ingest": {"paths": ["/photos/a.jpg"], "watch": True},
    "reembed": {"generation_id": 2},
    "sidecars": {"label": None},
    "undo": {"job_id": "3f6c1f0e"},
    "verify": {"mend": False},
}
REFUSED: dict[str, dict[str, Any]] = {
    "caption": {"captioner": "nobody"},
    "dry_run": {"directory_path": "/photos", "watch": True},
    "duplicates": {"min_cosine": 2},
    "evaluate": {"captions": "a"},
    "export": {"name": "../elsewhere"},
    "import": {},
    "ingest": {"recursive": True},
    "reembed": {"generation_id": "2"},
    "sidecars": {"label": "Pink"},
    "undo": {"job_id": "../x"},
    "verify": {"mend": "yes"},
}


async def kinds(running: Running) -> dict[str, dict[str, Any]]:
    listed = (await running.get("/jobs/kinds"))["kinds"]
    return {one["name"]: one for one in listed}


async def test_every_language_of_the_web_app_has_words_for_every_option(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        found = await kinds(running)
    dictionaries = {file.stem: json.loads(file.read_text()) for file in WORDS.glob("*.json")}
    assert len(dictionaries) > 1
    for language, words in dictionaries.items():
        missing = [name for name in found if f"kind.{name}" not in words]
        for kind, one in found.items():
            for option in one["options"]["properties"]:
                for end in ("", ".hint"):
                    keys = (f"option.{kind}.{option}{end}", f"option.{option}{end}")
                    if not any(key in words for key in keys):
                        missing.append(keys[1])
        assert (language, missing) == (language, [])


async def test_every_kind_that_can_be_started_is_listed_with_a_sentence(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        found = await kinds(running)
        unknown = await running.post("/jobs", {"kind": "cook"})
        check_problem(unknown, 404, ErrorCode.JOB_KIND)
        known = unknown.json()["detail"].partition("there are: ")[2].rstrip(".").split(", ")
        assert list(found) == known == sorted(TAKEN)
        assert all(one["description"].endswith(".") for one in found.values())
        changing = {name: one["changes"] for name, one in found.items()}
        assert {name for name, one in changing.items() if one == "nothing"} == {
            "dry_run",
            "duplicates",
            "evaluate",
        }
        assert {name for name, one in changing.items() if one == "files"} == {"export", "sidecars"}


async def test_options_as_a_schema_take_what_the_kind_takes_and_no_more(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for name, one in (await kinds(running)).items():
            Draft202012Validator.check_schema(one["options"])
            schema = Draft202012Validator(one["options"])
            assert [error.message for error in schema.iter_errors(TAKEN[name])] == []
            assert not schema.is_valid(REFUSED[name]), name
            assert not schema.is_valid({**TAKEN[name], "nobody_knows_this": 1}), name


async def test_every_option_is_described_for_whoever_fills_in_the_form(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        for name, one in (await kinds(running)).items():
            fields = one["options"]["properties"]
            silent = [field for field, said in fields.items() if not said.get("description")]
            assert (name, silent) == (name, [])


async def test_a_kind_is_in_the_lane_that_its_jobs_run_in(tmp_path: Path) -> None:
    async with orchestrator(tmp_path) as running:
        scheduler = running.app.state.services.scheduler
        for name, one in (await kinds(running)).items():
            kind = scheduler.kinds.named(name)
            asked = {} if name in ("ingest", "dry_run") else TAKEN[name]
            lane = kind.request("default", asked).lane
            assert (name, one["lane"]) == (name, None if lane is None else lane.partition(":")[0])
