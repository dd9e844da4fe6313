// What comes before and after: in the list that the viewer was opened over, or among the similar pictures that somebody went aside to.
import { call } from "../core/api.js";
import { t } from "../core/i18n.js";
import { collectionInUse } from "../core/session.js";
import { nameOf } from "./stage.js";

/** @typedef {import("../types").Shown} Shown */
/** @typedef {{image: Shown, previous: Shown | null, next: Shown | null, position: number | null, total: number | null, name: string | null}} Found */

/** All that is known of a picture. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Shown>} */
export const whole = (id, signal) => call(`/images/${id}`, { query: { collection: collectionInUse() }, signal });

/** Lists of many hold what a tile shows; the file is told of by itself. @param {Shown} image */
export const isWhole = (image) => image.sha256 !== undefined;

/** @param {import("../types").PhotoList | null} list */
export function createSequence(list) {
  /** @type {Found | null} */
  let here = null;
  let turn = 0;
  /** The picture that one went aside from, then those that are similar to it. @type {Shown[]} */
  let aside = [];

  /** @param {string} id @returns {Promise<Found>} */
  async function found(id) {
    const at = aside.findIndex((one) => one.id === id);
    const image = aside[at];
    if (image && at > 0) {
      return { image, previous: aside[at - 1] ?? null, next: aside[at + 1] ?? null, position: at - 1, total: aside.length - 1, name: t("viewer.similar_to", { name: nameOf(aside[0] ?? image) }) };
    }
    aside = [];
    const listed = await list?.around(id);
    if (list && listed) return { ...listed, total: list.total, name: list.name === null ? null : t("viewer.in", { name: list.name }) };
    return { image: await whole(id), previous: null, next: null, position: null, total: null, name: null };
  }

  return {
    /** What is beside the picture that is shown, if it is that one. @param {string} id */
    near: (id) => [here?.next, here?.previous, ...aside].find((one) => one?.id === id) ?? null,
    /** @param {string} id */
    async around(id) {
      const mine = ++turn, answer = await found(id);
      if (mine === turn) here = answer;
      return answer;
    },
    /** @param {number} step 1 is the next, -1 the one before */
    beside: (step) => (step > 0 ? here?.next : here?.previous) ?? null,
    /** @param {Shown} from @param {Shown[]} similar */
    goAside(from, similar) { aside = [from, ...similar.filter((one) => one.id !== from.id)]; },
    /** @param {string} id */
    without(id) { aside = aside.filter((one) => one.id !== id); },
  };
}
