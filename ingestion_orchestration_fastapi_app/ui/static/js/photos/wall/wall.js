// A long list of pictures, of which the document holds only what is near. Who has the pictures gives `Sections`; who has the keys and the mouse is
// told by `keyboard.js` and `picking.js`.
import { isAbort } from "../../core/api.js";
import { on } from "../../core/bus.js";
import { h } from "../../core/dom.js";
import { current, href } from "../../core/router.js";
import { Drawing } from "./drawing.js";
import { Sections } from "./sections.js";
import { chosenSize, measures, onSize } from "./size.js";

/** @typedef {import("../../types").Shown} Shown */
/** @typedef {import("./sections.js").Section} Section */
/**
 * @typedef {object} Options
 * @property {import("../selection.js").Selection} selection
 * @property {string} collection
 * @property {string} label what the list is called where it cannot be seen
 * @property {boolean} [bar] shows the relevance below each picture
 * @property {((image: Shown) => HTMLElement | null) | undefined} [extra] what else lies on a picture
 * @property {(one: Section, signal: AbortSignal) => Promise<Shown[]>} [load] the pictures of a section that has none yet
 * @property {(id: string) => Promise<void>} [find] loads the section that a picture is in, if any
 * @property {() => void} [moved] what is seen is another part of the list
 * @property {() => boolean} [isWhole] whether the list is there and will not grow: if it has room in large tiles, it gets these
 */

const FAST_SCREENS_S = 3;
const REST_MS = 120;
const MOST_SECTIONS = 60;
const MARGIN_PX = 8;
const FEW = 60;

