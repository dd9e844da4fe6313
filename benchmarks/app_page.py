"""The web app's page of all photos as a benchmark sees it: when its pictures are there, and where
it is scrolled to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 60_000
MIB = 1024**2

# What is seen is there when sections fill the window and each picture in it is decoded. It is
# looked at in each frame, and told in the one after: then it has been painted.
_PROBE = """
(() => {
  const hold = window.benchmark = { shift: 0 };
  const look = () => {
    const wall = document.querySelector(".wall.timeline");
    const box = wall?.querySelector(".wall-box");
    if (!box) return null;
    const seen = wall.getBoundingClientRect(), all = box.getBoundingClientRect();
    const isIn = (at) => at.bottom > seen.top && at.top < seen.bottom;
    const top = Math.max(seen.top, all.top), bottom = Math.min(seen.bottom, all.bottom);
    const within = (at) => Math.max(0, Math.min(at.bottom, bottom) - Math.max(at.top, top));
    const boxes = (name) => [...wall.querySelectorAll(name)]
      .map((one) => ({ one, at: one.getBoundingClientRect() })).filter(({ at }) => isIn(at));
    const filled = boxes(".wall-section").reduce((sum, { at }) => sum + within(at), 0);
    const tiles = boxes(".tile").map(({ one }) => one);
    if (!tiles.length || filled < bottom - top - 2) return null;
    return tiles.every((one) => one.matches(".loaded")) ? tiles : null;
  };
  // Since a moment of this page's clock; `is` says of the pictures whether they are meant.
  hold.shown = (since, is) => new Promise((tell) => {
    const frame = () => {
      const tiles = look();
      if (!tiles || !is(tiles)) return requestAnimationFrame(frame);
      const done = () => requestAnimationFrame((now) =>
        tell({ ms: now - since, tiles: tiles.length }));
      const decoded = tiles.map((one) => one.querySelector("img").decode().catch(() => {}));
      return Promise.all(decoded).then(done);
    };
    requestAnimationFrame(frame);
  });
  hold.settled = () => new Promise((tell) => {
    const frame = () => {
      const tiles = [...document.querySelectorAll(".tile")];
      if (tiles.every((one) => one.matches(".loaded, .failed"))) return tell();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  hold.opened = hold.shown(0, () => true);
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) hold.shift += one.value;
  }).observe({ type: "layout-shift", buffered: true });
})();
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """`ms` until all `tiles` in the window were painted."""

    ms: float
    tiles: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What is held after a garbage collection. `nodes` also those outside the document."""

    heap_mib: float
    nodes: int


class PhotosPage:
    """Made by `opened`."""

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self._page = page
        self._cdp = cdp

    async def first(self) -> Shown:
        """Since the navigation began."""
        return Shown(**await self._page.evaluate("window.benchmark.opened"))

    async def settled(self) -> None:
        """What was asked for beyond the window is there, too: nothing is in the way of a jump."""
        await self._page.evaluate("window.benchmark.settled()")

    async def at_month(self, month: str) -> Shown:
        """Goes there as back and forward do, by the address: `2008-09`."""
        await self.settled()
        return Shown(
            **await self._page.evaluate(
                """(month) => {
                  const since = performance.now(), asked = { month: "long", year: "numeric" };
                  const date = new Date(`${month}-01T00:00`).toLocaleString("en-GB", asked);
                  const is = (one) => one.querySelector("a").ariaLabel.includes(date);
                  history.pushState({ depth: 1 }, "", `/?at=${month}`);
                  dispatchEvent(new PopStateEvent("popstate"));
                  return window.benchmark.shown(since, (tiles) => tiles.some(is));
                }""",
                month,
            )
        )

    async def at_share(self, share: float) -> Shown:
        """By a click on the scroll bar that shows time, 0 to 1 from its top."""
        await self.settled()
        bar = await self._page.locator(".scrubber").bounding_box()
        assert bar is not None, "a library of many months has one"
        await self._page.evaluate(
            """() => {
              const hold = window.benchmark, wall = document.querySelector(".wall.timeline");
              hold.jumped = new Promise((tell) => addEventListener("pointerdown", (event) => {
                const since = event.timeStamp, before = wall.scrollTop;
                tell(hold.shown(since, () => wall.scrollTop !== before));
              }, { capture: true, once: true }));
            }"""
        )
        x, y = bar["x"] + bar["width"] / 2, bar["y"] + 14 + share * (bar["height"] - 28)
        await self._page.mouse.click(x, y)
        return Shown(**await self._page.evaluate("window.benchmark.jumped"))

    async def scrolled(self, share: float) -> Shown:
        """To a part of the whole height, 0 to 1."""
        return Shown(
            **await self._page.evaluate(
                """(share) => {
                  const since = performance.now(), wall = document.querySelector(".wall.timeline");
                  wall.scrollTop = share * (wall.scrollHeight - wall.clientHeight);
                  return window.benchmark.shown(since, () => true);
                }""",
                share,
            )
        )

    async def memory(self) -> Memory:
        await self._cdp.send("HeapProfiler.collectGarbage")
        told = (await self._cdp.send("Performance.getMetrics"))["metrics"]
        named = {one["name"]: float(one["value"]) for one in told}
        return Memory(named["JSHeapUsedSize"] / MIB, round(named["Nodes"]))

    async def shift(self) -> float:
        """All that moved by itself since the page was opened: CLS, without its windows."""
        return float(await self._page.evaluate("window.benchmark.shift"))


@asynccontextmanager
async def opened(browser: Browser, url: str) -> AsyncIterator[PhotosPage]:
    """A page of a profile of its own: nothing is in its cache."""
    context: BrowserContext = await browser.new_context(viewport=SIZE, locale="en-GB")  # type: ignore[arg-type]  # a TypedDict of the library's
    try:
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(_PROBE)
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("Performance.enable")
        await page.goto(url, wait_until="commit")
        yield PhotosPage(page, cdp)
    finally:
        await context.close()
