// All photos by date, or those that filters leave: months above each other, of which only what is near is loaded.
//
//   const line = timeline({ asked, selection, at, moved })
//   line.element, line.list, line.focus(id), line.leave()    as of a `photoGrid`
//   line.load()        once the element is in the document: a promise of `{total, warnings}`; throws Problem
//   line.sections      for a scroll bar: the months, where they lie and how high all is
//   line.goTo(bucket)  scrolls to a month: `2008-09`
//   line.bucket()      the month that is seen; "" at the very top
import { call } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { t } from "../../core/i18n.js";
import { browseQuery } from "../address.js";
import { monthName, monthOf, months, partsOf, placesOf } from "./months.js";
import { keyboard } from "../wall/keyboard.js";
import { listOf } from "../wall/photo_list.js";
import { picking } from "../wall/picking.js";
import { Wall } from "../wall/wall.js";

/** @typedef {import("./months.js").Month} Month */
/** @typedef {import("../../types").Shown} Shown */

const KEPT = "scroll-place";
const UNDATED = "undated";

/** @param {{asked: import("../address.js").Asked, selection: import("../selection.js").Selection, at: string, moved: () => void}} options `at`: the month to begin with */
export function timeline({ asked, selection, at, moved }) {
  const query = { ...browseQuery(asked), sort: "taken_at", order: "desc" }, own = JSON.stringify(query);
  /** @type {Month[]} */
  let all = [];
  /** Whether one is where the address says. */
  let isThere = false;
  /** Until the months are known, or nobody will know them. */
  let known = () => {};
  const areKnown = new Promise((/** @type {(value: void) => void} */ resolve) => { known = resolve; });
  const wall = new Wall({ selection, collection: asked.collection, label: t("nav.photos"), load, find, moved });
  wall.element.classList.add("timeline");
  keyboard(wall, picking(wall));

  /** @param {import("../wall/sections.js").Section} given @param {AbortSignal} [signal] @returns {Promise<Shown[]>} */
  async function load(given, signal) {
    const one = /** @type {Month} */ (given);
    // Where the page begins is known of months, and of a part when the one before was loaded; else it is told by number.
    const from = one.cursor ? { cursor: one.cursor } : { offset: one.offset };
    const answer = await call("/images/tiles", { query: { ...query, limit: one.count, ...from }, ...(signal ? { signal } : {}) });
    const next = all[all.indexOf(one) + 1];
    if (next?.first === one.first) next.cursor = answer.cursor;
    return answer.images;
  }

  /** Loads the part that an image lies in: its date says which month, and in a long one each look halves what is left. @param {string} id */
  async function find(id) {
    const [image] = await Promise.all([call(`/images/${id}`, { query: { collection: asked.collection } }), areKnown]);
    const month = monthOf(all, image.taken_at?.slice(0, 7) ?? "");
    if (!month) return;
    let { first, last } = partsOf(all, month);
    while (first <= last && !wall.sections.placeOf(id)) {
      const middle = (first + last) >> 1, one = /** @type {Month} */ (all[middle]);
      await wall.need(one);
      const [newest, oldest] = [one.images?.[0]?.taken_at, one.images?.at(-1)?.taken_at];
      if (!newest || !oldest) first = middle + 1; // without dates there is no order to go by
      else if (image.taken_at > newest) last = middle - 1;
      else first = middle + 1;
    }
  }

  /** @param {Month} month */
  function title(month) {
    const isWhole = partsOf(all, month).last === all.indexOf(month);
    const places = isWhole ? placesOf(month.images ?? []) : "", count = t("photos.count", { count: month.size });
    return h("span", { class: "row" }, h("h2", {}, month.first ? monthName(month) : t("timeline.undated")), h("span", { class: "quiet cut" }, places ? `${places} · ${count}` : count));
  }

  /** What is seen at the top. */
  function here() {
    const { top } = wall.view, one = /** @type {Month | undefined} */ (all[wall.sections.indexAt(top + 1)]);
    const row = one?.rows?.find((each) => one.top + each.top + each.height > top + 1);
    return { one, row, image: row && one?.images?.[row.first], top };
  }

  function bucket() {
    const { one, image, top } = here();
    if (top <= 0 || !one) return "";
    return image ? image.taken_at?.slice(0, 7) ?? UNDATED : one.first || UNDATED;
  }

  /** The exact place is remembered beside the month in the address: who comes back to this address comes back to it. */
  function remember() {
    const { one, row, top } = here();
    if (one) sessionStorage.setItem(KEPT, JSON.stringify({ own, at: bucket(), key: one.key, index: row?.first ?? 0, past: Math.round(top - one.top - (row?.top ?? 0)) }));
  }

  /** What an address or a memory means: a section, and how far it is scrolled into once it is loaded. @typedef {{one: Month, past: () => number}} Aim */

  /** @param {string} wanted a month @returns {Aim | null} */
  function aimAt(wanted) {
    const one = wanted ? monthOf(all, wanted === UNDATED ? "" : wanted) : null;
    if (!one) return null;
    const past = () => {
      const index = one.first === one.last ? 0 : (one.images ?? []).findIndex((image) => (image.taken_at ?? "") < `${wanted}-32`);
      return index > 0 ? one.rows?.[wall.sections.rowOf(one, index)]?.top ?? 0 : 0;
    };
    return { one, past };
  }

  /** @returns {Aim | null} */
  function remembered() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    const one = kept?.own === own && kept.at === at ? all.find((each) => each.key === kept.key) : undefined;
    return one ? { one, past: () => (one.rows?.[wall.sections.rowOf(one, kept.index)]?.top ?? 0) + kept.past } : null;
  }

  /** @param {Aim} aim */
  async function arrive({ one, past }) {
    await wall.need(one);
    wall.scrollTo(one.top + past());
    wall.draw();
  }

  return {
    element: wall.element, head: wall.head, sections: wall.sections, wall,
    list: listOf(wall, null),
    get months() { return all; },
    get isThere() { return isThere; },
    async load() {
      const line = await call("/images/timeline", { query: { ...browseQuery(asked), by: "month" } }).finally(known);
      all = months(line, title);
      const aim = at ? remembered() ?? aimAt(at) : null;
      wall.show(all, () => aim && wall.scrollTo(aim.one.top));
      if (aim) await arrive(aim);
      isThere = true;
      return { total: wall.sections.total, warnings: /** @type {string[]} */ (line.warnings) };
    },
    /** @param {string} wanted */
    async goTo(wanted) {
      const aim = aimAt(wanted);
      wall.scrollTo(aim ? aim.one.top : -wall.box.offsetTop);
      wall.draw();
      if (aim) await arrive(aim);
    },
    bucket, remember,
    /** The pictures that are seen are there, or late. */
    pictured: () => wall.drawing.pictured(),
    /** @param {string} id */
    async focus(id) {
      if (!wall.sections.placeOf(id)) await find(id).catch(() => {});
      return wall.focus(id);
    },
    leave() {
      if (isThere) remember();
      wall.leave();
    },
  };
}
