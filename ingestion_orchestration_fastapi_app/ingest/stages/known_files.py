"""What is written of files that imports know, where a job makes vectors alone."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact, Kind
from ingestion_orchestration_fastapi_app.domain.files.file import FileRecord
from ingestion_orchestration_fastapi_app.ingest.context import JobContext
from ingestion_orchestration_fastapi_app.ingest.items import Result


async def of_known_files(job: JobContext, results: list[Result]) -> list[Result]:
    """Without files that were forgotten since they were read, which nobody is to find again, and
    without those of which an import read a newer content: the next pass does, too.

    The words of a file whose content is the same stay, and so do its captions: no model of vectors
    made them. Of another content an import would write no others. The writer is held.
    """
    keys = [end.file_outcome.key for end in results]
    records = await job.ports.ledger.files.recall(job.collection_id, keys)
    return [
        _kept(end, records[end.file_outcome.key])
        for end in results
        if end.file_outcome.key in records and _is_newest(end, records[end.file_outcome.key])
    ]


def _is_newest(end: Result, record: FileRecord) -> bool:
    """Whether no other job judged the file since this one began with it, or it found the same."""
    was, outcome = end.record, end.file_outcome
    if was is None or (record.stat, record.sha256) == (was.stat, was.sha256):
        return True
    return record.stat == outcome.stat and record.sha256 == outcome.sha256


def _kept(end: Result, record: FileRecord) -> Result:
    outcome = end.file_outcome
    if end.point is None or not _is_same_content(end, record):
        return end
    captions = (
        Artefact(Kind.CAPTION, one.model, one.state)
        for one in record.artefacts
        if one.kind is Kind.CAPTION and one.is_there
    )
    vectors = (one for one in outcome.artefacts if one.kind is Kind.VECTOR)
    outcome = replace(outcome, artefacts=(*vectors, *captions))
    return replace(end, file_outcome=outcome, keeps_words=True)


def _is_same_content(end: Result, record: FileRecord) -> bool:
    stat = record.stat
    return (
        record.sha256 is not None
        and record.sha256 == end.file_outcome.sha256
        and stat is not None
        and stat.sidecar_mark == end.file_outcome.stat.sidecar_mark
    )
