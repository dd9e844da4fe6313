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
    """One decode gives everything a job needs; `whole_side_px` above 0: for captions too."""

    version: str  # changes whenever uploads or pictures would

    async def prepare(
        self, content: Content, clip: ClipUpload, *, whole_side_px: int = 0
    ) -> Prepared | Rejected: ...
