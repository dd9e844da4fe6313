// What makes an answer less than it seems, in the reader's words.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { warningText } from "../parts/warnings.js";

/** That hits are not known to be relevant, which the page says otherwise. @param {import("../types").Warning} warning */
export const isUnjudged = ({ code }) => code === "WARN_RELEVANCE_UNKNOWN";

/** @param {Pick<import("./search.js").Search, "answer" | "isCut"> & {byWords?: boolean}} search @returns {HTMLElement[]} */
export function notices({ answer, isCut, byWords }) {
  const texts = (answer?.warning_details ?? []).filter((one) => !isUnjudged(one)).map(warningText);
  if (answer?.nothing_relevant && !isCut && answer.results.length) texts.unshift(t("warning.nothing_fits"));
  if (byWords) texts.unshift(t("results.by_words"));
  return texts.map((text) => h("p", { class: "search-notice" }, icon("info"), h("span", {}, text)));
}
