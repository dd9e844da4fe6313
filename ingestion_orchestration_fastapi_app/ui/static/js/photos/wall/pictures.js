// Which picture a tile asks for, and how it comes in: its blurred colours, then itself, once it is decoded.
import { h } from "../../core/dom.js";

/** @typedef {import("../../types").Shown} Shown */

/** What `thumbnail_side_px` is unless somebody set it. */
const THUMBNAIL_PX = 320;
/** What previews are made in: a size between two would be made as the greater one, and kept by the browser twice. */
const PREVIEWS_PX = [512, 1024, 1600];
/** Enlarged by so much nobody sees it, and a preview costs the service a look into the original. */
const TOLERATED = 1.15;
const PLACEHOLDER = { columns: 4, rows: 3 };
const MOST_REMEMBERED = 4000;

/** What was shown once is in the browser's cache: it need not fade in again. @type {Set<string>} */
const seen = new Set();

/** The smallest picture that is sharp in a tile of this longest side. @param {Shown} image @param {number} side_px */
export function source(image, side_px) {
  const needed = side_px * Math.min(devicePixelRatio, 2), best = Math.max(image.width_px, image.height_px);
  if (needed <= THUMBNAIL_PX * TOLERATED || best <= THUMBNAIL_PX) return image.thumbnail_url;
  const size = PREVIEWS_PX.find((one) => needed <= one * TOLERATED) ?? PREVIEWS_PX.at(-1);
  return `${image.preview_url}&size=${size}`;
}

/**
 * Loads it into the element, and tells what became of it. A preview is made of the original, which may be gone: then the thumbnail does.
 * @param {HTMLImageElement} img @param {Shown} image @param {number} side_px @param {(became: "loaded" | "failed") => void} tell
 */
export async function loadInto(img, image, side_px, tell) {
  for (const url of new Set([source(image, side_px), image.thumbnail_url])) {
    img.classList.toggle("at-once", seen.has(url));
    img.src = url;
    try {
      await img.decode();
    } catch {
      if (img.getAttribute("src") !== url) return; // stopped, or another one's turn
      continue;
    }
    if (img.getAttribute("src") !== url) return;
    if (seen.size > MOST_REMEMBERED) seen.clear();
    seen.add(url);
    return tell("loaded");
  }
  tell("failed");
}

/** What is not there yet is not waited for any more. @param {HTMLImageElement} img */
export function stop(img) {
  if (!img.complete) img.removeAttribute("src");
}

/** The picture's colours, which the browser blurs by enlarging them; null where nobody knows them. @param {string | null | undefined} pixels */
export function blurred(pixels) {
  if (!pixels) return null;
  const { columns, rows } = PLACEHOLDER, bytes = atob(pixels);
  const data = new ImageData(columns, rows);
  for (let i = 0; i < columns * rows; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) data.data[4 * i + channel] = bytes.charCodeAt(3 * i + channel);
    data.data[4 * i + 3] = 255;
  }
  const canvas = h("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  canvas.getContext("2d")?.putImageData(data, 0, 0);
  return canvas;
}
