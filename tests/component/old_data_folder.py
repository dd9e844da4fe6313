"""Opens the data folder that version 0.1 left, with what it said of it."""

from __future__ import annotations

import base64
import json
import tarfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from tests.component.orchestrator_app import FakeService, Running, orchestrator
from tests.fakes import capabilities
from utils.contract import Capabilities, UploadSpec

ARCHIVE = Path(__file__).parents[1] / "old_data" / "data_folder_0_1.tar.xz"
FOR_EVER_DAYS = 36_500  # else its jobs would be forgotten once they are old


@dataclass
class RememberingService(FakeService):
    """Runs the old model, but knows the vectors of texts alone: what else is asked is an error."""

    texts: dict[str, str] = field(default_factory=dict)  # vectors in base64
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if self.down or path == "capabilities":
            return super().__call__(request)
        if path == "embed_text":
            data = base64.b64decode(self.texts[json.loads(request.content)["texts"][0]])
            vector = np.frombuffer(data, dtype="<f4").tolist()
            fingerprint = self.told.clip.fingerprint
            reply = {"embeddings": [vector], "fingerprint": fingerprint, "truncated": [False]}
            return httpx.Response(200, json=reply)
        self.asked.append(path)
        raise AssertionError(f"{path} was asked for")


@dataclass(frozen=True)
class OldData:
    """`expected` is what the old version said of it."""

    folder: Path
    expected: dict[str, Any]
    service: RememberingService

    @property
    def collections(self) -> list[Any]:
        return list(self.expected["collections"])

    def job(self, state: str) -> Any:
        return next(job for job in self.expected["jobs"] if job["state"] == state)

    def opened(self) -> AbstractAsyncContextManager[Running]:
        return orchestrator(
            self.folder,
            service=self.service,
            ingest_roots=(Path(self.expected["photos"]), self.folder),
            job_history_days=FOR_EVER_DAYS,
        )


def extracted(folder: Path) -> OldData:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    expected = json.loads((folder / "expected.json").read_text())
    texts = expected["queries"] | expected["vectors"]
    service = RememberingService(old_model(expected["capabilities"]), texts=texts)
    return OldData(folder, expected, service)


def old_model(said: dict[str, Any]) -> Capabilities:
    """What its service said of its models, in today's words for all else."""
    told = capabilities()
    return told.model_copy(
        update={
            "clip": told.clip.model_copy(update=said["clip"]),
            "captions": told.captions.model_copy(update=said["captions"]),
            "upload": UploadSpec.model_validate(said["upload"]),
        }
    )


async def images_of(running: Running, collection: str) -> dict[str, Any]:
    page = await running.get(f"/images?collection={collection}&limit=200")
    return {image["id"]: image for image in page["images"]}


async def found(running: Running, collection: str, text: str) -> list[tuple[str, float]]:
    body = {"query": text, "collection": collection, "limit": 200}
    response = await running.post("/search/text", body)
    assert response.status_code == 200, response.text
    return [(hit["id"], hit["score"]) for hit in response.json()["results"]]


async def imported(running: Running, directory: str, **more: object) -> Any:
    """Nothing of it, and of no other job, may have been sent to be embedded."""
    response = await running.post("/ingest", {"directory_path": directory, **more})
    assert response.status_code == 202, response.text
    job = await running.ended(response.json()["job_id"])
    assert (job["state"], job["reason_code"]) == ("completed", None), job
    assert job["counts"]["embedded"] == job["counts"]["pending"] == 0
    assert isinstance(running.service, RememberingService)
    assert running.service.asked == []
    return job


async def controlled(running: Running, job_id: str, control: str) -> Any:
    response = await running.post(f"/jobs/{job_id}/{control}", {})
    assert response.status_code == 200, response.text
    return response.json()


def moved(text: str, old: OldData) -> str:
    """Where it lies now of what lay below the old photos."""
    return text.replace(old.expected["photos"], str(old.folder / "photos"))
