// The keys of a wall, where one of its pictures has the focus.
import { go } from "../../core/router.js";
import { rate, switchFavourite } from "./annotate.js";

/** @typedef {import("../../types").Shown} Shown */

/** @param {import("./wall.js").Wall} wall @param {{range: (from: number, to: number) => Promise<Shown[]>, anchor: () => number, setAnchor: (number: number) => void}} picking */
export function keyboard(wall, picking) {
  const { selection } = wall.options;
  let isMoving = false;

  /** What an action is about: the selection where the picture is a part of it. @param {Shown} image */
  const meant = (image) => (selection.has(image.id) ? selection.images : [image]);

  /** The number of the picture that lies nearest to a place: of the row so many rows away. @param {number} step @param {number} [pixels] instead of rows */
  async function vertically(step, pixels) {
    const place = wall.sections.placeOf(wall.current);
    if (!place) return -1;
    let { section } = place, index = wall.sections.rowOf(section, place.index);
    const middle = centre(section.rows?.[index], place.index - (section.rows?.[index]?.first ?? 0));
    const from = section.top + (section.rows?.[index]?.top ?? 0);
    for (;;) {
      index += step;
      if (!section.rows?.[index]) {
        const next = wall.sections.all[wall.sections.all.indexOf(section) + step];
        if (!next) break;
        await wall.need(next);
        if (!next.rows) return -1;
        section = next;
        index = step > 0 ? 0 : next.rows.length - 1;
      }
      const row = section.rows?.[index];
      if (!row) return -1;
      if (pixels === undefined || Math.abs(section.top + row.top - from) >= pixels) return section.offset + row.first + nearest(row, middle);
    }
    return pixels === undefined ? -1 : step > 0 ? wall.sections.total - 1 : 0;
  }

  /** @param {number} middle @param {import("./sections.js").PlacedRow} row */
  const nearest = (row, middle) => row.widths.map((_, i) => Math.abs(centre(row, i) - middle)).reduce((best, far, i, all) => (far < (all[best] ?? Infinity) ? i : best), 0);
  /** @param {import("./sections.js").PlacedRow | undefined} row @param {number} i */
  const centre = (row, i) => (row?.widths.slice(0, i).reduce((sum, width) => sum + width + wall.sections.measures.gap, 0) ?? 0) + (row?.widths[i] ?? 0) / 2;

  /** The number of the first or last picture of the row. @param {boolean} isEnd */
  function rowEnd(isEnd) {
    const place = wall.sections.placeOf(wall.current);
    const row = place?.section.rows?.[wall.sections.rowOf(place.section, place.index)];
    return place && row ? place.section.offset + row.first + (isEnd ? row.widths.length - 1 : 0) : -1;
  }

  /** @param {KeyboardEvent} event @returns {Promise<number> | number | undefined} where a key leads to; undefined where it does not move */
  function target(event) {
    const at = wall.numberOf(wall.current), screen = wall.view.height * 0.9;
    switch (event.key) {
      case "ArrowLeft": return at - 1;
      case "ArrowRight": return at + 1;
      case "ArrowUp": return vertically(-1);
      case "ArrowDown": return vertically(1);
      case "PageUp": return vertically(-1, screen);
      case "PageDown": return vertically(1, screen);
      case "Home": return event.ctrlKey || event.metaKey ? 0 : rowEnd(false);
      case "End": return event.ctrlKey || event.metaKey ? wall.sections.total - 1 : rowEnd(true);
      default: return undefined;
    }
  }

  /** @param {number} to @param {boolean} extends_ */
  async function move(to, extends_) {
    const image = await wall.at(to), from = wall.numberOf(wall.current);
    if (!image || !wall.focus(image.id) || !extends_) return;
    if (picking.anchor() < 0 || !selection.size) picking.setAnchor(from);
    const anchor = picking.anchor();
    const [before, now] = await Promise.all([picking.range(anchor, from), picking.range(anchor, to)]);
    const kept = new Set(now.map((one) => one.id));
    selection.setAll(before.filter((one) => !kept.has(one.id)), false);
    selection.setAll(now);
  }

  wall.box.addEventListener("keydown", (event) => {
    const cell = event.target instanceof Element ? event.target.closest(".tile") : null;
    const image = cell instanceof HTMLElement ? wall.drawing.tileOf(cell.dataset.id ?? "")?.image : undefined;
    if (!image || event.altKey) return;
    const to = target(event);
    if (to !== undefined) {
      event.preventDefault();
      if (isMoving) return;
      isMoving = true;
      void Promise.resolve(to).then((number) => move(number, event.shiftKey)).finally(() => { isMoving = false; });
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (key === " ") {
      selection.toggle(image);
      picking.setAnchor(wall.numberOf(image.id));
    } else if (key === "enter") go(wall.address(image));
    else if (key === "f") void switchFavourite(meant(image));
    else if (/^[0-5]$/.test(key)) void rate(meant(image), Number(key));
    else if (key === "escape" && selection.isActive) selection.clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
