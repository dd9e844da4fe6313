// Around the photos: the filters at the left, the tool bar and what narrows the list above it.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { isThere, may } from "../core/session.js";
import { saveAsAlbum } from "../albums/deeds.js";
import { isNarrowed, isSearch } from "./address.js";
import { chipBar, countByHand } from "./understood.js";
import { facetPanel } from "./facets.js";
import { toolBar } from "./toolbar.js";
import { sizeSwitch } from "./wall/size.js";

/** @typedef {import("./address.js").Asked} Asked */
/** @typedef {import("./search.js").Search} Search */

const WIDE = matchMedia("(min-width: 1100px)");
const KEPT = "filters";

/** @param {Asked} asked @param {{selection: import("./selection.js").Selection, content: HTMLElement}} parts */
export function photosFrame(asked, { selection, content }) {
  const panel = facetPanel(asked), chips = chipBar();
  const tools = toolBar({ size: sizeSwitch(), onFilters, onSelect: () => selection.begin(), onSave: may("write") ? () => void saveAsAlbum(now.asked, now.search) : null });
  const side = h("div", { class: "photos-side" }, panel.element);
  const element = h("div", { class: "photos" }, side, h("div", { class: "photos-main" }, h("div", { class: "photos-head" }, chips.element, tools.element), content));
  const isOpen = () => WIDE.matches && localStorage.getItem(KEPT) !== "hidden";
  /** @type {{asked: Asked, title: string | null, total: number | null, search: Search | null, all: number | null}} */
  let now = { asked, title: isSearch(asked) ? null : t("nav.photos"), total: null, search: null, all: null };

  const draw = () => {
    // Nothing to narrow, to select or to size.
    const isBare = !isThere(now.asked.collection) || (now.title !== null && now.total === 0 && !isNarrowed(now.asked));
    element.classList.toggle("of-nothing", isBare);
    side.hidden = isBare || !isOpen();
    tools.show({ ...now, isOpen: WIDE.matches ? isOpen() : null, filters: countByHand(now.asked) });
    chips.show(now.asked, now.search);
  };

  function onFilters() {
    if (!WIDE.matches) return void panel.openDialog();
    localStorage.setItem(KEPT, isOpen() ? "hidden" : "shown");
    draw();
  }

  WIDE.addEventListener("change", draw);
  draw();
  return {
    element,
    /** What the list can be narrowed by: it waits for the list. */
    showFilters: panel.begin,
    /** Another address: what it asks for is shown as soon as it is known. @param {Asked} next */
    update(next) {
      panel.update(next, now.asked.q === next.q && now.search ? now.search.parts.filter((part) => !next.plain.includes(part.kind)) : []);
      now = isSearch(next) ? { ...now, asked: next } : { asked: next, title: t("nav.photos"), total: null, search: null, all: null };
      draw();
    },
    /** A list that is no search. @param {string} title @param {number | null} total */
    showList(title, total) {
      now = { asked: now.asked, title, total, search: null, all: null };
      panel.update(now.asked);
      draw();
    },
    /** An answer; null while there is none, with a title where there will be none. @param {Search | null} search @param {number | null} all with those that fit less @param {string | null} [title] */
    showSearch(search, all, title = null) {
      now = { asked: now.asked, title, total: null, search, all };
      if (search) panel.update(search.asked, search.parts);
      if (isThere(now.asked.collection) && (search || title !== null)) panel.begin();
      draw();
    },
    leave() {
      WIDE.removeEventListener("change", draw);
      panel.leave();
    },
  };
}
