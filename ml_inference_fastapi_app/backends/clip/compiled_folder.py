"""Where torch keeps what it compiled."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import structlog

log = structlog.stdlib.get_logger(__name__)


def compiled_folder(model_cache_dir: Path) -> str:
    """What is compiled once is not compiled at the next start, unless nothing may be written there.

    torch makes the folder when it is imported. Its own default needs a user with a name.
    """
    folder = model_cache_dir / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return str(folder)
        why = "no right to write"
    except OSError as exc:
        why = str(exc.strerror)
    log.warning("model_cache_not_writable", folder=str(model_cache_dir), error=why)
    return tempfile.mkdtemp(prefix="photoseek-compiled-")
