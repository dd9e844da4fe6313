// In what two pictures differ, and which one is better where somebody can say.
import { bytes, cameraTime, number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { isFavourite } from "../core/annotations.js";
import { isRaw } from "../photos/wall/tile.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {{what: string, texts: [string, string], better: 0 | 1 | null}} Row */

/** What lost least comes first: as the service says which one to keep. */
const FORMATS = ["tiff", "png", "jxl", "avif", "heic", "jp2", "jpeg", "webp", "bmp", "ppm", "gif"];
/** @param {Image} image */
const rank = (image) => (isRaw(image) ? -1 : FORMATS.indexOf(image.format));

/** The one with more. @param {number} a @param {number} b @returns {0 | 1 | null} */
const more = (a, b) => (a === b ? null : a > b ? 0 : 1);

/** @param {Image} image */
const folderOf = (image) => image.path.slice(0, -image.filename.length - 1) || "/";

/** @param {Image} image */
const isDated = (image) => Boolean(image.taken_at) && image.taken_at_source !== "file_mtime";

/** @param {Image} image */
function taken(image) {
  if (!image.taken_at) return "";
  return isDated(image) ? cameraTime(image.taken_at) : t("tidy.file_date", { date: cameraTime(image.taken_at) });
}

/** @param {Image} image */
function place(image) {
  if (image.place) return [image.place.city, image.place.country].filter(Boolean).join(", ");
  return image.latitude === null || image.longitude === null ? "" : `${number(image.latitude, 3)}, ${number(image.longitude, 3)}`;
}

/** @param {Image} image */
const tags = (image) => [...new Set([...image.keywords, ...(image.annotation?.tags ?? [])])].sort();
/** @param {Image} image */
const rating = (image) => image.annotation?.rating ?? image.rating ?? 0;
/** @param {Image} image */
const liked = (image) => [isFavourite(image) ? "♥" : "", "★".repeat(rating(image))].filter(Boolean).join(" ");
/** @param {Image} image */
const camera = (image) => {
  const make = image.camera_make ?? "", model = image.camera_model ?? "";
  return model.startsWith(make) ? model : `${make} ${model}`.trim();
};

/** @param {Image} a @param {Image} b @returns {Row[]} */
export function differences(a, b) {
  /** @param {string} what @param {(image: Image) => string} text @param {0 | 1 | null} better @returns {Row} */
  const row = (what, text, better) => ({ what: t(`tidy.what_${what}`), texts: [text(a), text(b)], better });
  const said = (/** @type {(image: Image) => unknown} */ value) => more(Number(Boolean(value(a))), Number(Boolean(value(b))));
  const rows = [
    row("size", (one) => `${one.width_px} × ${one.height_px}`, more(a.width_px * a.height_px, b.width_px * b.height_px)),
    row("file", (one) => `${one.format.toUpperCase()} · ${bytes(one.bytes)}`, more(rank(b), rank(a)) ?? more(a.bytes, b.bytes)),
    row("taken", taken, said(isDated)),
    row("place", place, said(place)),
    row("tags", (one) => tags(one).join(", "), more(tags(a).length, tags(b).length)),
    row("folder", folderOf, null),
    row("camera", camera, said(camera)),
  ];
  if (liked(a) || liked(b)) rows.splice(5, 0, row("liked", liked, more(Number(isFavourite(a)) * 9 + rating(a), Number(isFavourite(b)) * 9 + rating(b))));
  return rows;
}
