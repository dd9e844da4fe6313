// The groups of one class that are open, page by page, and what was decided about each since.
import { Problem, call } from "../core/api.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {import("./decisions.js").Decisions} Decisions */
/** @typedef {import("./decisions.js").Said} Said */
/** `images`: those that may be needed; `count`: how many these are in all. @typedef {import("../types").DuplicateGroup & {isDismissed?: boolean}} Group */

export const CLASSES = ["same_bytes", "same_picture", "raw_jpeg", "burst", "look_alike"];
/** Copies of one file leave the service together: there the one that is not kept only goes on the list. */
export const LISTED_ONLY = "same_bytes";
const PAGE = 50, MEMBERS = 20, MOST_MEMBERS = 500;

/** Without what is not needed. @param {import("../types").DuplicateGroup} group @returns {Group} */
function needed(group) {
  const images = group.images.filter((one) => group.decisions[one.id] !== "not_needed");
  return { ...group, images, count: group.count - (group.images.length - images.length) };
}

/** @param {Group} group */
const isOver = (group) => Boolean(group.isDismissed) || group.count < 2 || group.undecided === 0;

export class Groups {
  /** @param {string} collection @param {Decisions} decisions */
  constructor(collection, decisions) {
    this.collection = collection;
    this.decisions = decisions;
    this.cls = "";
    this.job = "";
    /** How many groups of each class are decided, and open. @type {Record<string, {decided: number, undecided: number}>} */
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
    this.totals = Object.fromEntries((first.totals ?? []).map((one) => [one.class, { decided: one.decided, undecided: one.undecided }]));
    this.cls = cls || (CLASSES.find((one) => this.total(one)) ?? "same_picture");
    const page = cls ? first : await this.#page(this.cls, null, PAGE);
    this.list = [];
    this.#take(page);
    return true;
  }

  /** @param {string | undefined} cls @param {string | null} cursor @param {number} limit @returns {Promise<import("../types").DuplicateList>} */
  #page(cls, cursor, limit) {
    return call("/duplicates", { query: { collection: this.collection, class: cls, cursor, limit, members: MEMBERS, decided: false } });
  }

  /** @param {import("../types").DuplicateList} page */
  #take(page) {
    for (const one of page.groups) {
      if (!this.list.some((other) => other.id === one.id)) this.#add(needed(one));
    }
    this.cursor = page.cursor;
  }

  /** In the service's order. @param {Group} group */
  #add(group) {
    const behind = this.list.findIndex((one) => one.id > group.id);
    this.list.splice(behind < 0 ? this.list.length : behind, 0, group);
  }

  /** How many groups a class has. @param {string} cls */
  total(cls) {
    const { decided, undecided } = this.totals[cls] ?? { decided: 0, undecided: 0 };
    return decided + undecided;
  }

  /** @param {Group} group */
  isDecided(group) { return isOver(group); }

  /** @param {number} id */
  isLater(id) { return this.decisions.later.has(`${this.job}:${id}`); }

  /** A group of this class by its id, with all its images; null where there is none now. @param {number} id @returns {Promise<Group | null>} */
  async find(id) {
    const found = this.list.find((one) => one.id === id);
    if (found && (isOver(found) || found.images.length >= found.count)) return found;
    /** @type {import("../types").DuplicateGroup | null} */
    const answer = await call(`/duplicates/groups/${id}`, { query: { collection: this.collection, limit: MOST_MEMBERS } }).catch(noneFor404);
    if (answer?.class !== this.cls) return found ?? null;
    const whole = needed(answer);
    if (found) return Object.assign(found, whole);
    if (!isOver(whole)) this.#add(whole);
    return whole;
  }

  /** The next one that is open, from a place in the list on and then from its start; null where all are decided or put off. @param {number} after @returns {Promise<Group | null>} */
  async next(after) {
    for (;;) {
      const isOpen = (/** @type {Group} */ one) => !isOver(one) && !this.isLater(one.id);
      const found = this.list.slice(after).find(isOpen) ?? (this.cursor ? undefined : this.list.find(isOpen));
      if (found || !this.cursor) return found ?? null;
      this.#take(await this.#page(this.cls, this.cursor, PAGE));
    }
  }

  /** The two of a group that are compared first: the one that is kept, with the first about which nobody has decided. @param {Group} group */
  pairOf({ images, decisions }) {
    const left = images.find((one) => decisions[one.id] === "keep") ?? images[0];
    const others = images.filter((one) => one !== left);
    return [left, others.find((one) => !decisions[one.id]) ?? others[0]];
  }

  /**
   * Decides here, before the service has answered; what is returned takes that back, and says what was decided before.
   * @param {Group} group @param {Image} kept @param {Image[]} others
   */
  decide(group, kept, others) {
    const { images, count, undecided, decisions } = group;
    const named = [kept, ...others], open = named.filter((one) => !decisions[one.id]).length;
    const back = this.#change(group, {
      images: images.filter((one) => !others.includes(one)),
      count: count - others.length,
      undecided: undecided - open,
      decisions: { ...decisions, ...Object.fromEntries(others.map((one) => [one.id, "not_needed"])), [kept.id]: "keep" },
    });
    /** @type {Record<string, Said>} */
    const before = Object.fromEntries(named.map((one) => [one.id, decisions[one.id] ?? "undecided"]));
    return { back, before };
  }

  /** Likewise: they are no duplicates. @param {Group} group */
  dismiss(group) {
    return this.#change(group, { isDismissed: true });
  }

  /** @param {Group} group @param {Partial<Group>} to @returns {() => void} what takes it back */
  #change(group, to) {
    const was = { isDismissed: false, ...group }, totals = this.totals[group.class];
    const wasOver = isOver(group);
    Object.assign(group, to);
    const ended = totals && !wasOver && isOver(group) ? 1 : 0;
    if (totals && ended) [totals.decided, totals.undecided] = [totals.decided + 1, totals.undecided - 1];
    return () => {
      Object.assign(group, was);
      if (totals && ended) [totals.decided, totals.undecided] = [totals.decided - 1, totals.undecided + 1];
    };
  }

  /** Asks anew for a group about which something was taken back. @param {number} id */
  async refresh(id) {
    const at = this.list.findIndex((one) => one.id === id), was = this.list[at];
    if (at >= 0) this.list.splice(at, 1);
    const now = await this.find(id), totals = this.totals[this.cls];
    if (totals && now && !isOver(now) && (!was || isOver(was))) [totals.decided, totals.undecided] = [totals.decided - 1, totals.undecided + 1];
  }

  /** Those that come next, from a group on. @param {Group} from @param {number} most */
  upcoming(from, most) {
    const at = this.list.indexOf(from);
    return this.list.slice(at).filter((one) => one === from || (!isOver(one) && !this.isLater(one.id))).slice(0, most);
  }

  /** Its number among all groups of the class, from 1: what the service does not list any more came before. @param {Group} group */
  number(group) {
    const gone = this.progress.decided - this.list.filter(isOver).length;
    return Math.max(0, gone) + this.list.indexOf(group) + 1;
  }

  /** How many were put off and are still open. */
  get putOff() {
    return this.list.filter((one) => this.isLater(one.id) && !isOver(one));
  }

  /** Of this class: decided, and in all. */
  get progress() {
    return { decided: this.totals[this.cls]?.decided ?? 0, total: this.total(this.cls) };
  }
}

/** The service has dropped it since. @param {unknown} error @returns {null} */
function noneFor404(error) {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}
