"""An S3 bucket on loopback, for the tests of the vector store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from ingestion_orchestration_fastapi_app.adapters.lance import LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from tests.component.store_fixtures import (
    COMPACT_EVERY_FRAGMENTS,
    INDEX_THRESHOLD_ROWS,
    local_store,
)
from tests.memory_store import MemoryStore
from tests.memory_words import MemoryWords


@dataclass(frozen=True)
class Bucket:
    """Where an S3 bucket is served on loopback."""

    endpoint: str

    def store(self, prefix: str) -> LanceStore:
        return LanceStore(
            f"s3://photoseek/{prefix}",
            storage_options={
                "aws_endpoint": self.endpoint,
                "aws_access_key_id": "test",
                "aws_secret_access_key": "test",
                "aws_region": "us-east-1",
                "allow_http": "true",
                "aws_virtual_hosted_style_request": "false",
            },
            index_threshold_rows=INDEX_THRESHOLD_ROWS,
            compact_every_fragments=COMPACT_EVERY_FRAGMENTS,
            keep_versions_s=0.0,
        )


@contextmanager
def served_bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="photoseek")
        client.close()
        yield Bucket(f"http://{host}:{port}")
    finally:
        server.stop()


KINDS = ("memory", "folder", "bucket")


def words_of(kind: str, folder: str, bucket: Bucket) -> WordStore:
    store = store_of(kind, folder, bucket)
    if not isinstance(store, LanceStore):
        return MemoryWords()
    return LanceWords(store.database, compact_every_fragments=COMPACT_EVERY_FRAGMENTS)


def store_of(kind: str, folder: str, bucket: Bucket) -> VectorStore:
    match kind:
        case "memory":
            return MemoryStore()
        case "folder":
            return local_store(folder)
        case _:
            return bucket.store(uuid4().hex)
