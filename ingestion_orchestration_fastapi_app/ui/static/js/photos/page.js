// The photos: all by date, or what a search found, narrowed by filters.
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { selectionBar } from "../selection/bar.js";
import { asked, isSearch } from "./address.js";
import { photosFrame } from "./frame.js";
import { searchResults } from "./results.js";
import { Selection } from "./selection.js";
import { allPhotos } from "./timeline/all_photos.js";

/** @typedef {import("./address.js").Asked} Asked */
/** What is shown in the middle; `goTo` goes to a month. @typedef {{element: HTMLElement, update: (asked: Asked) => void, goTo?: (month: string) => void, leave: () => void}} Content */

/** @param {import("../core/router.js").Address} address @returns {import("../types").View} */
export function open(address) {
  let one = asked(address.query);
  const selection = new Selection();
  const slot = h("div", { class: "photos-list" });
  const frame = photosFrame(one, { selection, content: slot });
  frame.element.append(selectionBar(selection));
  /** @type {Content | null} */
  let content = null;
  let isOfSearch = false;

  const show = () => {
    if (!content || isOfSearch !== isSearch(one)) {
      content?.leave();
      isOfSearch = isSearch(one);
      if (isOfSearch) frame.showSearch(null, null);
      content = isOfSearch ? searchResults({ selection, tell: frame.showSearch }) : allPhotos({ selection, tell: (total) => frame.showList(t("nav.photos"), total) });
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
      if (JSON.stringify(next) === JSON.stringify(one)) return content?.goTo?.(query.get("at") ?? "");
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
