"""The real orchestrator in this process: real ledger, store, cache and files, a fake service."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from anyio import fail_after, sleep
from fastapi import FastAPI
from PIL import Image

from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from tests.fakes import capabilities
from utils.contract import CAPTION_IMAGES_FIELD_0_1, PROBLEM_MEDIA_TYPE, Capabilities, ErrorCode

PATIENCE_S = 120
CONTEXT_CHARACTERS = 300  # of a query that the model of FakeService reads


def colour_vector(ppm: bytes) -> list[float]:
    """A unit vector from an image's mean colour: near pictures of one colour, and no others."""
    with Image.open(io.BytesIO(ppm)) as image:
        mean = np.asarray(image.convert("RGB"), dtype=np.float32).mean(axis=(0, 1)) + 1
    vector = np.zeros(8, dtype=np.float32)
    vector[:3] = mean / np.linalg.norm(mean)
    return [float(value) for value in vector]


COLOURS = {"red": [1, 0, 0], "green": [0, 1, 0], "blue": [0, 0, 1]}


@dataclass
class FakeService:
    """Speaks the inference contract over a transport; `down` refuses connections."""

    told: Capabilities = field(default_factory=capabilities)
    down: bool = False
    images: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        path = request.url.path.removeprefix("/api/v1/")
        fingerprint = self.told.clip.fingerprint
        if path == "capabilities":
            return httpx.Response(200, text=self.told.model_dump_json())
        if path == "embed_text":
            texts = json.loads(request.content)["texts"]
            colours = [COLOURS.get(text, [1, 1, 1]) + [0] * 5 for text in texts]
            units = [(np.asarray(one) / np.linalg.norm(one)).tolist() for one in colours]
            cut = [len(text) > CONTEXT_CHARACTERS for text in texts]
            reply = {"embeddings": units, "fingerprint": fingerprint, "truncated": cut}
            return httpx.Response(200, json=reply)
        parts = parts_of(request.headers["Content-Type"], request.content)
        self.images += len(parts)
        if path == "embed":
            if not is_picture(parts[0][1]):
                return refusal(422, ErrorCode.FORMAT_UNSUPPORTED)
            reply = {"embedding": colour_vector(parts[0][1]), "fingerprint": fingerprint}
            return httpx.Response(200, json=reply)
        asked = request.url.params
        results: list[dict[str, str | None]] = [
            {
                "id": name,
                "embedding": None if asked.get("embeddings") == "false" else _encoded(data),
                "caption": _said(data) if asked.get("captions") == "true" else None,
            }
            for name, data in parts
        ]
        captioner = self.told.captions.fingerprint if asked.get("captions") == "true" else None
        of_models = {"fingerprint": fingerprint, "caption_fingerprint": captioner}
        return httpx.Response(200, json={"results": results, **of_models})


def refusal(status: int, code: ErrorCode) -> httpx.Response:
    body = {"title": code, "status": status, "detail": code, "code": code, "request_id": "fake"}
    return httpx.Response(status, json=body, headers={"Content-Type": PROBLEM_MEDIA_TYPE})


def is_picture(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)):
            return True
    except OSError:
        return False


def _encoded(ppm: bytes) -> str:
    return base64.b64encode(np.asarray(colour_vector(ppm), dtype="<f4").tobytes()).decode()


def _said(data: bytes) -> str:
    """By the strongest colour."""
    strengths = colour_vector(data)[:3]
    return f"something {list(COLOURS)[strengths.index(max(strengths))]}"


def parts_of(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The images of a multipart body, each with its id, without the whole pictures."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found: list[tuple[str, bytes]] = []
    for part in message.walk():
        assert isinstance(part, Message)
        if part.get_filename() and part.get_param("name", header="content-disposition") != (
            CAPTION_IMAGES_FIELD_0_1
        ):
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found.append((str(part.get_filename()), payload))
    return found


@dataclass
class Running:
    """`http` speaks to the orchestrator `app`; `photos` is an allowed folder."""

    http: httpx.AsyncClient
    service: FakeService
    photos: Path
    app: FastAPI

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.http.post("/api/v1" + path, json=body)

    async def get(self, path: str) -> Any:
        response = await self.http.get("/api/v1" + path)
        assert response.is_success, response.text
        return response.json()

    async def ingested(self, **more: object) -> Any:
        """Starts a job on `photos` and waits for its end."""
        response = await self.post("/ingest/", {"directory_path": str(self.photos), **more})
        assert response.status_code == 202, response.text
        return await self.ended(response.json()["job_id"])

    async def ended(self, job_id: str) -> Any:
        with fail_after(PATIENCE_S):
            while True:
                job = await self.get(f"/ingest/status/{job_id}")
                if job["state"] in ("completed", "failed", "cancelled"):
                    return job
                await sleep(0.01)


@asynccontextmanager
async def orchestrator(
    folder: Path,
    *,
    service: FakeService | None = None,
    over_network: bool = False,
    around: Callable[[Ports], Ports] | None = None,
    headers: dict[str, str] | None = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    """Starts it on `folder/data` and stops it: enter twice for a restart.

    `over_network`: to the inference service that the settings name, not to `service`. `around`:
    as for `create_app`. `headers` go with every request of `http`. A setting that is None is
    not set.
    """
    service = service or FakeService()
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    given = {
        "data_dir": folder / "data",
        "ingest_roots": (photos,),
        "store_linger_s": 0.05,
        "min_free_bytes": 0,
        **settings,
    }
    given = {name: value for name, value in given.items() if value is not None}
    transport = None if over_network else httpx.MockTransport(service)
    app = create_app(Settings(**given), ml_transport=transport, around=around)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://localhost",
            headers=headers,
        ) as http,
    ):
        yield Running(http, service, photos, app)


def paint(path: Path, colour: str, *, side_px: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side_px, side_px), colour).save(path)


def library(folder: Path) -> None:
    """Three colours, and one file of every bad kind."""
    photos = folder / "photos"
    for number in range(4):
        for colour in ("red", "green", "blue"):
            paint(photos / colour / f"{number}.png", colour, side_px=60 + number)
    paint(photos / "red" / "as.jpg", "red")
    (photos / "corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 200)
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.jpg").write_text("not an image at all")
    (photos / "notes.txt").write_text("no image by name or content")


def check_problem(response: Any, status: int, code: ErrorCode) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["detail"]
    assert body["request_id"] == response.headers["x-request-id"]
