// Carries decisions out, and takes them back. No file is deleted: what is not kept leaves the service, or goes on the list alone.
import { Problem, call } from "../core/api.js";
import { emit } from "../core/bus.js";
import { LISTED_ONLY } from "./groups.js";

/** @typedef {import("../types").Image} Image */
/** @typedef {import("../types").DuplicateGroup} Group */
/** @typedef {import("./groups.js").Groups} Groups */
/** @typedef {import("./decisions.js").Decision} Decision */
/** @typedef {import("./decisions.js").Listed} Listed */

/** What groups were before their last steps, for this page alone. @type {WeakMap<Decision, Image[]>} */
const before = new WeakMap();

/** @param {Image} image @param {Image} kept @returns {Listed} */
const listed = (image, kept) => ({ id: image.id, path: image.path, bytes: image.bytes, sha256: image.sha256 ?? "", kept: kept.path });

/** Other files of the same bytes: they leave with it. @param {Groups} groups @param {Image} image @returns {Promise<Image[]>} */
async function copiesOf(groups, image) {
  const answer = await call(`/images/${image.id}/duplicates`, { query: { collection: groups.collection, members: 100 } });
  const same = answer.groups.find((/** @type {Group} */ one) => one.class === LISTED_ONLY);
  return same ? same.images.filter((/** @type {Image} */ one) => one.id !== image.id) : [];
}

/** Of a group one is kept beside some that are not; what else is in it stays open. @param {Groups} groups @param {Group} group @param {Image} kept @param {Image[]} others */
export async function keepOne(groups, group, kept, others) {
  const { collection, decisions, cls, job } = groups, isListedOnly = cls === LISTED_ONLY;
  const files = others.map((one) => listed(one, kept));
  if (!isListedOnly) {
    for (const copies of await Promise.all(others.map((one) => copiesOf(groups, one)))) {
      files.push(...copies.map((one) => ({ ...listed(one, kept), copy: true })));
    }
    await call("/selection/forget", { body: { ids: others.map((one) => one.id), collection } });
    emit("images");
  }
  const isEnd = group.count - others.length < 2;
  /** @type {Decision} */
  const one = { job, group: group.id, cls, did: "keep", listed: files, isEnd, isGone: isEnd && !isListedOnly };
  before.set(one, group.images);
  decisions.add(one);
  group.images = group.images.filter((image) => !others.includes(image));
  group.count -= others.length;
  return files;
}

/** They are no duplicates. @param {Groups} groups @param {Group} group */
export async function keepAll(groups, group) {
  const { collection, decisions, cls, job } = groups;
  /** @type {number | null} */
  let dismissal = null;
  try {
    ({ id: dismissal } = await call(`/duplicates/groups/${group.id}/dismiss`, { method: "POST", query: { collection } }));
  } catch (error) {
    // It was dismissed and taken back before: the service knows the group no more, and may find it again.
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
  /** @type {Decision} */
  const one = { job, group: group.id, cls, did: "both", listed: [], dismissal, isEnd: true, isGone: true };
  before.set(one, group.images);
  decisions.add(one);
}

/** The last decision, taken back; null where there is none. @param {Groups} groups @returns {Promise<Decision | null>} */
export async function takeBack(groups) {
  const { collection, decisions } = groups;
  const last = decisions.all.at(-1);
  if (!last) return null;
  if (last.did === "keep" && last.cls !== LISTED_ONLY) {
    await call("/selection/restore", { body: { ids: last.listed.filter((one) => !one.copy).map((one) => one.id), collection } });
    emit("images");
  } else if (last.dismissal) {
    await call(`/duplicates/dismissed/${last.dismissal}`, { method: "DELETE", query: { collection } }).catch((error) => {
      if (!(error instanceof Problem && error.status === 404)) throw error; // it was taken back in the list
    });
  }
  decisions.drop(last);
  const group = groups.list.find((one) => one.id === last.group), images = before.get(last) ?? [];
  if (group && images.length) group.count += images.length - group.images.length;
  if (group) group.images = images; // none: they are asked for anew
  return last;
}
