"""What a caller may mean by a folder that need not be there any more."""

from __future__ import annotations

import os

from ingestion_orchestration_fastapi_app.errors import DirectoryNotFound


def folder_names(text: str) -> list[bytes]:
    """Absolute: as it was written, and as it is without links. Blocking."""
    if "\0" in text:
        raise DirectoryNotFound("A path holds no NUL.")
    path = os.path.expanduser(text)
    return [os.fsencode(os.path.abspath(path)), os.path.realpath(os.fsencode(path))]
