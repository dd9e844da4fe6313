"""What every view is looked at for: everybody can use it, nothing jumps, no title is cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")
MOST_SHIFT = 0.05  # cumulative layout shift
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push({
    value: one.value, what: one.sources.map(({ node }) => node?.className || node?.nodeName) });
}).observe({ type: "layout-shift", buffered: true });
"""

CUT = """() => [...document.querySelectorAll(".tools-said, main h1")]
  .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .filter(one => getComputedStyle(one).display !== "inline")
  .map(one => one.textContent)"""


def settled(page: Page) -> None:
    """Until nothing more is asked for and every picture in sight is there."""
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))")


def nothing_jumps(page: Page) -> None:
    """Of a page that had `WATCH_SHIFTS` as its first script; nor can it be scrolled sideways."""
    shifts = page.evaluate("window.shifts")
    assert sum(one["value"] for one in shifts) < MOST_SHIFT, shifts
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    assert wide <= 0, f"the page can be scrolled sideways by {wide} px"


def nothing_is_cut(page: Page) -> None:
    """Of titles, and of how many there are."""
    cut = page.evaluate(CUT)
    assert cut == [], cut


def everybody_can_use(page: Page, *, within: str = "html") -> None:
    """axe finds nothing serious. Skips where npm has not installed it."""
    if not AXE.is_file():
        pytest.skip("npm has not installed axe-core: make test does")
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "within => axe.run(document.querySelector(within), { resultTypes: ['violations'] })", within
    )
    faults = {
        fault["id"]: [node["target"] for node in fault["nodes"]][:5]
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
    }
    assert faults == {}
