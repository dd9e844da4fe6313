"""Columns that filters compare with: text folded as `folded_text` does, which no SQL function can.

They are null where the text is ASCII: there `lower` does the same, so most tables hold little more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from utils.text.folded import folded

KEYWORD_END = "\x1f"  # of a keyword; none holds it, since metadata is made printable

_CAMERA = "concat(coalesce(camera_make, ''), ' ', coalesce(camera_model, ''))"
_KEYWORDS = f"array_to_string(keywords, '{KEYWORD_END}')"
# What is folded into a column.
_SOURCES = {
    "path_folded": "display_path",
    "camera_folded": _CAMERA,
    "lens_folded": "lens",
    "keywords_folded": _KEYWORDS,
}
_FILLED = "folded_by"  # the last to be added to an old table: where it is, the others are filled
COLUMNS = (*(pa.field(name, pa.string()) for name in _SOURCES), pa.field(_FILLED, pa.int32()))
_VERSION = 1
_ROWS_A_MERGE = 32_768

PATH = "coalesce(path_folded, lower(display_path))"
CAMERA = f"coalesce(camera_folded, lower({_CAMERA}))"
LENS = "coalesce(lens_folded, lower(lens))"
KEYWORDS = (
    f"concat('{KEYWORD_END}', coalesce(keywords_folded, lower({_KEYWORDS})), '{KEYWORD_END}')"
)


def folded_values(row: Mapping[str, Any]) -> dict[str, object]:
    """Of a row's other columns."""
    camera = f"{row['camera_make'] or ''} {row['camera_model'] or ''}"
    values: dict[str, object] = {
        "path_folded": _where_needed(row["display_path"]),
        "camera_folded": _where_needed(camera),
        "lens_folded": _where_needed(row["lens"]),
        "keywords_folded": _where_needed(KEYWORD_END.join(row["keywords"] or ())),
    }
    return {**values, _FILLED: _VERSION}


def _where_needed(text: str | None) -> str | None:
    return None if text is None or text.isascii() else folded(text)


async def add_folded(handle: Any, names: Sequence[str]) -> None:
    """To a table of an earlier version, with these columns. Safe to repeat after a crash."""
    if _FILLED in names:
        return
    absent = [column for column in COLUMNS[:-1] if column.name not in names]
    if absent:
        await handle.add_columns(pa.schema(absent))
    needed = " OR ".join(
        f"octet_length({source}) <> character_length({source})" for source in _SOURCES.values()
    )
    read = ["id", "display_path", "camera_make", "camera_model", "lens", "keywords"]
    # Read as a whole before the first row is written again: ids and texts, of some rows only.
    rows = await handle.query().where(needed).select(read).to_arrow()
    for start in range(0, rows.num_rows, _ROWS_A_MERGE):
        part = rows.slice(start, _ROWS_A_MERGE)
        values = [folded_values(row) for row in part.to_pylist()]
        columns = {name: pa.array([one[name] for one in values], pa.string()) for name in _SOURCES}
        merge = handle.merge_insert("id")
        merge.when_matched_update_all()
        await merge.execute(pa.table({"id": part["id"], **columns}))
    await handle.add_columns(pa.schema([COLUMNS[-1]]))
