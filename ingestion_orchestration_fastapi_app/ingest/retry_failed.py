"""A new import of exactly the files that failed in an ended one."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.files.identity import deepest_root
from ingestion_orchestration_fastapi_app.domain.jobs.imports import (
    INGEST,
    IngestOptions,
    import_request,
)
from ingestion_orchestration_fastapi_app.domain.jobs.records import JobRecord, JobRequest
from ingestion_orchestration_fastapi_app.domain.jobs.states import FINAL
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import JobStateProblem


def retry_request(collection: CollectionRecord, job: JobRecord) -> JobRequest:
    """Over the same folders; whatever the codes were, if the files have not been mended since.

    Raises:
        JobStateProblem: the job is no import, has not ended, no file of it failed, or its root was
            forgotten.
    """
    request = job.request
    if request.kind != INGEST:
        raise JobStateProblem(f"The job {job.id} is no import: it is of the kind {request.kind}.")
    if job.state not in FINAL:
        raise JobStateProblem(f"The job {job.id} has not ended: it is {job.state}.")
    if not job.counts.failed:
        raise JobStateProblem(f"No file of the job {job.id} failed.")
    known = [one for one in request.paths if deepest_root(one.path, collection.roots) is not None]
    directory = known[0].path if known else request.directory
    if deepest_root(directory, collection.roots) is None:
        raise JobStateProblem(f"The folder of the job {job.id} was forgotten.")
    options = IngestOptions.model_validate(request.options)
    return import_request(
        request.collection,
        directory,
        IngestOptions(recursive=options.recursive, captions=options.captions),
        folders=request.folders,
        paths=tuple(known),
        retry_of=job.id,
    )
