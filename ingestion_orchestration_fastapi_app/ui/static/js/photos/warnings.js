// What makes an answer less than it seems, in the reader's words.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";

/** What the service says, and the words for it; null: the page says it otherwise. @type {[RegExp, string | null][]} */
const KNOWN = [
  [/knows drawn, coloured shapes/, "warning.tiny"],
  [/untrained/, "warning.untrained"],
  [/^no picture was taken then: (.*) was dropped$/, "warning.then"],
  [/^no picture was taken there: (.*) was dropped$/, "warning.there"],
  [/end was cut off/, "warning.cut_off"],
  [/best 10,000 were sorted/, "warning.sorted"],
  [/min_relevance was not applied/, null],
  [/words do not answer/, "warning.words_away"],
  [/words of some pictures are still/, "warning.words_soon"],
  [/catalogue/, "warning.catalogue"],
];

/** One warning in words; null where it needs none. @param {string} text */
function inWords(text) {
  for (const [pattern, key] of KNOWN) {
    const found = pattern.exec(text);
    if (found) return key && t(key, { what: (found[1] ?? "").replaceAll('"', "") });
  }
  return text;
}

/** @param {Pick<import("./search.js").Search, "answer" | "isCut"> & {byWords?: boolean}} search @returns {HTMLElement[]} */
export function notices({ answer, isCut, byWords }) {
  const texts = (answer?.warnings ?? []).map(inWords).filter((text) => text !== null);
  if (answer?.nothing_relevant && !isCut && answer.results.length) texts.unshift(t("warning.nothing_fits"));
  if (byWords) texts.unshift(t("results.by_words"));
  return texts.map((text) => h("p", { class: "search-notice" }, icon("info"), h("span", {}, text)));
}
