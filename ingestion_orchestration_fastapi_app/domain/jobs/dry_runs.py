"""A dry run of an import, as a kind of job: its name, and how it is asked for."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRequest

DRY_RUN = "dry_run"


def dry_run_request(request: JobRequest) -> JobRequest:
    """Of an import. It changes nothing, so that it needs no lane."""
    return replace(request, kind=DRY_RUN, lane=None)
