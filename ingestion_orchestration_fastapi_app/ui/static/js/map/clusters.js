// Pictures that were taken near each other, as marks on the map.
import { call, isAbort } from "../core/api.js";
import { fill, h, rested } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";

const REST_MS = 150, NEAR_PX = 46;
/** @typedef {import("./view.js").Box} Box */
/** @typedef {import("../types").MapAnswer["clusters"][number]} Cluster */

/** Sides of a mark in pixels, by how many pictures it stands for. @param {number} count */
const sideOf = (count) => (count >= 100 ? 56 : count >= 10 ? 50 : 44);

/** The cell of the answer's grid that a cluster stands for. @param {Cluster} one @param {number} cell @param {Box} asked @returns {Box} */
function cellOf(one, cell, asked) {
  const along = (/** @type {number} */ value, /** @type {number} */ from) => {
    const origin = (Math.floor(from / cell) - 0.5) * cell;
    return origin + Math.trunc((value - origin) / cell) * cell;
  };
  const crosses = asked.west > asked.east && one.longitude < asked.west;
  const south = along(one.latitude, asked.south), west = along(one.longitude + (crosses ? 360 : 0), asked.west);
  const bound = (/** @type {number} */ value, /** @type {number} */ most) => Math.max(-most, Math.min(most, value));
  const turned = (/** @type {number} */ value) => (value > 180 ? value - 360 : value);
  return { south: bound(south, 90), north: bound(south + cell, 90), west: turned(bound(west, 540)), east: turned(bound(west + cell, 540)) };
}

/** @param {Box} one @param {Box} other @returns {Box} around both; those that are merged lie side by side */
function around(one, other) {
  const isWestOf = Math.abs(one.west - other.west) < 180 ? one.west <= other.west : one.west > other.west;
  const [first, last] = isWestOf ? [one, other] : [other, one];
  return { south: Math.min(one.south, other.south), north: Math.max(one.north, other.north), west: first.west, east: last.east };
}

/** @typedef {{count: number, latitude: number, longitude: number, thumbnail: string, box: Box}} Mark */

/**
 * Marks that would cover each other are one.
 * @param {import("../types").MapAnswer} answer @param {Box} asked @param {import("./view.js").MapView} view
 */
function apart(answer, asked, view) {
  /** @type {Mark[]} */
  const marks = [];
  for (const one of answer.clusters) {
    const spot = view.at(one.longitude, one.latitude), box = cellOf(one, answer.cell_degrees, asked);
    const near = marks.find((other) => {
      const there = view.at(other.longitude, other.latitude);
      return Math.hypot(there.x - spot.x, there.y - spot.y) < NEAR_PX;
    });
    if (near) Object.assign(near, { count: near.count + one.count, box: around(near.box, box) });
    else marks.push({ count: one.count, latitude: one.latitude, longitude: one.longitude, thumbnail: one.thumbnail_url, box });
  }
  return marks;
}

/** @param {Box} box */
export const boxText = (box) => [box.south, box.west, box.north, box.east].map((one) => one.toFixed(4)).join(",");

/**
 * @param {import("./view.js").MapView} view
 * @param {{query: () => import("../core/api.js").Query, choose: (box: Box) => void, fail: (error: unknown) => void}} options
 */
export function clusters(view, { query, choose, fail }) {
  const element = h("div", { class: "map-marks", role: "group", "aria-label": t("map.places") });
  /** @type {{one: Mark, mark: HTMLElement}[]} */
  let marks = [];
  let asking = new AbortController();
  const later = rested(REST_MS);

  const place = () => {
    for (const { one, mark } of marks) {
      const { x, y } = view.at(one.longitude, one.latitude);
      mark.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(-50%, -50%)`;
      mark.hidden = x < -40 || y < -40 || x > view.width + 40 || y > view.height + 40;
    }
  };

  const load = async () => {
    asking.abort();
    asking = new AbortController();
    const box = view.box();
    const seen = { min_latitude: box.south, max_latitude: box.north, min_longitude: box.west, max_longitude: box.east, zoom: Math.max(0, Math.round(view.zoom)) };
    try {
      /** @type {import("../types").MapAnswer} */
      const answer = await call("/images/map", { query: { ...query(), ...seen }, signal: asking.signal });
      marks = apart(answer, box, view).map((one) => ({ one, mark: markOf(one, () => choose(one.box)) }));
      fill(element, ...marks.map(({ mark }) => mark));
      place();
    } catch (error) {
      if (!isAbort(error)) fail(error);
    }
  };

  view.addEventListener("change", () => {
    place();
    later(() => void load());
  });
  return { element, load, leave: () => asking.abort() };
}

/** @param {Mark} one @param {() => void} choose */
function markOf(one, choose) {
  const side = `${sideOf(one.count)}px`;
  return h("button", { type: "button", class: "map-mark", "aria-label": t("map.cluster", { count: one.count }), onclick: choose, style: { width: side, height: side } },
    h("img", { src: one.thumbnail, alt: "", loading: "lazy", decoding: "async" }),
    one.count > 1 ? h("span", { class: "map-count" }, number(one.count)) : null);
}
