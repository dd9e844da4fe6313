// Which picture a tile asks for, and how it comes in: its blurred colours, then the thumbnail, then a sharper one where that is too small.
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

/** Whether it was shown before. @param {string} url */
export const isKnown = (url) => seen.has(url);

/**
 * Loads it into the element. Its decoding is not waited for: a browser keeps an element for ever that was taken away meanwhile.
 * @param {HTMLImageElement} img @param {string} url @returns {Promise<"loaded" | "failed">} never kept where something else is put or it is stopped
 */
export function put(img, url) {
  img.classList.toggle("at-once", seen.has(url));
  return new Promise((resolve) => {
    const over = new AbortController();
    const tell = (/** @type {"loaded" | "failed"} */ became) => {
      if (img.getAttribute("src") !== url) return;
      over.abort();
      if (seen.size > MOST_REMEMBERED) seen.clear();
      if (became === "loaded") seen.add(url);
      resolve(became);
    };
    img.addEventListener("load", () => tell("loaded"), { signal: over.signal });
    img.addEventListener("error", () => tell("failed"), { signal: over.signal });
    img.src = url;
  });
}

/** What is not there yet is not waited for any more. @param {HTMLImageElement} img */
export const stop = (img) => img.removeAttribute("src");

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
