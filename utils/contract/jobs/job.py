"""Jobs: how one is asked for, and what it says of itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from annotated_types import MaxLen
from pydantic import ConfigDict, Field, StrictBool

from utils.contract.base import MAX_PATH_CHARACTERS, CollectionText, Reply, Wire
from utils.contract.error_codes import ErrorCode
from utils.contract.examples import JOB, LOG_LINE, REPORT
from utils.contract.imports.examples import DRY_RUN_REPORT
from utils.contract.warnings import DETAILS, WarningDetail


class VerifyOptions(Wire):
    """What a job of the kind `verify` is asked for."""

    mend: StrictBool = Field(default=True, description="Mend what may be mended; else only look.")


class EvaluateOptions(Wire):
    """What a job of the kind `evaluate` is asked for."""

    captions_path: Annotated[str, Field(min_length=1, max_length=MAX_PATH_CHARACTERS)] | None = (
        Field(
            default=None,
            description="A file of captions, in a folder that may be imported: Karpathy's JSON, "
            "Flickr8k's text, or TSV. Without one the images' folders are classes.",
        )
    )


class JobRequestBody(Wire):
    """A job of any kind."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "verify", "collection": "default"}]}
    )

    kind: str = Field(min_length=1, max_length=64, description="The kind of work, by its name.")
    collection: CollectionText = "default"
    options: Annotated[dict[str, object], MaxLen(64)] = Field(
        default_factory=dict, description="Those of the kind."
    )


class IngestAccepted(Reply):
    """A job was made, and runs by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"job_id": JOB["job_id"], "status_url": f"/api/v1/ingest/status/{JOB['job_id']}"}
            ]
        }
    )

    job_id: str = Field(description="The job.")
    status_url: str = Field(description="The path under which it says how far it is.")


class JobState(StrEnum):
    """`completed`, `failed` and `cancelled` are final."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_ML = "waiting_for_ml"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobCounts(Reply):
    """found = unchanged + cached + embedded + failed + skipped + pending, in one snapshot."""

    found: int = Field(default=0, description="Files that were found.")
    unchanged: int = Field(default=0, description="As they were at the last import.")
    cached: int = Field(default=0, description="Their content was embedded before.")
    embedded: int = Field(default=0, description="Embedded by this job.")
    failed: int = Field(default=0, description="See the job's failures.")
    skipped: int = Field(default=0, description="Not images.")
    pending: int = Field(default=0, description="Still to do.")


class LogLine(Reply):
    """Something that happened in a job."""

    at: datetime = Field(description="When, in UTC.")
    event: str = Field(description="What, as a constant name.")
    detail: str = Field(default="", description="More about it.")


class JobReason(Reply):
    """One of the reasons for which a job is in its state."""

    state: JobState = Field(description="The state that it leads to.")
    reason: str = Field(description="Why, in words.")
    code: ErrorCode | None = Field(default=None, description="The same as a code, if there is one.")


class JobReply(Reply):
    """One snapshot of a job."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB]})

    job_id: str = Field(description="The job.")
    kind: str = Field(default="ingest", description="The kind of work that it does.")
    state: JobState = Field(description="What it does now.")
    reasons: tuple[JobReason, ...] = Field(
        default=(), description="All that hold it; each leaves alone. The gravest first."
    )
    reason: str | None = Field(description="Why it is in this state, in words.")
    reason_code: ErrorCode | None = Field(description="The same as a code, where there is one.")
    collection: str = Field(description="The collection that it is about.")
    directory_path: str = Field(
        description="What it reads, or the first of it; empty where it reads no folder and no file."
    )
    paths: tuple[str, ...] = Field(
        default=(), description="All folders and files that it reads, in the order of the scan."
    )
    counts: JobCounts = Field(description="Of an import: of files that are there.")
    done: int = Field(default=0, description="Of any kind: how much is done.")
    total: int | None = Field(default=None, description="Of how much; null while nobody knows.")
    scan_complete: bool = Field(description="Whether all files were found.")
    bytes: int = Field(description="How much was read.")
    rate_images_per_s: float = Field(description="Of the last seconds while the job runs.")
    rate_average_images_per_s: float = Field(default=0.0, description="Of all its running time.")
    eta_s: float | None = Field(description="Seconds to its end; there once all is found.")
    eta_low_s: float | None = Field(default=None, description="The same, if all goes well.")
    eta_high_s: float | None = Field(default=None, description="The same, if it does not.")
    removed: int = Field(default=0, description="Points whose files are gone.")
    links_skipped: int = Field(
        default=0, description="Linked files and folders, which are never followed."
    )
    origin: Literal["request", "watch"] = Field(
        default="request", description="`watch`: a job over what changed in a watched folder."
    )
    stages: dict[str, float] = Field(
        description="Seconds of work in each stage, summed over workers."
    )
    busy_shares: dict[str, float] = Field(
        default={},
        description="By stage, the share of the time for which its workers were busy, or a batch "
        "was under way, 0 to 1, since a running job was started or resumed.",
    )
    bottleneck: str | None = Field(description="What the job waits for most.")
    errors_by_code: dict[str, int] = Field(description="How many files failed by which code.")
    warnings: tuple[str, ...] = Field(description="What should be known of its results.")
    warning_details: tuple[WarningDetail, ...] = Field(default=(), description=DETAILS)
    log: tuple[LogLine, ...] = Field(description="The last lines, oldest first.")
    started_at: datetime | None = Field(description="In UTC; null while it is queued.")
    updated_at: datetime = Field(description="Its last change, in UTC.")
    finished_at: datetime | None = Field(description="In UTC; null before its final state.")


class JobLog(Reply):
    """The newest lines, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": [LOG_LINE]}]})

    lines: tuple[LogLine, ...] = Field(description="Oldest first.")


class JobList(Reply):
    """A page of jobs."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"jobs": [JOB], "total": 1, "next_offset": None}]}
    )

    jobs: tuple[JobReply, ...] = Field(description="Newest first.")
    total: int = Field(default=0, description="How many there are on all pages.")
    next_offset: int | None = Field(
        default=None, description="The `offset` of the next page; null where this is the last."
    )


class ReportExample(Reply):
    """One of what was found."""

    path: str = Field(default="", description="The file, where one is known.")
    point_id: str = Field(default="", description="The image, as `id` says.")
    detail: str = Field(default="", description="More about it.")


class ReportFinding(Reply):
    """Something that is wrong, and how often."""

    finding: str = Field(description="What, as a constant name.")
    count: int = Field(description="How many.")
    mended: int = Field(description="Of how many all is well again, or after the next import.")
    examples: tuple[ReportExample, ...] = Field(description="Some of them.")


class JobReport(Reply):
    """What a job that looks for something has found until now."""

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT, DRY_RUN_REPORT]})

    job_id: str = Field(description="The job.")
    kind: str = Field(description="The kind of work that it does.")
    state: JobState = Field(description="Whether it has ended; until then there may be more.")
    numbers: dict[str, int] = Field(description="What was looked at, and how much of it.")
    findings: tuple[ReportFinding, ...] = Field(
        description="What is wrong; of a dry run: what is new, changed, missing, skipped, refused."
    )
    figures: dict[str, float] = Field(
        default={},
        description="What was measured: shares of 1, but for ranks; of a dry run: seconds.",
    )
    about: dict[str, str] = Field(
        default={},
        description="What it was measured with: of an evaluation model, fingerprint, dtype, "
        "backend and device.",
    )
