"""Every setting of the orchestrator."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from ingestion_orchestration_fastapi_app.caption_settings import CaptionSettings
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.inbox_settings import GIB, MIB, InboxSettings
from ingestion_orchestration_fastapi_app.search_settings import SearchSettings
from ingestion_orchestration_fastapi_app.service_settings import ServiceSettings
from utils.process.home_folder import NO_HOME, absolute_folder, home_folder
from utils.web.access.hosts import binding_fault, is_loopback


def default_data_dir() -> Path | None:
    """The user's data folder by the XDG base directory specification; None without a home."""
    base = os.environ.get("XDG_DATA_HOME", "")  # noqa: TID251  # this is the settings module
    if base.startswith("/"):
        return Path(base) / "photoseek"
    home = home_folder()
    return None if home is None else home / ".local/share/photoseek"


def default_roots() -> tuple[Path, ...]:
    """The home and the working directory, where they are there."""
    roots = [home_folder()]
    with suppress(FileNotFoundError):
        roots.append(Path.cwd())
    return tuple(root for root in roots if root is not None)


class Settings(SearchSettings, ServiceSettings, CaptionSettings, InboxSettings):
    """Beside those of searches, inference services, captions, uploads and its HTTP side. The only
    reader of its environment.
    """

    data_dir: Path = Field(
        default_factory=default_data_dir,
        validate_default=True,
        description="Folder of the ledger; store and cache lie in it unless set apart.",
    )
    store_uri: str | None = Field(
        default=None,
        description="Vector store: a folder or `s3://bucket/prefix`. Default: `store` in DATA_DIR.",
    )
    diskcache_dir: Path | None = Field(
        default=None, description="Embedding cache. Default: `cache` in DATA_DIR."
    )
    export_dir: Path | None = Field(
        default=None,
        description="Where exports are written; it must be there. Default: `exports` in DATA_DIR.",
    )
    vector_cache_bytes: int = Field(
        default=20 * GIB, ge=MIB, description="Most that cached vectors take on the disk."
    )
    picture_cache_bytes: int = Field(
        default=20 * GIB, ge=MIB, description="Most that cached thumbnails take on the disk."
    )
    preview_cache_bytes: int = Field(
        default=10 * GIB, ge=MIB, description="Most that cached previews take on the disk."
    )
    min_free_bytes: int = Field(
        default=500 * MIB, ge=0, description="Disk space that a job must leave free."
    )
    ingest_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default_factory=default_roots,
        description="Folders below which directories may be ingested, separated by `:`.",
    )
    exclude_patterns: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="What else imports pass over: globs, separated by `:` or line ends; see below.",
    )
    hash_workers: int = Field(default=2, ge=1, le=64, description="Threads that read and hash.")
    decode_workers: int = Field(
        default_factory=lambda: os.cpu_count() or 2,
        ge=1,
        le=256,
        description="Images that are decoded at once. Default: one a core.",
    )
    decode_timeout_s: float = Field(
        default=60, gt=0, description="Longest that decoding one file in a process may take."
    )
    decode_memory_bytes: int = Field(
        default=4 * GIB, ge=512 * MIB, description="Memory that one decoding process may use."
    )
    max_inflight_bytes: int = Field(
        default=1 * GIB,
        ge=64 * MIB,
        description="Memory for files between reading and storing, all jobs together.",
    )
    max_file_bytes: int = Field(default=1 * GIB, ge=MIB, description="Larger files fail.")
    max_image_pixels: int = Field(
        default=300_000_000, ge=1_000_000, description="Images with more pixels fail."
    )
    thumbnail_side_px: int = Field(
        default=320, ge=64, le=1024, description="Longest side of a thumbnail."
    )
    max_running_jobs: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Jobs that run at once, one a collection and lane; as many that only look.",
    )
    max_queued_jobs: int = Field(
        default=1000, ge=1, le=100_000, description="Jobs that may be queued or paused; then 429."
    )
    job_history_days: int = Field(
        default=90, ge=1, le=36_500, description="Days for which ended jobs are remembered."
    )
    delete_guard_percent: float = Field(
        default=20,
        ge=0,
        le=100,
        description="`sync` asks to confirm when more of a folder's files (and over 10) are gone.",
    )
    trash_days: int = Field(
        default=30, ge=1, le=3650, description="Days for which removed images can be brought back."
    )
    trash_bytes: int = Field(
        default=1 * GIB,
        ge=0,
        le=1024 * GIB,
        description="Most that removed images take; the oldest go first. 0: they are not kept.",
    )
    watch_debounce_s: float = Field(
        default=2, gt=0, le=60, description="Quiet in a watched folder before it is looked at."
    )
    watch_rescan_s: float = Field(
        default=3600, ge=0, description="Between looks at all of a watched folder; 0: at the start."
    )
    store_group_rows: int = Field(
        default=4096, ge=1, le=65_536, description="Most rows that are stored at once."
    )
    store_linger_s: float = Field(
        default=2.0, gt=0, le=60, description="Longest that a finished row waits for its group."
    )
    publish: str = Field(
        default="127.0.0.1",
        description="Where Docker publishes the port; only loopback addresses without API_KEY.",
    )
    orchestrator_host: str = Field(default="127.0.0.1", description="Address to listen on.")
    orchestrator_port: int = Field(default=8002, ge=0, le=65_535, description="Port to listen on.")
    max_held_upload_bytes: int = Field(
        default=96 * MIB,
        ge=65 * MIB,
        description="Uploaded pictures that are held at once, all together; more is 503.",
    )

    @field_validator("data_dir", "diskcache_dir", "export_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else absolute_folder(value)

    @field_validator("data_dir", mode="before")
    @classmethod
    def _is_known(cls, value: object) -> object:
        if value is None:
            raise ValueError(f"{NO_HOME.format(uid=os.getuid())}: set it to a folder")
        return value

    @field_validator("store_uri")
    @classmethod
    def _absolute_store(cls, value: str | None) -> str | None:
        is_folder = value is not None and "://" not in value
        return str(absolute_folder(Path(value))) if value is not None and is_folder else value

    @field_validator("ingest_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(absolute_folder(Path(part)) for part in value.split(":") if part)
        return value

    @field_validator("exclude_patterns", mode="before")
    @classmethod
    def _split_patterns(cls, value: object) -> object:
        if isinstance(value, str):
            parts = value.replace("\n", ":").split(":")
            return tuple(part.strip() for part in parts if part.strip())
        return value

    @field_validator("exclude_patterns")
    @classmethod
    def _check_patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        ExcludeRules(value)
        return value

    @model_validator(mode="after")
    def _check_inbox(self) -> Self:
        inbox = self.inbox_location
        if any(inbox in (folder, *folder.parents) for folder in self.own_folders):
            raise ValueError(f"INBOX_DIR={inbox} holds Photoseek's own data: name a folder apart")
        return self

    @property
    def binding_fault(self) -> str | None:
        """Why the service must not start, where it would let strangers in without a key."""
        if self.api_key is None and not is_loopback(self.publish):
            return (
                f"PUBLISH={self.publish} lets other machines in, and no API_KEY is set: set one, "
                "or publish on 127.0.0.1."
            )
        return binding_fault(
            self.orchestrator_host,
            setting="ORCHESTRATOR_HOST",
            has_key=self.api_key is not None,
            allow_no_key=self.allow_no_key,
        )

    @cached_property
    def store_location(self) -> str:
        return self.store_uri or str(self.data_dir / "store")

    @cached_property
    def cache_location(self) -> Path:
        return self.diskcache_dir or self.data_dir / "cache"

    @cached_property
    def export_location(self) -> Path:
        return self.export_dir or self.data_dir / "exports"

    @cached_property
    def inbox_location(self) -> Path:
        return self.inbox_dir or self.data_dir / "inbox"

    @cached_property
    def own_folders(self) -> tuple[Path, ...]:
        """What Photoseek writes to; no photograph is ever looked for there."""
        store = () if "://" in self.store_location else (Path(self.store_location),)
        return (self.data_dir, self.cache_location, self.export_location, *store)
