// Which part of the world is seen, and how it is moved: dragged, zoomed to a point, by keys, by two fingers.
import { project, unproject, wrapped } from "./projection.js";

const TILE = 256, LEAST_ZOOM = 0.6, MOST_ZOOM = 18;
// Nobody looks for photos at the poles: the map ends before them.
const TOP = project(0, 83).y, BOTTOM = project(0, -60).y;
const KEY_STEP = 80;

/** Tells `change` when what is seen is another. */
export class MapView extends EventTarget {
  /** @param {{latitude: number, longitude: number, zoom: number}} start */
  constructor(start) {
    super();
    this.zoom = start.zoom;
    this.centre = project(start.longitude, start.latitude);
    this.width = 1;
    this.height = 1;
  }

  /** Of the whole world, in CSS pixels. */
  get side() { return TILE * 2 ** this.zoom; }

  get middle() { return unproject(this.centre); }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.#bound();
    this.#tell();
  }

  /** @param {{latitude: number, longitude: number, zoom: number}} to */
  set(to) {
    this.zoom = to.zoom;
    this.centre = project(to.longitude, to.latitude);
    this.#bound();
    this.#tell();
  }

  /** @param {number} dx @param {number} dy in pixels */
  pan(dx, dy) {
    this.centre = { x: this.centre.x - dx / this.side, y: this.centre.y - dy / this.side };
    this.#bound();
    this.#tell();
  }

  /** What lies under the point stays there. @param {number} by @param {{x: number, y: number}} [at] in pixels of the view */
  zoomBy(by, at = { x: this.width / 2, y: this.height / 2 }) {
    const before = this.side;
    this.zoom = Math.max(this.#leastZoom(), Math.min(MOST_ZOOM, this.zoom + by));
    const grown = 1 / before - 1 / this.side;
    this.centre = { x: this.centre.x + (at.x - this.width / 2) * grown, y: this.centre.y + (at.y - this.height / 2) * grown };
    this.#bound();
    this.#tell();
  }

  /** Shows a box as large as it fits. @param {Box} box */
  fit(box) {
    const from = project(box.west, box.north);
    const to = project(box.east < box.west ? box.east + 360 : box.east, box.south);
    const share = Math.max((to.x - from.x) / this.width, (to.y - from.y) / this.height, 1e-7);
    this.zoom = Math.max(this.#leastZoom(), Math.min(14, Math.log2(0.8 / share / TILE)));
    this.centre = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    this.#bound();
    this.#tell();
  }

  /** Where a place is seen, in pixels; the copy of the world that is nearest. @param {number} longitude @param {number} latitude */
  at(longitude, latitude) {
    const point = project(longitude, latitude);
    const dx = point.x - this.centre.x;
    return { x: this.width / 2 + (dx - Math.round(dx)) * this.side, y: this.height / 2 + (point.y - this.centre.y) * this.side };
  }

  /** What is seen, in degrees. @returns {Box} */
  box() {
    const half = this.width / 2 / this.side, tall = this.height / 2 / this.side;
    const low = unproject({ x: this.centre.x - half, y: this.centre.y + tall }), high = unproject({ x: this.centre.x + half, y: this.centre.y - tall });
    const all = half >= 0.5;
    return { south: Math.max(-90, low.latitude), north: Math.min(90, high.latitude), west: all ? -180 : wrapped(low.longitude), east: all ? 180 : wrapped(high.longitude) };
  }

  /** So that the world fills the view's height. */
  #leastZoom() { return Math.max(LEAST_ZOOM, Math.log2(this.height / (BOTTOM - TOP) / TILE)); }

  #bound() {
    this.zoom = Math.max(this.#leastZoom(), this.zoom);
    const tall = this.height / 2 / this.side;
    this.centre = { x: ((this.centre.x % 1) + 1) % 1, y: Math.max(TOP + tall, Math.min(BOTTOM - tall, this.centre.y)) };
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}

/** @typedef {{south: number, west: number, north: number, east: number}} Box */

/** Moves a view by what happens on an element. @param {HTMLElement} element @param {MapView} view */
export function moveBy(element, view) {
  /** @type {Map<number, PointerEvent>} */
  const fingers = new Map();
  const spot = (/** @type {{clientX: number, clientY: number}} */ event) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && !(event.target instanceof Element && event.target.closest("a, button"))) {
      fingers.set(event.pointerId, event);
      element.setPointerCapture(event.pointerId);
    }
  });
  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const apart = (/** @type {PointerEvent} */ one) => Math.max(10, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
      view.zoomBy(Math.log2(apart(event) / apart(before)), spot({ clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 }));
    }
    const share = fingers.size;
    view.pan((event.clientX - before.clientX) / share, (event.clientY - before.clientY) / share);
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, (event) => fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoomBy(-event.deltaY * (event.deltaMode ? 0.05 : 0.003), spot(event));
  }, { passive: false });
  element.addEventListener("dblclick", (event) => view.zoomBy(1, spot(event)));
  element.addEventListener("keydown", (event) => {
    if (event.target !== element) return;
    const step = { ArrowLeft: [KEY_STEP, 0], ArrowRight: [-KEY_STEP, 0], ArrowUp: [0, KEY_STEP], ArrowDown: [0, -KEY_STEP] }[event.key];
    if (step) view.pan(step[0] ?? 0, step[1] ?? 0);
    else if (event.key === "+" || event.key === "=") view.zoomBy(1);
    else if (event.key === "-") view.zoomBy(-1);
    else return;
    event.preventDefault();
  });
}
