// Two pictures beside each other, or in one place by turns; what tells them apart; and the others of their group.
import { fill, h, set } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go } from "../core/router.js";
import { iconButton, segmented } from "../parts/controls.js";
import { withPhoto } from "../photos/viewing.js";
import { put, source } from "../photos/wall/pictures.js";
import { differences } from "./differences.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {import("./groups.js").Group} Group */

const BLINK_MS = 700; // calm: less than two changes a second
const SIDES = ["left", "right"];
const LETTERS = ["A", "B"];

/** @param {{keep: (side: 0 | 1) => void, alone: () => void, may: boolean}} does */
export function comparison({ keep, alone, may }) {
  const figures = SIDES.map((side) => h("figure", { class: `tidy-frame ${side}` }));
  const frames = h("div", { class: "tidy-frames", dataset: { shown: "0" } }, ...figures);
  const keeps = SIDES.map((side, at) => h("button", { type: "button", class: "button", "aria-disabled": may ? null : true, onclick: () => keep(at === 0 ? 0 : 1) },
    h("span", { class: "two-up" }, t(`tidy.keep_${side}`)), h("span", { class: "one-up" }, t("tidy.keep_letter", { letter: LETTERS[at] ?? "" })), h("kbd", { "aria-hidden": "true" }, at + 1)));
  const blinker = iconButton("blink", t("tidy.blink"), { "aria-pressed": false, onclick: () => blink() });
  const chosen = h("div", { class: "tidy-switch" });
  const table = h("table", { class: "tidy-table" });
  const members = h("div", { class: "tidy-members" });
  const element = h("div", { class: "tidy-compare stack" }, frames,
    h("div", { class: "tidy-keeps" }, keeps[0], h("div", { class: "row tidy-tools" }, chosen, blinker), keeps[1]),
    h("div", { class: "card tidy-values" }, table), members);
  let timer = 0;
  /** @type {Group | null} */
  let group = null;
  /** @type {[Image, Image] | null} */
  let pair = null;

  /** @param {0 | 1} side */
  const only = (side) => {
    frames.dataset.shown = String(side);
    fill(chosen, segmented(t("tidy.shown"), LETTERS.map((label, at) => ({ value: String(at), label })), String(side), (value) => { frames.dataset.shown = value; }));
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
  };
  /** Both in one place by turns; where motion is not wanted, by hand. */
  const blink = () => {
    const on = !element.classList.contains("blinking");
    element.classList.toggle("blinking", on);
    set(blinker, "aria-pressed", on);
    stop();
    only(0);
    if (on && !matchMedia("(prefers-reduced-motion: reduce)").matches) timer = window.setInterval(() => only(frames.dataset.shown === "0" ? 1 : 0), BLINK_MS);
  };

  /** @param {Image} image @param {number} at @param {Image} other */
  const drawFrame = (image, at, other) => {
    const figure = /** @type {HTMLElement} */ (figures[at]);
    const isFirst = group?.images.find((one) => one === image || one === other) === image;
    if (figure.dataset.id !== image.id) {
      figure.dataset.id = image.id;
      const img = h("img", { alt: image.filename, class: "whole" });
      fill(figure, h("button", { type: "button", class: "tidy-open", onclick: () => go(withPhoto(image.id)), "aria-label": t("tidy.open", { name: image.filename }) }, h("img", { src: image.thumbnail_url, alt: "" }), img));
      void put(img, source(image, figure.clientWidth || innerWidth)).then((became) => (became === "failed" ? put(img, image.thumbnail_url) : became)).then((became) => {
        img.classList.add(became);
        if (became === "failed") figure.append(h("p", { class: "tidy-lost" }, t("tidy.no_picture", { name: image.filename })));
      });
    }
    figure.querySelectorAll(".tidy-mark").forEach((old) => old.remove());
    const why = isFirst && group?.keep === image.id && group.images[1] === other ? t(`tidy.by_${group.kept_by}`) : "";
    figure.classList.toggle("suggested", isFirst);
    if (isFirst) figure.append(h("figcaption", { class: "tidy-mark" }, icon("check"), why ? t("tidy.suggested_for", { why }) : t("tidy.suggested")));
    figure.append(h("span", { class: "tidy-mark letter one-up", "aria-hidden": "true" }, LETTERS[at]));
    keeps[at]?.classList.toggle("primary", isFirst);
  };

  /** @param {[Image, Image]} two */
  const drawTable = (two) => {
    const better = () => [h("span", { "aria-hidden": "true" }, " ↑"), h("span", { class: "hidden" }, ` (${t("tidy.better")})`)];
    const cells = (/** @type {import("./differences.js").Row} */ row) => row.texts.map((text, at) => {
      const differs = row.texts[0] !== row.texts[1];
      return h("td", {}, h("span", { class: !differs ? "" : row.better === at ? "better" : "other" }, text || t("tidy.none"), ...(differs && row.better === at ? better() : [])));
    });
    fill(table, h("caption", { class: "hidden" }, t("tidy.compared")),
      h("thead", {}, h("tr", {}, h("td", {}), ...two.map((one, at) => h("th", { scope: "col" }, h("span", { class: "one-up" }, `${LETTERS[at]} · `), one.filename)))),
      h("tbody", {}, ...differences(...two).map((row) => h("tr", {}, h("th", { scope: "row" }, row.what), ...cells(row)))));
  };

  /** The rest of the group: who is pressed comes to the right, and from the right to the left. */
  const drawMembers = () => {
    if (!group || !pair || group.images.length < 3) return fill(members);
    const [left, right] = pair;
    const one = (/** @type {Image} */ image) => {
      const side = image === left ? 0 : image === right ? 1 : null;
      const label = side === null ? t("tidy.compare_with", { name: image.filename }) : `${image.filename}: ${t(`tidy.is_${SIDES[side]}`)}`;
      return h("button", { type: "button", class: "tidy-thumb", "aria-pressed": side !== null, "aria-label": label, title: image.filename, dataset: { id: image.id }, onclick: () => choose(image) },
        h("img", { src: image.thumbnail_url, alt: "", loading: "lazy" }), side === null ? null : h("span", { class: "tidy-count", "aria-hidden": "true" }, LETTERS[side]));
    };
    fill(members, h("p", { class: "meta" }, t("tidy.members", { count: group.count })), h("div", { class: "tidy-strip" }, ...group.images.map(one)),
      h("button", { type: "button", class: "button", "aria-disabled": may ? null : true, onclick: alone }, h("span", { class: "two-up" }, t("tidy.alone")), h("span", { class: "one-up" }, t("tidy.alone_letter"))));
  };

  /** @param {Image} image */
  const choose = (image) => {
    if (!group || !pair || image === pair[0]) return;
    show(group, image === pair[1] ? [image, pair[0]] : [pair[0], image]);
    const again = members.querySelector(`[data-id="${image.id}"]`);
    if (again instanceof HTMLElement) again.focus();
  };

  /** @param {Group} one @param {[Image, Image]} two */
  const show = (one, two) => {
    [group, pair] = [one, two];
    if (!timer) only(0);
    two.forEach((image, at) => drawFrame(image, at, two[1 - at] ?? image));
    drawTable(two);
    drawMembers();
  };

  return {
    element, show, blink, stop,
    pair: () => pair,
    /** What the viewer goes on in: the group. @type {import("../types").PhotoList} */
    list: {
      get total() { return group?.images.length ?? null; },
      get name() { return group ? t(`tidy.class_${group.class}`) : null; },
      around(id) {
        const all = group?.images ?? [], at = all.findIndex((one) => one.id === id), image = all[at];
        return Promise.resolve(image ? { image, previous: all[at - 1] ?? null, next: all[at + 1] ?? null, position: at } : null);
      },
    },
    /** The picture, or its place among the others. @param {string} id */
    focus(id) {
      const [shown] = [figures.find((one) => one.dataset.id === id)?.querySelector("button"), members.querySelector(`[data-id="${CSS.escape(id)}"]`), figures[0]?.querySelector("button")].filter((one) => one instanceof HTMLElement);
      if (shown instanceof HTMLElement) shown.focus({ preventScroll: true });
    },
    /** Makes the browser ask for what comes next. @param {Group | undefined} next */
    preload(next) {
      for (const image of next?.images.slice(0, 2) ?? []) new Image().src = source(image, figures[0]?.clientWidth || innerWidth);
    },
  };
}
