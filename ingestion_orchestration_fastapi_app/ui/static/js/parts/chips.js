// What narrows a list, each with a way to take it back.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";

/**
 * @typedef {{label: string, what: string, icon?: string, thumbnail?: string, understood?: boolean, remove: () => void}} Chip
 * `what`: the kind of thing, for "Remove date: Autumn 2008".
 */

/** @param {Chip[]} chips @param {string} label of the whole row */
export function chipRow(chips, label) {
  const row = h("ul", { class: "chips row", "aria-label": label }, ...chips.map((one) => h("li", {}, chip(one))));
  // What has the focus goes: the one that comes next gets it.
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    const target = event.target instanceof HTMLElement ? event.target.closest("button.remove") : null;
    if (target instanceof HTMLElement) target.click();
  });
  return row;
}

/** @param {Chip} one */
function chip(one) {
  return h("span", { class: one.understood ? "chip understood" : "chip" },
    one.thumbnail ? h("img", { src: one.thumbnail, alt: "" }) : one.icon ? icon(one.icon) : null,
    h("span", { class: "cut" }, one.label),
    h("button", { type: "button", class: "remove", "aria-label": t("chip.remove", { what: one.what, value: one.label }), onclick: one.remove }, icon("close")));
}