export class Wall {
  sections = new Sections();
  box = h("div", { class: "wall-box", role: "grid", "aria-multiselectable": "true" });
  head = h("div", { class: "wall-head" });
  foot = h("div", { class: "wall-foot" });
  element = h("div", { class: "wall" }, this.head, this.box, this.foot);
  /** The picture that the Tab key leads to. */
  current = "";
  isFast = false;
  /** `isAsked`: somebody waits for it, seen or not. @type {Map<Section, {stop: AbortController, done: Promise<void>, isAsked: boolean}>} */
  #loading = new Map();
  /** @type {Set<Section>} those that could not be loaded: they are tried again when somebody comes back */
  #failed = new Set();
  /** @type {Section[]} by when they were seen last */
  #used = [];
  /** @type {Section[]} */
  #near = [];
  #last = { top: 0, time: 0, down: true };
  #timer = 0;
  /** @type {(() => void)[]} */
  #ends = [];

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.box.setAttribute("aria-label", options.label);
    this.drawing = new Drawing(this);
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.box.addEventListener("focusin", (event) => {
      const cell = event.target instanceof Element ? event.target.closest(".tile") : null;
      if (!(cell instanceof HTMLElement) || !cell.dataset.id) return;
      this.current = cell.dataset.id;
      this.drawing.setStop(this.view);
    });
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.element);
    const shown = () => this.drawing.showSelection();
    options.selection.addEventListener("change", shown);
    this.#ends.push(
      () => observer.disconnect(),
      () => options.selection.removeEventListener("change", shown),
      onSize(() => this.#resized(true)),
      on("images", (news) => this.drawing.showNews(news)), on("back", () => this.retry()),
    );
  }

  /** What is seen, in pixels of the box. */
  get view() {
    return { top: this.element.scrollTop - this.box.offsetTop, height: this.element.clientHeight };
  }

  /** Where a picture's own address leads: the viewer over this list. @param {Shown} image */
  address(image) {
    const { path, query } = current();
    query.set("photo", image.id);
    return href(`/${path.join("/")}`, query);
  }

  /** @param {Section[]} all @param {() => void} [begin] scrolls to where somebody was, before anything is loaded */
  show(all, begin) {
    this.#abort(() => true);
    this.#used = [];
    this.#near = [];
    this.#failed.clear();
    this.drawing.clear();
    this.sections.set(all);
    this.#measure(true);
    begin?.();
    this.draw();
  }

  /** @param {Section} one @param {Shown[]} images */
  append(one, images) {
    this.anchored(() => {
      const rows = one.rows?.length ?? 0;
      this.sections.append(one, images);
      this.drawing.forget(one, Math.max(0, rows - 1));
    });
    this.#measure();
    this.draw();
  }

  /** Changes what lies where, and leaves in place what is seen. @param {() => void} change */
  anchored(change) {
    const { view, sections } = this, before = this.#anchor();
    change();
    this.box.style.height = `${sections.height}px`;
    this.box.setAttribute("aria-rowcount", String(sections.rowCount || -1));
    if (!before || !sections.all.includes(before.section)) return;
    const { section, index, past, height } = before;
    const row = index === undefined ? undefined : section.rows?.[sections.rowOf(section, index)];
    const now = row?.height ?? section.height;
    this.scrollTo(section.top + (row?.top ?? 0) + (past > 0 ? (past / height) * now : past));
    if (this.view.top !== view.top) this.#last.top = this.view.top;
  }

  /** What must not move: the first row that is seen, or the section in which somebody is where no row is known. */
  #anchor() {
    const { top, height } = this.view, { sections } = this;
    if (top <= 0 || !sections.height) return null;
    const first = Math.max(0, sections.indexAt(top));
    for (let i = first; i < sections.all.length; i += 1) {
      const section = /** @type {Section} */ (sections.all[i]);
      if (section.top > top + height || (!section.rows && section.top >= top)) break;
      const row = section.rows?.find((one) => section.top + one.top + one.height > top);
      if (row) return { section, index: row.first, past: top - section.top - row.top, height: row.height };
    }
    const section = /** @type {Section} */ (sections.all[first]);
    return { section, index: undefined, past: top - section.top, height: section.height };
  }

  /** @param {number} y in the box */
  scrollTo(y) {
    const top = Math.round(Math.max(0, y + this.box.offsetTop));
    if (Math.abs(top - this.element.scrollTop) < 1) return;
    this.element.scrollTop = top;
    this.#last.top = this.element.scrollTop; // not a person's speed
  }

  draw() {
    const wanted = this.drawing.draw(this.view, this.#last.down);
    if (this.isFast || !this.options.load) return;
    this.#abort((one, isAsked) => !isAsked && !wanted.includes(one));
    this.#near = wanted;
    const { top, height } = this.view, lacking = wanted.filter((one) => !one.images && !this.#failed.has(one));
    const seen = lacking.filter((one) => one.top < top + height && one.top + one.height > top);
    for (const one of seen) void this.need(one, false);
    if (lacking.length && !seen.length) void this.drawing.pictured().then(() => this.#ahead());
    this.#used = [...this.#used.filter((one) => !wanted.includes(one)), ...wanted.filter((one) => one.images)];
    const old = this.#used.splice(0, Math.max(0, this.#used.length - MOST_SECTIONS));
    if (old.length) this.anchored(() => old.forEach((one) => this.sections.drop(one)));
  }

  /** What is not seen yet comes when what is seen is there. */
  #ahead() {
    if (!this.isFast) for (const one of this.#near) if (!one.images && !this.#failed.has(one)) void this.need(one, false);
  }

  /** Its pictures are there when this is done, or nobody can give them. @param {Section} one @param {boolean} [isAsked] @returns {Promise<void>} */
  need(one, isAsked = true) {
    const { load } = this.options, stop = new AbortController();
    if (one.images || !load) return Promise.resolve();
    const known = this.#loading.get(one);
    if (known) known.isAsked ||= isAsked;
    if (known) return known.done;
    const done = (async () => {
      try {
        const images = await load(one, stop.signal);
        if (stop.signal.aborted) return;
        this.anchored(() => this.sections.append(one, images));
        if (!this.#used.includes(one)) this.#used.push(one);
      } catch (error) {
        if (!isAbort(error)) this.#failed.add(one);
      } finally {
        if (this.#loading.get(one)?.stop === stop) this.#loading.delete(one);
      }
      if (!stop.signal.aborted) this.draw();
    })();
    this.#loading.set(one, { stop, done, isAsked });
    return done;
  }

  /** Of this number from 0; null where the list ends before. @param {number} number @returns {Promise<Shown | null>} */
  async at(number) {
    const one = number < 0 || number >= this.sections.total ? null : this.sections.byNumber(number);
    if (!one) return null;
    await this.need(one);
    return one.images?.[number - one.offset] ?? null;
  }

  /** Its number from 0, -1 where it is not in what is loaded. @param {string} id */
  numberOf(id) {
    const place = this.sections.placeOf(id);
    return place ? place.section.offset + place.index : -1;
  }

  /** Scrolls as little as it takes to see a picture. @param {string} id @returns {import("./tile.js").Tile | null} */
  reveal(id) {
    const place = this.sections.placeOf(id);
    const index = place ? this.sections.rowOf(place.section, place.index) : -1;
    const row = place?.section.rows?.[index];
    if (!place || !row) return null;
    const top = place.section.top + (index === 0 ? 0 : row.top) - MARGIN_PX, { view } = this;
    const bottom = place.section.top + row.top + row.height + this.sections.measures.under + MARGIN_PX;
    if (top < view.top) this.scrollTo(top);
    else if (bottom > view.top + view.height) this.scrollTo(bottom - view.height);
    this.draw();
    return this.drawing.tileOf(id);
  }

  /** @param {string} id @returns {boolean} whether it is there */
  focus(id) {
    const tile = this.reveal(id);
    tile?.link.focus({ preventScroll: true });
    return tile !== null;
  }

  leave() {
    clearTimeout(this.#timer);
    this.#near = [];
    this.#abort(() => true);
    for (const end of this.#ends) end();
  }

  /** @param {Section} one */
  isFailed(one) { return this.#failed.has(one); }

  /** What could not be loaded is asked for again. */
  retry() {
    this.#failed.clear();
    this.drawing.retry();
    this.draw();
  }

  #scrolled() {
    const { top, height } = this.view, now = performance.now();
    const moved = top - this.#last.top, passed_ms = Math.max(8, now - this.#last.time);
    this.isFast = passed_ms < REST_MS && (Math.abs(moved) / height / passed_ms) * 1000 > FAST_SCREENS_S;
    this.#last = { top, time: now, down: moved === 0 ? this.#last.down : moved > 0 };
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.isFast = false;
      this.#failed.clear();
      this.draw();
    }, REST_MS);
    this.draw();
    this.options.moved?.();
  }

  /** @param {boolean} [other] the size of the tiles is another */
  #resized(other = false) {
    const { width } = this.sections.measures;
    const focused = this.box.contains(document.activeElement) ? this.current : "";
    if (other || width !== this.box.clientWidth) this.#measure(true);
    this.draw();
    if (focused) this.drawing.tileOf(focused)?.link.focus({ preventScroll: true });
    this.options.moved?.();
  }

  /** @param {boolean} [force] */
  #measure(force = false) {
    const width = this.box.clientWidth, { sections } = this, { measures: before } = sections;
    if (!width) return;
    const bar = this.options.bar ?? false;
    let next = { width, ...measures(chosenSize(), bar) };
    if (this.options.isWhole?.() && sections.total <= FEW && !next.single) {
      const large = { width, ...measures("L", bar) };
      if (sections.heightAt(large) <= this.element.clientHeight - this.box.offsetTop) next = large;
    }
    if (!force && before.width === width && before.target === next.target) return;
    this.drawing.clear();
    this.anchored(() => sections.measure(next));
    this.element.style.setProperty("--gap", `${next.gap}px`);
    this.element.style.setProperty("--tile", `${next.target}px`);
  }

  /** @param {(one: Section, isAsked: boolean) => boolean} which */
  #abort(which) {
    for (const [one, { stop, isAsked }] of this.#loading) {
      if (!which(one, isAsked)) continue;
      stop.abort();
      this.#loading.delete(one);
    }
  }
}
