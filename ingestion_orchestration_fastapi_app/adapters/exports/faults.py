"""What the errors of a disk mean where an export is written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_orchestration_fastapi_app.errors import DiskFull, StoreWrite
from utils.problems import resource_shortage


@contextmanager
def writing_export() -> Iterator[None]:
    """Raises DiskFull, StoreWrite; ServiceOverloaded where the process lacks something."""
    try:
        yield
    except OSError as exc:
        if (ours := resource_shortage(exc)) is not None:
            raise ours from exc
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("There is no space left for the export.") from exc
        raise StoreWrite("The export could not be written.", cause=str(exc)) from exc
