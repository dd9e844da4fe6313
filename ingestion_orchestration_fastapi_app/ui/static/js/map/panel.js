// The pictures of a part of the map, beside it.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { bucketName } from "../core/format.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { button, iconButton } from "../parts/controls.js";
import { trouble } from "../parts/states.js";
import { asked, browseQuery, changed } from "../photos/address.js";

const SHOWN = 60;
/** @typedef {import("../types").Image} Image */

/** Fills it with what the address says; hides it where that names no part. @param {HTMLElement} element */
export async function showPanel(element) {
  const { query } = current();
  element.hidden = !query.get("box");
  if (element.hidden) return fill(element);
  const close = iconButton("close", t("close"), { onclick: () => go(changed(query, { box: null }, "/map")) });
  const list = h("div", { class: "map-pictures" });
  const title = h("h2", { class: "cut" }), about = h("p", { class: "meta" });
  fill(element, h("div", { class: "row map-panel-head" }, h("div", { class: "grow" }, title, about), button(t("map.as_grid"), { href: changed(query, {}, "/") }), close), list);
  try {
    const found = await call("/images", { query: { ...browseQuery(asked(query)), sort: "taken_at", order: "desc", limit: SHOWN } });
    if (JSON.stringify(asked(current().query)) !== JSON.stringify(asked(query))) return;
    const count = t(found.total_is_exact ? "map.photos" : "map.photos_at_least", { count: found.total });
    title.textContent = nameOf(found.images) ?? t("map.here");
    about.textContent = [count, yearsOf(found.images)].filter(Boolean).join(" · ");
    fill(list, ...found.images.map((/** @type {Image} */ one) => picture(one, query)), h("span", { class: "map-filler" }));
  } catch (error) {
    fill(list, trouble(error, () => void showPanel(element)));
  }
}

/** The city where most of them were taken. @param {Image[]} images */
function nameOf(images) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { place } of images) {
    if (place) counts.set(`${place.city}, ${place.country}`, (counts.get(`${place.city}, ${place.country}`) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? null;
}

/** @param {Image[]} images the newest first */
function yearsOf(images) {
  const years = images.flatMap((one) => (one.taken_at ? [one.taken_at.slice(0, 4)] : []));
  const [last, first] = [years[0], years.at(-1)];
  if (!first || !last) return "";
  return first === last ? bucketName(first) : `${bucketName(first)} – ${bucketName(last)}`;
}

/** @param {Image} one @param {URLSearchParams} query */
function picture(one, query) {
  const ratio = Math.max(0.5, Math.min(3.2, one.width_px / one.height_px || 1));
  const link = new URLSearchParams(query);
  link.delete("view");
  link.set("photo", one.id);
  return h("a", { href: href("/", link), style: { "flex-grow": String(ratio), "flex-basis": `${Math.round(ratio * 104)}px` } },
    h("img", { src: one.thumbnail_url, alt: one.caption ?? one.filename, loading: "lazy", decoding: "async" }));
}
