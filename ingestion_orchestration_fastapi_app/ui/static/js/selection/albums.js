// Puts pictures into an album that is chosen or made for them, and takes them out of one.
import { call } from "../core/api.js";
import { inBatches } from "../core/batches.js";
import { fill, h, newId, rested } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { button } from "../parts/controls.js";
import { showDialog } from "../parts/dialog.js";
import { sentence, unfinished } from "../parts/states.js";
import { toast } from "../parts/toast.js";

/** @typedef {{id: string, name: string, search?: unknown}} Album `search`: what fills it, if one does */
const MOST_LISTED = 200, MOST_PAGES = 50;

/** @param {string} collection @returns {Promise<import("../types").Album[]>} */
export async function allAlbums(collection) {
  const found = [];
  let after = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { albums, next_after } = await call("/albums", { query: { collection, limit: MOST_LISTED, after } });
    found.push(...albums);
    after = next_after;
    if (!after) break;
  }
  return found;
}

/** @param {string} id @param {string[]} ids */
const putIn = (id, ids) => inBatches(ids, (part) => call(`/albums/${id}/images`, { body: { ids: part } }));
/** @param {{changed: number, fresh: string[]}[]} answers */
const changed = (answers) => answers.reduce((sum, one) => sum + one.changed, 0);

/** @param {string} collection @param {string[]} ids */
export async function addToAlbum(collection, ids) {
  const album = await chooseAlbum(collection, ids.length);
  if (!album) return;
  const { done, answers, error } = await putIn(album.id, ids);
  const open = { label: t("selection.open_album"), act: () => go(href(`/albums/${album.id}`, inUse())) };
  const fresh = answers.flatMap((one) => one.fresh), count = fresh.length;
  // Where a search fills the album, what is taken out by hand stays out: that would be more than it was.
  const undo = count && !album.search ? { label: t("undo"), act: () => void takeOut(album, fresh) } : undefined;
  toast(error ? unfinished(error, done.length, ids.length) : count ? t("selection.put_in", { count, name: album.name }) : t("selection.already_in", { name: album.name }), undo, open);
}

/** @param {Album} album @param {string[]} ids @param {{went: () => void, changed: () => void}} [told] */
export async function takeOut(album, ids, told = { went: () => {}, changed: () => {} }) {
  const { done, answers, error } = await inBatches(ids, (part) => call(`/albums/${album.id}/images/remove`, { body: { ids: part } }));
  const back = async () => {
    const again = await putIn(album.id, done);
    if (again.error) toast(unfinished(again.error, again.done.length, done.length));
    told.changed();
  };
  if (done.length) told.changed();
  if (!error) told.went();
  const action = done.length ? { label: t("undo"), act: () => void back() } : undefined;
  toast(error ? unfinished(error, done.length, ids.length) : t("selection.taken_out", { count: changed(answers), name: album.name }), action);
}

/** One that there is, or a new one of the name that was written. @param {string} collection @param {number} count @returns {Promise<Album | null>} */
function chooseAlbum(collection, count) {
  const id = newId("album"), input = h("input", { class: "input", id, maxlength: 200, autocomplete: "off" });
  const list = h("div", { class: "album-choices" }, h("p", { class: "quiet" }, t("albums.loading")));
  const error = h("p", { class: "error", role: "alert" }), later = rested(100);
  /** @type {Album[] | null} */
  let albums = null;
  return showDialog(t("selection.album.title", { count }), (/** @type {(value: Album | null) => void} */ close) => {
    const make = async () => {
      const name = input.value.trim();
      const known = albums?.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (known) return close(known);
      try {
        close(await call("/albums", { body: { name, collection } }));
      } catch (problem) {
        error.textContent = sentence(problem);
      }
    };
    const show = () => {
      const typed = input.value.trim(), fits = (albums ?? []).filter((one) => one.name.toLowerCase().includes(typed.toLowerCase()));
      const isNew = typed && !fits.some((one) => one.name.toLowerCase() === typed.toLowerCase());
      fill(list,
        isNew ? h("button", { type: "button", onclick: make }, icon("plus"), h("span", { class: "grow cut" }, t("selection.album.make", { name: typed }))) : null,
        ...fits.map((one) => h("button", { type: "button", onclick: () => close(one) }, icon("album"), h("span", { class: "grow cut" }, one.name), h("span", { class: "meta" }, number(inAll(/** @type {any} */ (one)))))),
        albums?.length || typed ? null : h("p", { class: "quiet" }, t("selection.album.none")));
    };
    input.addEventListener("input", () => later(show));
    allAlbums(collection).then((all) => { albums = all; show(); }, (problem) => { fill(list); error.textContent = sentence(problem); });
    return [
      h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); if (input.value.trim()) void make(); } },
        h("div", { class: "field" }, h("label", { for: id }, t("selection.album.name")), input), list, error,
        h("div", { class: "actions" }, button(t("cancel"), { onclick: () => close(null) }))),
    ];
  });
}

/** How many pictures it has, as far as anybody looked. @param {import("../types").Album} album */
export const inAll = (album) => album.images + (album.found?.images ?? 0);
