// How many photos each year, or month, has; one, or some that follow each other, can be chosen by drag, click or keys.
import { fill, h } from "../core/dom.js";
import { bucketName } from "../core/format.js";
import { t } from "../core/i18n.js";
import { periodName } from "./periods.js";

const LEAST_SHARE = 0.06; // a year with one photo among thousands is seen, too

/**
 * `choose`: the first and the last, as a timeline names them.
 * @param {(from: string, to: string) => void} choose
 */
export function histogram(choose) {
  const bars = h("div", { class: "histogram-bars", role: "group", "aria-label": t("facets.years") });
  const legend = h("div", { class: "histogram-legend meta" });
  const element = h("div", { class: "histogram" }, bars, legend);
  /** @type {string[]} */
  let steps = [];
  /** Where a drag, or an extension by keys, began. */
  let from = -1;
  /** The bar that the Tab key leads to. */
  let stop = 0;

  const mark = (/** @type {number} */ a, /** @type {number} */ b) => {
    [...bars.children].forEach((bar, i) => bar.setAttribute("aria-pressed", String(i >= Math.min(a, b) && i <= Math.max(a, b))));
  };
  const done = (/** @type {number} */ a, /** @type {number} */ b) => {
    const [first, last] = [steps[Math.min(a, b)], steps[Math.max(a, b)]];
    if (first && last) choose(first, last);
  };
  const at = (/** @type {PointerEvent} */ event) => {
    const found = [...bars.children].findIndex((bar) => event.clientX < bar.getBoundingClientRect().right);
    return found < 0 ? steps.length - 1 : found;
  };
  bars.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !steps.length) return;
    from = at(event);
    bars.setPointerCapture(event.pointerId);
    mark(from, from);
  });
  bars.addEventListener("pointermove", (event) => { if (from >= 0) mark(from, at(event)); });
  bars.addEventListener("pointerup", (event) => {
    if (from < 0) return;
    const [a, b] = [from, at(event)];
    from = -1;
    toStop(b);
    done(a, b);
  });
  bars.addEventListener("pointercancel", () => { from = -1; });

  const toStop = (/** @type {number} */ i) => {
    stop = i;
    [...bars.children].forEach((bar, k) => { if (bar instanceof HTMLElement) bar.tabIndex = k === i ? 0 : -1; });
  };
  let anchor = -1;
  bars.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return done(anchor < 0 ? stop : anchor, stop);
    }
    if (to === undefined || to < 0 || to >= steps.length) return;
    event.preventDefault();
    if (event.shiftKey && anchor < 0) anchor = stop;
    if (!event.shiftKey) anchor = -1;
    toStop(to);
    if (anchor >= 0) mark(anchor, to);
    const bar = bars.children[to];
    if (bar instanceof HTMLElement) bar.focus();
  });

  /**
   * @param {Map<string, number>} counts by year or month
   * @param {{first: string | null, last: string | null} | null} chosen
   */
  const show = (counts, chosen) => {
    const hadFocus = bars.contains(document.activeElement);
    steps = between([...counts.keys()].sort());
    const most = Math.max(1, ...counts.values());
    fill(bars, ...steps.map((step) => {
      const count = counts.get(step) ?? 0;
      const name = t("facets.step", { step: bucketName(step), count });
      const isIn = chosen !== null && step >= (chosen.first ?? "").slice(0, step.length) && step <= (chosen.last ?? "9999").slice(0, step.length);
      return h("button", { type: "button", "aria-pressed": isIn, tabIndex: -1, "aria-label": name, title: name, onclick: (/** @type {MouseEvent} */ event) => { if (!event.detail) choose(step, step); } },
        h("span", { style: { height: `${count ? Math.max(LEAST_SHARE, count / most) * 100 : 0}%` } }));
    }));
    toStop(Math.max(0, Math.min(stop, steps.length - 1)));
    if (hadFocus) /** @type {HTMLElement | undefined} */ (bars.children[stop])?.focus();
    anchor = -1;
    const edge = (/** @type {string | undefined} */ step) => h("span", {}, step ? bucketName(step, "short") : "");
    fill(legend, edge(steps[0]), h("strong", {}, chosen ? periodName(chosen.first, chosen.last) : ""), edge(steps.length > 1 ? steps.at(-1) : undefined));
    element.hidden = !steps.length;
  };
  return { element, show };
}

/** All years, or months, from the first to the last. @param {string[]} known */
function between(known) {
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return [];
  const isMonth = first.length > 4;
  const number = (/** @type {string} */ step) => (isMonth ? Number(step.slice(0, 4)) * 12 + Number(step.slice(5)) - 1 : Number(step));
  return Array.from({ length: number(last) - number(first) + 1 }, (_, i) => {
    const n = number(first) + i;
    return isMonth ? `${Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}` : String(n);
  });
}
