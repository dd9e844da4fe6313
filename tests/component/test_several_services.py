"""Searches and health with several inference services: whoever answers will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from anyio import Event

from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector
from ingestion_orchestration_fastapi_app.errors import InferenceFault, ModelMismatch, Overloaded
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.asked import Templating
from ingestion_orchestration_fastapi_app.library.searching.query import Query
from ingestion_orchestration_fastapi_app.library.searching.search import Search
from tests.component.bench import Bench
from tests.component.orchestrator_app import FakeService, check_problem, library, orchestrator
from tests.fake_inference import FakeInference
from tests.fakes import capabilities
from utils.contract import ErrorCode
from utils.problems import MlUnavailable

pytestmark = pytest.mark.anyio

QUERY = Query("default", limit=5, offset=0, filters=NO_FILTERS, min_score=None)


@dataclass
class Asked(FakeInference):
    """Remembers queries; a `stuck` one never answers them."""

    stuck: bool = False
    queries: list[str] = field(default_factory=list)
    faults: list[InferenceFault] = field(default_factory=list)

    async def embed_text(self, text: str, *, fingerprint: str) -> QueryVector:
        self.queries.append(text)
        if self.stuck:
            await Event().wait()
        if self.faults:
            raise self.faults.pop(0)
        return await super().embed_text(text, fingerprint=fingerprint)


async def searched(*services: FakeInference) -> Search:
    """A search over three images of the model that fakes run by default."""
    bench = Bench()
    for name in ("a", "b", "c"):
        bench.library.put(name.encode(), b"image " + name.encode())
    await bench.job()
    pool = InferencePool(services)
    await pool.refresh()
    return Search(
        bench.collections(),
        bench.store,
        pool,
        conditions=LedgerConditions(
            bench.ledger.captions, bench.ledger.annotations, bench.ledger.albums
        ),
        judging=Judging(bench.ledger.calibrations, bench.store),
        templating=Templating(bench.ledger.calibrations),
        shown=lambda _: None,
        query_timeout_s=1.0,
    )


async def test_a_query_goes_to_the_next_service_when_one_is_gone_or_stuck() -> None:
    gone, stuck, good = Asked(), Asked(stuck=True), Asked()
    search = await searched(gone, stuck, good)
    gone.away = True
    assert len((await search.by_text(QUERY, "one")).hits) == 3
    assert len((await search.by_text(QUERY, "two")).hits) == 3
    assert gone.queries == stuck.queries == ["one"], "what was silent is asked last from then on"
    assert good.queries == ["one", "two"]


async def test_a_query_waits_for_a_service_that_says_when_if_it_has_the_time() -> None:
    loading = [Overloaded("it loads", retry_after_s=0.01) for _ in range(2)]
    service = Asked(faults=[*loading])
    search = await searched(service)
    assert len((await search.by_text(QUERY, "one")).hits) == 3
    assert len(service.queries) == 3
    for fault in (Overloaded("it loads", retry_after_s=60), Overloaded("it does not say")):
        service.faults = [fault]
        with pytest.raises(MlUnavailable):
            await search.by_text(QUERY, "two")


async def test_a_query_is_answered_by_the_service_with_the_collections_model() -> None:
    other, ours = Asked(told=capabilities(fingerprint="another")), Asked()
    search = await searched(other, ours)
    assert len((await search.by_text(QUERY, "one")).hits) == 3
    assert len((await search.by_image(QUERY, b"an image")).hits) == 3


async def test_without_any_service_of_the_model_a_query_says_why() -> None:
    others = [Asked(told=capabilities(fingerprint=name)) for name in ("one", "two")]
    with pytest.raises(ModelMismatch):
        await (await searched(*others)).by_text(QUERY, "x")
    with pytest.raises(MlUnavailable):
        await (await searched(others[0], Asked(away=True))).by_text(QUERY, "x")
    with pytest.raises(MlUnavailable):
        await (await searched(Asked(stuck=True), Asked(stuck=True))).by_text(QUERY, "x")


class Several(FakeService):
    """Those of several hosts."""

    def __init__(self, **by_host: FakeService) -> None:
        super().__init__()
        self.by_host = by_host

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self.by_host[request.url.host](request)


URLS = "http://one:1,http://two:2,http://three:3"


async def test_health_and_capabilities_list_every_service(tmp_path: Path) -> None:
    gone, ours = FakeService(down=True), FakeService()
    other = FakeService(told=capabilities(fingerprint="another"))
    several = Several(one=gone, two=ours, three=other)
    async with orchestrator(tmp_path, service=several, ml_inference_service_url=URLS) as running:
        told = await running.get("/capabilities")
        assert told["inference"] == {
            "url": "http://two:2",
            "reachable": True,
            "detail": None,
            "max_requests": 2,
            "max_images": 16,
        }
        assert told["ml"]["clip"]["fingerprint"] == ours.told.clip.fingerprint
        listed = told["inference_services"]
        assert [(one["url"], one["state"], one["fingerprint"]) for one in listed] == [
            ("http://one:1", "away", None),
            ("http://two:2", "ready", ours.told.clip.fingerprint),
            ("http://three:3", "other_model", "another"),
        ]
        assert listed[0]["detail"] == "the inference service cannot be reached"
        assert listed[2]["detail"].startswith("ERR_MODEL_MISMATCH: ")
        assert [one["models"] for one in listed] == [[], [ours.told.clip.fingerprint], ["another"]]
        health = (await running.http.get("/health/ready")).json()
        assert (health["status"], health["detail"]) == ("ok", None)
        assert health["inference"] == listed


async def test_what_several_services_of_a_model_take_adds_up(tmp_path: Path) -> None:
    large = FakeService(told=capabilities(safe_batch=64, limit=3))
    small = FakeService(told=capabilities(safe_batch=4, limit=2))
    other = FakeService(told=capabilities(fingerprint="another", limit=9))
    several = Several(one=large, two=small, three=other)
    async with orchestrator(tmp_path, service=several, ml_inference_service_url=URLS) as running:
        inference = (await running.get("/capabilities"))["inference"]
        assert (inference["max_requests"], inference["max_images"]) == (5, 3 * 64 + 2 * 4)
        metrics = (await running.http.get("/metrics")).text
        assert 'photoseek_orchestrator_inference_services{state="ready"} 3.0' in metrics


async def test_an_import_is_refused_at_once_only_when_all_run_other_models(tmp_path: Path) -> None:
    library(tmp_path)
    ours, other = FakeService(), FakeService(told=capabilities(fingerprint="another"))
    several = Several(one=other, two=ours, three=other)
    async with orchestrator(tmp_path, service=FakeService()) as running:
        await running.ingested()
    async with orchestrator(tmp_path, service=several, ml_inference_service_url=URLS) as running:
        job = await running.ingested()
        assert job["state"] == "completed"
        assert len([text for text in job["warnings"] if "ERR_MODEL_MISMATCH" in text]) == 2
    several.by_host["two"] = other
    async with orchestrator(tmp_path, service=several, ml_inference_service_url=URLS) as running:
        refused = await running.post("/ingest", {"directory_path": str(running.photos)})
        check_problem(refused, 409, ErrorCode.MODEL_MISMATCH)
