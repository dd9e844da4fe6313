// What can be done with the picture as a whole.
import { call, url } from "../core/api.js";
import { emit } from "../core/bus.js";
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { collectionInUse, inUse } from "../core/session.js";
import { copy } from "../parts/copy.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { changed } from "../photos/address.js";
import { isThere } from "./pictures.js";
import { isWhole } from "./sequence.js";

/** @typedef {import("../types").Shown} Shown */

/** @param {Shown} image @param {import("../core/api.js").Query} [more] */
const original = (image, more) => url(`/images/${image.id}/file`, { collection: collectionInUse(), ...more });

/** Opens the original in a tab of its own, or saves it; gives whether there is one. Where that is not known it is told. @param {Shown} image @param {{save: boolean}} how */
export async function takeOriginal(image, { save }) {
  try {
    if (!(await isThere(image))) return false;
    if (save) h("a", { href: original(image, { download: true }), download: image.filename }).click();
    else window.open(original(image), "_blank", "noopener");
  } catch (error) {
    toast(sentence(error));
  }
  return true;
}

/** The strictest group that it is in. @param {Shown} image */
async function showDuplicates(image) {
  try {
    const { groups } = await call(`/images/${image.id}/duplicates`, { query: { collection: collectionInUse(), members: 1 } });
    if (groups.length) go(href("/duplicates", inUse({ group: String(groups[0].id) })));
    else toast(t("viewer.no_copies"), { label: t("nav.duplicates"), act: () => go(href("/duplicates", inUse())) });
  } catch (error) {
    toast(sentence(error));
  }
}

/** The address of the list with this picture as an example for or against. @param {"like" | "unlike"} name @param {string} id */
export function example(name, id) {
  const { path, query } = current();
  const base = path.length ? new URLSearchParams(inUse()) : query;
  return changed(base, { [name]: [...base.getAll(name).filter((one) => one !== id), id] });
}

/**
 * @param {Shown} image @param {{mayWrite: boolean, see: () => void, save: () => void, forget: () => void}} acts
 * @returns {import("../parts/menu.js").Item[]}
 */
export const items = (image, { mayWrite, see, save, forget: remove }) => [
  { label: t("viewer.original"), icon: "image", act: see },
  { label: t("viewer.download"), icon: "download", key: "D", act: save },
  ...(isWhole(image) ? [{ label: t("viewer.copy_path"), icon: "copies", act: () => void copy(image.path) }] : []),
  { label: t("viewer.more_like"), icon: "like", key: "L", href: example("like", image.id) },
  { label: t("viewer.less_like"), icon: "less", key: "⇧ L", href: example("unlike", image.id) },
  { label: t("viewer.duplicates"), icon: "tidy", act: () => void showDuplicates(image) },
  ...(mayWrite ? [{ label: t("viewer.forget"), icon: "trash", danger: true, act: remove }] : []),
];

/**
 * Takes it out of the collection; for a while there is a way back.
 * @param {Shown} image @param {{went: () => void, returned: () => void}} told
 */
export async function forget(image, { went, returned }) {
  const collection = collectionInUse();
  try {
    const { forgotten } = await call(`/images/${image.id}`, { method: "DELETE", query: { collection } });
    went();
    emit("images", { ids: [image.id], gone: true });
    toast(t("viewer.forgotten", { count: forgotten }), { label: t("undo"), act: () => void restore() });
  } catch (error) {
    toast(sentence(error));
  }

  async function restore() {
    try {
      await call("/selection/restore", { body: { ids: [image.id], collection } });
      emit("images", { ids: [image.id], gone: false });
      returned();
    } catch (error) {
      toast(sentence(error));
    }
  }
}
