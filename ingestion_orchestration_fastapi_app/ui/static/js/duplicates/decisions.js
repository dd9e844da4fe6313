// What was decided about groups: the service keeps it. Here is how long the list of files to delete is, and what this tab may take back or put off;
// of that only ids, until the tab is closed or somebody logs out.
import { call } from "../core/api.js";
import { may } from "../core/session.js";

/** @typedef {import("../types").UnneededFile} UnneededFile */
/** @typedef {"keep" | "not_needed" | "undecided"} Said */
/**
 * One step of this tab. `before`: what was decided about its images, by id; `forgotten`: those that left the service by it.
 * @typedef {{job: string, group: number, cls: string, before: Record<string, Said>, forgotten: string[], dismissal?: number}} Step
 */

const MOST_STEPS = 200, AT_ONCE = 500, MOST_PATH = 4096;

/** @param {Storage} store @param {string} key @returns {any[]} */
function read(store, key) {
  try {
    const kept = JSON.parse(store.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // somebody else's
  }
}

/** Files of a list as browsers kept it before the service did. @param {any[]} steps */
function listedBefore(steps) {
  return steps.flatMap((step) => (Array.isArray(step?.listed) ? step.listed : []).map((/** @type {any} */ file) => ({ ...file, of_file: step.cls === "same_bytes" })))
    .filter((file) => /^[0-9a-f]{64}$/.test(file.sha256) && /^[0-9a-f-]{36}$/.test(file.id) && Number.isSafeInteger(file.bytes))
    .map((file) => ({ id: file.id, sha256: file.sha256, bytes: file.bytes, path: String(file.path).slice(0, MOST_PATH), kept_path: String(file.kept ?? "").slice(0, MOST_PATH), of_file: file.of_file }));
}

/** Of one collection. */
export class Decisions {
  /** @param {string} collection */
  constructor(collection) {
    this.collection = collection;
    this.key = `tidy:${collection}`;
    /** The list: how many files, and their bytes. */
    this.files = 0;
    this.bytes = 0;
    /** @type {Step[]} */
    this.steps = read(sessionStorage, `${this.key}:steps`);
    /** Groups that were put off, as `JOB:GROUP`: of this tab alone. @type {Set<string>} */
    this.later = new Set(read(sessionStorage, `${this.key}:later`));
  }

  /** What this browser kept before goes to the service, once; where that fails it stays for the next time. */
  async takeOver() {
    if (!may("write")) return;
    for (const store of [localStorage, sessionStorage]) {
      if (store.getItem(this.key) === null) continue;
      const files = listedBefore(read(store, this.key));
      for (let at = 0; at < files.length; at += AT_ONCE) {
        await call("/duplicates/not-needed", { body: { collection: this.collection, files: files.slice(at, at + AT_ONCE) } });
      }
      store.removeItem(this.key);
    }
  }

  /** How long the list is now. */
  async count() {
    const { total, total_bytes } = await this.#page(0, 1);
    this.files = total;
    this.bytes = total_bytes;
  }

  /** The whole list. @returns {Promise<UnneededFile[]>} */
  async list() {
    /** @type {UnneededFile[]} */
    const files = [];
    for (let after = 0; ;) {
      const page = await this.#page(after, AT_ONCE);
      files.push(...page.files);
      if (page.next_after === null) return files;
      after = page.next_after;
    }
  }

  /** @param {number} after @param {number} limit @returns {Promise<import("../types").UnneededFiles>} */
  #page(after, limit) {
    return call("/duplicates/not-needed", { query: { collection: this.collection, after, limit } });
  }

  /** @param {Step} step */
  add(step) {
    this.steps = [...this.steps, step].slice(-MOST_STEPS);
    this.#keep();
  }

  /** The last one is taken back. @param {Step} step */
  drop(step) {
    this.steps = this.steps.filter((other) => other !== step);
    this.#keep();
  }

  #keep() {
    sessionStorage.setItem(`${this.key}:steps`, JSON.stringify(this.steps));
  }

  /** Nothing is decided any more, but for what was dismissed. */
  async clear() {
    await call("/duplicates/not-needed", { method: "DELETE", query: { collection: this.collection } });
    this.steps = [];
    this.#keep();
  }

  /** @param {string} group @param {boolean} isLater */
  putOff(group, isLater) {
    if (isLater) this.later.add(group);
    else this.later.delete(group);
    sessionStorage.setItem(`${this.key}:later`, JSON.stringify([...this.later]));
  }
}
