// The large pictures: which size is worth loading, and those that were loaded or soon will be wanted.
import { Problem, call } from "../core/api.js";
import { collectionInUse } from "../core/session.js";

/** @typedef {import("../types").Shown} Shown */

const STEPS_PX = [1024, 1600, 2560, 4096];
const SHOWN_BY_BROWSERS = new Set(["jpeg", "png", "webp", "avif", "gif"]);
const MOST_KEPT = 6;

/** @typedef {{url: string, side_px: number}} Source */

/**
 * What shows a picture whose longest side takes so many pixels of the screen. Where no preview is large enough it is the original,
 * if browsers show its format and turn it as the previews are.
 * @param {Shown} image @param {number} wanted_px
 * @returns {Source}
 */
export function source(image, wanted_px) {
  const longest_px = Math.max(image.width_px, image.height_px);
  const need_px = Math.min(wanted_px * 0.95, longest_px);
  const step_px = STEPS_PX.find((one) => one >= need_px);
  if (step_px === undefined && image.file_url && SHOWN_BY_BROWSERS.has(image.format) && !image.sidecar_turn) return { url: image.file_url, side_px: longest_px };
  const side_px = step_px ?? 4096;
  return { url: `${image.preview_url}&size=${side_px}`, side_px };
}

/** @type {Map<string, {picture: HTMLImageElement, ready: Promise<HTMLImageElement>, isReady: boolean}>} */
const kept = new Map();

/** The picture, decoded. @param {string} url */
export function load(url) {
  const had = kept.get(url);
  kept.delete(url);
  const entry = had ?? begin(url);
  kept.set(url, entry);
  for (const [oldest, { picture }] of kept) {
    if (kept.size <= MOST_KEPT) break;
    forget(oldest, picture);
  }
  return entry.ready;
}

/** It is loaded no further. @param {string} url @param {HTMLImageElement} picture */
function forget(url, picture) {
  kept.delete(url);
  if (!picture.complete) picture.src = "";
}

/** Of those that are still loaded this one alone is wanted any more. @param {string} wanted */
export function pass(wanted) {
  for (const [url, { picture }] of kept) if (url !== wanted && !picture.complete) forget(url, picture);
}

/** @param {string} url */
function begin(url) {
  const picture = new Image();
  picture.decoding = "async";
  picture.draggable = false;
  picture.alt = "";
  picture.src = url;
  const entry = { picture, isReady: false, ready: picture.decode().then(() => { entry.isReady = true; return picture; }) };
  entry.ready.catch(() => kept.get(url) === entry && kept.delete(url));
  return entry;
}

/** The picture, if it can be drawn in this very frame. @param {string} url */
export function loaded(url) {
  const entry = kept.get(url);
  return entry?.isReady ? entry.picture : null;
}

/**
 * Why there is no large picture: the file left its folder, it cannot be decoded, or it cannot be had now.
 * @param {Shown} image
 * @returns {Promise<"gone" | "broken" | "busy">}
 */
export async function whyNot(image) {
  const query = { collection: collectionInUse() };
  try {
    await call(`/images/${image.id}/preview`, { query: { ...query, size: STEPS_PX[0] } });
    return "busy";
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) return "busy";
  }
  return isThere(image).then((is) => (is ? "broken" : "gone"), () => "busy");
}

/** Whether there is an original; throws Problem where nobody knows. @param {Shown} image */
export async function isThere(image) {
  try {
    await call(`/images/${image.id}/file`, { method: "HEAD", query: { collection: collectionInUse() } });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return false;
    throw error;
  }
  return true;
}
