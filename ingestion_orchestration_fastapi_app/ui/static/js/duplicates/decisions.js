// What was decided about groups, in this browser: the service knows who left it and what was dismissed, the list of files to delete is the
// person's own. It outlives later searches, so that it can be exported when all is done; with a key, only until the tab is closed or somebody logs
// out: nothing that a key protects is left behind.
import { isLoggedIn } from "../core/session.js";

/**
 * A file that the person can delete. `copy`: it went because it has the same bytes as another one that did.
 * @typedef {{id: string, path: string, bytes: number, sha256: string, kept: string, copy?: boolean}} Listed
 */
/**
 * One step. `isEnd`: the group is decided with it; `isGone`: then the service does not tell of the group any more.
 * @typedef {{job: string, group: number, cls: string, did: "keep" | "both", listed: Listed[], dismissal?: number | null, isEnd: boolean, isGone: boolean}} Decision
 */

/** @template T @param {Storage} store @param {string} key @returns {T[]} */
function read(store, key) {
  try {
    const kept = JSON.parse(store.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // somebody else's
  }
}

/** What was kept before there was a key is kept by the rules of a key from now on. @param {string} key */
function moved(key) {
  const kept = localStorage.getItem(key);
  if (kept !== null && sessionStorage.getItem(key) === null) sessionStorage.setItem(key, kept);
  localStorage.removeItem(key);
}

/** Of one collection. */
export class Decisions {
  /** @param {string} collection */
  constructor(collection) {
    this.key = `tidy:${collection}`;
    this.store = isLoggedIn() ? sessionStorage : localStorage;
    if (this.store === sessionStorage) moved(this.key);
    /** @type {Decision[]} */
    this.all = read(this.store, this.key);
    /** Groups that were put off, as `JOB:GROUP`: of this tab alone. @type {Set<string>} */
    this.later = new Set(read(sessionStorage, `${this.key}:later`));
  }

  #keep() {
    this.store.setItem(this.key, JSON.stringify(this.all));
  }

  /** @param {Decision} one */
  add(one) {
    this.all.push(one);
    this.#keep();
  }

  /** The last one is taken back. @param {Decision} one */
  drop(one) {
    this.all = this.all.filter((other) => other !== one);
    this.#keep();
  }

  clear() {
    this.all = [];
    this.#keep();
  }

  /** @param {string} group @param {boolean} isLater */
  putOff(group, isLater) {
    if (isLater) this.later.add(group);
    else this.later.delete(group);
    sessionStorage.setItem(`${this.key}:later`, JSON.stringify([...this.later]));
  }

  /** Every file that can be deleted, once. @returns {Listed[]} */
  files() {
    return [...new Map(this.all.flatMap((one) => one.listed).map((file) => [file.id, file])).values()];
  }

  /** The groups of a class that are decided. @param {string} job @param {string} cls @param {{gone?: boolean}} [only] */
  decided(job, cls, { gone = false } = {}) {
    const those = this.all.filter((one) => one.job === job && one.cls === cls && one.isEnd && (one.isGone || !gone));
    return new Set(those.map((one) => one.group));
  }

  /**
   * Copies of one file stay in the service, and a new search finds them again: what was decided about them stays so.
   * @param {string} job @param {import("../types").DuplicateGroup} group of the class whose files are only listed
   */
  adopt(job, { id, class: cls, images, count }) {
    const ids = new Set(images.map((image) => image.id));
    const mine = this.all.filter((one) => one.cls === cls && one.listed.some((file) => ids.has(file.id)));
    const listed = new Set(mine.flatMap((one) => one.listed.map((file) => file.id)).filter((file) => ids.has(file)));
    for (const one of mine) Object.assign(one, { job, group: id, isEnd: count - listed.size < 2 });
    if (mine.length) this.#keep();
  }
}
