"""Pictures that would lie in an excluded folder of the inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.component.orchestrator_app import orchestrator
from tests.component.test_uploads_rest import inbox_of, kept, outcomes, picture, sent
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


async def test_what_would_lie_in_an_excluded_folder_is_refused(tmp_path: Path) -> None:
    """Stored, no import would take it in, and its client would think it is there."""
    async with orchestrator(tmp_path) as running:
        job = await running.ended((await sent(running, ("red.png", picture("red"))))["job_id"])
        assert job["state"] == "completed"
        [day] = inbox_of(tmp_path).glob("default/*")
        excluded = "/collections/default/folders/excluded"
        assert (await running.post(excluded, {"path": str(day)})).is_success
        reply = await sent(running, ("blue.png", picture("blue")), ("notes.txt", b"no picture"))
        assert outcomes(reply) == [
            ("blue.png", "refused", ErrorCode.FOLDER_EXCLUDED),
            ("notes.txt", "refused", ErrorCode.FOLDER_EXCLUDED),
        ]
        assert reply["job_id"] is None
        assert kept(tmp_path) == ["red.png"]
        back = await running.http.delete(f"/api/v1{excluded}", params={"path": str(day)})
        assert back.is_success, back.text
        reply = await sent(running, ("blue.png", picture("blue")))
        assert outcomes(reply) == [("blue.png", "stored", None)]
        assert (await running.ended(reply["job_id"]))["state"] == "completed"
