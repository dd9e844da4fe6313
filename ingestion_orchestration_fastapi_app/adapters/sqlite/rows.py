"""Between the ledger's rows and the pipeline's records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact
from ingestion_orchestration_fastapi_app.domain.files.file import (
    FileKey,
    FileRecord,
    FileStat,
    Outcome,
    Root,
)
from ingestion_orchestration_fastapi_app.domain.files.folder_marks import MarkedFolder
from ingestion_orchestration_fastapi_app.domain.jobs.records import (
    Checkpoint,
    FailureRecord,
    ImportPath,
    JobRecord,
    JobRequest,
    Origin,
    SavedProgress,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    Generation,
    GenerationState,
)
from utils.contract import ErrorCode, JobCounts, JobState, LogLine
from utils.contract.warnings import WarningDetail

Row = tuple[Any, ...]  # what sqlite3 gives: it knows no column types

# A look-up here takes a quarter of the enum's own call, and recall makes millions of them.
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def clean(text: str) -> str:
    """SQLite holds UTF-8: lone surrogates, as in undecodable names, become question marks."""
    return text.encode("utf-8", "replace").decode()


def signed64(value: int) -> int:
    """Wraps what 64 bits cannot hold, where SQLite's integers end.

    One file must not fail its group. It never looks unchanged.
    """
    return (value + 2**63) % 2**64 - 2**63


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def generation(row: Row) -> Generation:
    """`row` in the order of the select in `collection_rows.generations`."""
    number, table, model, weights, dim, fingerprint, state, synced_version = row[:8]
    created_at, activated_at = row[8:]
    return Generation(
        id=number,
        table=table,
        model=model,
        weights=weights,
        dim=dim,
        fingerprint=fingerprint,
        state=GenerationState(state),
        synced_version=synced_version,
        created_at=datetime.fromisoformat(created_at),
        activated_at=moment(activated_at),
    )


def collection_record(
    row: Row,
    generations: tuple[Generation, ...],
    roots: Iterable[Row],
    watches: Iterable[Row],
    root_changes: Mapping[UUID, bytes | None],
    marked: tuple[MarkedFolder, ...],
) -> CollectionRecord:
    """`row` in the order of `_COLUMNS` in tables/collections.py, `roots` as (root_id, path).

    `watches` as (directory, recursive, captions).
    """
    return CollectionRecord(
        id=row[0],
        name=row[1],
        last_job_id=row[2],
        identity=row[3],
        words_table=row[4],
        words_version=row[5],
        catalogue_version=row[6],
        generations=generations,
        roots=tuple(Root(UUID(bytes=root_id), path) for root_id, path in roots),
        watches=tuple(
            Watch(directory, recursive=recursive == 1, captions=captions == 1)
            for directory, recursive, captions in watches
        ),
        root_changes=root_changes,
        marked=marked,
    )


def _path_text(path: bytes) -> str:
    """In JSON; it may be no UTF-8."""
    return path.decode("utf-8", "surrogateescape")


def _path_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def options_text(request: JobRequest) -> str:
    """What of a request has no column of its own."""
    return json.dumps(
        {
            "options": dict(request.options),
            "folders": [_path_text(one) for one in request.folders],
            "paths": [[_path_text(one.path), one.is_file] for one in request.paths],
            "origin": request.origin,
            "retry_of": request.retry_of,
        }
    )


def request_of(
    collection: str, kind: str, lane: str | None, directory: bytes, options: str
) -> JobRequest:
    """The other way. In jobs of older versions the kind's options stand beside the rest."""
    given = json.loads(options)
    folders = tuple(_path_of(one) for one in given.pop("folders", ()))
    paths = given.pop("paths", ())
    origin = Origin(given.pop("origin", Origin.REQUEST))
    retry_of = given.pop("retry_of", None)
    return JobRequest(
        collection,
        kind,
        lane,
        given.get("options", given),
        directory=directory,
        folders=folders,
        paths=tuple(ImportPath(_path_of(path), is_file=is_file) for path, is_file in paths),
        origin=origin,
        retry_of=retry_of,
    )


