// Numbers, sizes, times as people read them.
import { locale, t } from "./i18n.js";

/** @param {number} value @param {number} [digits] */
export const number = (value, digits = 0) => value.toLocaleString(locale, { maximumFractionDigits: digits });

const UNITS = ["B", "KB", "MB", "GB", "TB"];
/** @param {number} count */
export function bytes(count) {
  let value = count, unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${number(value, value < 10 && unit > 0 ? 1 : 0)} ${UNITS[unit]}`;
}

/** A span, in its two largest units. @param {number} s */
export function duration(s) {
  const whole = Math.round(s);
  if (whole < 60) return t("time.seconds", { count: whole });
  if (whole < 3600) return t("time.minutes", { count: Math.round(whole / 60) });
  if (whole < 86_400) return t("time.hours", { hours: Math.floor(whole / 3600), minutes: Math.round((whole % 3600) / 60) });
  return t("time.days", { count: Math.round(whole / 86_400) });
}

/** A range such as "7 to 9 min". @param {number} low @param {number} high */
export function durationRange(low, high) {
  const [from, to] = [duration(low), duration(high)];
  return from === to ? from : t("time.range", { from, to });
}

/** What the camera's clock said: it has no zone, so it is shown as it is. @param {string} text `2008-09-14T11:08:06`, or less */
export function cameraTime(text, { clock = true, weekday = true } = {}) {
  const date = new Date(`${text.slice(0, 19)}Z`.replace(/^(\d{4})Z$/, "$1-01-01T00:00:00Z"));
  /** @type {Intl.DateTimeFormatOptions} */
  const asked = { timeZone: "UTC", weekday: weekday ? "short" : undefined, day: "numeric", month: "long", year: "numeric" };
  return date.toLocaleString(locale, clock ? { ...asked, hour: "numeric", minute: "2-digit" } : asked);
}

/** @param {string} bucket `2008-09`, `2008` or `2008-09-14`, as a timeline names them @param {"long" | "short"} [month] */
export function bucketName(bucket, month = "long") {
  const [year, ...rest] = bucket.split("-").map(Number);
  const date = new Date(Date.UTC(year ?? 0, (rest[0] ?? 1) - 1, rest[1] ?? 1));
  /** @type {Intl.DateTimeFormatOptions} */
  const asked = { timeZone: "UTC", year: "numeric" };
  if (rest.length > 0) asked.month = month;
  if (rest.length > 1) asked.day = "numeric";
  return date.toLocaleString(locale, asked);
}

/** A moment of this machine's clocks. @param {string} iso */
export const moment = (iso) => new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });

/** @param {string} iso */
export function ago(iso) {
  const s = (Date.now() - Date.parse(iso)) / 1000;
  return s < 45 ? t("time.now") : t("time.ago", { span: duration(s) });
}
