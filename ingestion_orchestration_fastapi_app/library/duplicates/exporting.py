"""Duplicates as a file, made while it is sent: CSV with a line an image, or JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from ingestion_orchestration_fastapi_app.domain.duplicates.records import SearchRun
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.transfer.spreadsheet import lines
from ingestion_orchestration_fastapi_app.library.duplicates.shown_duplicates import (
    UNDECIDED,
    ShownGroup,
)
from utils.contract.duplicates.groups import KEEPER_RULE

_HEAD = (
    *("group", "class", "images", "keep", "kept_by", "reason", "path", "bytes", "width_px"),
    *("height_px", "format", "taken_at", "sha256", "id", "decision"),
)


async def csv_chunks(groups: AsyncGenerator[ShownGroup]) -> AsyncGenerator[bytes]:
    """Must be closed."""
    yield lines([_HEAD])
    async with aclosing(groups):
        async for shown in groups:
            yield lines(_rows(shown))


def _rows(shown: ShownGroup) -> Iterator[tuple[object, ...]]:
    group, decisions = shown.group, shown.decisions
    for point in shown.points:
        yield (
            *(group.id, group.kind.value, group.count, _keeps(shown, point)),
            *(shown.kept_by.value, shown.reason),
            *(value for name, value in _image(point).items() if name != "id"),
            *(str(point.id), decisions.get(point.id, UNDECIDED).value),
        )


async def json_chunks(
    name: str, run: SearchRun | None, groups: AsyncGenerator[ShownGroup]
) -> AsyncGenerator[bytes]:
    """Must be closed. One object, as `DuplicateExport` has it; in ASCII."""
    head = {
        "collection": name,
        "job_id": None if run is None else run.job_id,
        "found_at": None if run is None else run.found_at.isoformat(),
        "rule": KEEPER_RULE,
    }
    yield json.dumps(head)[:-1].encode() + b', "groups": ['
    open_group: int | None = None
    async with aclosing(groups):
        async for shown in groups:
            decisions = shown.decisions
            images = ", ".join(
                json.dumps(
                    {
                        "keep": _keeps(shown, point),
                        "decision": decisions.get(point.id, UNDECIDED).value,
                        **_image(point),
                    }
                )
                for point in shown.points
            )
            if shown.group.id == open_group:  # the next part of it
                yield f", {images}".encode() if images else b""
                continue
            before = "" if open_group is None else "]}, "
            open_group = shown.group.id
            yield f'{before}{json.dumps(_group(shown))[:-1]}, "images": [{images}'.encode()
    yield b"]}" if open_group is None else b"]}]}"


def _group(shown: ShownGroup) -> dict[str, object]:
    return {
        "id": shown.group.id,
        "class": shown.group.kind.value,
        "count": shown.group.count,
        "kept_by": shown.kept_by.value,
        "reason": shown.reason,
        "bytes_beside": shown.bytes_beside,
    }


def _image(point: Point) -> dict[str, object]:
    taken_at = point.metadata.taken_at
    return {
        "path": point.display_path,
        "bytes": point.size_bytes,
        "width_px": point.width_px,
        "height_px": point.height_px,
        "format": point.format,
        "taken_at": None if taken_at is None else taken_at.isoformat(),
        "sha256": point.sha256.hex(),
        "id": str(point.id),
    }


def _keeps(shown: ShownGroup, point: Point) -> bool:
    return point.id == shown.kept.id
