// What can be done with the pictures that are selected: a bar at the bottom, while there are such. For every place with a list:
//
//   view.element.append(selectionBar(selection))                 behind the list, so that Tab leads from its pictures here
//   selectionBar(selection, { album: { id, name }, taken })      in an album: its pictures can be taken out, and then `taken` is called
import { on } from "../core/bus.js";
import { isFavourite } from "../core/annotations.js";
import { fill, h, rested } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { onKeys } from "../core/keys.js";
import { collectionInUse, may } from "../core/session.js";
import { hangMenu } from "../parts/menu.js";
import { rate as rateAll, switchFavourite } from "../photos/wall/annotate.js";
import { addToAlbum, takeOut } from "./albums.js";
import { exportChoices } from "./export.js";
import { forget } from "./forget.js";
import { tagAll } from "./tagging.js";
import { downloadZip } from "./zip.js";

const SAID_AFTER_MS = 500;

/**
 * @param {import("../photos/selection.js").Selection} selection
 * @param {{collection?: () => string, album?: {id: string, name: string}, taken?: () => void}} [options] `collection`: of the pictures; the one in use
 */
export function selectionBar(selection, { collection = collectionInUse, album, taken = () => {} } = {}) {
  const writes = may("write");
  const images = () => selection.images, ids = () => selection.ids;
  const count = h("strong", { class: "selection-count" }), status = h("p", { class: "hidden", role: "status" });
  const favour = item("heart", t("selection.favourite"), () => void switchFavourite(images()));
  const rate = item("star", t("selection.rate"), () => {});
  hangMenu(rate, () => [5, 4, 3, 2, 1, 0].map((stars) => ({
    label: stars ? t("selection.stars", { count: stars }) : t("selection.no_rating"), key: String(stars),
    act: () => void rateAll(images(), stars),
  })));
  const exports = item("box", t("selection.export"), () => {});
  hangMenu(exports, () => exportChoices(collection, ids));
  const none = h("button", { type: "button", class: "icon-button", "aria-label": t("selection.none"), title: t("selection.none"), onclick: clear }, icon("close"));
  const acts = h("div", { class: "selection-acts" },
    ...(writes ? [
      favour, rate,
      item("tag", t("selection.tag"), () => void tagAll(collection(), images())),
      item("album", t("selection.to_album"), () => void addToAlbum(collection(), ids())),
      album ? item("minus", t("selection.take_out"), () => void takeOut(album, ids(), { went: clear, changed: taken })) : null,
    ] : []),
    item("download", t("selection.zip"), () => void downloadZip(collection(), ids())),
    exports,
    writes ? item("trash", t("selection.forget"), () => void forget(collection(), ids(), clear), "danger") : null);
  const bar = h("div", { class: "selection-bar", role: "toolbar", "aria-label": t("selection.label"), hidden: true }, none, count, acts);
  const element = h("div", { class: "selection" }, bar, status);
  const later = rested(SAID_AFTER_MS);
  /** @type {(() => void)[]} */
  let listening = [];

  function clear() {
    const had = bar.contains(document.activeElement) || document.activeElement === document.body;
    selection.clear();
    if (had) /** @type {HTMLElement | null} */ (element.parentElement?.querySelector(".wall [tabindex='0']"))?.focus({ preventScroll: true });
  }

  /** Only while something is selected, and the place is shown. */
  function listen() {
    const unless = (/** @type {() => void} */ act) => () => (element.isConnected ? act() : deaf());
    const escape = unless(() => { if (!document.querySelector(".menu:popover-open")) clear(); });
    listening = [onKeys({ Escape: escape }), on("collection-in-use", unless(() => selection.clear())), on("images", unless(show))];
  }

  function deaf() {
    for (const end of listening) end();
    listening = [];
  }

  function show() {
    const { size, isActive } = selection;
    bar.hidden = !isActive;
    acts.hidden = !size;
    if (isActive && !listening.length) listen();
    if (!isActive) deaf();
    fill(count, number(size), h("span", { class: "not-phone" }, ` ${t("selection.selected")}`));
    if (!size) fill(count, t("selection.begin"));
    favour.setAttribute("aria-pressed", String(size > 0 && images().every(isFavourite)));
    later(() => { status.textContent = size ? t("selection.count", { count: size }) : ""; });
  }

  selection.addEventListener("change", show);
  show();
  return element;
}

/** @param {string} name @param {string} label @param {() => void} act @param {string} [kind] */
const item = (name, label, act, kind = "") => h("button", { type: "button", class: `selection-act ${kind}`.trim(), onclick: act }, icon(name), h("span", {}, label));
