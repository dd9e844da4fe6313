// The search for duplicates: a job, and how far it is.
import { call, isAbort } from "../core/api.js";
import { emit } from "../core/bus.js";
import { h } from "../core/dom.js";
import { hasEnded } from "../core/jobs.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { button } from "../parts/controls.js";
import { sentence } from "../parts/states.js";

const LOOK_MS = 700;

/** Shows a running search of a collection, and tells when it has ended. @param {{collection: string, ended: () => void}} asked */
export function looking({ collection, ended }) {
  const said = h("p", {}), bar = h("span", {}), news = h("p", { class: "hidden", role: "status" });
  const details = h("a", { class: "button plain", href: "" }, t("tidy.job"));
  const element = h("div", { class: "tidy-looking card", hidden: true }, h("div", { class: "row" }, h("div", { class: "grow" }, said), details), h("div", { class: "bar" }, bar), news);
  let timer = 0, tenth = -1;
  const over = new AbortController();

  /** @param {import("../types").Job} job */
  const show = (job) => {
    const share = job.total ? job.done / job.total : 0;
    element.hidden = false;
    said.textContent = job.total ? t("tidy.looking_at", { done: job.done, total: job.total }) : t("tidy.looking");
    if (job.state === "queued" || job.state === "paused") said.textContent = t(job.state === "paused" ? "job.state.paused" : "tidy.waiting");
    bar.style.width = `${Math.round(share * 100)}%`;
    details.href = href(`/imports/${job.job_id}`);
    if (Math.floor(share * 10) !== tenth) news.textContent = said.textContent;
    tenth = Math.floor(share * 10);
  };
  /** @param {string} id */
  const watch = async (id) => {
    try {
      const job = await call(`/jobs/${id}`, { signal: over.signal });
      if (!hasEnded(job)) {
        show(job);
        timer = window.setTimeout(() => void watch(id), LOOK_MS);
        return;
      }
      emit("jobs");
      element.hidden = job.state === "completed";
      if (job.state === "completed") return ended();
      show(job);
      said.textContent = t(`tidy.job_${job.state}`);
    } catch (error) {
      if (!isAbort(error)) timer = window.setTimeout(() => void watch(id), LOOK_MS * 4);
    }
  };
  return {
    element,
    /** One that somebody started elsewhere. */
    async find() {
      const { jobs } = await call("/jobs", { query: { kind: "duplicates", collection, limit: 1 }, signal: over.signal });
      if (jobs[0] && !hasEnded(jobs[0])) void watch(jobs[0].job_id);
    },
    async start() {
      try {
        const { job_id } = await call("/jobs", { body: { kind: "duplicates", collection, options: {} } });
        emit("jobs");
        said.textContent = t("tidy.looking");
        element.hidden = false;
        await watch(job_id);
      } catch (error) {
        element.hidden = false;
        said.textContent = sentence(error);
      }
    },
    stop() {
      over.abort();
      clearTimeout(timer);
    },
  };
}

/** @param {() => void} act @param {string} [label] */
export const lookButton = (act, label = t("tidy.look")) => button(label, { kind: "primary", icon: "search", onclick: act });
