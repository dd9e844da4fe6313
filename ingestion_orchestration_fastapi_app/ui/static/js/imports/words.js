// What jobs are called, and what they say of themselves, in words. What there are none for keeps the service's own.
import { h } from "../core/dom.js";
import { has, t } from "../core/i18n.js";
import { duration, number } from "../core/format.js";
import { hasEnded } from "../core/jobs.js";
import { kindName, spoken, text } from "../parts/words.js";

/** @typedef {import("../types").Job} Job */

/** @param {string} words */
export const capital = (words) => words.slice(0, 1).toUpperCase() + words.slice(1);

/** What stands before the folder; of a kind that reads none, all of it. @param {Job} job */
function titleStart(job) {
  if (job.origin === "watch") return t("job.of_watch");
  return text(`job.of.${job.kind}`, kindName(job.kind));
}

/** @param {Job} job */
export function titleText(job) {
  const more = (job.paths?.length ?? 0) - 1;
  return [titleStart(job), job.directory_path, more > 0 ? t("job.more_paths", { count: more }) : ""].filter(Boolean).join(" ");
}

/** A path's end, which tells more than its beginning. @param {string} path */
const endOf = (path) => (path.split("/").length > 3 ? `…/${path.split("/").slice(-2).join("/")}` : path);

/** The same, with the folder as one; `short`: with its end alone. @param {Job} job @param {boolean} [short] */
export function title(job, short = false) {
  const more = (job.paths?.length ?? 0) - 1, path = job.directory_path;
  return [titleStart(job), path ? h("code", { title: path }, short ? endOf(path) : path) : null, more > 0 ? t("job.more_paths", { count: more }) : null]
    .filter((one) => one !== null)
    .flatMap((one, place) => (place ? [" ", one] : [one]));
}

/** @type {Record<string, string>} */
const LOOKS = { running: "accent", waiting_for_ml: "warn", paused: "warn", completed: "ok", failed: "bad" };

/** @param {Job} job */
export const stateClass = (job) => `badge ${LOOKS[job.state] ?? ""}`;
/** @param {Job} job */
export const stateName = (job) => t(`job.state.${job.state}`);

const ASKED = /^(paused|cancelled) on request$/;

/** Why it does not go on, or how it ended: sentences, each with the service's own words. @param {Job} job */
export function reasons(job) {
  const given = job.reasons?.length ? job.reasons : job.reason ? [{ state: job.state, reason: job.reason, code: job.reason_code }] : [];
  return given
    .filter((one) => !ASKED.test(one.reason))
    .map((one) => {
      const otherwise = one.state === "completed" ? text(`job.end.${job.kind}`, one.reason) : one.reason;
      const said = one.code ? text(`code.${one.code}`, one.reason) : otherwise;
      return { said, code: one.code ?? null, detail: said === one.reason ? null : one.reason };
    });
}

/** What holds a running job up, and what helps: null where nobody could do anything about it. @param {Job} job */
export function slowest(job) {
  const name = /^(\w+)-bound:/.exec(job.bottleneck ?? "")?.[1] ?? "";
  const stage = STAGE_OF[name] ?? name;
  return has(`job.slow.${stage}`) ? { stage, said: t(`job.slow.${stage}`), advice: t(`job.advice.${stage}`) } : null;
}

/** Stages that are told as one. @type {Record<string, string>} */
const STAGE_OF = { inference: "embed", enrol: "scan", known: "read", upkeep: "store", remove: "store" };
const OF_IMPORTS = ["scan", "read", "decode", "embed", "store"];

/** How busy its stages were, in the order of the work: shares of 1. Only imports have stages that people know. @param {Job} job @returns {[string, number][]} */
export function stages(job) {
  if (job.kind !== "ingest") return [];
  const found = new Map(OF_IMPORTS.map((one) => [one, 0]));
  for (const [name, share] of Object.entries(job.busy_shares ?? {})) {
    const stage = STAGE_OF[name] ?? name;
    found.set(stage, Math.min(1, (found.get(stage) ?? 0) + share));
  }
  return [...found].filter(([name]) => OF_IMPORTS.includes(name));
}

/** @param {string} stage */
export const stageName = (stage) => text(`job.stage.${stage}`, spoken(stage));

const COUNTED = new Set(["ingest", "dry_run", "reembed"]);

/** How much is done, and of how much; `noun` is what. @param {Job} job */
export function amount(job) {
  const isImport = job.kind === "ingest";
  const total = job.total ?? (isImport && job.counts.found ? job.counts.found : null);
  const of = total === null ? "" : t(COUNTED.has(job.kind) ? (job.total === null ? "job.of_found" : "job.of_photos") : "job.of_total", { count: total });
  return { done: job.done ?? 0, total, of };
}

/** @param {Job} job */
export function rate(job) {
  const value = hasEnded(job) ? job.rate_average_images_per_s ?? 0 : job.rate_images_per_s;
  return value > 0 ? t("job.rate", { rate: number(value, value < 10 ? 1 : 0) }) : "";
}

/** How long it ran, or null before it did. @param {Job} job */
export function took(job) {
  if (!job.started_at) return null;
  const end = job.finished_at ? Date.parse(job.finished_at) : Date.now();
  return duration(Math.max(0, (end - Date.parse(job.started_at)) / 1000));
}

/** What became of an import's files: `[name, count, sentence]`, nothing that is none. @param {Job} job @returns {[string, number, string][]} */
export function outcomes(job) {
  const { embedded = 0, cached = 0, unchanged = 0, failed = 0, skipped = 0 } = job.counts;
  const all = /** @type {[string, number][]} */ ([["new", embedded + cached], ["unchanged", unchanged], ["failed", failed], ["skipped", skipped]]);
  return all.filter(([name, count]) => count > 0 || name === "new").map(([name, count]) => [name, count, t(`job.count.${name}`, { count })]);
}

/** What a final job did, in a line; failures are shown beside it. @param {Job} job */
export function summary(job) {
  const isImport = job.kind === "ingest" || job.kind === "reembed";
  const parts = isImport ? outcomes(job).filter(([name, count]) => count > 0 && name !== "failed").map(([, , said]) => said) : [];
  if (!isImport && job.total) parts.push(t("job.count.looked", { count: job.total }));
  if (job.removed) parts.push(t("job.count.removed", { count: job.removed }));
  if (!parts.length && !job.counts.failed) parts.push(t("job.nothing_new"));
  return parts.join(" · ");
}
