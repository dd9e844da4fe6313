// All photos by date in the middle of the page: the timeline, its scroll bar, and what is said where there are none.
import { Problem, call } from "../../core/api.js";
import { on } from "../../core/bus.js";
import { fill, h, rested } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { t } from "../../core/i18n.js";
import { runningJob } from "../../core/jobs.js";
import { current, go, href } from "../../core/router.js";
import { inUse, may } from "../../core/session.js";
import { button } from "../../parts/controls.js";
import { empty, trouble } from "../../parts/states.js";
import { browseQuery, isNarrowed } from "../address.js";
import { scrubber } from "./scrubber.js";
import { timeline } from "./timeline.js";

/** @typedef {import("../address.js").Asked} Asked */

const ADDRESS_REST_MS = 300, DRAW_REST_MS = 150;
const LOOK_MS = 10_000;

/**
 * `tell` hears how many photos there are, `pictured` that those which are seen first are there, or none: what else is asked for can wait so long.
 * @param {{selection: import("../selection.js").Selection, tell: (total: number | null) => void, pictured: () => void}} host
 */
export function allPhotos({ selection, tell, pictured }) {
  const element = h("div", { class: "all-photos" });
  /** @type {ReturnType<typeof timeline> | null} */
  let line = null;
  /** @type {ReturnType<typeof scrubber> | null} */
  let bar = null;
  let at = "", timer = 0, turn = 0, wasRunning = false;
  const news = h("div", { class: "photos-news", role: "status" });
  const settle = rested(ADDRESS_REST_MS), redraw = rested(DRAW_REST_MS);
  /** @type {Asked | null} */
  let shown = null;
  let total = 0;
  const heard = on("jobs", () => { if (shown && total) void look(shown, total); });

  /** The month that is seen stands in the address, as long as the list does. */
  function moved() {
    redraw(() => bar?.draw());
    settle(() => {
      if (!line?.isThere || !element.isConnected) return;
      const { path, query } = current();
      if (path.length || query.has("photo")) return;
      at = line.bucket();
      if (at) query.set("at", at);
      else query.delete("at");
      line.remember();
      go(href("/", query), { replace: true, quiet: true });
    });
  }

  /** @param {Asked} asked */
  async function load(asked) {
    const mine = ++turn;
    at = current().query.get("at") ?? "";
    const made = timeline({ asked, selection, at, moved });
    line?.leave();
    bar?.leave();
    clearTimeout(timer);
    line = made;
    const own = scrubber(made.wall, () => made.months);
    bar = own;
    fill(news);
    fill(element, made.element, own.element, news);
    try {
      const found = await made.load();
      if (mine !== turn) return;
      [shown, total] = [asked, found.total];
      tell(total);
      void (total ? made.pictured() : Promise.resolve()).then(() => { if (mine === turn) pictured(); });
      if (!total) return fill(element, await nothing(asked));
      if (found.warnings.length) fill(made.head, h("p", { class: "notice warn" }, icon("info"), t("photos.filling")));
      own.draw();
      await look(asked, total);
    } catch (error) {
      if (mine !== turn) return;
      if (error instanceof Problem && error.code === "ERR_COLLECTION_NOT_FOUND") tell(0);
      fill(element, trouble(error, () => void load(asked)));
    }
  }

  /** Why there is nothing, and the one thing to do. @param {Asked} asked */
  async function nothing(asked) {
    if (isNarrowed(asked)) {
      const without = href("/", inUse());
      return empty({ icon: "filter", title: t("photos.none_left"), text: t("photos.none_left_text"), actions: [button(t("photos.all"), { kind: "primary", href: without })] });
    }
    const mine = turn, job = await running(asked.collection);
    if (job) {
      if (mine === turn) again(asked); // nobody would end it where the place was left meanwhile
      return empty({ icon: "import", title: t("photos.importing"), text: t("photos.importing_text"), actions: [button(t("photos.see_import"), { kind: "primary", href: href(`/imports/${job.job_id}`, inUse()) })] });
    }
    const roots = may("read") ? (await call("/roots").catch(() => ({ roots: [] }))).roots.length : 0;
    return empty({
      icon: "image", title: t("photos.empty"), text: [t("photos.empty_text"), roots ? t("photos.roots", { count: roots }) : ""].join(" "),
      actions: [button(t("photos.import"), { kind: "primary", icon: "import", href: href("/imports/new", inUse()) })],
    });
  }

  /** Looks later whether the first photos are there. @param {Asked} asked */
  function again(asked) {
    clearTimeout(timer);
    timer = window.setTimeout(() => void load(asked), LOOK_MS);
  }

  /** @param {string} collection */
  const running = (collection) => runningJob({ kind: "ingest", collection }).catch(() => null);

  /**
   * While an import runs, and once afterwards, it is said over the photos that there are more: they come in when somebody asks for them, so that
   * nobody's place in the list is taken away.
   * @param {Asked} asked @param {number} total
   */
  async function look(asked, total) {
    const mine = turn;
    clearTimeout(timer);
    const job = document.hidden ? undefined : await running(asked.collection);
    const now = job === undefined || (job === null && !wasRunning) ? total : await call("/images", { query: { ...browseQuery(asked), limit: 1 } }).then((one) => one.total, () => total);
    if (mine !== turn) return;
    if (job !== undefined) wasRunning = job !== null;
    const more = now - total;
    if (more > 0) fill(news, h("span", {}, t("photos.new", { count: more })), button(t("photos.show_new"), { onclick: () => void load(asked) }));
    else fill(news);
    if (job !== null) timer = window.setTimeout(() => void look(asked, total), LOOK_MS);
  }

  return {
    element,
    /** @param {Asked} asked */
    update(asked) { void load(asked); },
    /** The address names another month. @param {string} bucket */
    goTo(bucket) { if (bucket !== at) void line?.goTo(bucket); },
    get list() { return line?.list ?? null; },
    /** @param {string} id */
    focus: (id) => void line?.focus(id),
    leave() {
      turn += 1;
      clearTimeout(timer);
      heard();
      line?.leave();
      bar?.leave();
    },
  };
}
