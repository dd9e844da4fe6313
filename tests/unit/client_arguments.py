"""What methods of the client are given by the names of their arguments, in tests of them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utils.contract import ErrorCode, JobState
from utils.contract.browsing.orders import BrowseOrder, BrowseSort, TimelineStep
from utils.contract.browsing.rows import ExportFormat
from utils.contract.duplicates.options import DuplicateClass
from utils.contract.filters import FilterSpec
from utils.contract.system.log import LogLevel

REPOSITORY = Path(__file__).parents[2]
IMAGE_ID = "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44"
ARGUMENTS: dict[str, Any] = {
    "image_id": IMAGE_ID,
    "image_ids": [IMAGE_ID],
    "collection": "cats",
    "name": "a-b",
    "new_name": "c",
    "job_id": "ab12",
    "generation_id": 2,
    "album_id": IMAGE_ID,
    "group_id": 7,
    "dismissal_id": 8,
    "members": 3,
    "decided": True,
    "classes": [DuplicateClass.BURST],
    "export_format": ExportFormat.JSON,
    "path": "/photos",
    "captions": True,
    "include_hidden": True,
    "paths": [REPOSITORY / "LICENSE"],
    "old_path": "/a",
    "new_path": "/b",
    "below": "/photos",
    "sha256": "00",
    "api_key": "key",
    "export_id": "a-b",
    "file_name": "manifest.json",
    "picture": b"bytes",
    "pictures": {"one.jpg": b"bytes"},
    "filters": FilterSpec(rating_min=3),
    "sort": BrowseSort.PATH,
    "order": BrowseOrder.DESC,
    "by": TimelineStep.MONTH,
    "limit": 5,
    "offset": 6,
    "cursor": "c",
    "after": "12",
    "kind": "ingest",
    "level": LogLevel.WARNING,
    "codes": [ErrorCode.FILE_EMPTY],
    "states": [JobState.FAILED, JobState.RUNNING],
    "id_prefix": "ab",
    "zoom": 3,
    "size": 512,
    "image_format": "webp",
    "min_score": 0.5,
    "min_latitude": 1.5,
    "min_longitude": 2.5,
    "max_latitude": 3.5,
    "max_longitude": 4.5,
}
