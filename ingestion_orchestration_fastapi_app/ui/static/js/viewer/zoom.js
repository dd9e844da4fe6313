// Where a picture lies on the stage. `scale` is CSS pixels for one of the picture's, `x` and `y` its upper left corner.

/** @typedef {{scale: number, x: number, y: number}} Placed */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{x: number, y: number}} Point */

const NEAREST = 4; // times full size

/** Whole, in the middle, and no larger than it is. @param {Size} stage @param {Size} picture @returns {Placed} */
export function fitted(stage, picture) {
  const scale = Math.max(0.001, Math.min(stage.width / picture.width, stage.height / picture.height, 1));
  return within({ scale, x: 0, y: 0 }, stage, picture);
}

/** At which one pixel of the picture is one of the screen. */
export const fullScale = () => 1 / devicePixelRatio;

/** Where double clicking leads: full size, or twice as large where that is no nearer. @param {number} fit */
export const nearScale = (fit) => (fullScale() > fit * 1.1 ? fullScale() : fit * 2);

/** @param {number} scale @param {number} fit */
export const bounded = (scale, fit) => Math.min(Math.max(scale, fit), Math.max(NEAREST * fullScale(), 2 * fit));

/** What lies below the point stays there. @param {Placed} placed @param {number} scale @param {Point} point @returns {Placed} */
export function zoomed(placed, scale, point) {
  const by = scale / placed.scale;
  return { scale, x: point.x - (point.x - placed.x) * by, y: point.y - (point.y - placed.y) * by };
}

/** No edge of it leaves the stage's, where it is larger; in the middle, where it is smaller. @param {Placed} placed @param {Size} stage @param {Size} picture @returns {Placed} */
export function within({ scale, x, y }, stage, picture) {
  return { scale, x: held(x, stage.width, picture.width * scale), y: held(y, stage.height, picture.height * scale) };
}

/** @param {number} at @param {number} room @param {number} length */
const held = (at, room, length) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at)));
