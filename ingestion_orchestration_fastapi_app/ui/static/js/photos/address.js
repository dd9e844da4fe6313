// What the address bar says of a list of photos, and the same for the API. The one translation between the two.
import { href } from "../core/router.js";
import { collectionOf } from "../core/session.js";
import { RANGES, rangeSpec } from "./ranges.js";

/** What a sentence can say of a photo, and does not where somebody takes it as mere words. @typedef {"date" | "place"} Kind */
export const KINDS = /** @type {const} */ (["date", "place"]);

/**
 * Each parameter of the address that narrows a list. `many`: it may be there several times, and any of its values will do.
 * @type {Record<string, {many?: boolean}>}
 */
export const FILTERS = {
  from: {}, to: {}, folder: {}, camera: { many: true }, lens: { many: true }, rating: { many: true }, format: { many: true }, size: {}, megapixels: {},
  keyword: { many: true }, tag: { many: true }, gps: {}, box: {}, favourite: {}, captioned: {}, orientation: {}, album: {},
};

/**
 * What a list shows. `values` are the filters' as they stand in the address, `like` and `unlike` ids of images.
 * @typedef {object} Asked
 * @property {string} q
 * @property {string} collection
 * @property {Record<string, string[]>} values
 * @property {"fit" | "date"} sort
 * @property {boolean | null} rest also what does not fit; null: as the model's evaluation says
 * @property {Kind[]} plain kinds of condition that the sentence does not make
 * @property {string[]} like
 * @property {string[]} unlike
 * @property {string} picture names the own picture that is asked for, too; empty without one
 */

/** @param {URLSearchParams} query @returns {Asked} */
export function asked(query) {
  /** @type {Record<string, string[]>} */
  const values = {};
  for (const name of Object.keys(FILTERS)) {
    const given = query.getAll(name).filter(Boolean);
    if (given.length) values[name] = FILTERS[name]?.many ? given : given.slice(0, 1);
  }
  return {
    q: query.get("q")?.trim() ?? "",
    collection: collectionOf(query),
    values,
    sort: query.get("sort") === "date" ? "date" : "fit",
    rest: query.has("rest") ? query.get("rest") === "1" : null,
    plain: KINDS.filter((kind) => query.getAll("plain").includes(kind)),
    like: query.getAll("like"),
    unlike: query.getAll("unlike"),
    picture: query.get("picture") ?? "",
  };
}

/** Whether it is a search, with an order of its own, and not all photos by date. Filters alone are none. @param {Asked} one */
export const isSearch = (one) => Boolean(one.q || one.like.length || one.unlike.length || one.picture);

/** @param {Asked} one */
export const isNarrowed = (one) => Object.keys(one.values).length > 0;

/**
 * As the API filters. Texts from the address are taken as they are: what is wrong with one, the service says.
 * @param {Asked["values"]} values
 * @returns {Partial<import("../types").FilterSpec>}
 */
export function filterSpec(values) {
  const one = (/** @type {string} */ name) => values[name]?.[0];
  /** @type {Record<string, any>} */
  const spec = {};
  if (one("from")) spec.taken_after = one("from");
  if (one("to")) spec.taken_before = one("to");
  if (one("folder")) spec.folder = one("folder");
  if (one("gps")) spec.has_gps = one("gps") === "1";
  if (one("favourite")) spec.favourite = one("favourite") === "1";
  if (one("captioned")) spec.has_caption = one("captioned") === "1";
  if (one("orientation")) spec.orientation = one("orientation");
  if (one("album")) spec.album = one("album");
  if (values.camera) spec.cameras = values.camera;
  if (values.lens) spec.lenses = values.lens;
  if (values.format) spec.formats = values.format;
  for (const name of RANGES) if (one(name)) Object.assign(spec, rangeSpec(name, one(name) ?? ""));
  const box = one("box")?.split(",").map(Number);
  if (box?.length === 4 && box.every(Number.isFinite)) {
    spec.box = { south: box[0], west: box[1], north: box[2], east: box[3] };
  }
  const groups = [
    (values.rating ?? []).map(ratingSpec),
    (values.keyword ?? []).map((keyword) => ({ keywords: [keyword] })),
    (values.tag ?? []).map((tag) => ({ tags: [tag] })),
  ].filter((group) => group.length);
  for (const group of groups) {
    if (group.length === 1) Object.assign(spec, group[0]);
    else spec.all_of = [...(spec.all_of ?? []), { any_of: group }];
  }
  return spec;
}

/** @param {string} text `0` to `5`, where 0 is not rated */
function ratingSpec(text) {
  return text === "0" ? { any_of: [{ none_of: [{ rating_min: -1 }] }, { rating_min: 0, rating_max: 0 }] } : { rating_min: Number(text), rating_max: Number(text) };
}

/** As parameters of the calls that browse. @param {Asked} one @returns {import("../core/api.js").Query} */
export function browseQuery(one) {
  const spec = filterSpec(one.values);
  return { collection: one.collection, filters: Object.keys(spec).length ? JSON.stringify(spec) : null };
}

/**
 * The address with some parameters changed: null takes one away, a list gives it several values. The viewer and the place in the scroll are left behind.
 * @param {URLSearchParams} query @param {Record<string, string | string[] | null>} changes @param {string} [path]
 */
export function changed(query, changes, path = "/") {
  const next = new URLSearchParams(query);
  for (const name of ["photo", "at", ...Object.keys(changes)]) next.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    for (const one of value === null ? [] : [value].flat()) next.append(name, one);
  }
  return href(path, next);
}

/** Takes away every filter that was set by hand. @returns {Record<string, null>} */
export const withoutFilters = () => Object.fromEntries(Object.keys(FILTERS).map((name) => [name, null]));
