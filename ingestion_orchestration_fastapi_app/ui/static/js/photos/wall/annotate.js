// What people say of pictures by a key: favourite, and stars.
import { call } from "../../core/api.js";
import { emit } from "../../core/bus.js";
import { t } from "../../core/i18n.js";
import { sentence } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";
import { isFavourite } from "./tile.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {{favourite?: boolean | null, rating?: number | null}} Said */

/**
 * Says it of all at once, shows it, and offers to take it back. Lists hear of it by the `images` event.
 * @param {string} collection @param {Shown[]} images @param {Said} said
 */
export async function annotate(collection, images, said) {
  const ids = images.map((one) => one.id);
  if (!ids.length) return;
  const before = images.map((one) => ({ id: one.id, favourite: one.annotation?.favourite ?? null, rating: one.annotation?.rating ?? null }));
  const put = async (/** @type {string[]} */ which, /** @type {Said} */ what) => {
    await call("/selection/annotation", { body: { ids: which, collection, ...what } });
    emit("images", { ids: which, annotation: what });
  };
  const undo = async () => {
    try {
      const names = /** @type {("favourite" | "rating")[]} */ (Object.keys(said));
      const each = before.map((one) => JSON.stringify(Object.fromEntries(names.map((name) => [name, one[name]]))));
      for (const what of new Set(each)) await put(ids.filter((_, i) => each[i] === what), JSON.parse(what));
    } catch (error) {
      toast(sentence(error));
    }
  };
  try {
    await put(ids, said);
    toast(words(said, ids.length), { label: t("undo"), act: () => void undo() });
  } catch (error) {
    toast(sentence(error));
  }
}

/** Makes favourites of them, or of none where all are. @param {string} collection @param {Shown[]} images */
export const switchFavourite = (collection, images) => annotate(collection, images, { favourite: !images.every(isFavourite) });

/** @param {Said} said @param {number} count */
function words(said, count) {
  if (said.favourite !== undefined) return t(said.favourite ? "grid.favourite" : "grid.no_favourite", { count });
  return said.rating ? t("grid.rated", { count, stars: "★".repeat(said.rating) }) : t("grid.not_rated", { count });
}
