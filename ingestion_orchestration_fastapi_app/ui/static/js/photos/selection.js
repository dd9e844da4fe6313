// The pictures that somebody has selected: of one list, across what is scrolled away.

/** @typedef {import("../types").Shown} Shown */

/** Tells `change` whenever what is selected is another. */
export class Selection extends EventTarget {
  /** @type {Map<string, Shown>} */
  #images = new Map();
  #isAsked = false;

  get size() { return this.#images.size; }
  get ids() { return [...this.#images.keys()]; }
  get images() { return [...this.#images.values()]; }
  /** Whether pictures are being selected: then a click on one selects it and does not open it. */
  get isActive() { return this.#isAsked || this.size > 0; }

  /** Somebody wants to select, and has not begun: the "Select" of a tool bar. */
  begin() {
    this.#isAsked = true;
    this.#tell();
  }

  /** @param {string} id */
  has(id) { return this.#images.has(id); }

  /** @param {Shown} image @param {boolean} [on] without it the other way round */
  toggle(image, on = !this.#images.has(image.id)) {
    if (on === this.#images.has(image.id)) return;
    if (on) this.#images.set(image.id, image);
    else this.#images.delete(image.id);
    this.#tell();
  }

  /** @param {Shown[]} images @param {boolean} [on] */
  setAll(images, on = true) {
    for (const one of images) {
      if (on) this.#images.set(one.id, one);
      else this.#images.delete(one.id);
    }
    this.#tell();
  }

  clear() {
    if (!this.isActive) return;
    this.#isAsked = false;
    this.#images.clear();
    this.#tell();
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}
