// The picture itself: its thumbnail at once, sharper as far as it is seen, nearer and farther.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";
import { listenToGestures } from "./gestures.js";
import { load, loaded, pass, source, whyNot } from "./pictures.js";
import { bounded, fitted, fullScale, nearScale, within, zoomed } from "./zoom.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {import("./zoom.js").Point} Point */
/**
 * `swiped` hears 1 for the next and -1 for the one before; `zoomed` how many percent of full size are seen, and whether it is all of the picture.
 * @typedef {{swiped: (step: number) => void, closed: () => void, raised: () => void, zoomed: (percent: number, isWhole: boolean) => void, forget: (() => void) | null}} Told
 */

const EDGE_PX = 16, FAR_PX = 64, FAST = 0.45, SETTLED_MS = 160, HASTY_MS = 300, SLOW_MS = 700, AGAIN_MS = 2000, STEP = 1.5, GAP_PX = 16;

/** @param {Told} told */
export function createStage(told) {
  const frame = h("div", { class: "frame" });
  const trouble = h("div", { class: "viewer-trouble", role: "status" });
  const element = h("div", { class: "stage" }, frame, trouble);
  /** @type {Shown | null} */
  let image = null;
  let turn = 0, timer = 0, slow = 0, tries = 0, loaded_px = 0, loading = "";
  /** Of who goes on at once only thumbnails are loaded. */
  let shownAt_ms = -HASTY_MS, isHasty = false;
  /** Those beside it, for fingers. @type {{picture: HTMLImageElement, url: string, size: import("./zoom.js").Size, step: number}[]} */
  let peeks = [];
  let placed = { scale: 1, x: 0, y: 0 }, fit = placed;
  let stage = { width: 1, height: 1 };

  const sizeOf = (/** @type {Shown | null} */ one) => ({ width: one?.width_px || 3, height: one?.height_px || 2 });
  const picture = () => sizeOf(image);
  const isWhole = () => placed.scale <= fit.scale * 1.001;
  const middle = () => ({ x: stage.width / 2, y: stage.height / 2 });

  /** @param {typeof placed} next @param {{eased?: boolean, by?: Point}} [options] `by`: how far a finger has drawn it */
  function place(next, { eased = false, by = { x: 0, y: 0 } } = {}) {
    placed = next;
    frame.classList.toggle("eased", eased);
    frame.style.transform = `translate(${placed.x + by.x}px, ${placed.y + by.y}px) scale(${placed.scale / fit.scale})`;
    element.classList.toggle("near", !isWhole());
    told.zoomed(Math.round((placed.scale / fullScale()) * 100), isWhole());
    clearTimeout(timer);
    timer = window.setTimeout(sharpen, loaded_px || isHasty ? SETTLED_MS : 0);
  }

  /** @param {number} scale @param {Point} at @param {boolean} [eased] */
  function zoomTo(scale, at, eased = false) {
    place(within(zoomed(placed, bounded(scale, fit.scale), at), stage, picture()), { eased });
  }

  /** @param {import("./zoom.js").Size} size */
  function fittedInStage(size) {
    const edge = innerWidth > 700 ? EDGE_PX : 0;
    const inner = { width: Math.max(1, stage.width - 2 * edge), height: Math.max(1, stage.height - edge) };
    return within(fitted(inner, size), stage, size);
  }

  function measure() {
    const wasWhole = isWhole();
    stage = { width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) };
    fit = fittedInStage(picture());
    frame.style.width = `${picture().width * fit.scale}px`;
    frame.style.height = `${picture().height * fit.scale}px`;
    place(wasWhole ? fit : within({ ...placed, scale: bounded(placed.scale, fit.scale) }, stage, picture()));
    layPeeks(0, false);
  }

  /** How many pixels of the screen its longest side takes. @param {Shown} one @param {number} scale */
  const side_px = (one, scale) => Math.max(one.width_px, one.height_px) * scale * devicePixelRatio;

  async function sharpen() {
    const mine = turn, shown = image;
    if (!shown) return;
    const { url, side_px: offered_px } = source(shown, side_px(shown, placed.scale));
    if (offered_px <= loaded_px || url === loading) return;
    loading = url;
    clearTimeout(slow);
    if (!loaded_px) slow = window.setTimeout(() => tell(h("p", { class: "meta" }, t("viewer.loading"))), SLOW_MS);
    try {
      const sharp = await load(url);
      if (mine === turn && url === loading) loading = "";
      if (mine === turn && offered_px > loaded_px) draw(shown, sharp, offered_px);
    } catch {
      if (mine === turn && url === loading) loading = "";
      if (mine === turn && !loaded_px) await failed(shown, mine);
    }
  }

  /** @param {Shown} shown @param {HTMLImageElement} sharp @param {number} offered_px */
  function draw(shown, sharp, offered_px) {
    loaded_px = offered_px;
    sharp.alt = nameOf(shown);
    frame.replaceChildren(sharp);
    tell();
    preload();
  }

  /** Below the picture; nothing: all is well. @param {...Node} said */
  function tell(...said) {
    clearTimeout(slow);
    trouble.replaceChildren(...said);
  }

  /** What cannot be had now is asked for once more by itself. @param {Shown} shown @param {number} mine */
  async function failed(shown, mine) {
    const why = await whyNot(shown);
    if (mine !== turn) return;
    preload();
    tries += 1;
    if (why !== "busy" || tries > 1) explain(why);
    else timer = window.setTimeout(sharpen, AGAIN_MS);
  }

  /** @param {"gone" | "broken" | "busy"} why */
  function explain(why) {
    const action = why === "busy" ? button(t("again"), { onclick: again }) : why === "gone" && told.forget ? button(t("viewer.forget"), { onclick: told.forget }) : null;
    const isOther = why === "gone" && image?.stale; // it is there, with another content
    tell(h("div", { class: "notice" }, h("p", {}, isOther ? t("viewer.stale") : t(`viewer.${why}`)), isOther ? null : action));
  }

  /** Asks for what could not be had. */
  function again() {
    if (loaded_px) return;
    tell();
    void sharpen();
  }

  /** The picture and those beside it, as far as a finger has drawn them. @param {Point} by @param {boolean} eased */
  function drag(by, eased) {
    place(fit, { eased, by });
    layPeeks(by.x, eased);
  }

  /** @param {number} x @param {boolean} eased */
  function layPeeks(x, eased) {
    for (const { picture: one, size, step } of peeks) {
      const at = fittedInStage(size);
      one.classList.toggle("eased", eased);
      one.style.width = `${size.width * at.scale}px`;
      one.style.height = `${size.height * at.scale}px`;
      one.style.transform = `translate(${at.x + x + step * (stage.width + GAP_PX)}px, ${at.y}px)`;
    }
  }

  /** Until the one beside it lies in its place: then it is the one that is shown. @param {number} step */
  async function slide(step) {
    const mine = turn;
    drag({ x: -step * (stage.width + GAP_PX), y: 0 }, true);
    await Promise.allSettled(frame.getAnimations().map((one) => one.finished));
    if (mine === turn) told.swiped(step);
  }

  listenToGestures(element, {
    canPan: () => !isWhole(),
    pan: (by) => place(within({ ...placed, x: placed.x + by.x, y: placed.y + by.y }, stage, picture())),
    zoom: (factor, at) => zoomTo(placed.scale * factor, at),
    doubleTap: (at) => zoomTo(isWhole() ? nearScale(fit.scale) : fit.scale, at, true),
    drag(by) {
      const isAcross = Math.abs(by.x) > Math.abs(by.y);
      drag({ x: isAcross ? by.x : 0, y: isAcross ? 0 : by.y }, false);
    },
    letGo(by, speed) {
      const isAcross = Math.abs(by.x) > Math.abs(by.y);
      const isMeant = isAcross ? Math.abs(by.x) > FAR_PX || Math.abs(speed.x) > FAST : Math.abs(by.y) > FAR_PX || Math.abs(speed.y) > FAST;
      const step = by.x < 0 ? 1 : -1;
      if (isMeant && isAcross && peeks.some((one) => one.step === step)) return void slide(step);
      drag({ x: 0, y: 0 }, true);
      if (!isMeant || isAcross) return;
      if (by.y > 0) told.closed();
      else told.raised();
    },
  });
  /** What comes before and after: it is loaded as large as it will be seen, once this one is there. @param {Shown | null} previous @param {Shown | null} next */
  function beside(previous, next) {
    for (const { picture: one } of peeks) one.remove();
    peeks = [];
    for (const [step, one] of /** @type {const} */ ([[1, next], [-1, previous]])) {
      if (!one) continue;
      const { url } = source(one, side_px(one, fittedInStage(sizeOf(one)).scale));
      const seen = h("img", { class: "peek", alt: "", src: loaded(url) ? url : one.thumbnail_url, draggable: "false" });
      peeks.push({ picture: seen, url, size: sizeOf(one), step });
    }
    frame.after(...peeks.map((one) => one.picture));
    layPeeks(0, false);
    if (loaded_px) preload();
  }

  function preload() {
    for (const { picture: seen, url } of peeks) load(url).then(() => { seen.src = url; }, () => {});
  }

  const resized = new ResizeObserver(() => image && measure());
  resized.observe(element);

  return {
    element,
    /** @param {Shown} next */
    show(next) {
      turn += 1;
      [image, loaded_px, loading, tries] = [next, 0, "", 0];
      isHasty = performance.now() - shownAt_ms < HASTY_MS;
      shownAt_ms = performance.now();
      placed = fit;
      beside(null, null);
      tell();
      measure();
      const { url, side_px: offered_px } = source(next, side_px(next, placed.scale));
      pass(url);
      const sharp = loaded(url);
      if (sharp) draw(next, sharp, offered_px);
      else frame.replaceChildren(h("img", { src: next.thumbnail_url, alt: nameOf(next), draggable: "false" }));
    },
    beside,
    /** In place of a picture. @param {HTMLElement} said */
    refuse(said) {
      turn += 1;
      image = null;
      frame.replaceChildren();
      tell(said);
    },
    explain, again,
    nearer: () => zoomTo(placed.scale * STEP, middle(), true),
    farther: () => zoomTo(placed.scale / STEP, middle(), true),
    whole: () => place(fit, { eased: true }),
    full: () => zoomTo(nearScale(fit.scale), middle(), true),
    isWhole,
    /** By so many parts of the stage. @param {number} x @param {number} y */
    pan: (x, y) => place(within({ ...placed, x: placed.x + x * stage.width, y: placed.y + y * stage.height }, stage, picture()), { eased: true }),
    end() {
      turn += 1;
      clearTimeout(timer);
      clearTimeout(slow);
      resized.disconnect();
    },
  };
}

/** What is read out in its place. @param {Shown} image */
export const nameOf = (image) => image.title || image.caption || image.description || image.filename;
