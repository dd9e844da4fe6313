// The picture itself: its thumbnail at once, sharper as far as it is seen, nearer and farther.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "../parts/controls.js";
import { listenToGestures } from "./gestures.js";
import { load, source, whyNot } from "./pictures.js";
import { bounded, fitted, fullScale, nearScale, within, zoomed } from "./zoom.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {import("./zoom.js").Point} Point */
/**
 * `swiped` hears 1 for the next and -1 for the one before; `zoomed` how many percent of full size are seen, and whether it is all of the picture.
 * @typedef {{swiped: (step: number) => void, closed: () => void, raised: () => void, zoomed: (percent: number, isWhole: boolean) => void, forget: (() => void) | null}} Told
 */

const EDGE_PX = 16, FAR_PX = 64, FAST = 0.45, SETTLED_MS = 160, STEP = 1.5;

/** @param {Told} told */
export function createStage(told) {
  const frame = h("div", { class: "frame" });
  const trouble = h("div", { class: "viewer-trouble", role: "status" });
  const element = h("div", { class: "stage" }, frame, trouble);
  /** @type {Shown | null} */
  let image = null;
  let turn = 0, timer = 0, loaded_px = 0;
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
    timer = window.setTimeout(sharpen, loaded_px ? SETTLED_MS : 0);
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
  }

  /** How many pixels of the screen its longest side takes. @param {Shown} one @param {number} scale */
  const side_px = (one, scale) => Math.max(one.width_px, one.height_px) * scale * devicePixelRatio;

  async function sharpen() {
    const mine = turn, shown = image;
    if (!shown) return;
    const { url, side_px: offered_px } = source(shown, side_px(shown, placed.scale));
    if (offered_px <= loaded_px) return;
    try {
      const sharp = await load(url);
      if (mine !== turn || offered_px <= loaded_px) return;
      loaded_px = offered_px;
      sharp.alt = nameOf(shown);
      frame.append(sharp);
      while (frame.firstElementChild !== sharp) frame.firstElementChild?.remove();
      trouble.replaceChildren();
    } catch {
      if (mine === turn && !loaded_px) await explain(shown, mine);
    }
  }

  /** @param {Shown} shown @param {number} mine */
  async function explain(shown, mine) {
    const why = await whyNot(shown);
    if (mine !== turn) return;
    const again = () => { trouble.replaceChildren(); void sharpen(); };
    const action = why === "busy" ? button(t("again"), { onclick: again }) : why === "gone" && told.forget ? button(t("viewer.forget"), { onclick: told.forget }) : null;
    trouble.replaceChildren(h("div", { class: "notice" }, h("p", {}, t(`viewer.${why}`)), action));
  }

  listenToGestures(element, {
    canPan: () => !isWhole(),
    pan: (by) => place(within({ ...placed, x: placed.x + by.x, y: placed.y + by.y }, stage, picture())),
    zoom: (factor, at) => zoomTo(placed.scale * factor, at),
    doubleTap: (at) => zoomTo(isWhole() ? nearScale(fit.scale) : fit.scale, at, true),
    drag: (by) => place(fit, { by: Math.abs(by.x) > Math.abs(by.y) ? { x: by.x, y: 0 } : { x: 0, y: by.y } }),
    letGo: (by, speed) => {
      const across = Math.abs(by.x) > Math.abs(by.y);
      const isMeant = across ? Math.abs(by.x) > FAR_PX || Math.abs(speed.x) > FAST : Math.abs(by.y) > FAR_PX || Math.abs(speed.y) > FAST;
      place(fit, { eased: true });
      if (!isMeant) return;
      if (across) told.swiped(by.x < 0 ? 1 : -1);
      else if (by.y > 0) told.closed();
      else told.raised();
    },
  });
  const resized = new ResizeObserver(() => image && measure());
  resized.observe(element);

  return {
    element,
    /** @param {Shown} next */
    show(next) {
      turn += 1;
      [image, loaded_px] = [next, 0];
      placed = fit;
      frame.replaceChildren(h("img", { src: next.thumbnail_url, alt: nameOf(next), draggable: "false" }));
      trouble.replaceChildren();
      measure();
    },
    /** In place of a picture. @param {HTMLElement} said */
    refuse(said) {
      turn += 1;
      image = null;
      frame.replaceChildren();
      trouble.replaceChildren(said);
    },
    /** What comes next or came before is loaded as large as it will be seen. @param {Shown | null} one */
    preload(one) {
      if (one) load(source(one, side_px(one, fittedInStage(sizeOf(one)).scale)).url).catch(() => {});
    },
    /** Once this one is there. @returns {Promise<void>} */
    isReady: async () => { if (image) await load(source(image, side_px(image, placed.scale)).url).then(() => {}, () => {}); },
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
      resized.disconnect();
    },
  };
}

/** What is read out in its place. @param {Shown} image */
export const nameOf = (image) => image.title || image.caption || image.description || image.filename;
