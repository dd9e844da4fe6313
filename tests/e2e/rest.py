"""The orchestrator's REST API as a user's script calls it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PATIENCE_S = 300.0


@dataclass
class Rest:
    http: httpx.Client

    def call(self, method: str, path: str, **content: Any) -> Any:
        response = self.http.request(method, "/api/v1" + path, **content)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def start(self, directory: Path, **more: object) -> str:
        body = {"directory_path": str(directory), **more}
        return str(self.call("POST", "/ingest/", json=body)["job_id"])

    def job(self, job_id: str) -> Any:
        job = self.call("GET", f"/ingest/status/{job_id}")
        counts = job["counts"]
        assert counts["found"] == sum(counts.values()) - counts["found"], counts
        return job

    def until(self, job_id: str, true: Callable[[Any], bool]) -> Any:
        """The first answer about the job for which `true` holds."""
        limit_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit_s:
            job = self.job(job_id)
            if true(job):
                return job
        raise AssertionError(f"it did not come to that: {job}")

    def ended(self, job_id: str) -> Any:
        return self.until(job_id, lambda job: job["state"] in ("completed", "failed"))

    def ingested(self, directory: Path, **more: object) -> Any:
        return self.ended(self.start(directory, **more))

    def search(self, text: str, **more: object) -> list[Any]:
        body = {"query": text, **more}
        return list(self.call("POST", "/search/text", json=body)["results"])


@contextmanager
def rest(url: str) -> Iterator[Rest]:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
        yield Rest(http)
