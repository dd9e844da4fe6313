// One picture of a list: a link to it, and what is said of it.
import { isFavourite } from "../../core/annotations.js";
import { fill, h, set } from "../../core/dom.js";
import { cameraTime } from "../../core/format.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { blurred, isKnown, put, source, stop } from "./pictures.js";

/** @typedef {import("../../types").Shown} Shown */

const RENDERED = new Set(["jpeg", "png", "webp", "tiff", "gif", "bmp", "ppm", "heic", "avif", "jxl", "jp2"]);

/** @param {Shown} image */
export const isRaw = (image) => !RENDERED.has(image.format);

/** One, the first that is true: more would hide the picture. @param {Shown} image */
function badge(image) {
  if (image.stale) return t("tile.stale");
  if (isRaw(image)) return "RAW";
  if (image.folded) return t("tile.copies", { count: image.folded.count + 1 });
  return image.motion ? t("tile.motion") : "";
}

/** What it is called where it cannot be seen: caption or file, date, and what the tile shows beside the picture. @param {Shown} image */
export function nameOf(image) {
  const fit = image.relevance;
  return [
    image.title || image.caption || image.filename,
    image.taken_at ? cameraTime(image.taken_at, { clock: false }) : "",
    badge(image),
    isFavourite(image) ? t("tile.favourite") : "",
    typeof fit === "number" ? t("tile.fit", { percent: Math.round(fit * 100) }) : "",
  ].filter(Boolean).join(", ");
}

/** What its picture is: asked for, there as it is seen best, there but too small, or not to be had. @typedef {"" | "loading" | "loaded" | "small" | "failed"} State */
/**
 * A gridcell, placed by whoever asks for it. `extra` are further elements on the picture, as results have; `bar` shows the relevance below it.
 * @typedef {{cell: HTMLElement, link: HTMLAnchorElement, image: Shown, load: () => void, sharpen: () => void, retry: () => void, stop: () => void, show: () => void, readonly state: State, readonly isBusy: boolean, select: (on: boolean) => void, gone: (on: boolean) => void}} Tile
 * @param {Shown} image
 * @param {{href: string, width: number, height: number, selected: boolean, settled: () => void, bar?: boolean, extra?: ((image: Shown) => HTMLElement | null) | undefined}} options `settled` is called when a picture is there, or will not come
 * @returns {Tile}
 */
export function tile(image, { href, width, height, selected, settled, bar = false, extra }) {
  const img = h("img", { alt: "", draggable: "false", decoding: "async" });
  const said = h("span", { class: "tile-said" });
  const link = h("a", { class: "tile-link", href, tabIndex: -1, draggable: "false" }, blurred(image.placeholder), img, said);
  const check = h("button", { type: "button", class: "tile-check", tabIndex: -1, "aria-hidden": "true" });
  const fit = bar && typeof image.relevance === "number" ? h("span", { class: "tile-fit", "aria-hidden": "true" }, h("span", { style: { width: `${Math.round(image.relevance * 100)}%` } })) : null;
  const cell = h("div", { role: "gridcell", class: "tile", dataset: { id: image.id }, style: { width: `${width}px` } },
    h("div", { class: "tile-frame", style: { height: `${height}px` } }, link, check, extra?.(image) ?? null), fit);
  /** Loads the sharper one, while the thumbnail is seen. */
  const beside = new Image();
  const small = image.thumbnail_url, sharp = source(image, Math.max(width, height));
  /** @type {State} */
  let state = "", isBusy = false;

  /** @param {() => Promise<State>} act gives what the picture is then */
  async function busy(act) {
    isBusy = true;
    state = await act();
    isBusy = false;
    cell.classList.add(state === "failed" ? "failed" : "loaded");
    if (state === "failed") fill(said, icon("image"), h("span", { class: "cut" }, image.filename));
    settled();
  }

  const one = {
    cell, link, image,
    get state() { return state; },
    get isBusy() { return isBusy; },
    /** The thumbnail, which is there at once; where it cannot be had, the sharper one. */
    load() {
      state = "loading";
      void busy(async () => {
        const [first, other] = isKnown(sharp) ? [sharp, small] : [small, sharp], became = await put(img, first);
        if (became === "loaded") return first === sharp ? "loaded" : "small";
        return became === "failed" && other !== first ? put(img, other) : became;
      });
    },
    /** A preview is made of the original, which may be gone: then the thumbnail does. */
    sharpen() {
      void busy(async () => {
        if ((await put(beside, sharp)) === "failed") return "loaded";
        img.decoding = "sync"; // what is below the thumbnail is not seen in between
        img.src = sharp;
        return "loaded";
      });
    },
    /** What could not be had may be asked for again. */
    retry() {
      if (state !== "failed" || cell.classList.contains("gone")) return;
      state = "";
      cell.classList.remove("failed");
      fill(said);
    },
    stop() {
      if (!isBusy) return;
      stop(state === "loading" ? img : beside);
      if (state === "loading") state = "";
    },
    /** After something else is said of the picture. */
    show() {
      link.setAttribute("aria-label", nameOf(one.image));
      const text = badge(one.image);
      cell.querySelectorAll(".tile-badge, .tile-heart").forEach((old) => old.remove());
      if (text) link.append(h("span", { class: "tile-badge", "aria-hidden": "true" }, text));
      if (isFavourite(one.image)) link.append(h("span", { class: "tile-heart", "aria-hidden": "true" }, icon("heart", { filled: true })));
    },
    /** @param {boolean} on */
    select(on) { set(cell, "aria-selected", on); },
    /** Somebody forgot it, or took that back: its place stays until the list is read anew. @param {boolean} on */
    gone(on) {
      cell.classList.toggle("gone", on);
      if (on) fill(said, icon("image"), h("span", {}, t("tile.gone")));
    },
  };
  one.show();
  one.select(selected);
  return one;
}
