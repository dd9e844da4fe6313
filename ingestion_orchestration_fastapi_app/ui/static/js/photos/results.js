// What a search found: how it is asked again and again, and what is said of the answer.
import { Problem } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { inUse } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { empty, sentence, trouble } from "../parts/states.js";
import { changed } from "./address.js";
import { photoGrid } from "./grid.js";
import { noMatch } from "./no_match.js";
import { choosePicture, pictureOf } from "./picture_query.js";
import { Search } from "./search.js";
import { searchByPicture } from "./search_box.js";
import { fitting } from "./toolbar.js";
import { notices } from "./warnings.js";

/** @typedef {import("./address.js").Asked} Asked */
/** @typedef {import("../types").Shown} Shown */

const AWAY = ["ERR_ML_UNAVAILABLE", "ERR_MODEL_LOADING", "ERR_GPU_BUSY"];
const FIRST_WAIT_MS = 3000, MOST_WAIT_MS = 15_000;
const LATE_MS = 400;
const MOST_EXAMPLES = 8;

/**
 * The results of searches. `tell` hears of each change: the search whose answer is shown, null while none is, and how many photos there are with those
 * that do not fit; a title where there is no answer.
 * @param {{selection: import("./selection.js").Selection, tell: (search: Search | null, all: number | null, title?: string) => void}} host
 */
