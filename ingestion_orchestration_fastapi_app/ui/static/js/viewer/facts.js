// What a file says of itself, as people read it.
import { bytes, number } from "../core/format.js";
import { has, t } from "../core/i18n.js";

/** @typedef {import("../types").Shown} Shown */

/** Makers stand in many models, too: "Canon Canon EOS 40D" is nobody's camera. @param {Shown} image */
export function camera({ camera_make: make, camera_model: model }) {
  if (!make || !model) return model ?? make ?? null;
  return model.toLowerCase().includes((make.split(" ")[0] ?? make).toLowerCase()) ? model : `${make} ${model}`;
}

/** What a value is in words, null where there is none. @template V @param {V | null | undefined} value @param {(value: V) => string | null} words */
export const said = (value, words) => (value === null || value === undefined ? null : words(value));

/** @param {Shown} image */
export function exposure(image) {
  return [
    image.lens ?? null,
    said(image.focal_length_mm, (mm) => `${number(mm, 1)} mm`),
    said(image.aperture_f, (f) => `f/${number(f, 1)}`),
    said(image.exposure_s, shutter),
    said(image.iso, (iso) => `ISO ${iso}`),
  ].filter(Boolean).map((one) => unbroken(String(one))).join(" · ");
}

/** A number stays with its unit. @param {string} text */
const unbroken = (text) => text.replaceAll(" ", "\u00a0");

/** @param {number} s */
const shutter = (s) => (s > 0 && s < 0.3 ? `1/${number(Math.round(1 / s))} s` : `${number(s, 1)} s`);

/** Where the date comes from, and its zone. @param {Shown} image */
export function dateOrigin(image) {
  if (!image.taken_at_source) return "";
  const isGuess = ["modify_date", "png", "file_name", "folder_name", "file_mtime"].includes(image.taken_at_source);
  return [t(`viewer.date.${image.taken_at_source}`), isGuess ? t("viewer.date.guess") : null, isGuess ? null : said(image.taken_at_offset_min, (zone) => t("viewer.zone", { offset: offset(zone) }))].filter(Boolean).join(" · ");
}

/** @param {number} minutes */
function offset(minutes) {
  const whole = Math.abs(minutes);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(whole / 60))}:${two(whole % 60)}`;
}

/** @param {Shown} image */
export function size(image) {
  const megapixels = (image.width_px * image.height_px) / 1e6;
  return [
    unbroken(`${image.width_px} × ${image.height_px}`),
    megapixels >= 1 ? unbroken(`${number(megapixels, megapixels < 10 ? 1 : 0)} MP`) : null,
    unbroken(bytes(image.bytes)),
    image.format.toUpperCase(),
    t("viewer.read_from", { source: has(`viewer.read.${image.pixel_source}`) ? t(`viewer.read.${image.pixel_source}`) : image.pixel_source }),
  ].filter(Boolean).join(" · ");
}

/** What else there is to know of the file: a sentence each. @param {Shown} image */
export function remarks(image) {
  return [
    image.stale ? t("viewer.stale") : null,
    image.partial ? t("viewer.partial") : null,
    image.motion ? t("viewer.motion") : null,
    image.favourite ? t("viewer.favourite_in_file") : null,
    said(image.flash_fired, (fired) => t(fired ? "viewer.flash" : "viewer.no_flash")),
    image.companions.length ? t("viewer.companions", { files: image.companions.map((one) => one.split("/").at(-1)).join(", ") }) : null,
    image.software ? t("viewer.software", { name: image.software }) : null,
  ].filter((one) => one !== null);
}

/** @param {number} latitude @param {number} longitude */
export function coordinates(latitude, longitude) {
  const [north, south, east, west] = t("viewer.compass").split(" ");
  return `${number(Math.abs(latitude), 4)}° ${latitude < 0 ? south : north}, ${number(Math.abs(longitude), 4)}° ${longitude < 0 ? west : east}`;
}

/** How well it fits the search, in words. @param {number} relevance */
export const fit = (relevance) => t(relevance >= 0.7 ? "viewer.fits_well" : relevance >= 0.5 ? "viewer.fits" : "viewer.fits_less");
