// What the service warns of, in the reader's words.
import { bytes } from "../core/format.js";
import { has, t } from "../core/i18n.js";

/** @typedef {import("../types").Warning} Warning */

/** By its code; one that there are no words for, as of a newer service, says what the service says. @param {Warning} warning */
export function warningText({ code, detail, params = {} }) {
  const key = `warning.${code}`;
  return has(key) || has(`${key}.other`) ? t(`warning.${code}`, Object.fromEntries(Object.entries(params).map(shown))) : detail;
}

/** Sizes are told as people tell them. @param {[string, string | number]} param @returns {[string, string | number]} */
const shown = ([name, value]) => [name, typeof value === "number" && name.endsWith("_bytes") ? bytes(value) : value];
