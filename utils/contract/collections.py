"""Collections and their watched folders."""

from __future__ import annotations

from typing import Literal

from utils.contract.base import Reply, Wire


class CollectionRequest(Wire):
    name: str


class WatchReply(Reply):
    """`mode`: by `events` of the file system, or only by a `rescan` now and then.

    `detail` says why there are no events, or what else is wrong.
    """

    directory_path: str
    recursive: bool
    mode: Literal["events", "rescan"]
    detail: str | None


class CollectionReply(Reply):
    """`model` and `fingerprint` are null until the first job binds the collection to a model.

    `count` is null where the vector store cannot be read: import the collection's folders again.

    `watches`: the folders whose changes are picked up.
    """

    name: str
    count: int | None
    model: str | None
    fingerprint: str | None
    roots: tuple[str, ...]
    watches: tuple[WatchReply, ...] = ()
    last_job_id: str | None


class CollectionList(Reply):
    collections: tuple[CollectionReply, ...]
