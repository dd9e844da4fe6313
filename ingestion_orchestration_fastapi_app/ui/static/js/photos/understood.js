// What narrows the list, as chips: what was read in the sentence, what was chosen by hand, pictures that others are to be like.
import { call, url } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go } from "../core/router.js";
import { button } from "../parts/controls.js";
import { chipRow, redrawChips } from "../parts/chips.js";
import { changed, withoutFilters } from "./address.js";
import { period, periodName, spoken } from "./periods.js";
import { pictureOf } from "./picture_query.js";
import { RANGES, rangeName } from "./ranges.js";
import { focusSearchBox } from "./search_box.js";

/** @typedef {import("./address.js").Asked} Asked */
/** @typedef {import("./search.js").Search} Search */
/** @typedef {import("../parts/chips.js").Chip} Chip */

/** Filters that have many values, with their icons. */
const MANY = { camera: "camera", lens: "lens", rating: "star", format: "image", keyword: "tag", tag: "tag" };
/** Names of albums that were asked for. @type {Map<string, string>} */
const albums = new Map();

/** The row of chips; it takes no room while nothing narrows. */
export function chipBar() {
  const element = h("div", { class: "narrowing row" });
  let drawn = "";
  /** @param {Asked} asked @param {Search | null} search whose answer is there */
  const show = (asked, search) => {
    const said = search ? saidBy(search, asked) : [], chosen = byHand(asked, () => show(asked, search));
    const chips = [...said, ...chosen, ...likes(asked)];
    const wanted = JSON.stringify([chips.map(({ label, what, understood }) => [label, what, understood]), asked, search?.words]);
    if (wanted === drawn) return;
    drawn = wanted;
    element.hidden = !chips.length;
    const isLeft = redrawChips(element, () => fill(element, ...(chips.length ? [
      said.length ? h("span", { class: "quiet not-phone" }, t("understood")) : null,
      said.length ? chipRow(said, t("understood")) : null,
      said.length && search?.words ? h("span", { class: "quiet not-phone cut" }, t("understood.meaning", { words: search.words })) : null,
      chips.length > said.length ? chipRow(chips.slice(said.length), t("narrowing")) : null,
      chosen.length > 1 ? button(t("facets.clear_all"), { kind: "plain", onclick: () => go(changed(current().query, withoutFilters())) }) : null,
    ] : [])));
    if (isLeft) focusSearchBox();
  };
  return { element, show };
}

/** How many filters were chosen by hand. @param {Asked} asked */
export const countByHand = (asked) => byHand(asked, () => {}).length;

/** What was chosen by hand, in words. @param {Asked} asked */
export const filterNames = (asked) => byHand(asked, () => {}).map((one) => one.label);

/** @param {Record<string, string | string[] | null>} changes */
const change = (changes) => go(changed(current().query, { ...changes, rest: null }));

/** What was taken back since the answer came counts no more. @param {Search} search @param {Asked} asked @returns {Chip[]} */
function saidBy(search, asked) {
  const parts = search.parts.filter((part) => !asked.plain.includes(part.kind));
  const when = period(parts), dates = parts.filter((part) => part.kind === "date");
  const place = parts.find((part) => part.kind === "place");
  const remove = (/** @type {import("./address.js").Kind} */ kind) => () => change({ plain: [...asked.plain, kind] });
  return [
    ...(when ? [{ label: dates.length === 1 && dates[0] ? spoken(dates[0].text, when) : periodName(when.first, when.last), what: t("chip.date"), icon: "calendar", understood: true, remove: remove("date") }] : []),
    ...(place ? [{ label: place.city.name, what: t("chip.place"), icon: "pin", understood: true, remove: remove("place") }] : []),
  ];
}

/** @param {Asked} asked @param {() => void} again when a name has come @returns {Chip[]} */
function byHand({ values }, again) {
  const one = (/** @type {string} */ name) => values[name]?.[0];
  /** @type {Chip[]} */
  const chips = [];
  const single = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ picture) => {
    if (one(name)) chips.push({ label, what: t(`chip.${name}`), icon: picture, remove: () => change({ [name]: null }) });
  };
  if (one("from") || one("to")) chips.push({ label: periodName(one("from"), one("to")), what: t("chip.date"), icon: "calendar", remove: () => change({ from: null, to: null }) });
  single("folder", one("folder")?.split("/").filter(Boolean).at(-1) ?? "/", "folder");
  for (const [name, picture] of Object.entries(MANY)) {
    for (const label of new Set((values[name] ?? []).map((value) => valueName(name, value)))) {
      chips.push({ label, what: t(`chip.${name}`), icon: picture, remove: () => change({ [name]: (values[name] ?? []).filter((value) => valueName(name, value) !== label) }) });
    }
  }
  for (const name of RANGES) single(name, rangeName(name, one(name) ?? ""), "image");
  single("gps", t(one("gps") === "1" ? "facets.located" : "facets.unlocated"), "pin");
  single("box", t("chip.box.value"), "map");
  single("favourite", t(one("favourite") === "1" ? "facets.favourites" : "facets.others"), "heart");
  single("captioned", t(one("captioned") === "1" ? "chip.captioned.yes" : "chip.captioned.no"), "caption");
  single("orientation", t(`orientation.${one("orientation")}`), "image");
  const album = one("album");
  if (album && !albums.has(album)) void nameAlbum(album, again);
  single("album", album ? albums.get(album) ?? t("chip.album") : "", "album");
  return chips;
}

/** @param {string} id @param {() => void} again */
async function nameAlbum(id, again) {
  albums.set(id, t("chip.album"));
  try {
    albums.set(id, (await call(`/albums/${encodeURIComponent(id)}`)).name);
    again();
  } catch {
    // The list itself says what is wrong with it.
  }
}

/** A filter's value as people read it: many cameras say their maker twice. @param {string} name @param {string} value */
export function valueName(name, value) {
  if (name === "rating") return value === "0" ? t("facets.unrated") : value === "-1" ? t("facets.rejected") : t("facets.stars", { count: Number(value) });
  if (name === "camera") return value.replace(/^(\S+)(?: \S+)*? (?=\1( |$))/i, "");
  return name === "format" ? value.toUpperCase() : value;
}

/** @param {Asked} asked @returns {Chip[]} */
function likes({ like, unlike, picture, collection }) {
  const thumbnail = (/** @type {string} */ id) => url(`/images/${encodeURIComponent(id)}/thumbnail`, { collection });
  const chip = (/** @type {"like" | "unlike"} */ name, /** @type {string[]} */ ids) => ids.map((id) => ({
    label: t(`chip.${name}`), what: t("chip.example"), thumbnail: thumbnail(id), remove: () => change({ [name]: ids.filter((other) => other !== id) }),
  }));
  const own = pictureOf(picture);
  return [
    ...(picture ? [{ label: own?.name ?? t("picture"), what: t("picture"), icon: "image", thumbnail: own?.preview ?? null, remove: () => change({ picture: null }) }] : []),
    ...chip("like", like), ...chip("unlike", unlike),
  ];
}
