"""Holds answers back in a page, so that they come later, or in another order, than was asked."""

from __future__ import annotations

from playwright.sync_api import Page

# What is asked for goes out at once; its answer waits in `held` until somebody lets it go.
_HOLD = """
(part) => {
  const own = window.fetch;
  window.held = [];
  window.fetch = async (url, asked) => {
    const answer = await own(url, asked);
    if (String(url).includes(part)) await new Promise(go => held.push(go));
    return answer;
  };
}
"""
# The same for what goes out: the service does not hear of it before.
_HOLD_BACK = """
(part) => {
  const own = window.fetch;
  window.held = [];
  window.fetch = async (url, asked) => {
    if (String(url).includes(part)) await new Promise(go => held.push(go));
    return own(url, asked);
  };
}
"""
# Then all that follows from it has happened, as far as nobody else is asked.
_LET_GO = """
async ([from, count]) => {
  for (const go of held.splice(from, count)) go();
  for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
}
"""


def hold_answers(page: Page, part: str) -> None:
    """To calls whose addresses have this part."""
    page.evaluate(_HOLD, part)


def hold_calls(page: Page, part: str) -> None:
    """Those whose addresses have this part."""
    page.evaluate(_HOLD_BACK, part)


def wait_for_held(page: Page, count: int) -> None:
    page.wait_for_function("count => held.length >= count", arg=count)


def let_go(page: Page, *, first: int = 0, count: int = 100) -> None:
    """So many from the first on, in the order in which they were asked for."""
    page.evaluate(_LET_GO, [first, count])
