// Where nothing fits: what was looked for, and which condition would have to go.
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go } from "../core/router.js";
import { button } from "../parts/controls.js";
import { empty } from "../parts/states.js";
import { changed } from "./address.js";
import { Search } from "./search.js";

/** @typedef {import("./address.js").Asked} Asked */
/** A condition that could go. @typedef {{what: string, changes: Record<string, string[] | null>, without: Asked}} Way */

const MOST_WAYS = 3;
const GROUPS = [["from", "to"], ["folder"], ["camera"], ["lens"], ["rating"], ["format"], ["size"], ["keyword"], ["tag"], ["gps"], ["box"], ["favourite"], ["captioned"], ["orientation"], ["album"]];

/** @param {Search} search @param {AbortSignal} signal */
export function noMatch(search, signal) {
  const { asked } = search;
  const helps = h("div", { class: "stack", role: "status" });
  void Promise.all(ways(search).map((way) => helped(way, signal))).then((all) => {
    const found = all.filter((one) => one !== null);
    fill(helps, ...found.map(({ way, count }) => h("div", { class: "row no-match-way" },
      h("span", {}, t("nomatch.without", { what: t(`nomatch.${way.what}`), count })),
      button(t(`nomatch.remove.${way.what}`), { kind: way === found[0]?.way ? "primary" : "", onclick: () => go(changed(current().query, way.changes)) }))));
  });
  const nearest = search.isCut ? [button(t("nomatch.nearest"), { onclick: () => go(changed(current().query, { rest: "1" })) })] : [];
  const state = empty({ icon: "search", title: asked.q ? t("nomatch.title", { words: asked.q }) : t("nomatch.title.bare"), actions: nearest });
  state.querySelector("h2")?.after(helps);
  return state;
}

/** @param {Way} way @param {AbortSignal} signal */
async function helped(way, signal) {
  try {
    const count = await new Search(way.without).count(signal);
    return count ? { way, count } : null;
  } catch {
    return null; // it would only have been advice
  }
}

/** @param {Search} search @returns {Way[]} */
function ways({ asked, parts }) {
  const said = [...new Set(parts.map((part) => part.kind))].map((kind) => {
    const plain = [...asked.plain, kind];
    return { what: kind, changes: { plain }, without: { ...asked, plain } };
  });
  const chosen = GROUPS.filter((names) => names.some((name) => asked.values[name])).map((names) => ({
    what: names.length > 1 ? "date" : names[0] ?? "",
    changes: Object.fromEntries(names.map((name) => [name, null])),
    without: { ...asked, values: Object.fromEntries(Object.entries(asked.values).filter(([name]) => !names.includes(name))) },
  }));
  return [...said, ...chosen].slice(0, MOST_WAYS);
}
