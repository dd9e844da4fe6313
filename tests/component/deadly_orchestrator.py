"""A real orchestrator that dies by `kill -9` of itself whenever it decodes the poison.

Run as `python -m tests.component.deadly_orchestrator FOLDER POISON`: it imports `FOLDER/photos`,
or goes on with that, and prints the job and its failures as JSON when it is done.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import anyio

from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Prepared
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.ports.preparation import Preparation
from tests.component.orchestrator_app import orchestrator
from utils.contract import ClipUpload
from utils.problems import Rejected
from utils.process.parent_death import die_with_parent


class DeadlyPreparation:
    """Implements `Preparation`. Its decoder has a bug that the poison meets."""

    def __init__(self, real: Preparation, poison: bytes) -> None:
        self.upload_version = real.upload_version
        self.earlier_upload_versions = real.earlier_upload_versions
        self.picture_version = real.picture_version
        self.reader_version = real.reader_version
        self.min_side_px = real.min_side_px
        self._real = real
        self._poison = poison

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected:
        if content.file.path == self._poison:
            os.kill(os.getpid(), signal.SIGKILL)
        return await self._real.prepare(content, clip, whole_side_px=whole_side_px)


async def live(folder: Path, poison: bytes) -> None:
    def around(ports: Ports) -> Ports:
        return replace(ports, preparation=DeadlyPreparation(ports.preparation, poison))

    async with orchestrator(folder, around=around, decode_workers=2) as running:
        jobs = (await running.get("/jobs"))["jobs"]
        if jobs:
            job = await running.ended(jobs[0]["job_id"])
        else:
            job = await running.ingested()
        failures = (await running.get(f"/jobs/{job['job_id']}/failures"))["failures"]
        told = {"job": job, "failures": failures}
    (folder / "result.json").write_text(json.dumps(told))


if __name__ == "__main__":
    die_with_parent(os.getppid())
    anyio.run(live, Path(sys.argv[1]), os.fsencode(sys.argv[2]))
