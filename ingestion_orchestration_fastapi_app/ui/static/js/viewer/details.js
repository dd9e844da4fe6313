// Beside the picture: what is known of it, and from where.
import { call, isAbort } from "../core/api.js";
import { ratingOf, tagsOf } from "../core/annotations.js";
import { fill, h, rested } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { cameraTime, number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { collectionInUse, inUse } from "../core/session.js";
import { copy } from "../parts/copy.js";
import { iconButton } from "../parts/controls.js";
import { stars } from "../parts/stars.js";
import { tagEditor } from "../parts/tags.js";
import { camera, coordinates, dateOrigin, exposure, fit, remarks, said, size } from "./facts.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {{rate: (stars: number) => void, addTag: (tag: string) => void, removeTag: (tag: string) => void, close: () => void}} Acts */

const NEAR_DEGREES = 0.05, FAR_KM = 10, REST_MS = 200;

/** @param {Acts} acts @param {boolean} mayWrite */
export function createDetails(acts, mayWrite) {
  const body = h("div", { class: "details-body" });
  const element = h("aside", { class: "details", "aria-label": t("viewer.details"), tabIndex: -1 },
    h("div", { class: "details-head only-phone" }, h("h2", {}, t("viewer.details")), iconButton("close", t("viewer.close_details"), { onclick: acts.close })), body);
  const rating = stars(null, acts.rate);
  rating.element.classList.add("only-phone");
  const tags = tagEditor([], { add: acts.addTag, remove: acts.removeTag, suggest: knownTags });
  /** @type {AbortController | null} */
  let asking = null;
  const later = rested(REST_MS);

  return {
    element,
    editTags: tags.edit,
    /** @param {Shown} image */
    say(image) {
      rating.show(ratingOf(image));
      tags.show(tagsOf(image));
    },
    /** @param {Shown} image */
    show(image) {
      asking?.abort();
      const mine = (asking = new AbortController());
      const copies = h("div", { class: "stack" });
      this.say(image);
      fill(body,
        h("section", {}, ...words(image), fitBar(image), mayWrite ? rating.element : null,
          mayWrite ? tags.element : ownTags(image), keywords(image)),
        h("section", {}, when(image), withWhat(image)),
        place(image),
        file(image),
        copies);
      element.scrollTop = 0;
      later(() => void showCopies(image, copies, mine.signal));
    },
    /** In place of what could not be loaded. @param {HTMLElement} said */
    refuse(said) { fill(body, said); },
    end() {
      asking?.abort();
      later(() => {});
    },
  };
}

/** Own tags that are known, and keywords of files: what one may mean again. */
async function knownTags() {
  const facets = await call("/images/facets", { query: { collection: collectionInUse(), limit: 100 } });
  const values = [...(facets.tags?.values ?? []), ...(facets.keywords?.values ?? [])];
  return [...new Set(values.map((/** @type {{value: string}} */ one) => one.value))];
}

/** Each text with where it comes from. @param {Shown} image */
function words({ title, description, caption, caption_origin: origin, filename }) {
  const captioned = caption ? t("viewer.caption_by", { model: origin?.model ?? "" }).trim() : "";
  return [
    h("h2", { class: "details-title" }, title || caption || filename),
    title ? h("p", { class: "meta" }, t("viewer.title_in_file")) : caption ? h("p", { class: "meta", title: origin?.model ?? null }, captioned) : null,
    description && description !== title ? h("p", { class: "words" }, description) : null,
    title && caption ? h("p", { class: "words" }, caption) : null,
    title && caption ? h("p", { class: "meta", title: origin?.model ?? null }, captioned) : null,
  ];
}

/** @param {Shown} image */
function fitBar({ relevance }) {
  if (relevance === null || relevance === undefined) return null;
  return h("p", { class: "fit meta" }, h("span", {}, fit(relevance)),
    h("span", { class: "fit-bar", "aria-hidden": "true" }, h("span", { style: { width: `${relevance * 100}%` } })), h("span", {}, number(relevance, 2)));
}

/** @param {Shown} image */
function ownTags(image) {
  const tags = tagsOf(image);
  return tags.length ? h("ul", { class: "tags", "aria-label": t("tags.label") }, ...tags.map((tag) => h("li", { class: "chip plain" }, tag))) : null;
}

/** @param {Shown} image */
function keywords({ keywords: said }) {
  return said.length ? h("p", { class: "meta" }, t("viewer.keywords", { words: said.join(", ") })) : null;
}

/** @param {string} name @param {(Node | string | null)[]} lines the first is the fact, the others tell of it */
const fact = (name, ...lines) =>
  h("div", { class: "fact" }, icon(name), h("div", { class: "grow" }, ...lines.map((one, at) => (one ? (one instanceof Node ? one : h("p", { class: at ? "meta" : "" }, one)) : null))));

/** @param {Shown} image */
const when = (image) => fact("calendar", image.taken_at ? cameraTime(image.taken_at) : t("viewer.no_date"), dateOrigin(image));

/** @param {Shown} image */
function withWhat(image) {
  const name = camera(image), how = exposure(image);
  return name || how ? fact("camera", name ?? t("viewer.no_camera"), how) : null;
}

/** @param {Shown} image */
function place({ latitude, longitude, altitude_m: altitude, place: near }) {
  if (latitude === null || longitude === null) return null;
  const name = near ? t(near.distance_km > FAR_KM ? "viewer.near" : "viewer.at", { city: near.city, country: near.country }) : t("viewer.place");
  const box = [latitude - NEAR_DEGREES, longitude - NEAR_DEGREES, latitude + NEAR_DEGREES, longitude + NEAR_DEGREES].map((one) => one.toFixed(4)).join(",");
  const where = [coordinates(latitude, longitude), said(altitude, (m) => t("viewer.altitude", { count: Math.round(m) }))].filter(Boolean).join(" · ");
  const slot = h("div", { class: "map-slot", dataset: { map: `${latitude},${longitude}` } });
  void drawMap(slot, latitude, longitude);
  return h("section", {}, fact("pin", name, where, h("a", { href: href("/map", inUse({ box })) }, t("viewer.on_map"))), slot);
}

/** The map's code is only loaded where there is something to show. @param {HTMLElement} slot @param {number} latitude @param {number} longitude */
async function drawMap(slot, latitude, longitude) {
  const loaded = await import("../map/mini_map.js").catch(() => null); // the place is named beside it
  if (loaded) slot.replaceChildren(loaded.miniMap(latitude, longitude));
}

/** @param {Shown} image */
function file(image) {
  const folder = image.path.slice(0, image.path.lastIndexOf("/"));
  return h("section", {},
    fact("folder", image.filename,
      h("div", { class: "path" }, h("code", {}, ...breakable(image.path)), iconButton("copies", t("viewer.copy_path"), { onclick: () => void copy(image.path) })),
      size(image),
      ...remarks(image),
      folder ? h("a", { href: href("/", inUse({ folder })) }, t("viewer.folder")) : null));
}

/** A path may break behind each slash. @param {string} path @returns {(Node | string)[]} */
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, h("wbr", {})]);

