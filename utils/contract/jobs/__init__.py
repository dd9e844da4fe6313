"""Jobs: how one is asked for, what it says of itself, what failed, and which kinds there are."""

from utils.contract.jobs.failures import (
    FailurePage,
    FailureReply,
    NeighbourReply,
)
from utils.contract.jobs.job import (
    EvaluateOptions,
    IngestAccepted,
    JobCounts,
    JobList,
    JobLog,
    JobReason,
    JobReply,
    JobReport,
    JobRequestBody,
    JobState,
    LogLine,
    ReportExample,
    ReportFinding,
    VerifyOptions,
)
from utils.contract.jobs.kinds import (
    JobEffect,
    JobKindList,
    JobKindReply,
)

__all__ = [
    "EvaluateOptions",
    "FailurePage",
    "FailureReply",
    "IngestAccepted",
    "JobCounts",
    "JobEffect",
    "JobKindList",
    "JobKindReply",
    "JobList",
    "JobLog",
    "JobReason",
    "JobReply",
    "JobReport",
    "JobRequestBody",
    "JobState",
    "LogLine",
    "NeighbourReply",
    "ReportExample",
    "ReportFinding",
    "VerifyOptions",
]