export function searchResults({ selection, tell }) {
  const status = h("p", { class: "hidden", role: "status" });
  const slot = h("div", { class: "results-slot" });
  const element = h("div", { class: "results" }, slot, status);
  let stop = new AbortController();
  let timer = 0, wait_ms = FIRST_WAIT_MS, asking = Promise.resolve();
  /** @type {ReturnType<typeof photoGrid> | null} */
  let grid = null;
  /** What is shown. @type {Asked | null} */
  let shown = null;
  /** The search of which it was said that no model answers. @type {AbortSignal | null} */
  let away = null;

  const settled = () => { clearTimeout(timer); element.removeAttribute("aria-busy"); };

  /** @param {...HTMLElement} said in place of the grid */
  const instead = (...said) => {
    settled();
    grid?.leave();
    grid = shown = null;
    fill(slot, h("div", { class: "page" }, ...said));
  };

  /** @param {Asked} asked */
  async function update(asked) {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    clearTimeout(timer);
    timer = window.setTimeout(() => element.setAttribute("aria-busy", "true"), LATE_MS);
    wait_ms = FIRST_WAIT_MS;
    if (asked.picture && !pictureOf(asked.picture)) {
      instead(pictureGone());
      return tell(null, null, t("results.label"));
    }
    await attempt(asked, signal);
  }

  /** @param {Asked} asked @param {AbortSignal} signal */
  async function attempt(asked, signal) {
    const search = new Search(asked);
    try {
      await search.begin(signal);
      if (!signal.aborted) answered(search, signal);
    } catch (error) {
      if (!signal.aborted) await failed(error, asked, signal);
    }
  }

  /** @param {Search} search @param {AbortSignal} signal */
  function answered(search, signal) {
    const isNothing = !search.hits.length || (search.answer?.nothing_relevant && search.isCut);
    status.textContent = isNothing ? t("results.none") : fitting(search);
    if (isNothing) instead(...notices(search), noMatch(search, signal));
    else draw(search, signal);
    tell(search, null);
    if (search.isCut) void countRest(search, signal);
  }

  /** @param {Search} search @param {AbortSignal} signal */
  function draw(search, signal) {
    const { asked } = search;
    // Who only asks for the rest stays where they are.
    const isSame = shown !== null && JSON.stringify({ ...shown, rest: null }) === JSON.stringify({ ...asked, rest: null });
    const top = isSame ? grid?.element.scrollTop ?? 0 : 0;
    settled();
    grid?.leave();
    const made = photoGrid({
      selection, collection: asked.collection, label: t("results.label"), name: asked.q || t("results.label"), total: () => search.total,
      bar: search.isJudged, extra: alike,
      more: async () => made.append(await search.more(signal), { done: search.isWhole }),
    });
    [grid, shown] = [made, asked];
    fill(made.head, ...notices(search));
    fill(slot, made.element);
    made.append(search.hits, { done: search.isWhole });
    made.element.scrollTop = top;
  }

  /** How many fit less, and below the last that fits the way to them. @param {Search} search @param {AbortSignal} signal */
  async function countRest(search, signal) {
    const all = await search.countAll(signal).catch(() => null);
    if (all === null || signal.aborted) return;
    tell(search, all);
    const less = all - (search.total ?? all);
    if (!grid || less <= 0) return;
    fill(grid.foot, h("div", { class: "results-end" }, h("span", { class: "quiet" }, t("results.less", { count: less })),
      button(t("results.show_rest"), { onclick: () => go(changed(current().query, { rest: "1" })) })));
  }

  /** @param {unknown} error @param {Asked} asked @param {AbortSignal} signal */
  async function failed(error, asked, signal) {
    if (!(error instanceof Problem) || !AWAY.includes(error.code)) {
      instead(trouble(error, () => void update(asked)));
      return tell(null, null, t("results.label"));
    }
    if (away !== signal) await meanwhile(error, asked, signal);
    if (signal.aborted) return;
    away = signal;
    settled();
    timer = window.setTimeout(() => void attempt(asked, signal), Math.min(MOST_WAIT_MS, error.retryAfterMs ?? wait_ms));
    wait_ms = Math.min(MOST_WAIT_MS, wait_ms * 1.5);
  }

  /** As long as no model answers: what can be found without one, or why there is nothing. @param {Problem} error @param {Asked} asked @param {AbortSignal} signal */
  async function meanwhile(error, asked, signal) {
    const search = new Search(asked, { byWords: true }), isTried = error.code === "ERR_ML_UNAVAILABLE" && search.canBeByWords;
    if (isTried) await search.begin(signal).catch(() => {});
    if (signal.aborted) return;
    if (search.hits.length) {
      draw(search, signal);
      status.textContent = t("results.by_words");
      return tell(search, null);
    }
    const browse = h("a", { class: "button", href: href("/", inUse()) }, t("results.browse"));
    const said = empty({ icon: "clock", title: sentence(error), text: isTried ? t("results.no_words") : "", actions: [browse] });
    said.setAttribute("role", "status");
    instead(said);
    tell(null, null, t("results.label"));
  }

  // The same by keys: what shows on hover alone would be for the mouse alone.
  slot.addEventListener("keydown", (event) => {
    const tile = event.target instanceof Element ? event.target.closest(".tile") : null;
    if (event.key.toLowerCase() !== "l" || event.ctrlKey || event.metaKey || event.altKey || !(tile instanceof HTMLElement)) return;
    event.preventDefault();
    searchBy(event.shiftKey ? "unlike" : "like", tile.dataset.id ?? "");
  });
  return {
    element,
    /** @param {Asked} asked */
    update(asked) { asking = update(asked); },
    /** A list of results has no months. */
    goTo() {},
    /** @param {string} id */
    focus: (id) => grid?.focus(id) ?? false,
    /** What the viewer goes on in. */
    /** @type {import("../types").PhotoList} */
    list: {
      get total() { return grid?.list.total ?? null; },
      get name() { return grid?.list.name ?? null; },
      async around(id) {
        await asking;
        return grid?.list.around(id) ?? null;
      },
    },
    leave() {
      stop.abort();
      clearTimeout(timer);
      grid?.leave();
    },
  };
}

/** The page was loaded anew since: no page keeps a picture over that. */
function pictureGone() {
  return empty({ icon: "image", title: t("picture.gone"), text: t("picture.gone.why"), actions: [
    button(t("picture.choose"), { kind: "primary", onclick: () => choosePicture((file) => void searchByPicture(file)) }),
    button(t("picture.without"), { onclick: () => go(changed(current().query, { picture: null })) }),
  ] });
}

/** Searches for more, or less, like a picture of the library. @param {"like" | "unlike"} name @param {string} id */
function searchBy(name, id) {
  const { query } = current(), other = name === "like" ? "unlike" : "like";
  const kept = (/** @type {string} */ of) => query.getAll(of).filter((one) => one !== id);
  go(changed(query, { [name]: [...kept(name), id].slice(-MOST_EXAMPLES), [other]: kept(other), rest: null }));
}

/** On a picture: more like it, less like it. @param {Shown} image */
function alike(image) {
  const press = (/** @type {"like" | "unlike"} */ name) =>
    iconButton(name === "like" ? "like" : "less", t(`results.${name}`), { tabIndex: -1, onclick: () => searchBy(name, image.id) });
  return h("div", { class: "alike row" }, press("like"), press("unlike"));
}
