// The groups of one class, page by page, with what was decided about each.
import { Problem, call } from "../core/api.js";

/** @typedef {import("../types").DuplicateGroup} Group */
/** @typedef {import("./decisions.js").Decisions} Decisions */

export const CLASSES = ["same_bytes", "same_picture", "raw_jpeg", "burst", "look_alike"];
/** Copies of one file leave the service together: there the one that is not kept only goes on the list. */
export const LISTED_ONLY = "same_bytes";
const PAGE = 50, MEMBERS = 20, MOST_MEMBERS = 500;

export class Groups {
  /** @param {string} collection @param {Decisions} decisions */
  constructor(collection, decisions) {
    this.collection = collection;
    this.decisions = decisions;
    this.cls = "";
    this.job = "";
    /** How many groups each class had when it was last asked: those that are still told, and those that were decided. @type {Record<string, number>} */
    this.totals = {};
    /** @type {Group[]} */
    this.list = [];
    /** @type {string | null} */
    this.cursor = null;
  }

  /** The first page of a class; of the first one that has groups, where none is named. False: nobody has looked yet. @param {string} cls */
  async open(cls) {
    const first = await this.#page(cls || undefined, null, cls ? PAGE : 1);
    if (!first.job_id) return false;
    this.job = first.job_id;
    this.totals = Object.fromEntries(CLASSES.map((one) => [one, this.decisions.decided(this.job, one, { gone: true }).size]));
    for (const one of first.totals ?? []) this.totals[one.class] = (this.totals[one.class] ?? 0) + one.groups;
    this.cls = cls || (CLASSES.find((one) => this.totals[one]) ?? "same_picture");
    const page = cls ? first : await this.#page(this.cls, null, PAGE);
    this.list = [];
    this.#take(page);
    return true;
  }

  /** @param {string | undefined} cls @param {string | null} cursor @param {number} limit @returns {Promise<import("../types").DuplicateList>} */
  #page(cls, cursor, limit) {
    return call("/duplicates", { query: { collection: this.collection, class: cls, cursor, limit, members: MEMBERS } });
  }

  /** @param {import("../types").DuplicateList} page */
  #take(page) {
    for (const one of page.groups) {
      if (one.class === LISTED_ONLY) this.decisions.adopt(this.job, one);
      if (!this.list.some((other) => other.id === one.id)) this.#add(this.#left(one));
    }
    this.cursor = page.cursor;
  }

  /** In the service's order. @param {Group} group */
  #add(group) {
    const behind = this.list.findIndex((one) => one.id > group.id);
    this.list.splice(behind < 0 ? this.list.length : behind, 0, group);
  }

  /** Without what is on the list. @param {Group} group @returns {Group} */
  #left(group) {
    const listed = new Set(this.decisions.all.flatMap((one) => (one.cls === LISTED_ONLY && one.job === this.job && one.group === group.id ? one.listed.map((file) => file.id) : [])));
    const images = group.images.filter((one) => !listed.has(one.id));
    return { ...group, images, count: group.count - (group.images.length - images.length) };
  }

  /** @param {number} id */
  isDecided(id) { return this.decisions.decided(this.job, this.cls).has(id); }

  /** @param {number} id */
  isLater(id) { return this.decisions.later.has(`${this.job}:${id}`); }

  /** A group of this class by its id, with all its images; null where there is none now. @param {number} id @returns {Promise<Group | null>} */
  async find(id) {
    let found = this.list.find((one) => one.id === id);
    if (!found || found.images.length < found.count) {
      /** @type {Group | null} */
      const answer = await call(`/duplicates/groups/${id}`, { query: { collection: this.collection, limit: MOST_MEMBERS } }).catch(noneFor404);
      if (answer?.class !== this.cls) return found ?? null;
      const whole = this.#left(answer);
      if (found) Object.assign(found, whole);
      else this.#add(found = whole);
    }
    return found;
  }

  /** The next one that is open, from a place in the list on and then from its start; null where all are decided or put off. @param {number} after @returns {Promise<Group | null>} */
  async next(after) {
    for (;;) {
      const isOpen = (/** @type {Group} */ one) => !this.isDecided(one.id) && !this.isLater(one.id);
      const found = this.list.slice(after).find(isOpen) ?? (this.cursor ? undefined : this.list.find(isOpen));
      if (found || !this.cursor) return found ?? null;
      this.#take(await this.#page(this.cls, this.cursor, PAGE));
    }
  }

  /** Those that come next, from a group on. @param {Group} from @param {number} most */
  upcoming(from, most) {
    const at = this.list.indexOf(from);
    return this.list.slice(at).filter((one) => one === from || (!this.isDecided(one.id) && !this.isLater(one.id))).slice(0, most);
  }

  /** Its number among all groups of the class, from 1: what the service does not tell any more came before. @param {Group} group */
  number(group) {
    const gone = [...this.decisions.decided(this.job, this.cls, { gone: true })].filter((id) => !this.list.some((one) => one.id === id)).length;
    return gone + this.list.indexOf(group) + 1;
  }

  /** How many were put off and are still open. */
  get putOff() {
    return this.list.filter((one) => this.isLater(one.id) && !this.isDecided(one.id));
  }

  /** Of this class: decided, and in all. */
  get progress() {
    return { decided: this.decisions.decided(this.job, this.cls).size, total: this.totals[this.cls] ?? 0 };
  }
}

/** The service has dropped it since. @param {unknown} error @returns {null} */
function noneFor404(error) {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}
