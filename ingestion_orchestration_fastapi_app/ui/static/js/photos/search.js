// One search: what is asked of the service for an address, and the answer page by page.
import { call } from "../core/api.js";
import { filterSpec } from "./address.js";
import { period } from "./periods.js";
import { pictureOf } from "./picture_query.js";

/** @typedef {import("./address.js").Asked} Asked */
/** @typedef {import("../types").SearchAnswer} Answer */
/** @typedef {import("../types").Hit} Hit */
/** @typedef {NonNullable<Answer["understood"]>["parts"][number]} Part */
/** @typedef {Partial<import("../types").FilterSpec>} Spec */

const PAGE = 100;
/** Where no evaluation proposes another: a text that fits nothing is expected to find one picture as good. */
const LEAST_RELEVANCE = 0.5;

/** What an evaluation proposed, by collection: then what does not fit is left out from the first question on. @type {Map<string, number | null>} */
const proposed = new Map();
/** What sentences say, for searches that may not be parsed. @type {Map<string, Part[]>} */
const sentences = new Map();

/** The day where the reader is. */
const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

export class Search {
  /** @type {Hit[]} */
  hits = [];
  /** @type {Answer | null} */
  answer = null;
  /** What was read in the sentence and counts. @type {Part[]} */
  parts = [];
  /** What is left of the sentence for the meaning. */
  words = "";
  /** Whether what does not fit was left out. */
  isCut = false;
  /** Whether it is known how well hits fit. */
  isJudged = false;
  /** @type {string | null} */
  #cursor = null;

  /** @param {Asked} asked @param {{byWords?: boolean}} [options] `byWords`: by what is written with the pictures alone, which needs no model */
  constructor(asked, { byWords = false } = {}) {
    this.asked = asked;
    this.byWords = byWords;
    this.words = asked.q;
    this.picture = asked.picture ? pictureOf(asked.picture) : undefined;
  }

