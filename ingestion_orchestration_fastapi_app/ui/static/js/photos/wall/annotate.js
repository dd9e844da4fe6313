// What people say of pictures by a key: favourite, and stars. They hear what came of it, and can take it back.
import { annotate, favoured, isFavourite, rated, ratingOf } from "../../core/annotations.js";
import { t } from "../../core/i18n.js";
import { sentence } from "../../parts/states.js";
import { toast } from "../../parts/toast.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {import("../../core/annotations.js").Change} Change */

/** Makes favourites of them, or of none where all are. @param {Shown[]} images */
export function switchFavourite(images) {
  const on = !images.every(isFavourite);
  return say(images, () => favoured(on), t(on ? "grid.favourite" : "grid.no_favourite", { count: images.length }));
}

/** @param {Shown[]} images @param {number} stars 0 takes the rating away */
export function rate(images, stars) {
  if (!stars && !images.some(ratingOf)) return;
  return say(images, (one) => rated(one, stars), stars ? t("grid.rated", { count: images.length, stars: "★".repeat(stars) }) : t("grid.not_rated", { count: images.length }));
}

/** @param {Shown[]} images @param {(image: Shown) => Change} change @param {string} words */
async function say(images, change, words) {
  const before = new Map(images.map((one) => [one.id, { favourite: one.annotation?.favourite ?? null, rating: one.annotation?.rating ?? null }]));
  try {
    const changes = await alike(images, change);
    const undo = (/** @type {Shown} */ one) => Object.fromEntries(Object.keys(changes).map((name) => [name, before.get(one.id)?.[/** @type {"rating" | "favourite"} */ (name)] ?? null]));
    toast(words, { label: t("undo"), act: () => void alike(images, undo).catch((error) => toast(sentence(error))) });
  } catch (error) {
    toast(sentence(error));
  }
}

/** Says the same of all of which it is the same. @param {Shown[]} images @param {(image: Shown) => Change} change @returns {Promise<Change>} of the last */
async function alike(images, change) {
  const each = images.map((one) => JSON.stringify(change(one)));
  for (const what of new Set(each)) await annotate(images.filter((_, i) => each[i] === what), JSON.parse(what));
  return JSON.parse(each.at(-1) ?? "{}");
}
