// The files of a job that failed: where they lie, what happened, what helps.
import { call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { number } from "../core/format.js";
import { icon } from "../core/icons.js";
import { has, t } from "../core/i18n.js";
import { go, href } from "../core/router.js";
import { inUse, may } from "../core/session.js";
import { button, iconButton, segmented } from "../parts/controls.js";
import { sentence, trouble } from "../parts/states.js";
import { toast } from "../parts/toast.js";
import { text } from "../parts/words.js";
import { jobAddress } from "./card.js";
import { hasEnded } from "../core/jobs.js";

/** @typedef {import("../types").Job} Job @typedef {import("../types").Failure} Failure */

const PAGE = 50, MOST_AT_ONCE = 1000;

/** @param {string} code */
const faultName = (code) => text(`job.fault.${code}`, code);

/** @param {Job} job @param {string | null} code the one that is shown alone */
export function failuresOf(job, code) {
  let count = -1, now = job, shown = PAGE, turn = 0, loaded = Promise.resolve();
  const head = h("div", { class: "card-head" }), rows = h("ul", { class: "failures" }), foot = h("div", { class: "row" });
  const element = h("section", { class: "card", "aria-label": t("job.failures_label"), hidden: true }, head, rows, foot);

  /** As many as are to be shown, or those behind what is. */
  const load = async (behind = 0) => {
    const mine = ++turn, found = [];
    let total = shown;
    try {
      for (let at = behind; at < Math.min(shown, total); at = behind + found.length) {
        const answer = await call(`/jobs/${job.job_id}/failures`, { query: { limit: Math.min(MOST_AT_ONCE, shown - at), offset: at, code } });
        if (mine !== turn) return;
        found.push(...answer.failures.map((/** @type {Failure} */ one) => row(now, one)));
        total = answer.failures.length ? answer.total : 0;
      }
      if (behind) rows.append(...found);
      else fill(rows, ...found);
      const next = behind + found.length;
      fill(foot, total > next ? button(t("imports.more"), { onclick: () => { shown = next + PAGE; void load(next); } }) : null);
    } catch (error) {
      if (mine === turn) fill(rows, h("li", {}, trouble(error, () => void load())));
    }
  };
  const drawHead = () => {
    const codes = Object.entries(now.errors_by_code).sort(([, one], [, other]) => other - one);
    const all = codes.reduce((sum, [, files]) => sum + files, 0);
    const choices = [{ value: "", label: `${t("job.all")} ${number(all)}` }, ...codes.map(([value, files]) => ({ value, label: `${faultName(value)} ${number(files)}` }))];
    const canRetry = may("write") && hasEnded(now) && now.kind === "ingest";
    const hadFocus = head.contains(document.activeElement);
    fill(head, h("h2", {}, t("job.failures", { count: all })),
      codes.length > 1 ? segmented(t("job.failures_by"), choices, code ?? "", (value) => go(href(`/imports/${now.job_id}`, inUse(value ? { code: value } : {})))) : null,
      canRetry ? button(t("job.retry_all"), { icon: "refresh", onclick: () => void retryAll(now) }) : null);
    const chosen = head.querySelector("[aria-checked=true]");
    if (hadFocus && chosen instanceof HTMLElement) chosen.focus();
  };
  /** @param {Job} job */
  const update = (job) => {
    const before = now;
    now = job;
    const failed = Object.values(job.errors_by_code).reduce((sum, files) => sum + files, 0);
    if (failed === count && hasEnded(before) === hasEnded(job)) return;
    count = failed;
    element.hidden = failed === 0;
    if (failed === 0) return;
    drawHead();
    loaded = load();
  };
  update(job);
  return {
    element,
    update,
    ready: () => loaded,
    /** @param {string | null} chosen */
    choose(chosen) {
      [code, shown] = [chosen, PAGE];
      drawHead();
      void load();
    },
  };
}

/** @param {Job} job @param {Failure} one */
function row(job, one) {
  const cut = one.path.lastIndexOf("/");
  const said = has(`code.${one.code}`) ? t(`code.${one.code}`) : one.detail;
  // What shows its odd bytes cannot be named again.
  const again = may("write") && hasEnded(job) && job.kind === "ingest" && !one.path.includes("\\x");
  return h("li", { class: "failure" },
    h("div", { class: "where" }, neighbour(one.previous), h("span", { class: "mark bad" }, icon("alert")), neighbour(one.next)),
    h("div", { class: "failure-file" }, h("strong", {}, one.path.slice(cut + 1)), h("span", { class: "meta" }, one.path.slice(0, cut))),
    h("div", { class: "failure-why" }, h("p", {}, said), h("p", { class: "meta" }, `${faultName(one.code)} · `, h("code", {}, one.code), said === one.detail ? "" : ` · ${one.detail}`)),
    again ? iconButton("refresh", t("job.retry_one", { name: one.path.slice(cut + 1) }), { onclick: () => void retryOne(job, one.path) }) : null);
}

/** The picture beside it, which shows where it lies. @param {Failure["previous"]} image */
const neighbour = (image) => (image ? h("img", { src: image.thumbnail_url, alt: image.filename, title: image.filename, loading: "lazy", width: 48, height: 48 }) : h("span", { class: "none" }));

/** @param {Job} job */
const retryAll = (job) => started(() => call(`/jobs/${job.job_id}/retry-failed`, { method: "POST" }), t("job.retry_started"));

/** @param {Job} job @param {string} path */
const retryOne = (job, path) => started(() => call("/ingest", { body: { paths: [path], force: true, collection: job.collection } }), t("job.retry_started"));

/** Starts a job, and says where to watch it. @param {() => Promise<any>} ask @param {string} said */
export async function started(ask, said) {
  try {
    const { job_id: id } = await ask();
    emit("jobs");
    toast(said, { label: t("job.watch"), act: () => go(jobAddress(id)) });
    return /** @type {string} */ (id);
  } catch (error) {
    toast(sentence(error));
    return null;
  }
}
