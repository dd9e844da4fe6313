// What a job that looks for something found, in words.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { bytes, duration, durationRange, number } from "../core/format.js";
import { icon } from "../core/icons.js";
import { has, t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { naming } from "../core/session.js";
import { button } from "../parts/controls.js";
import { spoken, text } from "../parts/words.js";
import { hasEnded } from "../core/jobs.js";
import { exportFiles } from "./export_files.js";

/** @typedef {import("../types").Job} Job @typedef {import("../types").Report} Report @typedef {Report["findings"][number]} Finding */

/** Those that make a report. */
const KINDS = new Set(["caption", "dry_run", "duplicates", "evaluate", "export", "import", "reembed", "sidecars", "undo", "verify"]);

/** @param {Job} job */
export function reportOf(job) {
  const element = h("section", { class: "card stack", hidden: true });
  let isShown = false;
  /** @param {Job} job */
  const update = async (job) => {
    if (isShown || !hasEnded(job) || (job.kind === "ingest") || job.started_at === null) return;
    isShown = true;
    try {
      const report = await call(`/jobs/${job.job_id}/report`);
      const drawn = job.kind === "dry_run" ? dryRun(report) : general(job, report);
      element.hidden = drawn.length === 0;
      fill(element, h("h2", {}, t(KINDS.has(job.kind) ? "job.report" : "job.report_other")), ...drawn);
    } catch {
      isShown = false; // it has none
    }
  };
  const first = update(job);
  return { element, update, ready: () => first };
}

/** What an import would do. @param {Report} report */
export function dryRun({ numbers, figures, findings }) {
  const { found = 0, embedded = 0, cached = 0, unchanged = 0, skipped = 0, failed = 0, missing = 0 } = numbers;
  const low = figures?.seconds_low, high = figures?.seconds_high;
  const needed = numbers.bytes_needed ?? 0, free = (numbers.bytes_free ?? 0) - (numbers.bytes_kept_free ?? 0);
  const time = embedded + cached === 0 || low === undefined ? "" : high === undefined ? t("imports.dry_time_least", { span: duration(low) }) : t("imports.dry_time", { span: durationRange(low, high) });
  return [
    h("p", { class: "lead" }, t("imports.dry_new", { count: embedded + cached }), " ", time),
    h("ul", { class: "facts" },
      fact("check", t("imports.dry_unchanged", { count: unchanged }), unchanged),
      fact("alert", t("imports.dry_failed", { count: failed }), failed),
      fact("info", t("imports.dry_skipped", { count: skipped }), skipped),
      fact("trash", t("imports.dry_missing", { count: missing }), missing),
      found === 0 ? fact("info", t("imports.dry_nothing"), 1) : null,
      needed ? fact(needed > free ? "alert" : "system", t(needed > free ? "imports.dry_no_space" : "imports.dry_space", { needed: bytes(needed), free: bytes(Math.max(0, free)) }), 1) : null),
    ...examples(findings.filter((one) => /^(failed|skipped|missing)/.test(one.finding))),
  ];
}

/** @param {string} name @param {string} said @param {number} count */
const fact = (name, said, count) => (count ? h("li", {}, icon(name), h("span", {}, said)) : null);

/** @param {Job} job @param {Report} report */
function general(job, { numbers, findings, figures = {}, about = {} }) {
  const counted = Object.entries(numbers).filter(([, count]) => count > 0);
  const measured = Object.entries(figures);
  const drawn = [];
  if (job.kind === "verify" && job.state === "completed" && findings.length === 0) drawn.push(h("p", { class: "notice ok" }, icon("check"), h("span", {}, t("job.all_well"))));
  if (job.kind === "duplicates") drawn.push(h("div", { class: "row" }, button(t("job.see_duplicates"), { icon: "tidy", href: href("/duplicates", naming(job.collection)) })));
  if (job.kind === "export" && job.state === "completed" && job.reason) drawn.push(exportFiles(job.reason));
  if (findings.length) drawn.push(h("ul", { class: "findings" }, ...findings.map(finding)));
  if (measured.length) drawn.push(table(measured.map(([name, value]) => [figureName(name), figure(name, value)])));
  if (counted.length) drawn.push(table(counted.map(([name, count]) => [text(`job.number.${name.replaceAll(" ", "_")}`, spoken(name)), name.startsWith("bytes") ? bytes(count) : number(count)])));
  if (Object.keys(about).length) drawn.push(h("p", { class: "meta" }, Object.entries(about).map(([name, value]) => `${text(`job.about.${name}`, spoken(name))}: ${value}`).join(" · ")));
  return drawn;
}

/** @param {string[][]} rows */
const table = (rows) => h("dl", { class: "figures" }, ...rows.flatMap(([name = "", value = ""]) => [h("dt", {}, name), h("dd", {}, value)]));

/** `short texts: recall at 5` and its like. @param {string} name */
function figureName(name) {
  const parts = name.split(": ");
  return parts.map((one) => {
    const language = /^language (.+)$/.exec(one)?.[1];
    return language ? t("job.figure.language", { language }) : text(`job.figure.${one.replaceAll(" ", "_").toLowerCase()}`, one);
  }).join(": ");
}

/** @param {string} name @param {number} value */
const figure = (name, value) => (/rank/.test(name) ? number(value, 1) : name.endsWith("they help") ? t(value ? "job.yes" : "job.no") : `${number(value * 100, 1)} %`);

/** @param {Finding} one */
function finding(one) {
  const code = one.finding.replace(/^\w+: /, "");
  const named = has(`code.${code}`) ? t(`code.${code}`) : text(`job.finding.${one.finding}`, spoken(one.finding));
  const mended = one.mended ? h("span", { class: "badge ok" }, t("job.mended", { count: one.mended })) : null;
  return h("li", {}, h("div", { class: "row" }, h("strong", { class: "number-of" }, number(one.count)), h("span", { class: "grow" }, named), mended), ...exampleList(one));
}

/** @param {Finding[]} findings */
const examples = (findings) => (findings.length ? [h("ul", { class: "findings" }, ...findings.map(finding))] : []);

/** @param {Finding} one */
function exampleList(one) {
  if (!one.examples.length) return [];
  return [h("details", {}, h("summary", {}, t("job.examples", { count: one.examples.length })),
    h("ul", { class: "paths" }, ...one.examples.map((each) => h("li", {}, h("code", {}, each.path || each.point_id || ""), each.detail ? h("span", { class: "meta" }, ` ${each.detail}`) : null))))];
}