  get #hasExamples() { return Boolean(this.asked.like.length || this.asked.unlike.length || this.asked.picture); }
  get #isParsed() { return Boolean(this.asked.q) && !this.#hasExamples && !this.asked.plain.length; }
  get canBeByWords() { return Boolean(this.asked.q) && !this.#hasExamples; }
  get canBeCut() { return this.canBeByWords && !this.byWords; }
  get #proposed() { return proposed.get(this.asked.collection) ?? null; }
  get #least() { return this.#proposed ?? LEAST_RELEVANCE; }
  /** By date whatever fits little would stand among the best. */
  get #isCutWanted() { return this.canBeCut && (this.asked.rest === null ? this.#proposed !== null || this.asked.sort === "date" : !this.asked.rest); }
  get isWhole() { return this.answer !== null && this.#cursor === null; }
  get total() { return this.answer?.total ?? null; }

  /** All filters that count: those by hand, and what the sentence says. @returns {Spec} */
  get filters() {
    const own = filterSpec(this.asked.values);
    const said = conditions(this.parts);
    return said.length ? { ...own, all_of: [...(own.all_of ?? []), ...said] } : own;
  }

  /** The first page. @param {AbortSignal} signal */
  async begin(signal) {
    const { asked } = this;
    if (asked.q && !this.#isParsed) {
      this.parts = await this.#counting(signal);
      this.words = without(asked.q, this.parts);
    }
    this.isCut = this.#isCutWanted;
    const least = this.#least;
    let answer = await this.#ask(signal, {});
    if (answer.nothing_relevant !== null) proposed.set(asked.collection, answer.suggested_min_relevance ?? null);
    if (this.#isCutWanted && (!this.isCut || this.#least !== least)) {
      this.isCut = true;
      answer = await this.#ask(signal, {});
    }
    this.isJudged = answer.nothing_relevant !== null;
    if (!this.isJudged) this.isCut = false;
    if (answer.understood) this.#understand(answer.understood);
    this.#take(answer);
    this.answer = answer;
  }

  /** The next page; what is new in it. @param {AbortSignal} signal @returns {Promise<Hit[]>} */
  async more(signal) {
    if (!this.#cursor) return [];
    return this.#take(await this.#ask(signal, { cursor: this.#cursor }));
  }

  /** How many there are with what does not fit. @param {AbortSignal} signal @returns {Promise<number>} */
  async countAll(signal) {
    const { total } = await this.#ask(signal, { limit: 1, min_relevance: null });
    return total ?? 0;
  }

  /** How many would be shown. @param {AbortSignal} signal @returns {Promise<number>} */
  async count(signal) {
    if (this.asked.q && !this.#isParsed) this.parts = await this.#counting(signal);
    const isCut = this.#isCutWanted;
    const answer = await this.#ask(signal, { limit: 1, min_relevance: isCut ? this.#least : null });
    return isCut && answer.nothing_relevant ? 0 : answer.total ?? 0;
  }

  /** @param {Answer} answer */
  #take(answer) {
    this.#cursor = answer.cursor ?? null;
    const known = new Set(this.hits.map((one) => one.id));
    const fresh = answer.results.filter((one) => !known.has(one.id));
    this.hits.push(...fresh);
    return fresh;
  }

  /** @param {NonNullable<Answer["understood"]>} understood */
  #understand({ parts, words }) {
    sentences.set(this.#sentenceKey, parts);
    this.parts = parts.filter((part) => part.applied);
    this.words = words;
  }

  /** What of the sentence counts. @param {AbortSignal} signal */
  async #counting(signal) {
    return (await this.#sentence(signal)).filter((part) => part.applied && !this.asked.plain.includes(part.kind));
  }

  get #sentenceKey() { return JSON.stringify([this.asked.collection, this.asked.q, today()]); }

  /** @param {AbortSignal} signal @returns {Promise<Part[]>} */
  async #sentence(signal) {
    const known = sentences.get(this.#sentenceKey);
    if (known) return known;
    const { q: query, collection } = this.asked;
    /** @type {Answer} */
    const answer = await call("/search", { body: { query, collection, parse: true, today: today(), limit: 1 }, signal });
    const parts = answer.understood?.parts ?? [];
    sentences.set(this.#sentenceKey, parts);
    return parts;
  }

  /** @param {AbortSignal} signal @param {Partial<import("../types").SearchQuestion>} changes @returns {Promise<Answer>} */
  #ask(signal, changes) {
    const { q, collection, like, unlike, sort } = this.asked;
    const positive = [...like.map((image_id) => ({ image_id })), ...(this.picture ? [{ file: "picture" }] : [])];
    /** @type {Record<string, any>} */
    const body = {
      query: q || null, collection, positive, negative: unlike.map((image_id) => ({ image_id })), filters: this.filters, limit: PAGE,
      sort: sort === "date" ? "taken_at" : "relevance", mode: this.byWords ? "text" : "auto", with_total: !changes.cursor,
      ...(this.#isParsed ? { parse: true, today: today(), filters: filterSpec(this.asked.values) } : {}),
      ...(this.isCut ? { min_relevance: this.#least } : {}),
      ...changes,
    };
    if (!this.picture) return call("/search", { body, signal });
    const form = new FormData();
    form.append("search", JSON.stringify(body));
    form.append("files", this.picture.file, "picture");
    return call("/search/pictures", { form, signal, patience_ms: 120_000 });
  }
}

/** What is left of a sentence. Its parts are counted in characters, of which some are two units of a text. @param {string} text @param {Part[]} parts */
function without(text, parts) {
  const kept = Array.from(text, (one, at) => (parts.some(({ begin, end }) => at >= begin && at < end) ? " " : one));
  return kept.join("").replace(/\s+/g, " ").trim();
}

/** @param {Part[]} parts @returns {any[]} */
export function conditions(parts) {
  const when = period(parts);
  const place = parts.find((part) => part.kind === "place");
  return [
    ...(when ? [{ ...(when.first ? { taken_after: when.first } : {}), ...(when.last ? { taken_before: when.last } : {}) }] : []),
    ...(place ? [{ near: { latitude: place.city.latitude, longitude: place.city.longitude, radius_km: place.radius_km } }] : []),
  ];
}
