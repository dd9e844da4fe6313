"""The attacks of `photoseek bench hostile`, small, on real services: everybody else is answered."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import psutil
import pytest

from benchmarks.attacks import Attack, Scale, against_inference, against_orchestrator
from benchmarks.hostile import measured
from tests.e2e.conftest import ServiceProcess, Services
from utils.web.serving.descriptors import raise_descriptor_limit

SMALL = Scale(
    rounds=1, clients=2, body_mib=8, head_mib=8, idle=1200, slow=100, uploads=3, hold_s=1.0
)
GENEROUS_MS = 10_000.0  # for a machine that does much else; the bench says what is so
GENEROUS_MIB = 200.0


@pytest.mark.parametrize("attacks", [against_orchestrator, against_inference])
def test_no_attack_keeps_others_from_their_answers(
    services: Services, attacks: Callable[[Scale], list[Attack]]
) -> None:
    raise_descriptor_limit()
    attacked = services.orchestrator if attacks is against_orchestrator else services.inference
    process = psutil.Process(attacked.pid)
    for attack in attacks(SMALL):
        (row,) = measured(attacked.name, process, attacked.port, [attack])
        assert row.answers > 0, row
        assert row.worst_ms < GENEROUS_MS, row
        assert row.memory_mib < GENEROUS_MIB, row
        assert works(services.inference, "/api/v1/embed_text", {"texts": ["a red circle"]}), row
        assert works(services.orchestrator, "/api/v1/ingest", {"directory_path": "/"}, 403), row


def works(service: ServiceProcess, path: str, body: object, status: int = 200) -> bool:
    answer = httpx.post(f"{service.url}{path}", json=body, timeout=60, trust_env=False)
    return answer.status_code == status
