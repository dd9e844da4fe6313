"""Steps of tests that export and import: the kinds over a bench's ports, jobs to their end."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.jobs.context import Ports
from ingestion_orchestration_fastapi_app.jobs.kinds import AnyKind
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.transfer.export_job import Export


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
    return [exporting.kind]
