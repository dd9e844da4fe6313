// What narrows a list, each with a way to take it back.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";

/**
 * @typedef {{label: string, what: string, icon?: string, thumbnail?: string | HTMLElement | null, understood?: boolean, remove: () => void}} Chip
 * `what`: the kind of thing, for "Remove date: Autumn 2008".
 */

/** @param {Chip[]} chips @param {string} label of the whole row */
export function chipRow(chips, label) {
  const row = h("ul", { class: "chips row", "aria-label": label }, ...chips.map((one) => h("li", {}, chip(one))));
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    const target = event.target instanceof HTMLElement ? event.target.closest("button.remove") : null;
    if (target instanceof HTMLElement) target.click();
  });
  return row;
}

/**
 * Draws a place with chips anew. Where the one that had the focus went, the one that came next gets it.
 * @param {HTMLElement} place @param {() => void} draw @returns {boolean} whether the focus was there and has no chip to go to
 */
export function redrawChips(place, draw) {
  const buttons = () => [...place.querySelectorAll("button.remove")].filter((one) => one instanceof HTMLElement);
  const at = buttons().findIndex((one) => one === document.activeElement);
  draw();
  if (at < 0) return false;
  const now = buttons();
  now[Math.min(at, now.length - 1)]?.focus();
  return now.length === 0;
}

/** @param {Chip} one */
function chip(one) {
  return h("span", { class: one.understood ? "chip understood" : "chip" },
    typeof one.thumbnail === "string" ? h("img", { src: one.thumbnail, alt: "" }) : one.thumbnail ?? (one.icon ? icon(one.icon) : null),
    h("span", { class: "words" }, one.label),
    h("button", { type: "button", class: "remove", "aria-label": t("chip.remove", { what: one.what, value: one.label }), onclick: one.remove }, icon("close")));
}
