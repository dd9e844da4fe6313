// The outline of the world's land (Natural Earth, public domain), drawn on a canvas.
import { root } from "../core/api.js";
import { project } from "./projection.js";

/** In the projection's units. @type {Promise<Path2D> | null} */
let outline = null;

/** Read once, when a map is first shown. */
export function land() {
  outline ??= read();
  return outline;
}

async function read() {
  try {
    return pathOf(await (await fetch(`${root}/static/map/land.json`)).json());
  } catch {
    outline = null; // the next look asks again
    return new Path2D();
  }
}

/** @param {{scale: number, rings: number[][]}} data */
function pathOf({ scale, rings }) {
  const path = new Path2D();
  for (const ring of rings) {
    let longitude = 0, latitude = 0;
    for (let at = 0; at < ring.length; at += 2) {
      longitude += ring[at] ?? 0;
      latitude += ring[at + 1] ?? 0;
      const { x, y } = project(longitude / scale, latitude / scale);
      if (at === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    path.closePath();
  }
  return path;
}

/**
 * Draws the part of the world that a view shows, over the whole canvas, in the theme's colours.
 * @param {HTMLCanvasElement} canvas @param {{centre: import("./projection.js").Point, side: number}} view `side`: of the whole world, in CSS pixels
 */
export async function drawLand(canvas, view) {
  const path = await land();
  const { clientWidth: width, clientHeight: height } = canvas;
  const density = Math.min(devicePixelRatio, 2);
  if (canvas.width !== Math.round(width * density)) canvas.width = Math.round(width * density);
  if (canvas.height !== Math.round(height * density)) canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = getComputedStyle(canvas);
  const colour = (/** @type {string} */ name) => colours.getPropertyValue(name).trim();
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = colour("--map-sea");
  context.fillRect(0, 0, width, height);
  const left = width / 2 - view.centre.x * view.side, top = height / 2 - view.centre.y * view.side;
  // The world goes on in the west and the east.
  for (let copy = Math.floor(-left / view.side) - 1; left + copy * view.side < width; copy += 1) {
    context.setTransform(density * view.side, 0, 0, density * view.side, density * (left + copy * view.side), density * top);
    context.fillStyle = colour("--map-land");
    context.fill(path, "evenodd");
    context.lineWidth = 1 / view.side;
    context.strokeStyle = colour("--line");
    context.stroke(path);
  }
}
