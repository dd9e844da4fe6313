// All jobs: what runs, what waits, what is over.
import { call } from "../core/api.js";
import { on } from "../core/bus.js";
import { fill, h } from "../core/dom.js";
import { ago } from "../core/format.js";
import { icon } from "../core/icons.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { button } from "../parts/controls.js";
import { empty, trouble } from "../parts/states.js";
import { jobAddress, jobCard } from "./card.js";
import { hasEnded } from "../core/jobs.js";
import { follow } from "./live.js";
import { stateClass, stateName, summary, title, took } from "./words.js";

/** @typedef {import("../types").Job} Job */
/** @typedef {"running" | "waiting" | "finished"} Tab */

const PAGE = 30, MOST = 1000, MOST_AT_ONCE = 100, LOOK_MS = 10_000;
const OPEN = ["running", "waiting_for_ml", "paused", "queued"], OVER = ["completed", "failed", "cancelled"];
/** @type {Tab[]} */
const TABS = ["running", "waiting", "finished"];
/** @param {Job} job @returns {Tab} */
const tabOf = (job) => (hasEnded(job) ? "finished" : job.state === "queued" ? "waiting" : "running");

/** @param {{hear: (job: Job) => void, first: () => HTMLElement}} told `first`: for who has no job yet */
export function listView({ hear, first }) {
  const tabs = h("div", { class: "segmented", role: "tablist", "aria-label": t("imports.jobs") });
  const body = h("div", { class: "stack jobs", role: "tabpanel", "aria-label": t("imports.jobs") });
  /** @type {Map<string, {card: ReturnType<typeof jobCard>, leave: () => void}>} */
  const cards = new Map();
  /** @type {Job[]} */
  let jobs = [];
  /** @type {Tab | null} */
  let tab = null;
  /** What the address asks for. @type {string | null | undefined} */
  let shown;
  let over = 0, isLeft = false, limit = PAGE;

  const load = async () => {
    try {
      const [open, ended] = await Promise.all([call("/jobs", { query: { state: OPEN, limit: MOST_AT_ONCE } }), call("/jobs", { query: { state: OVER, limit } })]);
      if (isLeft) return; // cards that are made now would be followed by nobody, for ever
      jobs = [...open.jobs, ...ended.jobs];
      over = ended.total;
      draw();
    } catch (error) {
      if (!jobs.length) fill(body, trouble(error, () => void load()));
    }
  };
  /** @param {Job} job */
  const heard = (job) => {
    jobs = jobs.map((one) => (one.job_id === job.job_id ? job : one));
    cards.get(job.job_id)?.card.update(job);
    hear(job);
    drawTabs();
  };
  /** Cards of jobs that end while somebody looks stay where they are. */
  const draw = () => {
    tab ??= jobs.some((one) => tabOf(one) === "running") || !jobs.length ? "running" : jobs.some((one) => tabOf(one) === "waiting") ? "waiting" : "finished";
    drawTabs();
    if (!jobs.length) return fill(body, first());
    const shown = jobs.filter((one) => tabOf(one) === tab || (tab === "running" && cards.has(one.job_id)));
    if (tab === "finished") {
      forget(() => false);
      return fill(body, shown.length ? h("ul", { class: "card job-rows" }, ...shown.map(jobRow)) : nothing("finished"), over > limit && limit < MOST ? more() : null);
    }
    forget((id) => shown.some((one) => one.job_id === id));
    for (const job of shown) if (!cards.has(job.job_id)) cards.set(job.job_id, followed(job));
    const elements = shown.map((one) => cards.get(one.job_id)?.card.element ?? "");
    if (elements.some((one, place) => body.children[place] !== one) || body.childElementCount !== elements.length) fill(body, ...elements);
    if (!shown.length) fill(body, nothing(tab ?? "running"));
  };
  /** @param {Job} job */
  const followed = (job) => {
    hear(job);
    return { card: jobCard(job, { changed: heard }), leave: follow(job, heard) };
  };
  /** @param {(id: string) => boolean} keeps */
  const forget = (keeps) => {
    for (const [id, one] of cards) {
      if (keeps(id)) continue;
      one.leave();
      cards.delete(id);
    }
  };
  const drawTabs = () => {
    const counts = { running: 0, waiting: 0, finished: 0 };
    for (const job of jobs) counts[tabOf(job)] += 1;
    counts.finished = Math.max(over, counts.finished);
    const labels = TABS.map((one) => t(`imports.tab.${one}`, { count: counts[one] }));
    if (tabs.dataset.said === labels.join() + tab) return;
    tabs.dataset.said = labels.join() + tab;
    TABS.forEach((one, place) => {
      const link = tabs.children[place] ?? tabs.appendChild(h("a", { role: "tab", href: href("/imports", inUse({ show: one })) }));
      link.textContent = labels[place] ?? "";
      link.setAttribute("aria-selected", String(one === tab));
      /** @type {HTMLElement} */ (link).tabIndex = one === tab ? 0 : -1;
    });
  };
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = /** @type {HTMLElement[]} */ ([...tabs.children]), at = all.findIndex((one) => one === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = all[(at + step + all.length) % all.length];
    next?.focus();
    next?.click();
  });
  const more = () => h("div", { class: "row" }, button(t("imports.more"), { onclick: () => { limit = Math.min(MOST, limit + PAGE); void load(); } }));
  const timer = window.setInterval(() => { if (!document.hidden) void load(); }, LOOK_MS);
  const ears = [on("jobs", () => void load())];
  return {
    tabs,
    element: body,
    /** @param {string | null} asked */
    show(asked) {
      if (asked !== shown) tab = TABS.find((one) => one === asked) ?? null;
      shown = asked;
      if (jobs.length) draw();
      void load();
    },
    leave() {
      isLeft = true;
      clearInterval(timer);
      ears.forEach((end) => end());
      forget(() => false);
    },
  };
}

/** @param {Tab} tab */
const nothing = (tab) => empty({ icon: tab === "finished" ? "clock" : "check", title: t(`imports.none.${tab}`), text: t(`imports.none_text.${tab}`) });

/** @param {Job} job */
function jobRow(job) {
  const failed = job.counts.failed ?? 0, span = took(job);
  return h("li", {}, h("a", { class: "job-row", href: jobAddress(job.job_id) },
    h("span", { class: "grow" }, h("strong", { class: "cut" }, ...title(job, true)), h("span", { class: "meta" }, summary(job))),
    h("span", { class: "meta job-when" }, ago(job.finished_at ?? job.updated_at), span ? ` · ${span}` : ""),
    failed ? h("span", { class: "badge bad" }, icon("alert"), t("job.count.failed", { count: failed })) : null,
    h("span", { class: stateClass(job) }, stateName(job)), icon("forward")));
}
