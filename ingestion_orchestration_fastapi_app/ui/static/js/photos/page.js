// The photos: all by date, or what a search found, narrowed by filters.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { asked, browseQuery, isSearch } from "./address.js";
import { photosFrame } from "./frame.js";
import { photoGrid } from "./grid.js";
import { searchResults } from "./results.js";
import { Selection } from "./selection.js";

/** @typedef {import("./address.js").Asked} Asked */
/** What is shown in the middle. @typedef {{element: HTMLElement, update: (asked: Asked) => void, leave: () => void}} Content */

/** @param {import("../core/router.js").Address} address @returns {import("../types").View} */
export function open(address) {
  let one = asked(address.query);
  const selection = new Selection();
  const slot = h("div", { class: "photos-list" });
  const frame = photosFrame(one, { selection, content: slot });
  /** @type {Content | null} */
  let content = null;
  let isOfSearch = false;

  const show = () => {
    if (!content || isOfSearch !== isSearch(one)) {
      content?.leave();
      isOfSearch = isSearch(one);
      if (isOfSearch) frame.showSearch(null, null);
      content = isOfSearch ? searchResults({ selection, tell: frame.showSearch }) : browsed(selection, (total) => frame.showList(t("nav.photos"), total));
      fill(slot, content.element);
    }
    content.update(one);
  };
  show();
  return {
    element: frame.element,
    title: () => (one.q ? `${one.q} · ${t("nav.photos")}` : t("nav.photos")),
    update({ query }) {
      const next = asked(query);
      if (JSON.stringify(next) === JSON.stringify(one)) return;
      one = next;
      frame.update(one);
      show();
    },
    leave() {
      content?.leave();
      frame.leave();
    },
  };
}

/** @param {Selection} selection @param {(total: number) => void} tell @returns {Content} */
function browsed(selection, tell) {
  const element = h("div", { class: "results" });
  /** @type {ReturnType<typeof photoGrid> | null} */
  let grid = null;
  return {
    element,
    update(one) {
      grid?.leave();
      /** @type {string | null} */
      let cursor = null;
      let total = 0;
      const made = photoGrid({ selection, collection: one.collection, label: t("nav.photos"), total: () => total, more: async () => {
        const answer = await call("/images", { query: { ...browseQuery(one), sort: "taken_at", order: "desc", limit: 200, cursor } });
        ({ cursor, total } = answer);
        tell(total);
        made.append(answer.images, { done: !cursor });
      } });
      grid = made;
      fill(element, made.element);
    },
    leave: () => grid?.leave(),
  };
}
