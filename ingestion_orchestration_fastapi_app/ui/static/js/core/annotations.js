// What people say of pictures: their rating, whether they are favourites, their own tags.
import { call } from "./api.js";
import { inBatches } from "./batches.js";
import { emit } from "./bus.js";
import { collectionInUse } from "./session.js";

/** @typedef {import("../types").Shown} Shown */
/** What is left out stays. @typedef {{rating?: number | null, favourite?: boolean | null, add_tags?: string[], remove_tags?: string[]}} Change */

/** What the service kept until now of some. @typedef {{annotation: {tags: string[]}, ids: string[]}} Before */

/** The own rating counts, or else the file's; null where there is none. @param {Shown} image */
export const ratingOf = (image) => image.annotation?.rating ?? image.rating ?? null;
/** Said here, as the filter asks for it; what a file says of it is told by the viewer. @param {Shown} image */
export const isFavourite = (image) => image.annotation?.favourite ?? false;
/** @param {Shown} image */
export const tagsOf = (image) => image.annotation?.tags ?? [];

/** What makes the rating seen as this: what the file says is hidden by 0, not by nothing. @param {Shown} image @param {number} stars @returns {Change} */
export const rated = (image, stars) => ({ rating: stars || (image.rating ? 0 : null) });
/** @param {boolean} on @returns {Change} */
export const favoured = (on) => ({ favourite: on || null });

/** One call after the other: of two that go beside each other the first may come last. */
let asked = Promise.resolve();

/**
 * Changes the pictures at once and tells the service; those of which that fails are as they were, and the error is thrown.
 * Both are told as `images` with `annotated`, the ids, and `images`, as they are now: another list may have the same ones as other objects.
 * @param {Shown[]} images @param {Change} change @returns {Promise<Before[]>} what was said of those of which it was another
 */
export async function annotate(images, change) {
  const before = images.map((one) => one.annotation);
  const ids = images.map((one) => one.id);
  for (const one of images) one.annotation = changed(one.annotation, change);
  emit("images", { annotated: ids, images });
  const collection = collectionInUse();
  const told = asked.then(() => inBatches(ids, (part) => call("/selection/annotation", { body: { ids: part, collection, ...change } })));
  asked = told.then(() => {});
  const { done, answers, error } = await told;
  if (!error) return answers.flatMap((one) => one.before);
  const said = new Set(done);
  images.forEach((one, at) => { if (!said.has(one.id)) one.annotation = before[at] ?? null; });
  emit("images", { annotated: ids, images });
  throw error;
}

/** @param {Shown["annotation"]} said @param {Change} change */
function changed(said, { rating = said?.rating ?? null, favourite = said?.favourite ?? null, add_tags = [], remove_tags = [] }) {
  const without = new Set([...remove_tags, ...add_tags].map((one) => one.toLowerCase()));
  const kept = (said?.tags ?? []).filter((one) => !without.has(one.toLowerCase()));
  return { rating, favourite, tags: [...kept, ...add_tags].sort((a, b) => a.localeCompare(b)) };
}
