"""What the metrics show of the orchestrator's own parts, whenever they are asked for."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.jobs.scheduler import JobScheduler
from ingestion_orchestration_fastapi_app.library.table_sizes import TableSizes
from ingestion_orchestration_fastapi_app.metrics import Gauge, Gauges
from ingestion_orchestration_fastapi_app.resources.memory_budget import MemoryBudget


def show_gauges(
    gauges: Gauges,
    scheduler: JobScheduler,
    table_sizes: TableSizes,
    budget: MemoryBudget,
    pool: InferencePool,
) -> None:
    gauges.show(
        Gauge("jobs", "Jobs that have not ended.", "state", scheduler.jobs_by_state),
        Gauge("queued", "What waits before a stage.", "stage", scheduler.queued_by_stage),
        Gauge("in_flight_bytes", "Memory of files in work.", "state", budget.by_state),
        Gauge("inference_services", "Services by their state.", "state", pool.services_by_status),
        Gauge("inference_requests", "Batches under way.", "service", pool.in_flight_by_service),
        Gauge("points", "Rows of a collection's table.", "collection", table_sizes.points),
        Gauge(
            "unindexed_points",
            "Rows that a search looks at one by one.",
            "collection",
            table_sizes.unindexed_points,
        ),
        Gauge(
            "trash_points",
            "Removed images that can be brought back.",
            "collection",
            table_sizes.trashed_points,
        ),
        Gauge("trash_bytes", "What they take.", "collection", table_sizes.trashed_bytes),
        Gauge(
            "vector_indexes",
            "Collections by what becomes of their index: none, building, indexed, failed.",
            "state",
            table_sizes.indexes,
        ),
    )
