// One album: its pictures as a list, what fills it, and what can be done with it.
import { call } from "../core/api.js";
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { current, go, href, nameTab } from "../core/router.js";
import { collectionInUse, inUse, may, naming } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { hangMenu } from "../parts/menu.js";
import { empty, trouble } from "../parts/states.js";
import { changed } from "../photos/address.js";
import { photoGrid } from "../photos/grid.js";
import { Selection } from "../photos/selection.js";
import { viewing } from "../photos/viewing.js";
import { isUnjudged, notices } from "../photos/warnings.js";
import { sizeSwitch } from "../photos/wall/size.js";
import { selectionBar } from "../selection/bar.js";
import { begin, remove, rename } from "./deeds.js";
import { badge } from "./list.js";
import { searchHref, searchWords } from "./saved.js";

/** @typedef {import("../types").Album} Album */
/** What makes the answer less than it seems. @param {import("../types").SearchAnswer} answer */
function said(answer) {
  const isUncut = (answer.warning_details ?? []).some(isUnjudged);
  return [isUncut ? h("p", { class: "search-notice" }, icon("info"), h("span", {}, t("albums.not_judged"))) : null, ...notices({ answer, isCut: true })];
}

/** In the address, and as the service sorts; without one it is the album's own. @type {Record<string, {sort: string, order: string}>} */
const SORTS = { newest: { sort: "taken_at", order: "desc" }, oldest: { sort: "taken_at", order: "asc" }, added: { sort: "added", order: "desc" }, name: { sort: "path", order: "asc" } };
const PAGE = 100;

/** @param {import("../core/router.js").Address} address */
export function openAlbum(address) {
  const id = address.path[1] ?? "", selection = new Selection(), writes = may("write");
  const head = h("div", { class: "album-head" }), slot = h("div", { class: "album-slot" }), bar = h("div", {});
  const element = h("div", { class: "album" }, head, slot, bar);
  /** @type {Album | null} */
  let album = null;
  /** @type {ReturnType<typeof photoGrid> | null} */
  let grid = null;
  let sort = address.query.get("sort") ?? "", isLeft = false;
  const viewer = viewing({ list: () => grid?.list ?? null, focus: (/** @type {string} */ picture) => grid?.focus(picture) });
  const title = () => h("h1", { class: "words" }, album?.name ?? "");
  const count = h("span", { class: "quiet", role: "status" });

  async function load() {
    try {
      const found = await call(`/albums/${id}`);
      if (isLeft) return;
      if (found.collection !== collectionInUse()) return go(changed(current().query, { in: naming(found.collection).in ?? null }, `/albums/${id}`), { replace: true });
      take(found);
      fill(bar, selectionBar(selection, { album: found, taken: list }));
      list();
    } catch (error) {
      if (!isLeft) fill(slot, trouble(error, () => void load()));
    }
  }

  /** @param {Album} now */
  function take(now) {
    album = now;
    view.name = now.name;
    nameTab(`${now.name} · ${t("nav.albums")}`);
    draw();
  }

  /** The pictures from the first on. */
  function list() {
    const had = album;
    if (!had) return;
    /** @type {string | null} */
    let cursor = null;
    /** @type {number | null} */
    let total = null;
    grid?.leave();
    const made = photoGrid({
      selection, collection: had.collection, label: had.name, name: had.name, total: () => total,
      more: async () => {
        const answer = await call(`/albums/${id}/images`, { query: { ...SORTS[sort], limit: PAGE, cursor } });
        if (!cursor) {
          total = answer.total;
          count.textContent = total === null ? "" : t(answer.total_is_exact ? "albums.count" : "albums.at_least", { count: total });
          fill(made.head, ...said(answer));
        }
        cursor = answer.cursor;
        if (!made.length && !answer.results.length) return fill(slot, nothing(had));
        const isFirst = !made.length;
        made.append(answer.results, { done: !cursor });
        if (isFirst && !isLeft) viewer.update(current());
      },
    });
    grid = made;
    fill(slot, made.element);
    made.append([], { done: false });
  }

  /** @param {Album} now */
  function nothing(now) {
    const photos = h("a", { class: "button primary", href: href("/", inUse()) }, t("albums.to_photos"));
    const search = now.search ? searchHref(now.search) : null;
    const actions = search ? [h("a", { class: "button primary", href: search }, t("albums.open_search"))] : [photos];
    return empty({ icon: "album", title: t("albums.no_pictures"), text: t(now.fills_itself ? "albums.no_pictures.search" : "albums.no_pictures.text"), actions });
  }

  function draw() {
    if (!album) return;
    const now = album, search = now.search ? searchHref(now.search) : null;
    const order = h("select", { class: "input album-sort", "aria-label": t("albums.sort"), onchange: () => go(changed(current().query, { sort: order.value || null }, `/albums/${id}`)) },
      ...["", ...Object.keys(SORTS)].map((value) => h("option", { value, selected: value === sort }, t(`albums.sort.${value || "own"}`))));
    const more = iconButton("more", t("albums.more"));
    hangMenu(more, () => [
      ...(search ? [{ label: t("albums.open_search"), icon: "search", href: search }] : []),
      ...(writes ? [{ label: t("albums.rename"), icon: "edit", act: () => void rename(now, take) }] : []),
      ...(writes && now.images ? [
        { label: t("albums.export"), icon: "box", act: () => void begin(now, "/exports") },
        { label: t("albums.sidecars"), icon: "caption", act: () => void begin(now, "/sidecars/write") },
      ] : []),
      ...(writes ? [{ label: t("albums.delete"), icon: "trash", danger: true, act: () => void remove(now) }] : []),
    ]);
    fill(head,
      h("div", { class: "album-title" },
        h("a", { class: "icon-button", href: href("/albums", inUse()), "aria-label": t("albums.all"), title: t("albums.all") }, icon("back")), title(), count),
      h("div", { class: "row album-tools" }, order, h("span", { class: "not-phone" }, sizeSwitch()),
        button(t("tools.select"), { icon: "circle", kind: "plain", onclick: () => selection.begin() }), search || writes ? more : null),
      now.search ? h("div", { class: "album-search" }, badge(), h("span", { class: "quiet" }, searchWords(now.search).join(" · ")),
        search ? h("a", { href: search }, t("albums.open_search")) : null) : null);
  }

  const view = {
    element, name: "",
    /** @param {import("../core/router.js").Address} to */
    update(to) {
      viewer.update(to);
      const wanted = to.query.get("sort") ?? "";
      if (wanted !== sort && album) {
        sort = wanted;
        draw();
        list();
      }
    },
    leave() {
      isLeft = true;
      viewer.leave();
      grid?.leave();
    },
  };
  void load();
  return view;
}