/** @param {Shown} image @param {HTMLElement} slot @param {AbortSignal} signal */
async function showCopies(image, slot, signal) {
  try {
    /** @type {{groups: import("../types").DuplicateGroup[]}} */
    const { groups } = await call(`/images/${image.id}/duplicates`, { query: { collection: collectionInUse(), members: 4 }, signal });
    if (!signal.aborted) fill(slot, ...groups.map((group) => copiesOf(image, group)));
  } catch (error) {
    if (!isAbort(error)) fill(slot); // The rest stands without it.
  }
}

/** @param {Shown} image @param {import("../types").DuplicateGroup} group */
function copiesOf(image, group) {
  const others = group.images.filter((one) => one.id !== image.id);
  const other = group.count === 2 ? others[0] : undefined;
  const pixels = (/** @type {Shown} */ one) => one.width_px * one.height_px;
  const than = !other ? "" : pixels(other) < pixels(image) ? t("viewer.copy_smaller") : pixels(other) > pixels(image) ? t("viewer.copy_larger") : "";
  return h("section", { class: "copies" },
    h("span", { class: "copies-seen" }, ...[image, ...others].slice(0, 2).map((one) => h("img", { src: one.thumbnail_url, alt: "" }))),
    h("div", { class: "grow" }, h("p", {}, t(`viewer.copies.${group.class}`, { count: group.count })), h("p", { class: "meta" }, [t(`viewer.alike.${group.class}`), than].filter(Boolean).join(", "))),
    h("a", { class: "button", href: href("/duplicates", inUse({ group: String(group.id) })) }, t("viewer.compare")));
}
