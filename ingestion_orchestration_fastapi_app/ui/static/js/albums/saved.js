// Searches that albums keep: made of an address, told in words, and made an address again.
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { asked, filterSpec } from "../photos/address.js";
import { RANGES, rangeText } from "../photos/ranges.js";
import { filterNames } from "../photos/understood.js";

/** @typedef {import("../photos/address.js").Asked} Asked */
/** @typedef {Asked["values"]} Values */

/** From here on something is said to fit, unless an evaluation knows better: something must say where an album ends. */
const LEAST_RELEVANCE = 0.5;

/** As an album takes it. @param {Asked} asked @param {import("../photos/search.js").Search | null} [shown] */
export function savedSearch(asked, shown) {
  const positive = asked.like.map((image_id) => ({ image_id })), negative = asked.unlike.map((image_id) => ({ image_id }));
  const isLike = positive.length + negative.length > 0;
  // What the sentence says is read anew each time, unless somebody has taken a part of that back.
  const isParsed = asked.q && !isLike && !asked.plain.length;
  return {
    ...(asked.q ? { query: asked.q } : {}),
    ...(isParsed ? { parse: true } : {}),
    ...(isLike ? { positive, negative } : {}),
    ...(asked.q || isLike ? { min_relevance: shown?.answer?.suggested_min_relevance ?? LEAST_RELEVANCE } : {}),
    filters: (isParsed ? null : shown?.filters) ?? filterSpec(asked.values),
    ...(asked.sort === "date" ? { sort: "taken_at" } : {}),
  };
}

/** Filters as they stand in an address; null where none says the same. @param {Record<string, any>} spec @returns {Values | null} */
function valuesOf(spec) {
  const flags = { has_gps: "gps", favourite: "favourite", has_caption: "captioned" };
  /** @type {Values} */
  const values = {};
  const add = (/** @type {string} */ name, /** @type {any} */ value) => { values[name] = [...(values[name] ?? []), String(value)]; };
  if (spec.taken_after) add("from", spec.taken_after.slice(0, 10));
  if (spec.taken_before) add("to", spec.taken_before.slice(0, 10));
  for (const name of ["folder", "orientation", "album"]) if (spec[name]) add(name, spec[name]);
  for (const [from, to] of Object.entries(flags)) if (typeof spec[from] === "boolean") add(to, spec[from] ? 1 : 0);
  for (const [from, to] of Object.entries({ cameras: "camera", lenses: "lens", formats: "format" })) for (const one of spec[from] ?? []) add(to, one);
  for (const name of RANGES) if (rangeText(name, spec)) add(name, rangeText(name, spec));
  if (spec.box) add("box", [spec.box.south, spec.box.west, spec.box.north, spec.box.east].join(","));
  const groups = [spec, ...(spec.all_of ?? []).flatMap((/** @type {any} */ group) => group.any_of ?? [])];
  for (const one of groups) {
    for (const each of one.keywords ?? []) add("keyword", each);
    for (const each of one.tags ?? []) add("tag", each);
    if (typeof one.rating_min === "number") add("rating", one.rating_min);
    if (one.any_of?.[0]?.none_of) add("rating", 0);
  }
  return sorted(withDays(filterSpec(values))) === sorted(withDays(spec)) ? values : null;
}

/** The service makes moments of days. @param {Record<string, any>} spec */
const withDays = (spec) => ({ ...spec, taken_after: spec.taken_after?.replace("T00:00:00", ""), taken_before: spec.taken_before?.replace("T23:59:59.999999", "") });

/** Without what says nothing, whatever the order of the names. @param {any} value @returns {string} */
function sorted(value) {
  return JSON.stringify(value, (_, one) => (one && typeof one === "object" && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).filter(([, each]) => each !== undefined && each !== null).sort()) : one));
}

/** The search as an address of the photos; null where there is none. @param {Record<string, any>} search */
export function searchHref(search) {
  const known = new Set(["query", "parse", "positive", "negative", "filters", "min_relevance", "sort", "collection", "mode"]);
  const values = valuesOf(search.filters ?? {});
  const examples = [...(search.positive ?? []), ...(search.negative ?? [])];
  const isSimple = Object.keys(search).every((name) => known.has(name)) && examples.every((one) => Object.keys(one).join() === "image_id");
  if (!values || !isSimple || !["relevance", "taken_at"].includes(search.sort ?? "relevance")) return null;
  const query = new URLSearchParams(inUse());
  if (search.query) query.set("q", search.query);
  for (const [name, each] of Object.entries(values)) for (const one of each) query.append(name, one);
  for (const one of search.positive ?? []) query.append("like", one.image_id);
  for (const one of search.negative ?? []) query.append("unlike", one.image_id);
  if (search.sort === "taken_at" && search.query) query.set("sort", "date");
  return href("/", query);
}

/** What it looks for, part by part. @param {Record<string, any>} search @returns {string[]} */
export function searchWords(search) {
  const values = valuesOf(search.filters ?? {}), examples = (search.positive?.length ?? 0) + (search.negative?.length ?? 0);
  return [
    search.query ? t("albums.words", { text: search.query }) : "",
    examples ? t("albums.examples", { count: examples }) : "",
    ...(values ? filterNames({ ...asked(new URLSearchParams()), values }) : [t("albums.more_filters")]),
  ].filter(Boolean);
}
