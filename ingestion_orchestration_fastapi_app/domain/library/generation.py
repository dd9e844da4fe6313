"""Generations: the tables of a collection, each made by one model, and how tables are named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GenerationState(StrEnum):
    FILLING = "filling"
    ACTIVE = "active"  # it answers; one a collection
    RETIRED = "retired"  # it answered, and can do so again


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """What one is made with."""

    table: str
    model: str
    weights: str
    dim: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Generation:
    """`id` never names two generations. `table` is the name of its table in the vector store, word
    for word: it is made once. `synced_version` is the newest version of it known to be on the disk.
    """

    id: int
    table: str
    model: str
    weights: str
    dim: int
    fingerprint: str
    state: GenerationState
    synced_version: int | None
    created_at: datetime
    activated_at: datetime | None = None


GENERATION_LANE = "generation"  # each has one of its own


def lane_of(generation_id: int) -> str:
    """Of jobs that fill the generation: one at a time."""
    return f"{GENERATION_LANE}:{generation_id}"


@dataclass(frozen=True, slots=True)
class SyncedVersion:
    """A version of a generation's table that is on the disk."""

    generation_id: int
    version: int


def table_name(collection: str) -> str:
    """A name that every file system and object store takes, and keeps apart from others.

    Never change: tables that say of no collection that they are its are found by it.
    """
    if re.fullmatch(r"[a-z0-9_-]{1,64}", collection):
        return collection
    readable = re.sub(r"[^a-z0-9_-]+", "-", collection.lower())[:32]
    digest = hashlib.sha256(collection.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{readable}.{digest}"


def new_table_name(collection: str, taken: Collection[str]) -> str:
    """Of the collection's name, as long as no table has it."""
    found, number = table_name(collection), 1
    while found in taken:
        number += 1
        found = table_name(f"{collection}\0{number}")
    return found


def new_words_table(points_table: str, taken: Collection[str]) -> str:
    """Of the table of its points, so that who lost the ledger finds it with them."""
    found, number = f"{points_table}.words", 1
    while found in taken:
        number += 1
        found = f"{points_table}.words{number}"
    return found
