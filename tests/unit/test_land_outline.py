"""How the outline of the world's land is made for the map."""

from __future__ import annotations

import json
from pathlib import Path

from ingestion_orchestration_fastapi_app.ui.source.land import (
    MOST_BYTES,
    TARGET,
    differences,
    rings,
    unwrapped,
)


def test_arcs_are_joined_also_backwards() -> None:
    topology = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [[[0, 0], [2, 0]], [[0, 0], [1, 5], [1, -5]]],
        "objects": {"land": {"geometries": [{"arcs": [[[0, ~1]]]}]}},
    }
    assert rings(topology) == [[(0, 0), (2, 0), (1, 5), (0, 0)]]


def test_a_ring_goes_on_beyond_180_degrees() -> None:
    assert unwrapped([(170, 10), (-170, 10), (-170, 20), (170, 10)]) == [
        (170, 10),
        (190, 10),
        (190, 20),
        (170, 10),
    ]


def test_a_ring_begins_in_the_west_of_180_degrees() -> None:
    assert unwrapped([(-170, 10), (170, 10), (170, 20), (-170, 10)])[0] == (190, 10)


def test_a_ring_around_a_pole_is_closed_there() -> None:
    ring = [(-180.0, -70.0), (-60.0, -75.0), (60.0, -70.0), (180.0, -70.0)]
    assert unwrapped(ring)[-2:] == [(180, -90), (-180, -90)]


def test_only_what_changes_is_kept_in_tenths_of_a_degree() -> None:
    assert differences([(1, 2), (1.01, 2.01), (1.5, 2)]) == [10, 20, 5, 0]


def test_the_outline_that_is_shipped_is_the_world_and_small() -> None:
    data = json.loads(Path(TARGET).read_text())
    assert TARGET.stat().st_size <= MOST_BYTES
    assert "Natural Earth" in data["origin"]
    largest = max(data["rings"], key=len)
    longitudes = [sum(largest[0 : at + 1 : 2]) / data["scale"] for at in range(0, len(largest), 2)]
    assert min(longitudes) < -15, "Africa and Eurasia are one"
    assert max(longitudes) > 185
