// The part of a wall that is in the document: what is near is drawn, what is far is taken away.
import { h } from "../../core/dom.js";
import { t } from "../../core/i18n.js";
import { button } from "../../parts/controls.js";
import { tile } from "./tile.js";

/** @typedef {import("./sections.js").Section} Section */
/** @typedef {{top: number, height: number}} Span */
/** @typedef {{element: HTMLElement, tiles: import("./tile.js").Tile[]}} DrawnRow */
/** `far`: how many pixels it is outside the window. @typedef {{one: Section, index: number, far: number, tiles: number}} NearRow */
/** @typedef {{element: HTMLElement, title: HTMLElement | null, rows: Map<number, DrawnRow>, isFailure: boolean}} Drawn */

const SCREENS_AHEAD = 2, SCREENS_BEHIND = 1;
const MOST_TILES = 400;
const LATE_MS = 2000;
/** Six are loaded while six are decoded: what waits beside them would come before what is nearer by then. */
const MOST_AT_ONCE = 12;

export class Drawing {
  /** @type {Map<Section, Drawn>} */
  #drawn = new Map();
  /** @type {Map<string, import("./tile.js").Tile>} */
  #tiles = new Map();
  /** @type {import("./tile.js").Tile | null} the only one that the Tab key leads to */
  #stop = null;
  /** @type {NearRow[]} those that are drawn, the nearest first */
  #rows = [];
  /** @type {(() => void)[]} who wait until what is seen is there */
  #waiting = [];

  /** @param {import("./wall.js").Wall} wall */
  constructor(wall) { this.wall = wall; }

