"""Opens what lies outside: the data folder, the ledger, tables, caches, decoders, services."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
from anyio import CapacityLimiter

from ingestion_orchestration_fastapi_app.adapters.content_cache.cache import open_content_cache
from ingestion_orchestration_fastapi_app.adapters.data_folder.folder import (
    LEDGER_NAME,
    locked_data_folder,
    prepared_cache,
    prepared_store,
)
from ingestion_orchestration_fastapi_app.adapters.exports import LocalExports
from ingestion_orchestration_fastapi_app.adapters.image_preparation import ImagePreparation
from ingestion_orchestration_fastapi_app.adapters.inbox.folder import InboxFolder
from ingestion_orchestration_fastapi_app.adapters.inference_http.client import InferenceClient
from ingestion_orchestration_fastapi_app.adapters.inotify.folder_watch import InotifyEvents
from ingestion_orchestration_fastapi_app.adapters.lance import BuildLimits, LanceStore
from ingestion_orchestration_fastapi_app.adapters.lance.words.store import LanceWords
from ingestion_orchestration_fastapi_app.adapters.local_files.directories import (
    allowed_folders,
    checked_directory,
    checked_path,
    true_path,
)
from ingestion_orchestration_fastapi_app.adapters.local_files.filesystem import LocalFiles
from ingestion_orchestration_fastapi_app.adapters.local_files.mounts import MountPoints
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.disk_folders import (
    LocalFolders,
)
from ingestion_orchestration_fastapi_app.adapters.sqlite import open_ledger
from ingestion_orchestration_fastapi_app.domain.scanning.scan_rules import ExcludeRules
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.metrics import WorkMetrics
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.settings import Settings
from utils.sandbox.pool import DecoderPool


@dataclass(frozen=True, slots=True)
class Opened:
    """What stands behind the ports, and what of it is needed beside them."""

    ports: Ports
    decoders: DecoderPool
    allowed: AllowedRoots
    threads: RootThreads
    events: InotifyEvents
    inbox: InboxFolder
    folders: LocalFolders


async def opened(
    settings: Settings,
    stack: AsyncExitStack,
    ml_transport: httpx.AsyncBaseTransport | None,
    metrics: WorkMetrics,
) -> Opened:
    """Opens the adapters, in the order in which they must be closed again, last first."""
    stack.enter_context(locked_data_folder(settings.data_dir))
    prepared_store(settings.store_location)
    prepared_cache(settings.cache_location)
    ledger = await stack.enter_async_context(open_ledger(settings.data_dir / LEDGER_NAME))
    cache = await stack.enter_async_context(
        open_content_cache(
            settings.cache_location,
            vector_limit_bytes=settings.vector_cache_bytes,
            picture_limit_bytes=settings.picture_cache_bytes,
        )
    )
    store = LanceStore(
        settings.store_location,
        index_threshold_rows=settings.index_threshold_rows,
        index_cache_bytes=settings.index_cache_bytes,
        build_limits=BuildLimits(settings.index_build_memory_bytes, settings.index_build_timeout_s),
    )
    stack.push_async_callback(store.aclose)
    http = await stack.enter_async_context(
        httpx.AsyncClient(transport=ml_transport, trust_env=False)
    )
    decoders = await stack.enter_async_context(
        DecoderPool(
            workers=settings.decode_workers,
            timeout_s=settings.decode_timeout_s,
            memory_bytes=settings.decode_memory_bytes,
        )
    )
    folders = allowed_folders(
        settings.ingest_roots,
        is_bound="ingest_roots" in settings.model_fields_set,
        own=settings.own_folders,
        inbox=settings.inbox_location,
    )
    mounts = MountPoints()

    def root_of(path: bytes) -> bytes:
        return max([mounts.above(path), *allowed.above(path)], key=len)

    threads = RootThreads(root_of, each=settings.hash_workers * 2)
    allowed = AllowedRoots(
        folders, checked=checked_directory, checked_path=checked_path, threads=threads
    )
    rules = ExcludeRules(settings.exclude_patterns, own=folders.own, inbox=folders.inbox)
    events = await stack.enter_async_context(InotifyEvents(rules))
    ports = Ports(
        ledger=ledger,
        store=store,
        words=LanceWords(store.database),
        cache=cache,
        library=LocalFiles(
            threads,
            max_file_bytes=settings.max_file_bytes,
            rules=rules,
            is_allowed=allowed.allows,
        ),
        preparation=ImagePreparation(
            CapacityLimiter(settings.decode_workers),
            decoders,
            threads,
            max_pixels=settings.max_image_pixels,
            thumbnail_side_px=settings.thumbnail_side_px,
            encoding=settings.ml_upload_encoding,
        ),
        inference=tuple(
            InferenceClient(
                http,
                url=url,
                threads=threads,
                request_timeout_s=settings.ml_request_timeout_s,
                query_timeout_s=settings.ml_query_timeout_s,
                api_key=settings.ml_key,
                thumbnail_side_px=settings.thumbnail_side_px,
            )
            for url in settings.ml_urls
        ),
        budget=MemoryBudget(settings.max_inflight_bytes),
        exports=LocalExports(
            settings.export_location, makes_folder=settings.export_dir is None, threads=threads
        ),
        metrics=metrics,
    )
    inbox = InboxFolder(
        true_path(os.fsencode(settings.inbox_location)),
        threads,
        max_file_bytes=settings.max_file_bytes,
        limit_bytes=settings.inbox_max_bytes,
        keep_free_bytes=settings.min_free_bytes,
    )
    stack.callback(inbox.close)
    folders_on_disk = LocalFolders(threads, rules)
    return Opened(ports, decoders, allowed, threads, events, inbox, folders_on_disk)
