// The web's Mercator projection: the world is a square of side 1, north up. (EPSG:3857)
const MOST_LATITUDE = 85.05;

/** @typedef {{x: number, y: number}} Point */

/** @param {number} longitude @param {number} latitude degrees @returns {Point} */
export function project(longitude, latitude) {
  const bound = Math.max(-MOST_LATITUDE, Math.min(MOST_LATITUDE, latitude));
  const sine = Math.sin((bound * Math.PI) / 180);
  return { x: longitude / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

/** @param {Point} point */
export function unproject({ x, y }) {
  return { longitude: (x - 0.5) * 360, latitude: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

/** Within -180 to 180. @param {number} longitude */
export const wrapped = (longitude) => ((((longitude + 180) % 360) + 360) % 360) - 180;
