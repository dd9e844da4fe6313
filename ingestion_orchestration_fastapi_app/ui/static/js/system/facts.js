// A card of names and values.
import { h } from "../core/dom.js";

/** @param {string} title @param {HTMLElement | null} badge @param {[string, string | number | Node | null | undefined][]} rows those without a value are left out */
export const facts = (title, badge, rows) =>
  h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, title), badge),
    h("dl", { class: "facts" }, ...rows.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));

/** @param {string} text @param {"" | "ok" | "warn" | "bad" | "accent"} kind */
export const badgeOf = (text, kind) => h("span", { class: `badge ${kind}` }, text);
