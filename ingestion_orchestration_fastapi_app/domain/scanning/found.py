"""What a scan tells besides files: folders that it could not list, mounts, links."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from utils.problems import Rejected


@dataclass(frozen=True, slots=True)
class ScanFault:
    """A folder that could not be listed, or not to its end. `path` is absolute."""

    path: bytes
    detail: str

    @property
    def display_path(self) -> str:
        return display_text(self.path)


@dataclass(frozen=True, slots=True)
class ScanStalled:
    """A folder that cannot be listed at this moment, and is tried again when the scan goes on.

    The code of `fault` is ERR_OVERLOADED where this process lacks descriptors or memory, and
    ERR_FILE_READ where the file system of the folder at which the scan began fails.
    """

    path: bytes
    fault: Rejected


@dataclass(frozen=True, slots=True)
class Mounted:
    """Where a scan began, or a file system in it begins. `device` tells what is mounted there."""

    path: bytes
    device: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Links that a scan passed over. The paths are absolute."""

    paths: tuple[bytes, ...]
