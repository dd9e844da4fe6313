// All albums as cards: a picture of each, its name, how many it has.
import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { collectionInUse, inUse, may } from "../core/session.js";
import { href } from "../core/router.js";
import { button } from "../parts/controls.js";
import { empty, trouble } from "../parts/states.js";
import { allAlbums, inAll } from "../selection/albums.js";
import { makeAlbum } from "./deeds.js";

export function openList() {
  const slot = h("div", {}), collection = collectionInUse(), writes = may("write");
  const create = () => button(t("albums.new"), { icon: "plus", kind: "primary", onclick: () => void makeAlbum(collection) });
  const head = h("div", { class: "page-head" }, h("h1", {}, t("nav.albums")));
  const element = h("div", { class: "page" }, head, slot);
  let isLeft = false;

  async function load() {
    try {
      const albums = await allAlbums(collection);
      if (isLeft) return;
      if (writes && albums.length) head.append(create());
      fill(slot, albums.length ? h("ul", { class: "album-cards" }, ...albums.map(card)) : nothing());
    } catch (error) {
      if (!isLeft) fill(slot, trouble(error, () => void load()));
    }
  }

  function nothing() {
    const photos = h("a", { class: "button", href: href("/", inUse()) }, t("albums.to_photos"));
    return empty({ icon: "album", title: t("albums.empty"), text: t("albums.empty.text"), actions: writes ? [create(), photos] : [photos] });
  }

  void load();
  return { element, name: "", update: () => {}, leave: () => { isLeft = true; } };
}

/** @param {import("../types").Album} album */
function card(album) {
  const img = album.cover ? h("img", { src: album.cover.thumbnail_url, alt: "", loading: "lazy", decoding: "async" }) : icon("album");
  if (img instanceof HTMLImageElement) img.addEventListener("error", () => img.replaceWith(icon("album")));
  return h("li", {}, h("a", { class: "album-card", href: href(`/albums/${album.id}`, inUse()) },
    h("span", { class: "album-cover" }, img),
    h("span", { class: "album-name cut" }, album.name),
    h("span", { class: "album-meta" }, h("span", {}, counted(album)), album.fills_itself ? badge() : null)));
}

export const badge = () => h("span", { class: "badge accent" }, icon("search"), t("albums.fills_itself"));

/** What a search finds is known when somebody has looked. @param {import("../types").Album} album */
export function counted(album) {
  if (album.fills_itself && !album.found && !album.images) return t("albums.not_looked");
  return t(album.found?.is_exact === false ? "albums.at_least" : "albums.count", { count: inAll(album) });
}
