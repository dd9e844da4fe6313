// One job: its card, what failed, what it found, what it warns of, its log.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { moment } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { inUse, may, naming } from "../core/session.js";
import { button } from "../parts/controls.js";
import { trouble } from "../parts/states.js";
import { warningText } from "../parts/warnings.js";
import { jobCard } from "./card.js";
import { failuresOf, started } from "./failures.js";
import { hasEnded } from "../core/jobs.js";
import { follow } from "./live.js";
import { reportOf } from "./report.js";
import { titleText } from "./words.js";

/** @typedef {import("../types").Job} Job */

/** @param {string} id @param {string | null} code @param {{hear: (job: Job) => void, named: (title: string) => void}} told */
export function jobView(id, code, { hear, named }) {
  const element = h("div", { class: "stack jobs" });
  let name = t("nav.imports"), isLeft = false;
  let leave = () => {};
  /** @type {ReturnType<typeof failuresOf> | null} */
  let failures = null;

  const load = async () => {
    try {
      const job = await call(`/jobs/${encodeURIComponent(id)}`);
      if (isLeft) return;
      name = titleText(job);
      named(name);
      await draw(job);
    } catch (error) {
      if (!isLeft) fill(element, trouble(error, () => void load()));
    }
  };
  /** @param {Job} job */
  const draw = async (job) => {
    const card = jobCard(job, { heading: "h1", asLink: false, changed: (now) => update(now) });
    const failed = failuresOf(job, code), report = reportOf(job), warned = warningsOf(), log = logOf(job);
    const removed = h("div", {}), seen = h("div", { class: "row" });
    failures = failed;
    /** @param {Job} now */
    const update = (now) => {
      card.update(now);
      failed.update(now);
      void report.update(now);
      warned.update(now);
      log.update(now);
      drawUndo(removed, now);
      leadToPhotos(seen, now);
      hear(now);
    };
    update(job);
    await Promise.all([failed.ready(), report.ready()]); // so that nothing is pushed down later
    if (isLeft) return;
    fill(element, card.element, seen, removed, failed.element, report.element, warned.element, log.element);
    leave = follow(job, update);
  };
  void load();
  return {
    element,
    title: () => name,
    /** @param {string | null} chosen */
    choose(chosen) {
      code = chosen;
      failures?.choose(chosen);
    },
    leave() {
      isLeft = true;
      leave();
    },
  };
}

/** What it took out can be brought back for a while. @param {HTMLElement} slot @param {Job} job */
function drawUndo(slot, job) {
  const isThere = hasEnded(job) && (job.removed ?? 0) > 0;
  slot.hidden = !isThere;
  if (!isThere || slot.childElementCount) return;
  const undo = () => void started(() => call(`/jobs/${job.job_id}/undo`, { method: "POST" }), t("job.undo_started"));
  fill(slot, h("div", { class: "notice" }, icon("trash"), h("p", { class: "grow" }, t("job.removed_text", { count: job.removed ?? 0 })),
    may("write") ? button(t("job.undo"), { icon: "undo", onclick: undo }) : null));
}

/** An import's photos can be looked at as soon as the first are in. @param {HTMLElement} slot @param {Job} job */
function leadToPhotos(slot, job) {
  const { embedded, cached, unchanged } = job.counts;
  slot.hidden = job.kind !== "ingest" || embedded + cached + unchanged === 0;
  if (!slot.hidden && !slot.childElementCount) fill(slot, button(t("job.see_photos"), { icon: "image", kind: "primary", href: href("/", naming(job.collection)) }));
}

function warningsOf() {
  const list = h("ul", { class: "stack" });
  const element = h("section", { class: "card stack", hidden: true }, h("h2", {}, t("job.warnings")), list);
  return {
    element,
    /** @param {Job} job */
    update(job) {
      const warnings = job.warning_details ?? [];
      element.hidden = warnings.length === 0;
      if (list.childElementCount !== warnings.length) fill(list, ...warnings.map((one) => h("li", { class: "notice warn" }, icon("alert"), h("span", { class: "grow" }, warningText(one)))));
    },
  };
}

/** The newest lines, read when they are opened and while it runs. @param {Job} job */
function logOf(job) {
  const lines = h("ol", { class: "log", tabIndex: 0, "aria-label": t("job.log") });
  const element = h("details", { class: "card job-log" }, h("summary", {}, h("h2", {}, t("job.log"))), lines);
  let read = "", isReading = false;
  const load = async () => {
    if (!element.open || isReading || read === job.updated_at) return;
    isReading = true;
    try {
      read = job.updated_at;
      const answer = await call(`/jobs/${job.job_id}/log`);
      fill(lines, ...answer.lines.map((/** @type {import("../types").JobLine} */ one) =>
        h("li", {}, h("time", { class: "meta", datetime: one.at }, moment(one.at)), " ", h("code", {}, [one.event, one.detail].filter(Boolean).join(": ")))));
      lines.scrollTop = lines.scrollHeight;
    } catch {
      read = "";
    }
    isReading = false;
  };
  element.addEventListener("toggle", () => void load());
  return {
    element,
    /** @param {Job} now */
    update(now) {
      job = now;
      void load();
    },
  };
}

/** @param {string | undefined} [to] */
export const backToAll = (to) => h("a", { class: "back", href: href(to ?? "/imports", inUse()) }, icon("back"), t("imports.all"));
