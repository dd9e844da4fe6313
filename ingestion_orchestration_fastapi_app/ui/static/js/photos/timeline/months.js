// The parts of all photos by date: which months there are, and which page of the list each begins with.
import { language, t } from "../../core/i18n.js";
import { section } from "../wall/sections.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {import("../../types").Timeline} Timeline */
/**
 * A section of a month, or of a few that have hardly any photos; long ones are several, of which only the first has a title.
 * `first` and `last` are the months that it is of, the newest first, empty where there is no date; `size` is the whole month's.
 * @typedef {import("../wall/sections.js").Section & {first: string, last: string, size: number, cursor: string | null}} Month
 */

const HEAD_PX = 44;
/** Fewer photos make no row: neighbours of the same year share one, up to so many together. */
const SPARSE = 4, TOGETHER = 24;
/** As many as are loaded and laid out at once: a few screens. */
const PART = 200;

/** @param {Timeline} timeline @param {(month: Month) => HTMLElement} title @returns {Month[]} */
export function months(timeline, title) {
  const spans = timeline.buckets.map(({ bucket, count, cursor }) => ({ first: bucket, last: bucket, count, cursor }));
  const merged = spans.reduce((/** @type {typeof spans} */ done, one) => {
    const before = done.at(-1);
    const joins = before && one.count < SPARSE && (before.first !== before.last || before.count < SPARSE) && before.count + one.count <= TOGETHER && before.last.slice(0, 4) === one.last.slice(0, 4);
    if (joins) Object.assign(before, { last: one.last, count: before.count + one.count });
    else done.push(one);
    return done;
  }, []);
  if (timeline.undated) merged.push({ first: "", last: "", count: timeline.undated, cursor: timeline.undated_cursor ?? "" });
  return merged.flatMap(({ first, last, count, cursor }) => Array.from({ length: Math.ceil(count / PART) }, (_, part) => {
    const isFirst = part === 0, isLast = (part + 1) * PART >= count;
    /** @type {Month} */
    const one = {
      ...section({ key: `${first}#${part}`, count: isLast ? count - part * PART : PART, closed: !isLast, head: isFirst ? HEAD_PX : 0 }),
      first, last, size: count, cursor: isFirst ? cursor : null,
    };
    if (isFirst) one.title = () => title(one);
    return one;
  }));
}

/** The section that a month is in: `2008-09`, `2008` or nothing for those without a date. Where there is none, the next older one. @param {Month[]} all @param {string} bucket */
export function monthOf(all, bucket) {
  const isIn = (/** @type {Month} */ one) => (bucket && one.first ? one.last.slice(0, bucket.length) <= bucket.slice(0, one.last.length) : !one.first);
  return all.find(isIn) ?? all.at(-1) ?? null;
}

/** The first and the last index of the sections of the same month. @param {Month[]} all @param {Month} one */
export const partsOf = (all, one) => ({ first: all.findIndex((each) => each.first === one.first), last: all.findLastIndex((each) => each.first === one.first) });

/** @param {string} bucket `2008-09` */
const date = (bucket) => new Date(`${bucket}-01T00:00:00Z`);
/** @param {"long" | "short"} month */
const format = (month) => new Intl.DateTimeFormat(language, { month, year: "numeric", timeZone: "UTC" });

/** "September 2008", "June – August 2008", or a whole year. @param {Month} one @param {"long" | "short"} [month] */
export function monthName({ first, last }, month = "long") {
  if (first.endsWith("-12") && last.endsWith("-01")) return first.slice(0, 4);
  return first === last ? format(month).format(date(first)) : format(month).formatRange(date(last), date(first));
}

/** The city that most of the photos were taken in, and how many others there are. @param {Shown[]} images all of a month */
export function placesOf(images) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { place } of images) if (place) counts.set(place.city, (counts.get(place.city) ?? 0) + 1);
  const [[name] = [""], ...others] = [...counts].sort((a, b) => b[1] - a[1]);
  return others.length ? t("timeline.places", { name, count: others.length }) : name;
}
