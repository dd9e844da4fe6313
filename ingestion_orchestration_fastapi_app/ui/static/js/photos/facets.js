// The panel of filters: what else the list can be narrowed by, with how many photos each leaves.
import { call, isAbort } from "../core/api.js";
import { on } from "../core/bus.js";
import { fill, h, rested } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go } from "../core/router.js";
import { button } from "../parts/controls.js";
import { showDialog } from "../parts/dialog.js";
import { changed, filterSpec, withoutFilters } from "./address.js";
import { facetRows } from "./facet_rows.js";
import { folderTree } from "./folder_tree.js";
import { histogram } from "./histogram.js";
import { period } from "./periods.js";
import { RANGES, rangeFields } from "./ranges.js";
import { conditions } from "./search.js";
import { valueName } from "./understood.js";

/** @typedef {import("./address.js").Asked} Asked */
/** @typedef {import("../types").Facets} Facets */
/** @typedef {import("./search.js").Part} Part */
/** @typedef {import("./facet_rows.js").Value} Value */

const MOST = 100;
const REST_MS = 1000;
const FEW_YEARS = 2;

/** Parameter of the address, name in the answer. */
const FACETS = /** @type {const} */ ([
  ["camera", "cameras"], ["lens", "lenses"], ["rating", "ratings"], ["gps", "places"], ["format", "formats"], ["keyword", "keywords"], ["tag", "tags"], ["favourite", "favourites"],
]);
/** A picture may have several: so what was chosen of these narrows the others of the same facet, unless they are asked for without it. */
const SEVERAL = ["keyword", "tag"];

/** @param {Asked} asked */
export function facetPanel(asked) {
  const rows = Object.fromEntries(FACETS.map(([name]) => [name, facetRows(t(`chip.${name}`), (value, isOn) => choose(name, value, isOn), (value) => valueName(name, value))]));
  const years = histogram((from, to) => chooseDates(from, to));
  const ranges = RANGES.map((name) => ({ name, ...rangeFields(name, (text) => go(changed(current().query, { [name]: text, rest: null }))) }));
  const showRanges = () => { for (const one of ranges) one.show(now.values[one.name]?.[0]); };
  const clear = button(t("facets.clear"), { kind: "plain", onclick: () => chooseDates(null, null) });
  const folders = h("section", { class: "facet" }, h("h3", {}, t("facets.folder")));
  const date = h("section", { class: "facet" }, h("div", { class: "row facet-head" }, h("h3", { class: "grow" }, t("chip.date")), clear), years.element);
  const element = h("aside", { class: "facets", "aria-label": t("tools.filters") }, date, folders, ...FACETS.map(([name]) => /** @type {HTMLElement} */ (rows[name]?.element)), ...ranges.map((one) => one.element));
  let stop = new AbortController();
  let now = asked;
  /** What the sentence says beside the filters. @type {Part[]} */
  let said = [];
  let collection = "", hasBegun = false;
  /** What stands in a row together, by the first. @type {Map<string, string[]>} */
  let alike = new Map();
  /** @type {ReturnType<typeof folderTree> | null} */
  let tree = null;
  const later = rested(REST_MS);
  const forget = on("images", () => later(() => { if (hasBegun) void load(); }));

  /** @param {string} name @param {string} value @param {boolean} isOn */
  function choose(name, value, isOn) {
    const { query } = current(), group = alike.get(value) ?? [value];
    const isOne = name === "gps" || name === "favourite"; // two values that exclude each other
    const kept = isOne ? [] : query.getAll(name).filter((one) => !group.includes(one));
    go(changed(query, { [name]: isOn ? [...kept, ...group] : kept, rest: null }));
  }

  /** By hand: then the sentence says nothing of it any more. @param {string | null} from @param {string | null} to */
  function chooseDates(from, to) {
    const plain = saysDate() ? [...now.plain, "date"] : now.plain;
    go(changed(current().query, { from, to, plain, rest: null }));
  }

  const saysDate = () => said.some((part) => part.kind === "date");

  /** All filters, as the service takes them, without one facet's own. @param {string[]} [without] */
  const filters = (without = []) => {
    const values = Object.fromEntries(Object.entries(now.values).filter(([name]) => !without.includes(name)));
    const spec = { ...filterSpec(values) }, more = conditions(without.includes("from") ? said.filter((part) => part.kind !== "date") : said);
    if (more.length) spec.all_of = [...(spec.all_of ?? []), ...more];
    return { collection: now.collection, filters: Object.keys(spec).length ? JSON.stringify(spec) : null };
  };

  async function load() {
    hasBegun = true;
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    if (collection !== now.collection || !tree) {
      collection = now.collection;
      tree = folderTree(collection, (folder) => go(changed(current().query, { folder, rest: null })));
      fill(folders, h("h3", {}, t("facets.folder")), tree.element);
    }
    const ask = (/** @type {string[]} */ without) => call("/images/facets", { query: { ...filters(without), limit: MOST }, signal });
    const chosen = (/** @type {string} */ name) => now.values[name] ?? [];
    try {
      const [timeline, all, ...own] = await Promise.all([
        steps(signal),
        ask([]),
        ...FACETS.map(([name]) => (SEVERAL.includes(name) && chosen(name).length ? ask([name]) : null)),
      ]);
      const first = chosen("from")[0] ?? null, last = chosen("to")[0] ?? null, dates = first || last ? { first, last } : period(said);
      years.show(timeline, dates);
      clear.hidden = dates === null;
      void tree.show(chosen("folder")[0] ?? "", folderCounts(all));
      alike = new Map();
      FACETS.forEach(([name, key], at) => {
        const facet = /** @type {Facets} */ (own[at] ?? all)[key];
        const shown = name === "camera" ? cameras(facet.values, alike) : valuesOf(name, facet);
        const first = (/** @type {string} */ value) => [...alike].find(([, group]) => group.includes(value))?.[0] ?? value;
        rows[name]?.show(shown, name === "camera" ? [...new Set(chosen(name).map(first))] : chosen(name), facet.distinct <= facet.values.length);
      });
    } catch (error) {
      if (!isAbort(error)) element.classList.add("stale"); // the list itself tells what is wrong
    }
  }

  /** Photos by year; of one or two years by month. @param {AbortSignal} signal @returns {Promise<Map<string, number>>} */
  async function steps(signal) {
    const ask = (/** @type {"year" | "month"} */ by) => call("/images/timeline", { query: { ...filters(["from", "to"]), by }, signal });
    let { buckets } = await ask("year");
    if (buckets.length && Number(buckets[0].bucket) - Number(buckets.at(-1).bucket) < FEW_YEARS) ({ buckets } = await ask("month"));
    return new Map(buckets.map((/** @type {{bucket: string, count: number}} */ one) => [one.bucket, one.count]));
  }

  showRanges();
  return {
    element,
    /** Nothing is asked for before. */
    begin() {
      if (!hasBegun) void load();
    },
    /** @param {Asked} next @param {Part[]} [parts] what its sentence says */
    update(next, parts = []) {
      const isSame = JSON.stringify([next.values, next.collection, parts]) === JSON.stringify([now.values, now.collection, said]);
      [now, said] = [next, parts];
      if (!isSame && hasBegun) void load();
      if (!isSame) showRanges();
    },
    /** Where there is no room beside the list. */
    async openDialog() {
      const home = element.parentElement, before = element.nextSibling;
      await showDialog(t("tools.filters"), (close) => [
        element,
        h("div", { class: "actions" },
          button(t("facets.clear_all"), { onclick: () => go(changed(current().query, withoutFilters())) }),
          button(t("facets.show"), { kind: "primary", onclick: () => close(null) })),
      ]);
      home?.insertBefore(element, before);
    },
    leave() {
      stop.abort();
      forget();
    },
  };
}

