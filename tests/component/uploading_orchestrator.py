"""A real orchestrator that dies by `kill -9` of itself at a step of an upload.

Run as `python -m tests.component.uploading_orchestrator FOLDER [STEP PHASE]`: with a step it
uploads two pictures and dies there; without one it waits for all jobs, and writes down which images
are there.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
from PIL import Image

from ingestion_orchestration_fastapi_app.adapters.inbox import folder as inbox_folder
from ingestion_orchestration_fastapi_app.adapters.inbox.disk import InboxDisk, TemporaryFile
from ingestion_orchestration_fastapi_app.domain.uploads.outcome import Placed
from tests.component.orchestrator_app import orchestrator
from utils.process.parent_death import die_with_parent

FATAL: tuple[str, str] | None = None


def met(step: str, phase: str) -> None:
    if (step, phase) == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)


class DeadlyDisk(InboxDisk):
    """Each durable step of it is one at which a process may die."""

    def write_note(self, name: str, text: bytes) -> None:
        met("note", "before")
        super().write_note(name, text)
        met("note", "after")

    def place(self, file: TemporaryFile, parts: Sequence[str], name: str) -> Placed:
        met("place", "before")
        placed = super().place(file, parts, name)
        met("place", "after")
        return placed

    def remove_note(self, name: str) -> None:
        met("end", "before")
        super().remove_note(name)
        met("end", "after")


def picture(colour: str) -> tuple[str, tuple[str, bytes]]:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(made, "PNG")
    return "files", (f"{colour}.png", made.getvalue())


async def live(folder: Path) -> None:
    async with orchestrator(folder) as running:
        if FATAL is not None:
            files = [picture("red"), picture("blue")]
            await running.http.post("/api/v1/ingest/upload", files=files)
        jobs = (await running.get("/jobs"))["jobs"]
        for job in jobs:
            await running.ended(job["job_id"])
        collections = (await running.get("/collections"))["collections"]
        images = (await running.get("/images"))["images"] if collections else []
    names = sorted(image["filename"] for image in images)
    (folder / "result.json").write_text(json.dumps({"images": names, "jobs": len(jobs)}))


if __name__ == "__main__":
    die_with_parent(os.getppid())
    FATAL = (sys.argv[2], sys.argv[3]) if len(sys.argv) > 2 else None
    inbox_folder.InboxDisk = DeadlyDisk  # type: ignore[attr-defined]  # it is to die in it
    anyio.run(live, Path(sys.argv[1]))
