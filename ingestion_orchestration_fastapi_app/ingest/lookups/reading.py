"""From a file's name to its bytes in memory, once their memory is reserved."""

from __future__ import annotations

from functools import partial

from ingestion_orchestration_fastapi_app.domain.files.change_detection import has_all
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Skipped
from ingestion_orchestration_fastapi_app.ingest.items import ReadFile, ToRead
from ingestion_orchestration_fastapi_app.ingest.lookups.context import LookContext
from utils.problems import Rejected


async def read_file(look: LookContext, to_read: ToRead) -> ReadFile | Rejected | Skipped:
    """Opens, sniffs, waits for memory, reads and hashes."""
    with look.progress.busy("read"):
        opened = await look.until_stored(partial(look.ports.library.open, to_read.file))
    if isinstance(opened, Rejected | Skipped):
        return opened
    try:
        lease = await look.memory.reserve(opened.need_bytes(min_side_px=look.min_side_px))
        with look.progress.busy("read"):
            content = await look.until_stored(opened.read)
    finally:
        await opened.close()
    if isinstance(content, Rejected):
        lease.release()
        return content
    return ReadFile(to_read.point_id, to_read.record, content, lease)


def is_unchanged(look: LookContext, file: ReadFile) -> bool:
    """Opened only because its times could not be trusted, and found to be what is stored."""
    record = file.record
    if look.options.force or record is None or record.stat is None:
        return False
    return (
        record.sha256 == file.content.sha256
        and has_all(record, look.wanted, look.readers)
        and record.stat.mtime_ns == file.content.file.stat.mtime_ns
        and record.stat.sidecar_mark == file.content.file.stat.sidecar_mark
    )
