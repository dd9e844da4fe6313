// Spans of days: what a sentence says together, and how they are called.
import { bucketName } from "../core/format.js";
import { t } from "../core/i18n.js";

/** @typedef {import("./search.js").Part} Part */

/** What all dates have in common, as the service takes them; where that is nothing, from the first to the last. @param {Part[]} parts */
export function period(parts) {
  const dates = parts.filter((part) => part.kind === "date");
  if (!dates.length) return null;
  const firsts = dates.map((part) => part.first ?? "0001-01-01").sort(), lasts = dates.map((part) => part.last ?? "9999-12-31").sort();
  let [first, last] = [firsts.at(-1) ?? "", lasts[0] ?? ""];
  if (first > last) [first, last] = [firsts[0] ?? "", lasts.at(-1) ?? ""];
  return { first: first === "0001-01-01" ? null : first, last: last === "9999-12-31" ? null : last };
}

/** As it was said where that names a year, else what it means: "last winter" is not the same next year. @param {string} text @param {{first: string | null, last: string | null}} when */
export function spoken(text, when) {
  const bare = text.replace(/^(in|im|aus|from|of|vom|von|the)\s+/i, "").replace(/^(in|im|the)\s+/i, "");
  return /\d{4}/.test(bare) && !/^(since|before|after|until|seit|vor|nach|bis)\b/i.test(text) ? bare.charAt(0).toUpperCase() + bare.slice(1) : periodName(when.first, when.last);
}

/** @param {string | null | undefined} first @param {string | null | undefined} last both as a filter takes them, or as days */
export function periodName(first, last) {
  const from = first?.slice(0, 10) ?? "", to = last?.slice(0, 10) ?? "";
  const areYears = isEdge(from, "-01-01") && isEdge(to, "-12-31"), areMonths = isEdge(from, "-01") && isEdge(to, `-${daysIn(to)}`);
  const name = (/** @type {string} */ day) => bucketName(areYears ? day.slice(0, 4) : areMonths ? day.slice(0, 7) : day, from === to ? "long" : "short");
  if (from && to) return name(from) === name(to) ? name(from) : t("date.range", { from: name(from), to: name(to) });
  return from ? t("date.since", { from: name(from) }) : t("date.until", { to: name(to) });
}

/** Whether nothing finer is said than a year, or a month. @param {string} day @param {string} end of the first or last day of one */
const isEdge = (day, end) => !day || day.length <= 10 - end.length || day.endsWith(end);

/** @param {string} day @returns {number} of its month */
const daysIn = (day) => new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 0)).getUTCDate();
