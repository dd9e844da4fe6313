"""Stores of every kind, for the tests of what all of them promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from tests.component.store_bucket import KINDS, Bucket, served_bucket, store_of, words_of


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with served_bucket() as served:
        yield served


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket) -> VectorStore:
    return store_of(request.param, str(tmp_path), bucket)


@pytest.fixture(params=KINDS)
def words(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket) -> WordStore:
    return words_of(request.param, str(tmp_path), bucket)
