// The keys, and where to read on.
import { h } from "./core/dom.js";
import { t } from "./core/i18n.js";
import { root } from "./core/api.js";

/** A key and what it does, by where it works. @type {[string, [string, string][]][]} */
const KEYS = [
  ["help.anywhere", [["/", "help.search"], ["g p · m · a · u · i · s", "help.go"], ["?", "help.help"], ["Esc", "help.escape"]]],
  ["help.grid", [["← ↑ → ↓", "help.move"], ["Home · End", "help.ends"], ["Enter", "help.open"], ["Space", "help.select"], ["Shift + ←→", "help.extend"], ["F", "help.favourite"], ["0–5", "help.rate"], ["L · Shift + L", "help.like"]]],
  ["help.viewer", [["← →", "help.next"], ["+ − 0", "zoom.keys"], ["I", "help.details"], ["F", "help.favourite"], ["1–5", "help.rate"], ["T", "help.tag"], ["D", "help.download"], ["L · Shift + L", "help.like"]]],
  ["help.duplicates", [["1 · 2 · B", "help.keep"], ["S", "help.later"], ["U", "help.undo"], ["D", "help.blink"]]],
];

/** @returns {import("./types").View} */
export function open() {
  const element = h("div", { class: "page" },
    h("div", { class: "page-head" }, h("h1", {}, t("nav.help"))),
    h("div", { class: "help-columns" }, ...KEYS.map(([title, rows]) =>
      h("section", { class: "card" }, h("h2", {}, t(title)), h("dl", { class: "keys" }, ...rows.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(what))]))))),
    h("p", { class: "quiet" }, h("a", { href: `${root}/docs`, dataset: { outside: "" } }, t("help.api"))));
  return { element, title: t("nav.help") };
}
