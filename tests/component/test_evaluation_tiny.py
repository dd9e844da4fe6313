"""`photoseek eval` on the shipped tiny world, with its model: what guards every change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion_orchestration_fastapi_app.evaluation import run as evaluation_run
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import Place, Size, scenes
from tests.component import bench as bench_module
from tests.component.bench import Bench
from tests.component.test_evaluation_job import evaluated
from tests.component.tiny_world import IMAGE, tiny_world
from tests.fakes import FINGERPRINT
from tests.torch_clips import load_torch_clip

pytestmark = pytest.mark.anyio

MOST_LOST = 0.003  # of R@1
MOST_LOST_BY_WORDS = 0.02  # of R@10
WORLD = [scene for scene in scenes() if scene.size is Size.NORMAL][::2]
SHORT = [scene for scene in WORLD if scene.place is Place.MIDDLE]


def asked() -> list[tuple[int, str, str]]:
    """Of each picture its caption; of those in the middle what people type, too."""
    whole = [(number, scene.caption, "en") for number, scene in enumerate(WORLD)]
    short = [(WORLD.index(scene), f"{scene.colour} {scene.shape}", "short") for scene in SHORT]
    return [*whole, *short]


async def test_the_tiny_model_finds_its_world_and_words_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench_module, "PATIENCE_S", 600)  # a model works: however long that takes
    monkeypatch.setattr(evaluation_run, "NONSENSE", 40)
    clip = load_torch_clip(
        model="tiny-shapes", pretrained="", cache_dir=tmp_path, dtype="float32", offline=True
    )
    bench = Bench(inference=tiny_world(clip, WORLD, [text for _, text, _ in asked()]))
    for number, scene in enumerate(WORLD):
        bench.library.put(f"{number}.jpg".encode(), f"{IMAGE}{scene.caption}".encode())
    await bench.job()
    lines = [f"{number}.jpg\t{text}\t{language}" for number, text, language in asked()]
    _, report = await evaluated(bench, "\n".join(lines))
    figures = report.figures
    for name, figure in figures.items():
        print(f"{name}: {figure:g}")  # noqa: T201  # on failure
    assert report.numbers == {
        "images": len(WORLD),
        "texts": len(WORLD) + len(SHORT),
        "texts without an image": 0,
    }
    assert figures["language en: recall at 1"] >= 1 - MOST_LOST
    assert figures["indexed: recall of the exact first ten"] == 1.0
    assert figures["hybrid: recall at 10"] >= figures["recall at 10"] - MOST_LOST_BY_WORDS
    assert figures["nonsense rejected"] >= 0.95
    assert figures["cut at 0.5: recall"] >= 0.98
    assert figures["suggested cut: recall"] >= 0.98
    assert figures["suggested cut: precision"] > figures["cut at 0.5: precision"]
    suggested = await bench.ledger.calibrations.suggested_cut(FINGERPRINT)
    assert suggested == figures["suggested cut"] > 0.5
    # It never learned to read "a photo of": so nobody gets it unasked.
    assert figures["templates: they help"] == 0.0
    assert not await bench.ledger.calibrations.templates_help(FINGERPRINT)
