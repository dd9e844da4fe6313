// What people say of pictures by a key or in the bar of a selection: favourite, and stars.
import { inBatches } from "../../core/batches.js";
import { call } from "../../core/api.js";
import { emit } from "../../core/bus.js";
import { t } from "../../core/i18n.js";
import { unfinished } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";
import { isFavourite } from "./tile.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {{favourite?: boolean | null, rating?: number | null}} Said */

/**
 * Says it of all, shows it, and offers to take it back. Lists hear of it by the `images` event.
 * @param {string} collection @param {Shown[]} images @param {Said} said
 */
export async function annotate(collection, images, said) {
  if (!images.length) return;
  const byId = new Map(images.map((one) => [one.id, one]));
  const before = new Map(images.map((one) => [one.id, { favourite: one.annotation?.favourite ?? null, rating: one.annotation?.rating ?? null }]));
  const put = (/** @type {string[]} */ which, /** @type {Said} */ what) => inBatches(which, async (ids) => {
    const answer = await call("/selection/annotation", { body: { ids, collection, ...what } });
    for (const id of ids) {
      // A list may have let go of it; the selection has not.
      const image = byId.get(id);
      if (image) image.annotation = { rating: null, favourite: null, tags: [], ...image.annotation, ...what };
    }
    emit("images", { ids, annotation: what });
    return answer;
  });
  const { done, answers, error } = await put([...byId.keys()], said);
  const undo = async () => {
    const names = /** @type {("favourite" | "rating")[]} */ (Object.keys(said));
    const was = (/** @type {string} */ id) => JSON.stringify(Object.fromEntries(names.map((name) => [name, before.get(id)?.[name] ?? null])));
    for (const what of new Set(done.map(was))) {
      const back = await put(done.filter((id) => was(id) === what), JSON.parse(what));
      if (back.error) return toast(unfinished(back.error, back.done.length, done.length));
    }
  };
  const action = done.length ? { label: t("undo"), act: () => void undo() } : undefined;
  const count = answers.reduce((sum, one) => sum + one.images, 0);
  toast(error ? unfinished(error, done.length, byId.size) : words(said, count), action);
}

/** Makes favourites of them, or of none where all are. @param {string} collection @param {Shown[]} images */
export const switchFavourite = (collection, images) => annotate(collection, images, { favourite: !images.every(isFavourite) });

/** @param {Said} said @param {number} count */
function words(said, count) {
  if (said.favourite !== undefined) return t(said.favourite ? "grid.favourite" : "grid.no_favourite", { count });
  return said.rating ? t("grid.rated", { count, stars: "★".repeat(said.rating) }) : t("grid.not_rated", { count });
}