/** @param {string} name @param {Facets["cameras"]} facet @returns {Value[]} */
function valuesOf(name, { values, without }) {
  const named = values.map(({ value, count }) => ({ value, count, label: valueName(name, value) }));
  if (name === "gps") return named.map((one) => ({ ...one, ...(one.value === "true" ? { value: "1", label: t("facets.located") } : { value: "0", label: t("facets.unlocated") }) }));
  if (name === "favourite") return named.filter((one) => one.value === "true").map((one) => ({ ...one, value: "1", label: t("facets.favourites") }));
  if (name !== "rating") return named;
  const unrated = { value: "0", label: valueName(name, "0"), count: (without ?? 0) + (values.find((one) => one.value === "0")?.count ?? 0) };
  return [...named.filter((one) => one.value !== "0").sort((a, b) => Number(b.value) - Number(a.value)), unrated];
}

/**
 * Some pictures of one model say its maker twice while others do not: for people they are one, and chosen together.
 * @param {{value: string, count: number}[]} values @param {Map<string, string[]>} alike takes what stands in a row together @returns {Value[]}
 */
function cameras(values, alike) {
  /** @type {Map<string, Value>} */
  const found = new Map();
  for (const { value, count } of values) {
    const label = valueName("camera", value), one = found.get(label);
    if (one) one.count += count;
    else found.set(label, { value, label, count });
    const first = one?.value ?? value;
    alike.set(first, [...(alike.get(first) ?? []), value]);
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** As the filter compares folders. @param {string} path */
const folded = (path) => path.normalize("NFC").toLowerCase();

/** How many of what is shown lie in a folder or below it; null where the service named only some. @param {Facets} facets */
function folderCounts({ folders }) {
  if (folders.distinct > folders.values.length) return null;
  return (/** @type {string} */ path) => {
    const own = folded(path), below = own.endsWith("/") ? own : `${own}/`;
    return folders.values.reduce((sum, one) => sum + (folded(one.value) === own || folded(one.value).startsWith(below) ? one.count : 0), 0);
  };
}
