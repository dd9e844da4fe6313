// The pictures that somebody has selected: of one list, across what is scrolled away.

/** @typedef {import("../types").Shown} Shown */

/** Tells `change` whenever what is selected is another. */
export class Selection extends EventTarget {
  /** @type {Map<string, Shown>} */
  #images = new Map();

  get size() { return this.#images.size; }
  get ids() { return [...this.#images.keys()]; }
  get images() { return [...this.#images.values()]; }

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
    if (!this.#images.size) return;
    this.#images.clear();
    this.#tell();
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}
