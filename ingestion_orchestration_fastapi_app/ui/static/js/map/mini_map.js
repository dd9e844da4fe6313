// A small map with one place on it.
import { h } from "../core/dom.js";
import { drawLand } from "./land.js";
import { project } from "./projection.js";

const ZOOM = 3;

/** Decoration: the place is named beside it. @param {number} latitude @param {number} longitude */
export function miniMap(latitude, longitude) {
  const canvas = h("canvas", { class: "mini-map-land" });
  const element = h("div", { class: "mini-map", "aria-hidden": "true" }, canvas, h("span", { class: "mini-map-place" }));
  const watch = new ResizeObserver(() => {
    if (canvas.clientWidth) void drawLand(canvas, { centre: project(longitude, latitude), side: 256 * 2 ** ZOOM });
  });
  watch.observe(canvas);
  return element;
}
