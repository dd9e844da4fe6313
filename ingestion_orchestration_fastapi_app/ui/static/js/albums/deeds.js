// What is done with an album as a whole.
import { call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { t } from "../core/i18n.js";
import { go, href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { confirm, prompt } from "../parts/dialog.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { savedSearch } from "./saved.js";

/** @typedef {import("../types").Album} Album */

/** @param {() => Promise<void>} act */
async function tried(act) {
  try {
    await act();
  } catch (error) {
    toast(sentence(error));
  }
}

/** An empty one, which is shown then. @param {string} collection */
export async function makeAlbum(collection) {
  const name = await prompt({ title: t("albums.new"), label: t("albums.name"), agree: t("albums.make"), hint: t("albums.new.hint") });
  if (name) await tried(async () => show(await call("/albums", { body: { name, collection } })));
}

/**
 * An album that a search fills from now on; the tool bar of the photos calls it. `search`: its answer, where there is one.
 * @param {import("../photos/address.js").Asked} asked @param {import("../photos/search.js").Search | null} [search]
 */
export async function saveAsAlbum(asked, search) {
  if (asked.picture) return toast(t("albums.no_picture"));
  const name = await prompt({ title: t("albums.save"), label: t("albums.name"), value: asked.q, agree: t("albums.make"), hint: t("albums.save.hint") });
  if (!name) return;
  await tried(async () => {
    const album = await call("/albums", { body: { name, collection: asked.collection, search: savedSearch(asked, search) } });
    toast(t("albums.saved", { name: album.name }), { label: t("selection.open_album"), act: () => show(album) });
  });
}

/** @param {Album} album */
const show = (album) => go(href(`/albums/${album.id}`, inUse()));

/** @param {Album} album @param {(album: Album) => void} changed */
export async function rename(album, changed) {
  const name = await prompt({ title: t("albums.rename"), label: t("albums.name"), value: album.name, agree: t("albums.rename.agree") });
  if (name && name !== album.name) await tried(async () => changed(await call(`/albums/${album.id}`, { method: "PATCH", body: { name } })));
}

/** @param {Album} album */
export async function remove(album) {
  if (!(await confirm({ title: t("albums.delete.title", { name: album.name }), text: t("albums.delete.text"), agree: t("albums.delete"), danger: true, typed: album.name }))) return;
  await tried(async () => {
    await call(`/albums/${album.id}`, { method: "DELETE" });
    go(href("/albums", inUse()), { replace: true });
    toast(t("albums.deleted", { name: album.name }));
  });
}

/** A job about what was put in by hand; filters know of no more. @param {Album} album @param {"/exports" | "/sidecars/write"} path */
export const begin = (album, path) => tried(async () => {
  const { job_id: job } = await call(path, { body: { collection: album.collection, filters: { album: album.id } } });
  emit("jobs");
  toast(t(path === "/exports" ? "albums.export_begun" : "albums.sidecars_begun"), { label: t("albums.show_job"), act: () => go(href(`/imports/${job}`, inUse())) });
});
