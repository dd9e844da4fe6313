// Where everything of a long list lies, without any element: sections above each other, rows in them, pictures in these.
import { estimatedHeight, ratio, rows } from "./layout.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {import("./layout.js").Measures & {under: number}} Measures */
/** `top`: within its section. @typedef {import("./layout.js").Row & {top: number}} PlacedRow */
/**
 * A part of the list that is loaded as a whole. `images`: null as long as nobody asked for them; `closed`: the next section goes on with the same rows.
 * `title`: an element above its rows, of `head` pixels.
 * @typedef {object} Section
 * @property {string} key
 * @property {number} count
 * @property {Shown[] | null} images
 * @property {boolean} closed
 * @property {number} head
 * @property {(() => HTMLElement) | null} title
 * @property {PlacedRow[] | null} rows
 * @property {number} top
 * @property {number} height
 * @property {number} offset how many pictures lie before it
 * @property {number} row the number of its first row, title included
 */

/** Browsers draw no element that is higher: then what is not known yet is taken to be lower than it is. */
const MOST_HEIGHT_PX = 15_000_000;
const SPACE_BELOW = 12;

/** @param {Pick<Section, "key" | "count"> & Partial<Section>} given @returns {Section} */
export const section = (given) => ({ images: null, closed: false, head: 0, title: null, rows: null, top: 0, height: 0, offset: 0, row: 1, ...given });

export class Sections {
  /** @type {Section[]} */
  all = [];
  /** @type {Measures} */
  measures = { width: 0, target: 180, gap: 4, under: 0 };
  height = 0;
  total = 0;
  rowCount = 0;
  #scale = 1;
  /** @type {Map<string, {section: Section, index: number}>} */
  #places = new Map();

  /** They are laid out by `measure`. @param {Section[]} all */
  set(all) {
    this.all = all;
    this.#places.clear();
    for (const one of all) this.#remember(one, 0);
  }

  /** Lays all out anew. @param {Measures} measures */
  measure(measures) {
    this.measures = measures;
    const whole = this.all.reduce((sum, one) => sum + this.#estimate(one), 0);
    this.#scale = Math.min(1, MOST_HEIGHT_PX / Math.max(1, whole));
    for (const one of this.all) {
      one.rows = null;
      if (one.images) this.#layOut(one, 0);
      else one.height = Math.round(this.#estimate(one) * this.#scale);
    }
    this.place();
  }

  /** How high all would be, where all is known. @param {Measures} measures */
  heightAt(measures) {
    const made = this.all.map((one) => one.head + rows((one.images ?? []).map(ratio), measures).reduce((sum, row) => sum + row.height + measures.under + measures.gap, 0));
    return made.reduce((sum, height) => sum + height, 0);
  }

  /** @param {Section} one @param {Shown[]} images more of them, behind what it has */
  append(one, images) {
    const before = one.images?.length ?? 0;
    one.images = [...(one.images ?? []), ...images];
    one.count = one.images.length;
    this.#remember(one, before);
    this.#layOut(one, Math.max(0, (one.rows?.length ?? 0) - 1)); // the last row may not have been full
    this.place();
  }

  /** Its pictures are forgotten, its place is kept. @param {Section} one */
  drop(one) {
    for (const image of one.images ?? []) this.#places.delete(image.id);
    one.images = one.rows = null;
    if (this.#scale < 1) one.height = Math.round(this.#estimate(one) * this.#scale);
    this.place();
  }

  place() {
    let top = 0, offset = 0, row = 1;
    for (const one of this.all) {
      Object.assign(one, { top, offset, row });
      top += one.height;
      offset += one.count;
      row += (one.head ? 1 : 0) + (one.rows?.length ?? Math.ceil(one.height / (this.measures.target + this.measures.gap)));
    }
    [this.height, this.total, this.rowCount] = [top, offset, row - 1];
  }

  /** @param {string} id */
  placeOf(id) { return this.#places.get(id) ?? null; }

  /** The section that holds the picture of this number, from 0. @param {number} number */
  byNumber(number) { return this.all[this.#last((one) => one.offset <= number)] ?? null; }

  /** The number of the section at a height. @param {number} y */
  indexAt(y) { return this.#last((one) => one.top <= y); }

  /** The number of a picture's row within its section. @param {Section} one @param {number} index */
  rowOf(one, index) { return lastOf(one.rows ?? [], (row) => row.first <= index); }

  /** @param {(one: Section) => boolean} isBefore */
  #last(isBefore) { return lastOf(this.all, isBefore); }

  /** @param {Section} one */
  #estimate(one) { return one.head + estimatedHeight(one.count, this.measures) + this.#below(one); }

  /** @param {Section} one */
  #below(one) { return one.closed || !one.head ? 0 : SPACE_BELOW; }

  /** @param {Section} one @param {number} from */
  #remember(one, from) {
    one.images?.slice(from).forEach((image, i) => this.#places.set(image.id, { section: one, index: from + i }));
  }

  /** @param {Section} one @param {number} keep how many rows stay as they are */
  #layOut(one, keep) {
    const { gap, under } = this.measures, images = one.images ?? [];
    const kept = one.rows?.slice(0, keep) ?? [], last = kept.at(-1);
    const first = last ? last.first + last.widths.length : 0;
    let top = last ? last.top + last.height + under + gap : one.head;
    const made = rows(images.slice(first).map(ratio), { ...this.measures, closed: one.closed });
    const placed = made.map((row) => {
      const at = { ...row, first: row.first + first, top };
      top += row.height + under + gap;
      return at;
    });
    one.rows = [...kept, ...placed];
    one.height = top + this.#below(one);
  }
}

/** The greatest index whose element is before, -1 where none is. @template T @param {T[]} list @param {(one: T) => boolean} isBefore */
function lastOf(list, isBefore) {
  let low = -1, high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isBefore(/** @type {T} */ (list[middle]))) low = middle;
    else high = middle - 1;
  }
  return low;
}
