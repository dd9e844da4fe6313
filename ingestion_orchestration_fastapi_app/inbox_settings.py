"""The settings of uploads, a part of those of the orchestrator."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from utils.process.home_folder import absolute_folder
from utils.web.http_settings import HttpSettings

MIB = 1024 * 1024
GIB = 1024 * MIB


class InboxSettings(HttpSettings):
    """Read with the rest of them, in `settings.py`."""

    inbox_dir: Path | None = Field(
        default=None,
        description="Folder in which uploaded pictures are kept. Default: `inbox` in DATA_DIR.",
    )
    inbox_max_bytes: int = Field(
        default=100 * GIB, ge=0, description="Most that the inbox may hold; 0: no uploads."
    )
    max_upload_bytes: int = Field(
        default=4 * GIB, ge=MIB, description="Most that one call may upload."
    )

    @field_validator("inbox_dir")
    @classmethod
    def _absolute_inbox(cls, value: Path | None) -> Path | None:
        return None if value is None else absolute_folder(value)
