// All photos, or those that were asked for.
import { call } from "../core/api.js";
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { asked, browseQuery } from "./address.js";
import { photoGrid } from "./grid.js";
import { Selection } from "./selection.js";

/** @param {import("../core/router.js").Address} address @returns {import("../types").View} */
export function open(address) {
  const one = asked(address.query), selection = new Selection();
  /** @type {string | null} */
  let cursor = null;
  let total = 0;
  const grid = photoGrid({ selection, collection: one.collection, label: t("nav.photos"), total: () => total, more: async () => {
    const answer = await call("/images", { query: { ...browseQuery(one), sort: "taken_at", order: "desc", limit: 200, cursor } });
    ({ cursor, total } = answer);
    grid.append(answer.images, { done: !cursor });
  } });
  return { element: h("div", { class: "photos" }, grid.element), title: t("nav.photos"), leave: () => grid.leave() };
}
