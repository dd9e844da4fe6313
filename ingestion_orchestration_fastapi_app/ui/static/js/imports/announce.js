// Late news for who hears the page: each tenth of a job, and each change of its state.
import { h } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { amount, stateName, titleText } from "./words.js";

/** A region to put into the page, and what tells it of jobs. */
export function announcer() {
  const element = h("div", { class: "hidden", role: "status", "aria-live": "polite" });
  /** @type {Map<string, string>} */
  const told = new Map();
  /** @param {import("../types").Job} job */
  const hear = (job) => {
    const { done, total } = amount(job);
    const tenth = total && job.total !== null ? Math.floor((done / total) * 10) : 0;
    const now = `${job.state} ${tenth}`;
    const before = told.get(job.job_id);
    told.set(job.job_id, now);
    if (before === undefined || before === now) return;
    const isMoved = before.split(" ")[0] !== job.state;
    element.textContent = isMoved ? `${titleText(job)}: ${stateName(job)}` : t("job.announce", { title: titleText(job), percent: number(tenth * 10) });
  };
  return { element, hear };
}
