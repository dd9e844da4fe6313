"""`kill -9` of the real inference service, with the shipped tiny model, and of both services."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.conftest import ServiceProcess, service_pair
from tests.kills.checks import SENT, about, check_inferences, check_same_end
from tests.kills.conftest import Known
from tests.kills.inference import BATCH_IMAGES
from tests.kills.life import Errand, Life
from tests.kills.rig import LOOK_S, PATIENCE_S, SETTINGS, Rig, Scenario, Step, Story, steps_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    service = service_pair(tmp_path_factory.mktemp("real")).inference
    service.start()
    try:
        yield service
    finally:
        service.kill()


def story(
    rig: Rig, scenario: Scenario, inference: ServiceProcess, *, batch: int = 0, both: bool = False
) -> Story:
    """The errand; when so many batches were sent the service dies, or both do, and come back."""
    settings = {
        **SETTINGS,
        "ml_inference_service_url": inference.url,
        "ml_inference_batch_size": BATCH_IMAGES,
    }
    folder = rig.folder(scenario)
    told = Story(folder, ())
    life = Life(scenario.home, folder, 0, scenario.errand, settings)
    process = rig.process(life)
    try:
        while batch and len(_sent(life)) < batch and not process.ends(within_s=LOOK_S):
            pass
        if batch:
            inference.kill()
            told.outages += 1
            if both:
                process.kill()
                told.deaths += 1
                told.traces.append(steps_of(life))
                life = replace(life, number=1)
                process = rig.process(life)
            inference.start()
        process.ends(within_s=PATIENCE_S)
    finally:
        status = process.kill()
    assert status == 0, life.log()
    told.traces.append(steps_of(life))
    told.inferred = [list(batch) for trace in told.traces for batch in _not_failed(trace)]
    told.left = json.loads(life.result_path.read_text())
    return told


def _not_failed(trace: list[Step]) -> list[tuple[str, ...]]:
    failed = {one.call for one in trace if (one.step, one.phase) == (SENT, "failed")}
    return about([one for one in trace if one.call not in failed], SENT, "begun")


def _sent(life: Life) -> list[tuple[str, ...]]:
    return about(steps_of(life), SENT, "begun")


@pytest.mark.parametrize("both", [False, True], ids=["inference", "both"])
def test_a_killed_model_makes_the_same_vectors_again(
    rig: Rig, known: dict[str, Known], inference: ServiceProcess, both: bool
) -> None:
    scenario = replace(known["first"].scenario, name="real", errand=Errand({}))
    whole = story(rig, scenario, inference)
    seeded = random.Random(12)
    for batch in seeded.sample(range(1, len(whole.inferred)), 3):
        killed = story(rig, scenario, inference, batch=batch, both=both)
        check_same_end(killed, whole)
        rig.seen.count(killed, check_inferences(killed, whole, known["first"].contents))
