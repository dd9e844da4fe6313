"""Steps of tests that export and import: the kinds over a bench's ports, jobs to their end."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.files.allowed_roots import AllowedFolders
from ingestion_orchestration_fastapi_app.domain.jobs.records import ImportPath
from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import AnyKind
from ingestion_orchestration_fastapi_app.library.allowed_roots import AllowedRoots
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from ingestion_orchestration_fastapi_app.transfer.export_job import Export
from ingestion_orchestration_fastapi_app.transfer.import_job import Import
from ingestion_orchestration_fastapi_app.transfer.import_plans import ImportPlans


def transfer_kinds(ports: Ports, collections: Collections) -> list[AnyKind]:
    ledger = ports.ledger
    exporting = Export(
        ports,
        collections,
        LedgerConditions(ledger.captions, ledger.annotations, ledger.albums),
        lambda _: None,
        keep_bytes=0,
        made_by="photoseek of a test",
    )
    return [exporting.kind, Import(ports, collections, ImportPlans(ports.exports, allowed())).kind]


def allowed() -> AllowedRoots:
    """All of `/photos`."""
    folders = AllowedFolders((b"/photos",), True, (), ())
    return AllowedRoots(
        folders,
        checked=lambda text, _: text.encode(),
        checked_path=lambda text, _: (ImportPath(text.encode(), is_file=False), 0),
        threads=RootThreads(lambda _: b"/", each=1),
    )
