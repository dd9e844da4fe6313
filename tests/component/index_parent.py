"""A process that has an index built, and is killed meanwhile. Arguments: the store's folder."""

from __future__ import annotations

import sys

import anyio

from tests.component.store_fixtures import COLLECTION, local_store


async def build(folder: str) -> None:
    store = local_store(folder)
    await store.open(COLLECTION, synced_version=None)
    print("opened", flush=True)  # noqa: T201  # the pipe to the test
    await store.upkeep(COLLECTION)
    await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(build, sys.argv[1])