  /** @param {string} id */
  tileOf(id) { return this.#tiles.get(id) ?? null; }
  get size() { return this.#tiles.size; }

  /** @param {Span} view @param {boolean} down where somebody scrolls to @returns {Section[]} those that are near, the nearest first */
  draw(view, down) {
    const { sections } = this.wall;
    if (!sections.measures.width || !view.height) return [];
    const from = view.top - view.height * (down ? SCREENS_BEHIND : SCREENS_AHEAD);
    const to = view.top + view.height * (1 + (down ? SCREENS_AHEAD : SCREENS_BEHIND));
    const near = sections.all.filter((one) => one.top < to && one.top + one.height > from);
    const wanted = this.#choose(near, view, from, to);
    const pinned = document.activeElement?.closest(".wall-row");
    for (const [one, drawn] of this.#drawn) {
      const keep = wanted.get(one);
      for (const [index, row] of drawn.rows) if (!keep?.has(index) && row.element !== pinned) this.#takeAway(drawn, index);
      if (!keep && !drawn.rows.size) this.#erase(one, drawn);
    }
    for (const [one, rows] of wanted) this.#put(one, rows);
    for (const [one, drawn] of this.#drawn) this.#place(one, drawn);
    this.#load();
    this.setStop(view);
    return near.sort((a, b) => distance(a, view, down) - distance(b, view, down));
  }

  /** The rows that are drawn: what is seen first, then what comes next, as long as there are tiles left. @param {Section[]} near @param {Span} view @param {number} from @param {number} to */
  #choose(near, view, from, to) {
    /** @type {Map<Section, Set<number>>} */
    const wanted = new Map();
    /** @type {NearRow[]} */
    const rows = [];
    for (const one of near) {
      const { rows: known } = one;
      if (!known) {
        if (this.wall.isFailed(one)) wanted.set(one, new Set());
        // What lies below would be pushed away when it comes. Where it reaches in from above it grows upwards.
        else if (one.top < view.top + view.height && (one.top >= view.top || view.top <= 0)) break;
        continue;
      }
      wanted.set(one, new Set());
      known.forEach((row, index) => {
        const top = one.top + row.top, bottom = top + row.height;
        if (bottom > from && top < to) rows.push({ one, index, far: Math.max(0, view.top - bottom, top - view.top - view.height), tiles: row.widths.length });
      });
    }
    let left = MOST_TILES;
    this.#rows = rows.sort((a, b) => a.far - b.far).filter(({ far, tiles }) => (left -= tiles) >= 0 || far === 0);
    for (const { one, index } of this.#rows) wanted.get(one)?.add(index);
    return wanted;
  }

  /** @param {NearRow} row */
  #tilesOf({ one, index }) { return this.#drawn.get(one)?.rows.get(index)?.tiles ?? []; }

  /** The pictures in the window are there, or will not come, or are late. @returns {Promise<void>} */
  pictured() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, LATE_MS);
      this.#look();
    });
  }

  #look() {
    if (!this.#waiting.length) return;
    const seen = this.#rows.filter(({ far }) => far === 0).flatMap((row) => this.#tilesOf(row));
    if (seen.length && seen.every(({ state }) => state && state !== "loading")) for (const tell of this.#waiting.splice(0)) tell();
  }

  /** The next pictures, the nearest first; sharper ones when all are there. Nothing while somebody rushes past. */
  #load() {
    this.#look();
    if (this.wall.isFast) return;
    const tiles = this.#rows.flatMap((row) => this.#tilesOf(row));
    let free = MOST_AT_ONCE - tiles.filter(({ isBusy }) => isBusy).length;
    for (const one of tiles) if (free > 0 && !one.state && (free -= 1) >= 0) one.load();
    for (const one of tiles) if (free > 0 && one.state === "small" && !one.isBusy && (free -= 1) >= 0) one.sharpen();
  }

  /** @param {Section} one @param {Set<number>} rows */
  #put(one, rows) {
    const isFailure = !one.rows;
    let drawn = this.#drawn.get(one);
    if (drawn && drawn.isFailure !== isFailure) drawn = this.#erase(one, drawn);
    if (!drawn) {
      const title = one.title && !isFailure ? h("div", { role: "row" }, h("div", { role: "rowheader", class: "wall-title" }, one.title())) : null;
      const failure = isFailure ? h("div", { role: "row" }, h("div", { role: "gridcell", class: "wall-failed" }, t("grid.failed"), button(t("again"), { onclick: () => this.wall.retry() }))) : null;
      drawn = { element: h("div", { class: "wall-section", role: "rowgroup" }, title ?? failure), title, rows: new Map(), isFailure };
      this.#drawn.set(one, drawn);
      const next = [...this.#drawn.entries()].filter(([other]) => other.top > one.top).sort(([a], [b]) => a.top - b.top)[0];
      this.wall.box.insertBefore(drawn.element, next?.[1].element ?? null);
    }
    for (const index of [...rows].sort((a, b) => a - b)) if (!drawn.rows.has(index)) this.#draw(one, drawn, index);
  }

  /** @param {Section} one @param {Drawn} drawn @param {number} index */
  #draw(one, drawn, index) {
    const placed = one.rows?.[index], { wall } = this;
    if (!placed) return;
    const tiles = placed.widths.map((width, i) => {
      const image = /** @type {import("../../types").Shown} */ (one.images?.[placed.first + i]);
      const made = tile(image, {
        href: wall.address(image), width, height: placed.height, selected: wall.options.selection.has(image.id),
        bar: wall.options.bar ?? false, extra: wall.options.extra, settled: () => this.#load(),
      });
      made.cell.setAttribute("aria-colindex", String(i + 1));
      this.#tiles.set(image.id, made);
      return made;
    });
    const element = h("div", { role: "row", class: "wall-row", style: { transform: `translateY(${placed.top}px)` } }, ...tiles.map((each) => each.cell));
    // In the order of the list, as screen readers and the Tab key take it.
    const next = [...drawn.rows.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
    drawn.element.insertBefore(element, next === undefined ? null : (drawn.rows.get(next)?.element ?? null));
    drawn.rows.set(index, { element, tiles });
  }

  /** @param {Section} one @param {Drawn} drawn */
  #place(one, drawn) {
    drawn.element.style.transform = `translateY(${one.top}px)`;
    drawn.element.style.height = `${one.height}px`;
    drawn.title?.setAttribute("aria-rowindex", String(one.row));
    for (const [index, row] of drawn.rows) row.element.setAttribute("aria-rowindex", String(one.row + index + (one.head ? 1 : 0)));
  }

  /** Rows that are laid out anew. @param {Section} one @param {number} from */
  forget(one, from) {
    const drawn = this.#drawn.get(one);
    for (const index of drawn?.rows.keys() ?? []) if (drawn && index >= from) this.#takeAway(drawn, index);
  }

  clear() {
    for (const [one, drawn] of this.#drawn) this.#erase(one, drawn);
  }

  /** @param {Drawn} drawn @param {number} index */
  #takeAway(drawn, index) {
    const row = drawn.rows.get(index);
    for (const each of row?.tiles ?? []) {
      each.stop();
      if (this.#tiles.get(each.image.id) === each) this.#tiles.delete(each.image.id);
    }
    row?.element.remove();
    drawn.rows.delete(index);
  }

  /** @param {Section} one @param {Drawn} drawn @returns {undefined} */
  #erase(one, drawn) {
    for (const index of [...drawn.rows.keys()]) this.#takeAway(drawn, index);
    drawn.element.remove();
    this.#drawn.delete(one);
  }

  /** @param {Span} view */
  setStop(view) {
    let stop = this.#tiles.get(this.wall.current) ?? null;
    if (!stop) {
      const rows = [...this.#drawn].flatMap(([one, { rows }]) => [...rows].map(([index, row]) => ({ top: one.top + (one.rows?.[index]?.top ?? 0), row })));
      const seen = rows.filter(({ top }) => top >= view.top).sort((a, b) => a.top - b.top)[0] ?? rows[0];
      stop = seen?.row.tiles[0] ?? null;
    }
    if (stop === this.#stop) return;
    if (this.#stop) this.#stop.link.tabIndex = -1;
    if (stop) stop.link.tabIndex = 0;
    this.#stop = stop;
  }

  /** Pictures that could not be had may be asked for again. */
  retry() {
    for (const each of this.#tiles.values()) each.retry();
  }

  showSelection() {
    const { selection } = this.wall.options;
    this.wall.box.classList.toggle("selecting", selection.isActive);
    for (const [id, each] of this.#tiles) each.select(selection.has(id));
  }

  /** What people say of pictures is another, or those of `ids` are gone, or back. @param {{annotated?: string[], images?: import("../../types").Shown[], ids?: string[], gone?: boolean} | undefined} news */
  showNews(news) {
    const known = new Map(news?.images?.map((one) => [one.id, one]));
    for (const id of news?.annotated ?? []) {
      const place = this.wall.sections.placeOf(id), own = place?.section.images?.[place.index];
      const said = known.get(id);
      if (own && said) own.annotation = said.annotation;
      this.#tiles.get(id)?.show();
    }
    if (news?.gone !== undefined) for (const id of news.ids ?? []) this.#tiles.get(id)?.gone(news.gone);
  }
}

/** @param {Section} one @param {Span} view @param {boolean} down */
function distance(one, view, down) {
  const behind = view.top - one.top - one.height, ahead = one.top - view.top - view.height;
  return Math.max(0, down ? ahead : behind, 2 * (down ? behind : ahead)) + (behind > 0 || ahead > 0 ? 1 : 0);
}
