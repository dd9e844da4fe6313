// The mouse and the finger on a wall: opening, selecting one, from here to there, all in a frame.
import { h } from "../../core/dom.js";
import { go } from "../../core/router.js";

/** @typedef {import("../../types").Shown} Shown */

const LONG_PRESS_MS = 450;
const SLACK_PX = 8;
const EDGE_PX = 48;
/** As many ids as one request takes. */
const MOST_SELECTED = 5000;

/** @param {import("./wall.js").Wall} wall */
export function picking(wall) {
  const { selection } = wall.options, { box, element } = wall;
  let anchor = "";
  /** A press that did something else already is no click. */
  let isSpent = false;

  /** @param {EventTarget | null} target */
  const tileAt = (target) => {
    const cell = target instanceof Element ? target.closest(".tile") : null;
    return cell instanceof HTMLElement ? wall.drawing.tileOf(cell.dataset.id ?? "") : null;
  };

  /** The pictures from one number to another, loaded where need be. @param {number} from @param {number} to */
  async function range(from, to) {
    const first = Math.min(from, to), last = Math.min(Math.max(from, to), first + MOST_SELECTED - 1);
    /** @type {Shown[]} */
    const found = [];
    for (let number = Math.max(0, first); number <= last; number += 1) {
      const image = await wall.at(number);
      if (image) found.push(image);
    }
    return found;
  }

  /** @param {Shown} image @param {boolean} isRange */
  async function pick(image, isRange) {
    const from = wall.numberOf(anchor);
    if (isRange && from >= 0) return selection.setAll(await range(from, wall.numberOf(image.id)));
    anchor = image.id;
    selection.toggle(image);
  }

  box.addEventListener("click", (event) => {
    const tile = tileAt(event.target);
    if (isSpent || !tile) {
      if (isSpent) event.preventDefault();
      isSpent = false;
      return;
    }
    const isCheck = event.target instanceof Element && event.target.closest(".tile-check");
    if (!isCheck && !(event.target instanceof Element && event.target.closest(".tile-link"))) return;
    if (!isCheck && (event.ctrlKey || event.metaKey)) return; // a tab of its own
    event.preventDefault();
    if (isCheck || event.shiftKey || (selection.isActive && event.detail > 0)) {
      if (event.shiftKey && !anchor) anchor = wall.current;
      void pick(tile.image, event.shiftKey);
      tile.link.focus({ preventScroll: true });
    } else go(wall.address(tile.image));
  });
  box.addEventListener("dragstart", (event) => event.preventDefault());
  box.addEventListener("contextmenu", (event) => { if (isSpent) event.preventDefault(); });

  element.addEventListener("pointerdown", (event) => {
    isSpent = false;
    const target = event.target instanceof Element ? event.target : null;
    if (event.pointerType === "touch") longPress(event);
    else if (event.button === 0 && !event.shiftKey && !target?.closest("button, input, .wall-head, .wall-foot") && event.offsetX < element.clientWidth) band(event);
  });

  /** @param {PointerEvent} down */
  function longPress(down) {
    const tile = tileAt(down.target);
    if (!tile) return;
    const over = new AbortController();
    const timer = window.setTimeout(() => {
      over.abort();
      isSpent = true;
      navigator.vibrate?.(15);
      void pick(tile.image, false);
    }, LONG_PRESS_MS);
    over.signal.addEventListener("abort", () => clearTimeout(timer));
    const end = (/** @type {Event} */ event) => {
      if (event instanceof PointerEvent && event.type === "pointermove" && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < SLACK_PX) return;
      over.abort();
    };
    for (const name of ["pointermove", "pointerup", "pointercancel"]) window.addEventListener(name, end, { signal: over.signal });
    element.addEventListener("scroll", end, { signal: over.signal });
  }

  /** Drawn with the mouse: what it touches is selected besides what was. @param {PointerEvent} down */
  function band(down) {
    const over = new AbortController(), frame = h("div", { class: "wall-band" });
    const origin = inBox(down.clientX, down.clientY), base = new Set(selection.ids);
    let [x, y] = [down.clientX, down.clientY], isDrawn = false, request = 0;
    /** @type {Shown[]} */
    let hits = [];
    const show = () => {
      const at = inBox(x, y);
      const area = { left: Math.min(at.x, origin.x), top: Math.min(at.y, origin.y), right: Math.max(at.x, origin.x), bottom: Math.max(at.y, origin.y) };
      Object.assign(frame.style, { transform: `translate(${area.left}px, ${area.top}px)`, width: `${area.right - area.left}px`, height: `${area.bottom - area.top}px` });
      const now = within(area), ids = new Set(now.map((one) => one.id));
      selection.setAll(hits.filter((one) => !ids.has(one.id) && !base.has(one.id)), false);
      selection.setAll(now);
      hits = now;
    };
    const scroll = () => {
      const { top, bottom } = element.getBoundingClientRect();
      const past = y < top + EDGE_PX ? y - top - EDGE_PX : y > bottom - EDGE_PX ? y - bottom + EDGE_PX : 0;
      if (past) {
        element.scrollTop += past / 3;
        show();
      }
      request = requestAnimationFrame(scroll);
    };
    const options = { signal: over.signal };
    window.addEventListener("pointermove", (event) => {
      [x, y] = [event.clientX, event.clientY];
      if (!isDrawn && Math.hypot(x - down.clientX, y - down.clientY) < SLACK_PX) return;
      if (!isDrawn) {
        isDrawn = isSpent = true;
        box.append(frame);
        scroll();
      }
      show();
    }, options);
    const end = () => {
      over.abort();
      cancelAnimationFrame(request);
      frame.remove();
      // The click that follows comes at once, or it never does.
      if (isDrawn) window.setTimeout(() => { isSpent = false; });
    };
    for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, end, options);
  }

  /** @param {number} x @param {number} y of the window */
  function inBox(x, y) {
    const { left, top } = box.getBoundingClientRect();
    return { x: x - left, y: y - top };
  }

  /** @param {{left: number, top: number, right: number, bottom: number}} area */
  function within(area) {
    /** @type {Shown[]} */
    const found = [];
    for (const one of wall.sections.all) {
      if (one.top > area.bottom || one.top + one.height < area.top) continue;
      for (const row of one.rows ?? []) {
        if (one.top + row.top > area.bottom || one.top + row.top + row.height < area.top) continue;
        let left = 0;
        row.widths.forEach((width, i) => {
          const image = one.images?.[row.first + i];
          if (image && left < area.right && left + width > area.left && found.length < MOST_SELECTED) found.push(image);
          left += width + wall.sections.measures.gap;
        });
      }
    }
    return found;
  }

  return {
    range,
    anchor: () => wall.numberOf(anchor),
    /** @param {number} number */
    setAnchor: (number) => {
      const one = wall.sections.byNumber(number);
      anchor = one?.images?.[number - one.offset]?.id ?? "";
    },
  };
}
