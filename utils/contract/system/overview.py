"""The system at a glance: versions, machine, disk, jobs, key."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from utils.contract.base import Reply
from utils.contract.system.settings import SettingSource

GIB = 1024**3

SYSTEM: dict[str, JsonValue] = {
    "version": "1.4.0",
    "python": "3.12.11",
    "libraries": {"fastapi": "0.165.0", "lancedb": "0.34.0", "pillow": "12.3.0"},
    "schema_version": 29,
    "started_at": "2026-05-03T12:00:05Z",
    "uptime_s": 532800.0,
    "host": {
        "platform": "Linux-6.8.0-x86_64",
        "cores": 8,
        "memory_bytes": 32 * GIB,
        "resident_bytes": 640_000_000,
    },
    "storage": {
        "data_dir": "/home/you/.local/share/photoseek",
        "parts": [
            {
                "name": "store",
                "location": "/home/you/.local/share/photoseek/store",
                "bytes": 52_428_800,
                "limit_bytes": None,
            },
            {
                "name": "thumbnails",
                "location": "/home/you/.local/share/photoseek/cache/pictures",
                "bytes": 8_697_308_774,
                "limit_bytes": 20 * GIB,
            },
        ],
        "used_bytes": 8_749_737_574,
        "free_bytes": 442_381_631_488,
        "total_bytes": 1_000_204_886_016,
        "measured_at": "2026-05-09T12:00:02Z",
        "trash": {"images": 12, "bytes": 61_440, "limit_bytes": GIB},
    },
    "jobs": {"running": 1, "waiting_for_ml": 0, "queued": 0, "paused": 0},
    "key": {"is_set": True, "source": "environment"},
}


class HostReply(Reply):
    """The machine, or the container, that the orchestrator runs in."""

    platform: str = Field(description="The system and its version.")
    cores: int = Field(description="Processor cores that this process may use.")
    memory_bytes: int = Field(description="Memory of the machine, or of its container.")
    resident_bytes: int = Field(description="Memory that this process takes now.")


class StoragePart(StrEnum):
    """What takes space on the disk."""

    STORE = "store"
    LEDGER = "ledger"
    EMBEDDINGS = "embeddings"
    THUMBNAILS = "thumbnails"
    PREVIEWS = "previews"
    EXPORTS = "exports"
    INBOX = "inbox"
    LOGS = "logs"


class StoragePartReply(Reply):
    """One part of the data."""

    name: StoragePart = Field(
        description="`store`: vectors and words; `ledger`: the database of all else; `embeddings`, "
        "`thumbnails` (with captions) and `previews`: caches; `exports`; `inbox`: uploaded "
        "pictures; `logs`: of `photoseek up`."
    )
    location: str = Field(description="The folder or file, or where the store is served.")
    bytes: int | None = Field(
        description="What it takes; null where that is not known: it is elsewhere, or not measured."
    )
    limit_bytes: int | None = Field(description="The most that it takes; null: no such limit.")


class TrashStorage(Reply):
    """Removed images that can be brought back. They lie in the ledger, and count there."""

    images: int = Field(description="How many there are, in all collections.")
    bytes: int = Field(description="What they take of the ledger, about.")
    limit_bytes: int = Field(description="The most, of all collections together.")


class StorageReply(Reply):
    """The disk: what is used, and what is free."""

    data_dir: str = Field(description="The data folder.")
    parts: tuple[StoragePartReply, ...] = Field(description="What takes space.")
    used_bytes: int = Field(description="Of all parts that were measured.")
    free_bytes: int | None = Field(description="Free on the data folder's disk.")
    total_bytes: int | None = Field(description="The size of that disk.")
    measured_at: datetime | None = Field(
        description="When; it is done anew after 30 s. Null: not measured yet, ask again."
    )
    trash: TrashStorage = Field(description="Removed images that can be brought back.")


class JobNumbers(Reply):
    """Jobs that have not ended."""

    running: int = Field(description="Those at work.")
    waiting_for_ml: int = Field(description="Those that wait for an inference service.")
    queued: int = Field(description="Those that are yet to begin.")
    paused: int = Field(description="Those that were paused, or wait until a fault has passed.")


class KeyReply(Reply):
    """Whether callers need a key."""

    is_set: bool = Field(description="Whether they do.")
    source: SettingSource | None = Field(description="From where it is: see `/system/settings`.")


class SystemReply(Reply):
    """The system at a glance. Inference services are in `/capabilities`."""

    model_config = ConfigDict(json_schema_extra={"examples": [SYSTEM]})

    version: str = Field(description="Of Photoseek.")
    python: str = Field(description="Of Python.")
    libraries: dict[str, str] = Field(description="Versions of the libraries that matter most.")
    schema_version: int = Field(description="Of the ledger.")
    started_at: datetime = Field(description="When this process began to serve.")
    uptime_s: float = Field(description="Seconds since then.")
    host: HostReply = Field(description="The machine.")
    storage: StorageReply = Field(description="The disk.")
    jobs: JobNumbers = Field(description="Jobs that have not ended.")
    key: KeyReply = Field(description="Whether callers need a key.")
