"""What makes an upload, a thumbnail and metadata of a file's bytes."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.inference.uploads import (
    Content,
    Prepared,
)
from utils.contract import ClipUpload
from utils.problems import Rejected


class Preparation(Protocol):
    """One decode gives everything a job needs; `whole_side_px` above 0: for captions too.

    `upload_version` changes whenever uploads would, and costs the cached vectors;
    `earlier_upload_versions` gave the same uploads. `picture_version` changes whenever thumbnails
    or perceptual hashes would. `reader_version` changes whenever a file might be read that was
    skipped or refused.
    """

    upload_version: str
    earlier_upload_versions: tuple[str, ...]
    picture_version: str
    reader_version: str

    def min_side_px(self, clip: ClipUpload, *, whole_side_px: int = 0) -> int:
        """The side below which pictures are not scaled while they are decoded."""

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected: ...
