// A job as a card: made once, then its numbers change in their places.
import { call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { ago, durationRange, number } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { inUse, may } from "../core/session.js";
import { button } from "../parts/controls.js";
import { confirm } from "../parts/dialog.js";
import { sentence } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { hasEnded } from "../core/jobs.js";
import { amount, outcomes, rate, reasons, slowest, stageName, stages, stateClass, stateName, title, titleText, took } from "./words.js";

/** @typedef {import("../types").Job} Job */

const SOON_S = 5;

/** @param {string} id */
export const jobAddress = (id) => href(`/imports/${id}`, inUse());

/** Where the text differs only, so that who selects or hears it is left alone. @param {Element} element @param {string} said */
function say(element, said) {
  if (element.textContent !== said) element.textContent = said;
}

/**
 * @param {Job} job @param {{heading?: "h1" | "h2", asLink?: boolean, changed?: (job: Job) => void}} [options] `changed`: by a button of the card
 */
export function jobCard(job, { heading = "h2", asLink = true, changed } = {}) {
  let now = job;
  const name = h(heading, { class: "job-title" }, asLink ? h("a", { href: jobAddress(job.job_id) }, ...title(job)) : h("span", {}, ...title(job)));
  const state = h("span", {}), meta = h("p", { class: "meta" });
  const done = h("strong", { class: "number" }), of = h("span", { class: "quiet" }), speed = h("span", { class: "quiet" }), left = h("strong", {});
  const bar = h("div", { class: "bar job-bar", role: "progressbar", "aria-label": t("job.progress"), "aria-valuemin": 0 });
  const legend = h("ul", { class: "legend" }), notices = h("div", { class: "stack" }), work = h("ul", { class: "stages", "aria-label": t("job.stages") });
  const control = async (/** @type {string} */ verb) => {
    try {
      const moved = await call(`/jobs/${now.job_id}/${verb}`, { method: "POST" });
      emit("jobs");
      update(moved);
      changed?.(moved);
    } catch (error) {
      toast(sentence(error));
    }
  };
  const cancel = async () => {
    const agreed = await confirm({ title: t("job.cancel_title", { title: titleText(now) }), text: t(now.kind === "ingest" ? "job.cancel_import" : "job.cancel_other"), agree: t("job.cancel_agree") });
    if (agreed) await control("cancel");
  };
  const hold = button("", { onclick: () => void control(now.state === "paused" ? "resume" : "pause") });
  const drop = button(t("job.cancel"), { kind: "plain", onclick: () => void cancel() });
  const actions = h("div", { class: "row job-actions" }, hold, drop);
  const failed = h("p", { hidden: true }, h("a", { href: jobAddress(job.job_id) }, t("job.see_failures")));
  const parts = {
    numbers: h("div", { class: "job-numbers" }, h("p", {}, done, " ", of), h("p", { class: "job-left" }, speed, left)), bar, legend, failed, notices, work,
  };
  const element = h("section", { class: "card job", dataset: { job: job.job_id } },
    h("div", {}, h("div", { class: "row job-name" }, name, state), meta), ...Object.values(parts), may("write") ? actions : null);

  /** @param {Job} job */
  function update(job) {
    now = job;
    const isOver = hasEnded(job), isPaused = job.state === "paused", hasWork = job.started_at !== null;
    state.className = stateClass(job);
    say(state, stateName(job));
    say(meta, metaLine(job));
    const { done: count, total, of: ofAll } = amount(job);
    say(done, number(count));
    say(of, ofAll);
    say(speed, job.state === "running" || isOver ? rate(job) : "");
    say(left, isOver ? "" : remaining(job));
    drawBar(bar, job, total);
    drawLegend(legend, job);
    drawNotices(notices, job);
    drawStages(work, job);
    parts.numbers.hidden = bar.hidden = !hasWork;
    actions.hidden = isOver;
    failed.hidden = !asLink || !job.counts.failed;
    if (hold.dataset.does !== String(isPaused)) {
      hold.dataset.does = String(isPaused);
      fill(hold, icon(isPaused ? "play" : "pause"), t(isPaused ? "job.resume" : "job.pause"));
    }
  }
  update(job);
  return { element, update, job: () => now };
}

/** @param {Job} job */
function metaLine(job) {
  const span = took(job);
  const when = !job.started_at ? t("job.not_started") : hasEnded(job)
    ? t("job.ended", { when: ago(job.finished_at ?? job.updated_at), span: span ?? "" }) : t("job.started", { when: ago(job.started_at) });
  return `${t("job.in_collection", { collection: job.collection })} · ${when}`;
}

/** @param {Job} job */
function remaining(job) {
  const low = job.eta_low_s ?? job.eta_s, high = job.eta_high_s ?? job.eta_s;
  if (low === null || high === null || job.state !== "running") return "";
  return high < SOON_S ? t("job.left_soon") : t("job.left", { span: durationRange(low, high) });
}

/** @param {HTMLElement} bar @param {Job} job @param {number | null} total */
function drawBar(bar, job, total) {
  const { done } = amount(job);
  const all = job.kind === "ingest" ? outcomes(job).map(([name, count]) => /** @type {[string, number]} */ ([name, count])) : /** @type {[string, number][]} */ ([["new", done]]);
  const most = Math.max(1, total ?? 0, done);
  if (bar.childElementCount !== all.length) fill(bar, ...all.map(([name]) => h("span", { class: `of-${name}` })));
  all.forEach(([name, count], place) => {
    const part = /** @type {HTMLElement} */ (bar.children[place]);
    part.className = `of-${name}`;
    part.style.width = `${(count / most) * 100}%`;
  });
  bar.setAttribute("aria-valuemax", String(most));
  bar.setAttribute("aria-valuenow", String(done));
}

/** @param {HTMLElement} legend @param {Job} job */
function drawLegend(legend, job) {
  const all = job.kind === "ingest" && job.started_at ? outcomes(job) : [];
  legend.hidden = all.length === 0;
  if (legend.childElementCount !== all.length) fill(legend, ...all.map(() => h("li", {}, h("span", {}), h("span", {}))));
  all.forEach(([name, , said], place) => {
    const [dot, words] = /** @type {HTMLElement[]} */ ([...(legend.children[place]?.children ?? [])]);
    if (dot) dot.className = `dot of-${name}`;
    if (words) say(words, said);
  });
}

/** Why it waits or failed, and what is slowest. @param {HTMLElement} notices @param {Job} job */
function drawNotices(notices, job) {
  const slow = job.state === "running" ? slowest(job) : null;
  const held = reasons(job);
  const said = JSON.stringify([job.state === "failed", held, slow?.said, slow?.advice]);
  if (notices.dataset.said === said) return;
  notices.dataset.said = said;
  notices.hidden = held.length === 0 && slow === null;
  const sort = job.state === "failed" ? "notice bad" : job.state === "cancelled" || job.state === "completed" ? "notice" : "notice warn";
  fill(notices,
    ...held.map((one) => h("div", { class: sort }, icon("alert"), h("div", { class: "grow" }, h("p", {}, one.said),
      one.detail || one.code ? h("p", { class: "meta" }, [one.detail, one.code].filter(Boolean).join(" · ")) : null))),
    slow ? h("div", { class: "notice warn" }, icon("clock"), h("p", { class: "grow" }, h("strong", {}, slow.said), " ", slow.advice)) : null);
}

/** @param {HTMLElement} work @param {Job} job */
function drawStages(work, job) {
  const all = job.started_at && !hasEnded(job) ? stages(job) : [], slow = slowest(job)?.stage;
  work.hidden = !all.length;
  if (work.childElementCount !== all.length)
    fill(work, ...all.map(([name]) => h("li", {}, h("span", { class: "row" }, h("strong", { class: "grow cut" }, stageName(name)), h("span", { class: "slowest" }, t("job.slowest"))),
      h("span", { class: "bar" }, h("span", {})), h("span", { class: "meta" }))));
  all.forEach(([name, share], place) => {
    const row = /** @type {HTMLElement} */ (work.children[place]), bar = row.querySelector(".bar > span");
    row.classList.toggle("slow", name === slow);
    if (bar instanceof HTMLElement) bar.style.width = `${share * 100}%`;
    if (row.lastElementChild) say(row.lastElementChild, name === "scan" ? t("job.found", { count: job.counts.found ?? 0 }) : t("job.busy", { percent: number(share * 100) }));
  });
}
