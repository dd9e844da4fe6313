"""Makes the outline of the world's land that the map draws.

    npm install --prefix /tmp/atlas world-atlas@2.0.2
    python -m ingestion_orchestration_fastapi_app.ui.source.land \
        /tmp/atlas/node_modules/world-atlas/land-110m.json

The data is Natural Earth's land at 1:110,000,000 (public domain), which that package ships as
TopoJSON (https://github.com/topojson/topojson-specification): arcs of quantised differences.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

SCALE = 10  # steps a degree: a tenth is a third of a pixel on a screen-wide world
MOST_BYTES = 60_000
LEAST_POINTS = 4
TARGET = Path(__file__).parents[1] / "static" / "map" / "land.json"
Degrees = tuple[float, float]  # longitude, latitude


def rings(topology: Any) -> list[list[Degrees]]:
    """Every outline, as its points. Holes are outlines, too: the even-odd rule leaves them out."""
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Degrees]] = []
    for arc in topology["arcs"]:
        x = y = 0
        points: list[Degrees] = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale[0] + shift[0], y * scale[1] + shift[1]))
        arcs.append(points)
    found: list[list[Degrees]] = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            found += [_joined(arcs, numbers) for numbers in polygon]
    return found


def _joined(arcs: Sequence[list[Degrees]], numbers: Sequence[int]) -> list[Degrees]:
    """A negative number is the arc of its complement, backwards."""
    points: list[Degrees] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def unwrapped(ring: Sequence[Degrees]) -> list[Degrees]:
    """Without leaps at 180 degrees: a ring begins west of it, and its longitudes go on beyond.

    A ring around a pole is closed along that pole's latitude.
    """
    points = [ring[0]]
    for longitude, latitude in ring[1:]:
        before = points[-1][0]
        points.append((longitude - 360 * round((longitude - before) / 360), latitude))
    first, last = points[0][0], points[-1][0]
    if abs(last - first) > 180:
        pole = -90.0 if points[0][1] < 0 else 90.0
        points += [(last, pole), (first, pole)]
    turns = 360 * ((min(longitude for longitude, _ in points) + 180) // 360)
    return [(longitude - turns, latitude) for longitude, latitude in points]


def differences(ring: Sequence[Degrees]) -> list[int]:
    """Longitude and latitude by turns, in steps: the first point, then what is added to it."""
    flat: list[int] = []
    x = y = 0
    for longitude, latitude in ring:
        next_x, next_y = round(longitude * SCALE), round(latitude * SCALE)
        if flat and (next_x, next_y) == (x, y):
            continue
        flat += [next_x - x, next_y - y]
        x, y = next_x, next_y
    return flat


def main(
    topology: Annotated[Path, typer.Argument(help="land-110m.json of the package world-atlas.")],
) -> None:
    """Writes the outline beside the app's other files."""
    outlines = [differences(unwrapped(one)) for one in rings(json.loads(topology.read_text()))]
    kept = [one for one in outlines if len(one) >= LEAST_POINTS * 2]
    text = json.dumps(
        {"origin": "Natural Earth, 1:110m, public domain", "scale": SCALE, "rings": kept},
        separators=(",", ":"),
    )
    if len(text) > MOST_BYTES:
        raise SystemExit(f"{len(text)} bytes are more than {MOST_BYTES}.")
    TARGET.write_text(text + "\n")
    typer.echo(f"{TARGET.name}: {len(kept)} outlines, {len(text)} bytes")


if __name__ == "__main__":
    typer.run(main)
