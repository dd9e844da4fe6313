// The photos: all by date, or what a search found, narrowed by filters; and the viewer over them.
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { selectionBar } from "../selection/bar.js";
import { asked, isSearch } from "./address.js";
import { photosFrame } from "./frame.js";
import { searchResults } from "./results.js";
import { Selection } from "./selection.js";
import { allPhotos } from "./timeline/all_photos.js";
import { viewing } from "./viewing.js";

/** @typedef {import("./address.js").Asked} Asked */
/**
 * What is shown in the middle. `goTo` goes to a month, `list` is what the viewer goes on in, `focus` shows a picture of it.
 * @typedef {{element: HTMLElement, update: (asked: Asked) => void, goTo: (month: string) => void, readonly list: import("../types").PhotoList | null,
 *   focus: (id: string) => unknown, leave: () => void}} Content
 */

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
  const viewer = viewing({ list: () => content?.list ?? null, focus: (id) => content?.focus(id) });

  const show = () => {
    if (!content || isOfSearch !== isSearch(one)) {
      content?.leave();
      isOfSearch = isSearch(one);
      if (isOfSearch) frame.showSearch(null, null);
      content = isOfSearch ? searchResults({ selection, tell: frame.showSearch }) : allPhotos({ selection, tell: (total) => frame.showList(t("nav.photos"), total), pictured: frame.showFilters });
      fill(slot, content.element);
    }
    selection.clear();
    content.update(one);
  };
  show();
  viewer.update(address);
  return {
    element: frame.element,
    title: () => (one.q ? `${one.q} · ${t("nav.photos")}` : t("nav.photos")),
    update(to, how) {
      const next = asked(to.query);
      const isViewers = viewer.update(to);
      if (JSON.stringify(next) !== JSON.stringify(one)) {
        one = next;
        frame.update(one);
        show();
      } else if (how === "travel" && !isViewers) content?.goTo(to.query.get("at") ?? "");
    },
    leave() {
      viewer.leave();
      content?.leave();
      frame.leave();
    },
  };
}
