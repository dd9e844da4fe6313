"""Whether a directory may be ingested, and its one true path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ingestion_orchestration_fastapi_app.core.identity import is_within
from ingestion_orchestration_fastapi_app.errors import DirectoryNotAllowed, DirectoryNotFound


def checked_directory(text: str, *, roots: Sequence[Path]) -> bytes:
    """The absolute path without links. Blocking.

    Raises:
        DirectoryNotAllowed: it lies outside the roots. Said before anything else, so that nobody
            learns what exists elsewhere.
        DirectoryNotFound: it does not exist, is no directory, or may not be listed.
    """
    if "\0" in text:
        raise DirectoryNotFound("A path holds no NUL.")
    path = os.path.realpath(os.fsencode(os.path.expanduser(text)))
    if not is_allowed(path, roots=roots):
        raise DirectoryNotAllowed(
            f"{text} lies outside the folders that may be ingested; INGEST_ROOTS names them."
        )
    if not os.path.isdir(path):
        raise DirectoryNotFound(f"{text} is not a directory.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise DirectoryNotFound(f"{text} may not be read by this service.")
    return path


def is_allowed(path: bytes, *, roots: Sequence[Path]) -> bool:
    """Whether an absolute path without links lies in one of the roots. Blocking."""
    allowed = [os.path.realpath(os.fsencode(root)) for root in roots]
    return any(is_within(path, root) for root in allowed)
