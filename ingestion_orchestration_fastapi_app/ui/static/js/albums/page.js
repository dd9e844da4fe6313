// Albums: all of them as cards, or one with its pictures.
import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { openAlbum } from "./album.js";
import { openList } from "./list.js";

/** @param {import("../core/router.js").Address} address @returns {import("../types").View} */
export function open(address) {
  const element = h("div", { class: "albums" });
  const made = (/** @type {import("../core/router.js").Address} */ to) => (to.path[1] ? openAlbum(to) : openList());
  /** @type {ReturnType<typeof openAlbum> | ReturnType<typeof openList>} */
  let inner = made(address);
  const key = (/** @type {import("../core/router.js").Address} */ { path, query }) => `${path[1] ?? ""} ${query.get("in") ?? ""}`;
  let shown = key(address);
  element.append(inner.element);
  return {
    element,
    title: () => [inner.name, t("nav.albums")].filter(Boolean).join(" · "),
    update(to) {
      if (key(to) === shown) return inner.update(to);
      shown = key(to);
      inner.leave();
      inner = made(to);
      element.replaceChildren(inner.element);
    },
    leave: () => inner.leave(),
  };
}
