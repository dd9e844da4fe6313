"""Calls about jobs: start, look, wait, control."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from utils.client.connection import Connection
from utils.contract import (
    FailurePage,
    FailureReply,
    IngestAccepted,
    IngestRequest,
    JobKindList,
    JobList,
    JobLog,
    JobReply,
    JobReport,
    JobRequestBody,
    JobState,
)
from utils.contract.annotations.sidecars import SidecarRequest

ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


class JobEvent(NamedTuple):
    """One event of a job's stream, with its data as JSON has it."""

    name: str
    data: object


class JobCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def start_ingest(self, request: IngestRequest) -> IngestAccepted:
        return await self.ask("POST", "/ingest", IngestAccepted, body=request)

    async def start_job(self, request: JobRequestBody) -> IngestAccepted:
        return await self.ask("POST", "/jobs", IngestAccepted, body=request)

    async def list_job_kinds(self) -> JobKindList:
        return await self.ask("GET", "/jobs/kinds", JobKindList)

    async def list_jobs(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        id_prefix: str | None = None,
        kind: str | None = None,
        states: Sequence[JobState] = (),
        collection: str | None = None,
    ) -> JobList:
        return await self.ask(
            "GET",
            "/jobs",
            JobList,
            limit=limit,
            offset=offset,
            id_prefix=id_prefix,
            kind=kind,
            state=states,
            collection=collection,
        )

    async def get_ingest_status(self, job_id: str) -> JobReply:
        return await self.ask("GET", f"/ingest/status/{job_id}", JobReply)

    async def get_job(self, job_id: str) -> JobReply:
        return await self.ask("GET", f"/jobs/{job_id}", JobReply)

    async def get_job_log(self, job_id: str, *, limit: int | None = None) -> JobLog:
        return await self.ask("GET", f"/jobs/{job_id}/log", JobLog, limit=limit)

    async def get_job_report(self, job_id: str) -> JobReport:
        return await self.ask("GET", f"/jobs/{job_id}/report", JobReport)

    async def follow_job(self, job_id: str) -> AsyncIterator[JobEvent]:
        """Events as they come; it ends with the job."""
        name, data = "message", list[str]()
        async with self.streamed("GET", f"/jobs/{job_id}/events") as response:
            async for line in response.aiter_lines():
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].strip())
                elif not line and data:
                    yield JobEvent(name, json.loads("\n".join(data)))
                    name, data = "message", []

    async def wait_for_job(self, job_id: str) -> JobReply:
        """Returns the job when it has ended, however long that takes."""
        while (job := await self.get_job(job_id)).state not in ENDED:
            async for _ in self.follow_job(job_id):
                pass
        return job

    async def list_job_failures(
        self,
        job_id: str,
        *,
        limit: int | None = None,
        offset: int | None = None,
        codes: Sequence[str] = (),
    ) -> FailurePage:
        path = f"/jobs/{job_id}/failures"
        return await self.ask("GET", path, FailurePage, limit=limit, offset=offset, code=codes)

    async def all_job_failures(
        self, job_id: str, *, codes: Sequence[str] = ()
    ) -> AsyncIterator[FailureReply]:
        """Page by page."""
        offset: int | None = 0
        while offset is not None:
            page = await self.list_job_failures(job_id, offset=offset, codes=codes)
            for one in page.failures:
                yield one
            offset = page.next_offset

    async def write_sidecars(self, request: SidecarRequest) -> IngestAccepted:
        return await self.ask("POST", "/sidecars/write", IngestAccepted, body=request)

    async def pause_job(self, job_id: str) -> JobReply:
        return await self.ask("POST", f"/jobs/{job_id}/pause", JobReply)

    async def resume_job(self, job_id: str) -> JobReply:
        return await self.ask("POST", f"/jobs/{job_id}/resume", JobReply)

    async def cancel_job(self, job_id: str) -> JobReply:
        return await self.ask("POST", f"/jobs/{job_id}/cancel", JobReply)

    async def undo_job(self, job_id: str) -> IngestAccepted:
        """What it removed comes back, by the job that this starts."""
        return await self.ask("POST", f"/jobs/{job_id}/undo", IngestAccepted)

    async def retry_failed(self, job_id: str) -> IngestAccepted:
        return await self.ask("POST", f"/jobs/{job_id}/retry-failed", IngestAccepted)