def checkpoint_text(checkpoint: Checkpoint) -> str:
    return json.dumps({"position": checkpoint.position, "report": checkpoint.report})


def checkpoint_of(text: str | None) -> Checkpoint:
    return Checkpoint() if text is None else Checkpoint(**json.loads(text))


def progress_text(progress: SavedProgress) -> str:
    lines = [
        {"at": line.at.isoformat(), "event": line.event, "detail": line.detail}
        for line in progress.log
    ]
    return json.dumps(
        {
            "bytes_read": progress.bytes_read,
            "active_s": progress.active_s,
            "stages": dict(progress.stages),
            "log": lines,
            "warnings": progress.warnings,
            "warning_codes": [[one.code, one.params] for one in progress.warning_details],
            "scan_complete": progress.scan_complete,
            "removed": progress.removed,
            "links_skipped": progress.links_skipped,
            "done": progress.done,
            "total": progress.total,
        }
    )


def progress_of(text: str) -> SavedProgress:
    kept = json.loads(text)
    return SavedProgress(
        bytes_read=kept["bytes_read"],
        active_s=kept["active_s"],
        stages=kept["stages"],
        log=tuple(LogLine.model_validate(line) for line in kept["log"]),
        warning_details=tuple(_warnings_of(kept)),
        scan_complete=kept["scan_complete"],
        removed=kept.get("removed", 0),  # absent from jobs before removal existed
        links_skipped=kept.get("links_skipped", 0),
        done=kept.get("done", 0),
        total=kept.get("total"),
    )


def _warnings_of(kept: dict[str, Any]) -> Iterator[WarningDetail]:
    """Versions that knew no codes kept sentences alone, and can still read these."""
    told = kept["warnings"]
    codes = kept.get("warning_codes", [[None, {}]] * len(told))
    for detail, (code, params) in zip(told, codes, strict=True):
        yield WarningDetail.kept(detail, code, params)


def counts_of(files: Mapping[str, int]) -> JobCounts:
    """From files by outcome."""
    return JobCounts(found=sum(files.values()), **files)


def job_record(row: Row, counts: JobCounts, errors: Mapping[str, int]) -> JobRecord:
    """`row` in the order of `job_rows.COLUMNS`."""
    (job_id, collection_id, collection, directory, options, state, reason, reason_code) = row[:8]
    progress, created_at, started_at, updated_at, finished_at = row[8:13]
    kind, lane, checkpoint = row[13:16]
    return JobRecord(
        id=job_id,
        collection_id=collection_id,
        request=request_of(collection, kind, lane, directory, options),
        state=JobState(state),
        reason=reason,
        reason_code=None if reason_code is None else ErrorCode(reason_code),
        counts=counts,
        errors_by_code=errors,
        progress=progress_of(progress),
        created_at=datetime.fromisoformat(created_at),
        started_at=moment(started_at),
        updated_at=datetime.fromisoformat(updated_at),
        finished_at=moment(finished_at),
        checkpoint=checkpoint_of(checkpoint),
    )


def file_record(row: Row, artefacts: Iterable[Artefact]) -> FileRecord:
    """`row` is a path and what follows in `file_rows.KNOWN`."""
    number, outcome, size_bytes, mtime_ns, ctime_ns, sidecar_mark, trusted, sha256 = row[1:]
    return FileRecord(
        row=number,
        outcome=None if outcome is None else _OUTCOMES[outcome],
        stat=None if size_bytes is None else FileStat(size_bytes, mtime_ns, ctime_ns, sidecar_mark),
        mtime_trusted=trusted == 1,
        sha256=sha256,
        artefacts=tuple(artefacts),
    )


def failure_record(row: Row) -> FailureRecord:
    root_id, path, display_path, code, detail, at = row
    key = FileKey(UUID(bytes=root_id), path)
    return FailureRecord(key, display_path, ErrorCode(code), detail, datetime.fromisoformat(at))
