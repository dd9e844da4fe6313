"""`kill -9` of the inference service, or of both services, in the middle of a job."""

from __future__ import annotations

import random

import pytest

from tests.kills.conftest import Known
from tests.kills.rig import Kill, Rig
from tests.kills.surviving import PHASES, faults, outages, told

pytestmark = pytest.mark.timeout(900)  # a test is many kills

SOME_AND_MANY = [
    ("first", 2),
    *(pytest.param(n, 15, marks=pytest.mark.slow) for n in ("first", "sync")),
]


@pytest.mark.parametrize(("name", "kills"), SOME_AND_MANY)
def test_a_killed_inference_service_costs_at_most_the_window(
    rig: Rig, known: dict[str, Known], name: str, kills: int
) -> None:
    """It comes back, and the job has not noticed but for a moment."""
    wanted = outages(known[name], kills, random.Random(10))
    for story in told(rig, known[name], [Kill(outage=outage) for outage in wanted]):
        assert len(story.traces) == 1  # in one life


@pytest.mark.parametrize(("name", "kills"), SOME_AND_MANY)
def test_both_services_killed_at_once_cost_nothing(
    rig: Rig, known: dict[str, Known], name: str, kills: int
) -> None:
    """Whichever comes to its end first takes the other along."""
    seeded = random.Random(11)
    points = seeded.sample(faults(known[name], PHASES, seeded), kills)
    pairs = zip(points, outages(known[name], kills, seeded), strict=True)
    told(rig, known[name], [Kill(fault, outage=outage) for fault, outage in pairs])
