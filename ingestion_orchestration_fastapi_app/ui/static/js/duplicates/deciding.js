// Carries decisions out, and takes them back. The service keeps them; no file is deleted: what is not kept leaves the service, or goes on the list alone.
import { Problem, call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { LISTED_ONLY } from "./groups.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {import("./groups.js").Group} Group */
/** @typedef {import("./groups.js").Groups} Groups */
/** @typedef {import("./decisions.js").Said} Said */
/** @typedef {import("./decisions.js").Step} Step */

/** @param {Groups} groups @param {number} group @param {Record<string, Said>} said */
const put = ({ collection }, group, said) =>
  call(`/duplicates/groups/${group}/decisions`, { method: "PUT", query: { collection }, body: { decisions: Object.entries(said).map(([id, decision]) => ({ id, decision })) } });

/**
 * Of a group one is kept beside some that are not; what else is in it stays open. How many files are not needed by it.
 * @param {Groups} groups @param {Group} group @param {Image} kept @param {Image[]} others @param {Record<string, Said>} before @returns {Promise<number>}
 */
export async function keepOne(groups, group, kept, others, before) {
  const { collection, decisions, cls, job } = groups;
  const { files } = await put(groups, group.id, Object.fromEntries([[kept.id, "keep"], ...others.map((one) => [one.id, "not_needed"])]));
  const forgotten = cls === LISTED_ONLY ? [] : others.map((one) => one.id);
  if (forgotten.length) {
    try {
      await call("/selection/forget", { body: { ids: forgotten, collection } });
    } catch (error) {
      await put(groups, group.id, before).catch(() => {}); // what it says is on the list, which shows it
      throw error;
    }
    emit("images");
  }
  decisions.add({ job, group: group.id, cls, before, forgotten });
  return files;
}

/** They are no duplicates. @param {Groups} groups @param {Group} group */
export async function keepAll(groups, group) {
  const { collection, decisions, cls, job } = groups;
  const { id } = await call(`/duplicates/groups/${group.id}/dismiss`, { method: "POST", query: { collection } });
  decisions.add({ job, group: group.id, cls, before: {}, forgotten: [], dismissal: id });
}

/** The last step, taken back; null where there is none. @param {Groups} groups @returns {Promise<Step | null>} */
export async function takeBack(groups) {
  const { collection, decisions } = groups;
  const last = decisions.steps.at(-1);
  if (!last) return null;
  const ignore = (/** @type {unknown} */ error) => {
    if (!(error instanceof Problem && error.status === 404)) throw error; // a later search has other groups, or it was taken back in a list
  };
  if (last.forgotten.length) {
    await call("/selection/restore", { body: { ids: last.forgotten, collection } });
    emit("images");
  }
  if (last.dismissal) await call(`/duplicates/dismissed/${last.dismissal}`, { method: "DELETE", query: { collection } }).catch(ignore);
  else if (last.job === groups.job) await put(groups, last.group, last.before).catch(ignore);
  else await call("/duplicates/not-needed/take-back", { body: { ids: Object.keys(last.before), collection } });
  decisions.drop(last);
  return last;
}
