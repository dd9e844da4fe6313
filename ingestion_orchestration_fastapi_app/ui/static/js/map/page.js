// The map: where pictures were taken. A part of it is a filter like any other.
import { call } from "../core/api.js";
import { fill, h, rested } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { current, go, href } from "../core/router.js";
import { collectionInUse, inUse, isThere } from "../core/session.js";
import { button, iconButton } from "../parts/controls.js";
import { empty, noCollection, sentence } from "../parts/states.js";
import { asked, browseQuery, changed } from "../photos/address.js";
import { boxText, clusters } from "./clusters.js";
import { drawLand } from "./land.js";
import { showPanel } from "./panel.js";
import { MapView, moveBy } from "./view.js";

const START = { latitude: 30, longitude: 10, zoom: 1.5 };
const REST_MS = 400;

/** @param {URLSearchParams} query `view=LATITUDE,LONGITUDE,ZOOM` */
function viewOf(query) {
  const [latitude, longitude, zoom] = (query.get("view") ?? "").split(",").map(Number);
  const all = [latitude, longitude, zoom];
  return query.has("view") && all.every(Number.isFinite) ? { latitude: Number(latitude), longitude: Number(longitude), zoom: Number(zoom) } : null;
}

/** @param {URLSearchParams} query @returns {import("./view.js").Box | null} */
function boxOf(query) {
  const parts = (query.get("box") ?? "").split(",").map(Number);
  const [south, west, north, east] = parts;
  return parts.length === 4 && parts.every(Number.isFinite) ? { south: Number(south), west: Number(west), north: Number(north), east: Number(east) } : null;
}

/** @returns {import("../types").View} */
export function open() {
  const start = viewOf(current().query);
  const view = new MapView(start ?? START);
  const canvas = h("canvas", { class: "map-land" });
  const status = h("p", { class: "map-status", role: "status" });
  const panel = h("aside", { class: "map-panel", "aria-label": t("map.photos_here"), hidden: true });
  const query = () => {
    const { values, ...rest } = asked(current().query);
    return browseQuery({ ...rest, values: { ...values, box: [] } });
  };
  const marks = clusters(view, {
    query,
    choose: (box) => go(changed(current().query, { box: boxText(box) }, "/map")),
    fail: (error) => {
      if (isThere(collectionInUse())) status.textContent = sentence(error);
      else instead(noCollection());
    },
  });
  const stage = h("div", { class: "map-stage", tabIndex: 0, role: "application", "aria-label": t("map.label") },
    canvas, marks.element, status,
    h("div", { class: "map-here" }, button(t("map.search_here"), { icon: "search", onclick: () => go(changed(current().query, { box: boxText(view.box()) }, "/map")) })),
    h("div", { class: "map-zoom" }, iconButton("plus", t("map.nearer"), { onclick: () => view.zoomBy(1) }), iconButton("minus", t("map.farther"), { onclick: () => view.zoomBy(-1) })));
  const element = h("div", { class: "map" }, stage, panel);
  moveBy(stage, view);
  const instead = (/** @type {HTMLElement} */ said) => {
    stage.querySelector(".map-none")?.remove();
    stage.append(h("div", { class: "map-none card" }, said));
  };

  const draw = () => void drawLand(canvas, view);
  const remember = rested(REST_MS);
  view.addEventListener("change", () => {
    draw();
    remember(() => {
      if (current().path[0] !== "map") return;
      const { latitude, longitude } = view.middle;
      const said = `${latitude.toFixed(4)},${longitude.toFixed(4)},${view.zoom.toFixed(2)}`;
      const next = new URLSearchParams(current().query);
      next.set("view", said);
      go(href("/map", next), { replace: true, quiet: true });
    });
  });
  const watch = new ResizeObserver(() => {
    if (!stage.clientWidth) return;
    const isFirst = view.width === 1;
    view.resize(stage.clientWidth, stage.clientHeight);
    const box = boxOf(current().query);
    if (isFirst && box && !start) view.fit(box);
  });
  watch.observe(stage);
  const theme = new MutationObserver(draw);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });

  const unplaced = { status, stage, instead, turn: 0 };
  let narrowed = JSON.stringify(query());
  void tellUnplaced(unplaced);
  void showPanel(panel);
  return {
    element,
    title: t("nav.map"),
    update(address) {
      const now = JSON.stringify(query());
      if (now !== narrowed) {
        narrowed = now;
        void marks.load();
        void tellUnplaced(unplaced);
      }
      const to = viewOf(address.query);
      const { latitude, longitude } = view.middle;
      if (to && Math.abs(to.latitude - latitude) + Math.abs(to.longitude - longitude) + Math.abs(to.zoom - view.zoom) > 0.02) view.set(to);
      void showPanel(panel);
    },
    leave() {
      marks.leave();
      watch.disconnect();
      theme.disconnect();
    },
  };
}

/** How many pictures the map cannot show; where it can show none, what would help. @param {{status: HTMLElement, stage: HTMLElement, instead: (said: HTMLElement) => void, turn: number}} where */
async function tellUnplaced(where) {
  const { status, stage, instead } = where, mine = (where.turn += 1);
  const place = asked(current().query);
  const counted = async (/** @type {string} */ gps) =>
    call("/images", { query: { ...browseQuery({ ...place, values: { ...place.values, box: [], gps: [gps] } }), limit: 1 } });
  try {
    const [without, withPlace] = await Promise.all([counted("0"), counted("1")]);
    if (mine !== where.turn) return; // it is narrowed otherwise by now
    stage.querySelector(".map-none")?.remove();
    if (withPlace.total === 0) {
      instead(empty({ icon: "pin", title: t("map.none"), text: t("map.none_why"), actions: [h("a", { class: "button", href: href("/", inUse()) }, t("nowhere.home"))] }));
    }
    const text = t(without.total_is_exact ? "map.unplaced" : "map.unplaced_at_least", { count: without.total });
    fill(status, without.total ? h("a", { href: changed(current().query, { gps: "0", box: null, view: null }) }, text) : "");
  } catch {
    fill(status); // the marks say what is wrong
  }
}
