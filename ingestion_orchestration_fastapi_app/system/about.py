"""Versions, and the machine that the process runs in."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import psutil

from utils.process.machine_memory import machine_memory_bytes
from utils.process.version import installed_version

LIBRARIES = (
    *("fastapi", "pydantic", "uvicorn", "httpx", "anyio"),
    *("lancedb", "pyarrow", "numpy", "diskcache"),
    *("pillow", "pillow-heif", "rawpy", "imagecodecs", "tifffile"),
)


@dataclass(frozen=True, slots=True)
class About:
    """What stays as it is while the process lives. `libraries`: versions by name."""

    version: str
    python: str
    libraries: Mapping[str, str]
    schema_version: int
    platform: str
    cores: int
    memory_bytes: int
    started_at: datetime


def about_now(*, schema_version: int) -> About:
    """Blocking: it reads what is installed, some ten small files."""
    return About(
        version=installed_version(),
        python=platform.python_version(),
        libraries=_versions(),
        schema_version=schema_version,
        platform=platform.platform(terse=True),
        cores=_cores(),
        memory_bytes=machine_memory_bytes(),
        started_at=datetime.now(UTC),
    )


def resident_bytes() -> int:
    """What this process takes; microseconds."""
    return int(psutil.Process().memory_info().rss)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container may leave this process some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # it came without its metadata, or is an extra
            continue
    return found
