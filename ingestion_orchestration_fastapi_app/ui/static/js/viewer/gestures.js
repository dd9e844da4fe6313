// Fingers, mouse and wheel on the stage, told as what they mean.

/** @typedef {import("./zoom.js").Point} Point */
/**
 * `drag`: a finger moves where there is nothing to pan, `let go` with its speed in px a ms. Points are the stage's.
 * @typedef {object} Meant
 * @property {() => boolean} canPan
 * @property {(by: Point) => void} pan
 * @property {(factor: number, at: Point) => void} zoom
 * @property {(at: Point) => void} doubleTap
 * @property {(by: Point) => void} drag
 * @property {(by: Point, speed: Point) => void} letGo
 */

const STILL_PX = 8, DOUBLE_MS = 320, DOUBLE_PX = 30;

/** @param {HTMLElement} stage @param {Meant} meant */
export function listenToGestures(stage, meant) {
  /** @type {Map<number, Point>} */
  const pointers = new Map();
  /** The first pointer's way. `isAlone`: no second one came. @type {{from: Point, at_ms: number, isAlone: boolean, isMoved: boolean, isDrag: boolean} | null} */
  let way = null;
  let lastTap = { x: 0, y: 0, at_ms: 0 };

  /** @param {MouseEvent} event @returns {Point} */
  const point = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.target instanceof Element && event.target.closest("button, a"))) return;
    stage.setPointerCapture(event.pointerId);
    const from = point(event);
    pointers.set(event.pointerId, from);
    if (pointers.size === 1) way = { from, at_ms: event.timeStamp, isAlone: true, isMoved: false, isDrag: event.pointerType !== "mouse" };
    else if (way) {
      if (way.isMoved && way.isDrag) meant.letGo({ x: 0, y: 0 }, { x: 0, y: 0 });
      Object.assign(way, { isAlone: false, isMoved: true });
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before || !way) return;
    const now = point(event);
    if (pointers.size === 2) pinch(event.pointerId, before, now);
    pointers.set(event.pointerId, now);
    if (pointers.size !== 1) return;
    const by = { x: now.x - way.from.x, y: now.y - way.from.y };
    if (!way.isMoved && Math.hypot(by.x, by.y) < STILL_PX) return;
    way.isMoved = true;
    if (meant.canPan()) {
      way.isDrag = false;
      meant.pan({ x: now.x - before.x, y: now.y - before.y });
    } else if (way.isDrag && way.isAlone) meant.drag(by);
  });

  /** @param {number} id @param {Point} before @param {Point} now */
  function pinch(id, before, now) {
    const other = [...pointers].find(([one]) => one !== id)?.[1];
    if (!other) return;
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const apart = Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
    meant.zoom(Math.hypot(now.x - other.x, now.y - other.y) / apart, middle);
    meant.pan({ x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 });
  }

  /** @param {PointerEvent} event */
  const end = (event) => {
    const at = pointers.get(event.pointerId);
    if (!at || !way) return;
    pointers.delete(event.pointerId);
    if (pointers.size) return;
    const { from, at_ms, isAlone, isMoved, isDrag } = way;
    way = null;
    const isOver = event.type === "pointercancel";
    if (!isMoved && !isOver) return tap(at, event.timeStamp);
    if (!isDrag || !isAlone) return;
    const by = isOver ? { x: 0, y: 0 } : { x: at.x - from.x, y: at.y - from.y };
    const ms = Math.max(1, event.timeStamp - at_ms);
    meant.letGo(by, { x: by.x / ms, y: by.y / ms });
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);

  /** @param {Point} at @param {number} at_ms */
  function tap(at, at_ms) {
    const isSecond = at_ms - lastTap.at_ms < DOUBLE_MS && Math.hypot(at.x - lastTap.x, at.y - lastTap.y) < DOUBLE_PX;
    lastTap = isSecond ? { x: 0, y: 0, at_ms: 0 } : { ...at, at_ms };
    if (isSecond) meant.doubleTap(at);
  }

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (meant.canPan() && Math.abs(event.deltaX) > Math.abs(event.deltaY)) return meant.pan({ x: -event.deltaX, y: 0 });
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 0.05 : event.ctrlKey ? 0.01 : 0.002; // a pinch on a touchpad comes with ctrl
    meant.zoom(Math.exp(-event.deltaY * step), point(event));
  }, { passive: false });
}
