"""The newest log lines of the orchestrator."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply

# Sequence numbers begin at the milliseconds of the process's start: beyond them for ages, and whole
# numbers in every JSON reader.
MAX_SEQUENCE = 2**53 - 1
MAX_LOG_LINES = 600

LINE: dict[str, JsonValue] = {
    "sequence": 1777809605124,
    "at": "2026-05-03T12:00:05.120Z",
    "level": "warning",
    "event": "image_unreadable",
    "logger": "ingestion_orchestration_fastapi_app.ingest.read",
    "keys": {"path": "/photos/2019/beach.jpg", "error": "Input/output error"},
}


class LogLevel(StrEnum):
    """How severe an event is, the least first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class SystemLogLine(Reply):
    """One line of the log."""

    sequence: int = Field(description="Greater than that of every line before, after restarts too.")
    at: datetime = Field(description="When, in UTC.")
    level: LogLevel = Field(description="How severe it is.")
    event: str = Field(description="What happened: a name, or a library's words.")
    logger: str = Field(description="The module that says so.")
    keys: dict[str, str | int | float | bool | None] = Field(
        description="What belongs to it, as `path`, `request_id` and `job_id`; `exception` is the "
        "end of a traceback. All of a line is cut to 2 KiB. `***` stands for a secret."
    )


class SystemLog(Reply):
    """Lines of the log, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [LINE], "next_after": LINE["sequence"], "missed": 0}]
        }
    )

    lines: tuple[SystemLogLine, ...] = Field(description="The lines, the oldest first.")
    next_after: int = Field(description="The `after` that asks for what comes next.")
    missed: int = Field(
        description="Lines since `after`, of any level, that are kept no more; 0 without `after`."
    )
