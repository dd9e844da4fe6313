"""A words table's columns; words to its rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_orchestration_fastapi_app.adapters.lance.errors import DamagedError
from ingestion_orchestration_fastapi_app.adapters.lance.rows import UUID_FORM
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.domain.library.search_terms import terms
from ingestion_orchestration_fastapi_app.domain.library.words import Words
from utils.text.storable import storable

TERMS = "terms"  # of text and caption, with a space between: this column is indexed
_COLUMNS = (
    pa.field(ID, pa.string(), nullable=False),
    pa.field("text", pa.string(), nullable=False),
    pa.field("caption", pa.string()),
    pa.field("caption_fingerprint", pa.string()),
    pa.field(TERMS, pa.string(), nullable=False),
)
SCHEMA = pa.schema(_COLUMNS)
READ = tuple(field.name for field in _COLUMNS if field.name != TERMS)


def unlike(found: Any) -> str | None:
    """Why a table of this schema is no words table; None: it is one."""
    for field in _COLUMNS:
        if field.name not in found.names or found.field(field.name).type != field.type:
            return f"it has no column {field.name!r} of the kind that this version reads"
    return None


def to_table(words: Sequence[Words]) -> Any:
    """An Arrow table in the order given."""
    rows = [_row(one) for one in words]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _row(words: Words) -> dict[str, str | None]:
    text, caption = _storable(words.text), words.caption
    caption = None if caption is None else _storable(caption)
    return {
        ID: str(words.id),
        "text": text,
        "caption": caption,
        "caption_fingerprint": words.caption_fingerprint,
        TERMS: " ".join([*terms(text), *terms(caption or "")]),
    }


def _storable(text: str) -> str:
    return storable(text).replace("\0", " ")  # no row holds a zero: where one is, it is damaged


def check(table: Any) -> None:
    """Whether every row can be what was written, by its form. Raises DamagedError or of Arrow."""
    table.validate(full=True)
    if not pc.all(pc.match_substring_regex(table[ID], UUID_FORM)).as_py():
        raise DamagedError(f"{ID}: not an id")
    for column in {"text", TERMS}.intersection(table.column_names):
        if pc.any(pc.match_substring(table[column], "\0")).as_py():
            raise DamagedError(f"{column}: zeroed")


def to_words(table: Any) -> list[Words]:
    return [
        Words(UUID(row[ID]), row["text"], row["caption"], row["caption_fingerprint"])
        for row in table.select(READ).to_pylist()
    ]
