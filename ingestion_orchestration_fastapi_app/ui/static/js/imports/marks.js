// Folders that are watched, hidden or excluded: shown, and taken back.
import { call } from "../core/api.js";
import { emit, on } from "../core/bus.js";
import { fill, h, rested } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { collectionInUse, collections, loadCollections, may } from "../core/session.js";
import { button, toggle } from "../parts/controls.js";
import { confirm } from "../parts/dialog.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { warningText } from "../parts/warnings.js";

/** @typedef {import("../types").Watch} Watch */

const REST_MS = 200; // much that happens is told twice

/** @param {() => Promise<unknown>} change @param {string} said @param {{label: string, act: () => void}} [undo] */
async function changing(change, said, undo) {
  try {
    await change();
    toast(said, undo);
  } catch (error) {
    toast(sentence(error));
  }
  emit("images");
}

/** @param {string} collection @param {"hidden" | "excluded"} mark */
const marked = (collection, mark) => `/collections/${encodeURIComponent(collection)}/folders/${mark}`;

/** @param {string} collection @param {string} path */
export const hideFolder = (collection, path) =>
  changing(() => call(marked(collection, "hidden"), { body: { path } }), t("imports.hidden_now"), { label: t("imports.take_back"), act: () => void takeBack(collection, "hidden", path) });

/** @param {string} collection @param {string} path */
export async function excludeFolder(collection, path) {
  const agreed = await confirm({ title: t("imports.exclude_title", { path }), text: t("imports.exclude_text"), agree: t("imports.exclude"), danger: true });
  if (agreed) await changing(() => call(marked(collection, "excluded"), { body: { path } }), t("imports.excluded_now"));
}

/** @param {string} collection @param {"hidden" | "excluded"} mark @param {string} path */
const takeBack = (collection, mark, path) => changing(() => call(marked(collection, mark), { method: "DELETE", query: { path } }), t(`imports.taken_back.${mark}`));

/** @param {string} collection @param {string} path @param {boolean} [recursive] as it was watched */
export const unwatch = (collection, path, recursive = true) =>
  changing(() => call(`/collections/${encodeURIComponent(collection)}/watches`, { method: "DELETE", query: { path } }), t("imports.unwatched"),
    { label: t("imports.watch_again"), act: () => void changing(() => watch(collection, path, recursive), t("imports.watched")) });

/** It is imported by that. @param {string} collection @param {string} path @param {boolean} recursive */
const watch = async (collection, path, recursive) => {
  await call("/ingest", { body: { directory_path: path, collection, recursive, watch: true } });
  emit("jobs");
};

/** Cards of what is watched, hidden, excluded; none where nothing is. */
export function markedFolders() {
  const element = h("div", { class: "stack" });
  const collection = collectionInUse();
  const read = async () => {
    const isThere = () => collections().some((one) => one.name === collection);
    if (!isThere()) await loadCollections();
    if (!isThere()) return; // its first import makes it
    const name = encodeURIComponent(collection);
    const [detail, hidden, excluded] = await Promise.all([`/collections/${name}`, marked(collection, "hidden"), marked(collection, "excluded")].map((one) => call(one)));
    fill(element, watches(collection, detail.watches), list(collection, "hidden", hidden.folders), list(collection, "excluded", excluded.folders));
  };
  const load = () => read().catch((error) => fill(element, h("section", { class: "card stack", role: "alert" }, h("h2", {}, t("imports.marked")), h("p", { class: "error" }, sentence(error)), h("div", { class: "row" }, button(t("again"), { onclick: () => void load() })))));
  const soon = rested(REST_MS), again = () => soon(() => void load());
  const ears = [on("images", again), on("jobs", again), on("back", again)];
  void load();
  return { element, leave: () => ears.forEach((end) => end()) };
}

/** @param {string} title @param {number} count @param {HTMLElement[]} rows */
const card = (title, count, rows) => h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, title), h("span", { class: "meta" }, String(count))), h("ul", { class: "marked" }, ...rows));

/** @param {string} collection @param {Watch[]} all */
function watches(collection, all) {
  if (!all.length) return null;
  return card(t("imports.watched_folders"), all.length, all.map((one) => {
    const said = [t(`imports.mode.${one.mode}`), one.recursive ? "" : t("imports.not_below"), one.warning ? warningText(one.warning) : ""].filter(Boolean).join(" · ");
    const path = one.directory_path;
    const off = toggle(t("imports.watching", { path }), true, () => void unwatch(collection, path, one.recursive));
    off.lastElementChild?.classList.add("hidden");
    return h("li", { class: "row" }, h("div", { class: "grow" }, h("code", { class: "path" }, path), h("p", { class: "meta" }, said)), may("write") ? off : null);
  }));
}

/** @param {string} collection @param {"hidden" | "excluded"} mark @param {{path: string, at: string}[]} all */
function list(collection, mark, all) {
  if (!all.length) return null;
  return card(t(`imports.list.${mark}`), all.length, all.map(({ path }) =>
    h("li", { class: "row" }, h("code", { class: "path grow" }, path), may("write") ? button(t("imports.take_back"), { props: { "aria-label": t("imports.take_back_of", { path }) }, onclick: () => void takeBack(collection, mark, path) }) : null)));
}
