"""Formats as people name them: by name, by extension, and all RAW formats together."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from utils.contract.images import Format

RAW_GROUP = "raw"

_BY_NAME: dict[str, tuple[Format, ...]] = {
    **{name: (known,) for known in Format for name in (known.value, *known.extensions)},
    RAW_GROUP: tuple(known for known in Format if known.is_raw),  # also Panasonic's old extension
}
FORMAT_NAMES = tuple(sorted(_BY_NAME))
MAX_FORMATS = 50


def _name(written: object) -> str:
    """As in FORMAT_NAMES. Raises ValueError, which says which names there are."""
    name = written.strip().lower().removeprefix(".") if isinstance(written, str) else ""
    if name not in _BY_NAME:
        raise ValueError(f"there is no such format; the names are {', '.join(FORMAT_NAMES)}")
    return name


FormatName = Annotated[
    str,
    Field(max_length=16),
    BeforeValidator(_name),
    WithJsonSchema({"type": "string", "enum": list(FORMAT_NAMES)}),
]


def formats_named(names: tuple[str, ...]) -> tuple[str, ...]:
    """Every format that one of the names (from FORMAT_NAMES) means, once."""
    return tuple(sorted({known.value for name in names for known in _BY_NAME[name]}))
