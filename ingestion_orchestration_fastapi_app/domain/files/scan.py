"""What a scan tells besides files: folders that it could not list, mounts, links."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text


@dataclass(frozen=True, slots=True)
class ScanFault:
    """A folder that could not be listed, or not to its end. `path` is absolute."""

    path: bytes
    detail: str

    @property
    def display_path(self) -> str:
        return display_text(self.path)


@dataclass(frozen=True, slots=True)
class Mounted:
    """Where a scan began, or a file system in it begins. `device` tells what is mounted there."""

    path: bytes
    device: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Links that a scan passed over. The paths are absolute."""

    paths: tuple[bytes, ...]
