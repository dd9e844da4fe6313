"""Calls that send pictures of this machine to the service's inbox."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO

from utils.client.connection import Connection
from utils.contract.uploads import UploadReply

_CALL_FILES = 100  # which are open at once
_CALL_BYTES = 1024 * 1024 * 1024  # below what a call may send by default


class UploadCalls(Connection):
    """Each method is the operation of its name in the OpenAPI document."""

    async def upload_images(
        self,
        paths: Sequence[str | os.PathLike[str]],
        collection: str = "default",
        *,
        captions: bool | None = None,
    ) -> UploadReply:
        """In one call, read as they are sent. Raises OSError for what cannot be read, too."""
        with ExitStack() as stack:
            files = [("files", _opened(path, stack)) for path in paths]
            return await self.ask(
                "POST",
                "/ingest/upload",
                UploadReply,
                files=files,
                collection=collection,
                captions=captions,
            )

    async def upload_all(
        self,
        paths: Iterable[str | os.PathLike[str]],
        collection: str = "default",
        *,
        captions: bool | None = None,
    ) -> AsyncIterator[UploadReply]:
        """In as many calls as they need, one after the other."""
        for some in _calls(paths):
            yield await self.upload_images(some, collection, captions=captions)


def _opened(path: str | os.PathLike[str], stack: ExitStack) -> tuple[str, BinaryIO]:
    return os.path.basename(path), stack.enter_context(open(path, "rb"))


def _calls(paths: Iterable[str | os.PathLike[str]]) -> Iterator[list[str | os.PathLike[str]]]:
    some: list[str | os.PathLike[str]] = []
    total_bytes = 0
    for path in paths:
        size_bytes = os.path.getsize(path)
        if some and (len(some) == _CALL_FILES or total_bytes + size_bytes > _CALL_BYTES):
            yield some
            some, total_bytes = [], 0
        some.append(path)
        total_bytes += size_bytes
    if some:
        yield some
