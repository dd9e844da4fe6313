// A scroll bar that shows time: a tick a month, as long as it has photos, years beside it, and where one is.
import { fill, h, set } from "../../core/dom.js";
import { t } from "../../core/i18n.js";
import { monthName } from "./months.js";

/** @typedef {import("./months.js").Month} Month */

const YEAR_APART_PX = 24, TICK_APART_PX = 4;
const LONGEST_PX = 26, SHORTEST_PX = 5;
const PHONE_SHOWN_MS = 1500;
const SVG = "http://www.w3.org/2000/svg";

/** @param {import("../wall/wall.js").Wall} wall @param {() => Month[]} months */
export function scrubber(wall, months) {
  const pill = h("div", { class: "scrubber-pill" }), marks = h("div", { class: "scrubber-marks", "aria-hidden": "true" });
  const element = h("div", { class: "scrubber", role: "slider", tabIndex: 0, "aria-orientation": "vertical", "aria-label": t("scrubber"), "aria-valuemin": "0", style: { visibility: "hidden" } }, marks, pill);
  let timer = 0, shownAt = -1;

  /** Only the first part of a month counts. */
  const titled = () => months().filter((one) => one.head);
  /** Measured when it is drawn: asking while somebody scrolls would lay the page out twice a frame. */
  let range = 1, length = 0, head = 0;
  const measure = () => {
    range = Math.max(1, wall.element.scrollHeight - wall.element.clientHeight);
    length = Math.max(0, element.clientHeight - pill.offsetHeight);
    head = wall.box.offsetTop;
  };
  /** Where on the bar a height of the list is. @param {number} y */
  const along = (y) => Math.min(1, Math.max(0, (y + head) / range)) * length;

  /** The months' ticks and years; after something is higher than was thought. */
  function draw() {
    measure();
    const all = titled(), most = Math.sqrt(Math.max(1, ...all.map((one) => one.size)));
    // Its room stays: the photos are not laid out anew for it.
    element.style.visibility = all.length < 2 || wall.element.scrollHeight < 1.5 * wall.element.clientHeight ? "hidden" : "visible";
    element.setAttribute("aria-valuemax", String(Math.max(0, all.length - 1)));
    const half = pill.offsetHeight / 2, width = element.clientWidth;
    let path = "", tick = -Infinity, label = -Infinity, year = "";
    /** @type {HTMLElement[]} */
    const labels = [];
    for (const one of all) {
      const y = Math.round(along(one.top) + half), own = one.first.slice(0, 4);
      if (y - tick >= TICK_APART_PX) {
        path += `M${width - 8} ${y + .5}h-${Math.round(SHORTEST_PX + (LONGEST_PX - SHORTEST_PX) * (Math.sqrt(one.size) / most))}`;
        tick = y;
      }
      if (own !== year && own && y - label >= YEAR_APART_PX && y < element.clientHeight - half) {
        labels.push(h("span", { style: { transform: `translateY(${y}px)` } }, own));
        label = y;
      }
      year = own;
    }
    const svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    svg.append(line);
    fill(marks, svg, ...labels);
    shownAt = -1;
    move();
  }

  /** After a scroll. */
  function move() {
    const all = titled(), { top } = wall.view;
    const at = Math.max(0, all.findLastIndex((one) => one.top <= top + 1)), one = all[at];
    pill.style.transform = `translate(-100%, ${along(top)}px)`; // so it grows to the left, and nothing of it counts as moved;
    if (!one || at === shownAt) return;
    shownAt = at;
    pill.textContent = one.first ? monthName(one, "short") : t("timeline.undated");
    set(element, "aria-valuenow", at);
    element.setAttribute("aria-valuetext", one.first ? monthName(one) : t("timeline.undated"));
  }

  /** On a phone it is there while somebody scrolls, and a little longer. */
  function show() {
    element.classList.add("moving");
    clearTimeout(timer);
    timer = window.setTimeout(() => element.classList.remove("moving"), PHONE_SHOWN_MS);
  }

  /** @param {number} index of the months */
  function goTo(index) {
    const all = titled(), one = all[Math.min(all.length - 1, Math.max(0, index))];
    if (one) wall.scrollTo(one === all[0] ? -wall.box.offsetTop : one.top);
    wall.draw();
  }

  /** The first month of another year. @param {number} step */
  function year(step) {
    const all = titled(), own = all[shownAt]?.first.slice(0, 4);
    const other = step > 0 ? all.findIndex((one, i) => i > shownAt && one.first.slice(0, 4) !== own) : all.findLastIndex((one, i) => i < shownAt && one.first.slice(0, 4) !== own);
    if (other < 0) return step > 0 ? all.length - 1 : 0;
    return step > 0 ? other : all.findIndex((one) => one.first.slice(0, 4) === all[other]?.first.slice(0, 4));
  }

  element.addEventListener("keydown", (event) => {
    const to = { ArrowDown: shownAt + 1, ArrowUp: shownAt - 1, ArrowRight: shownAt + 1, ArrowLeft: shownAt - 1, Home: 0, End: titled().length - 1 }[event.key];
    const index = event.key === "PageDown" ? year(1) : event.key === "PageUp" ? year(-1) : to;
    if (index === undefined) return;
    event.preventDefault();
    goTo(index);
  });
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragging");
    element.focus({ preventScroll: true });
    // The pill stays under the finger where it was taken.
    const own = pill.getBoundingClientRect();
    const past = event.clientY >= own.top && event.clientY <= own.bottom ? event.clientY - own.top : own.height / 2;
    const over = new AbortController();
    const to = (/** @type {PointerEvent} */ at) => {
      const { top, height } = element.getBoundingClientRect();
      const share = (at.clientY - top - past) / Math.max(1, height - pill.offsetHeight);
      wall.element.scrollTop = Math.min(1, Math.max(0, share)) * range;
      show();
    };
    measure();
    to(event);
    element.addEventListener("pointermove", to, { signal: over.signal });
    for (const name of ["pointerup", "pointercancel"]) {
      element.addEventListener(name, () => {
        over.abort();
        element.classList.remove("dragging");
      }, { signal: over.signal });
    }
  });
  wall.element.addEventListener("scroll", () => {
    move();
    show();
  }, { passive: true });
  return { element, draw, leave: () => clearTimeout(timer) };
}
