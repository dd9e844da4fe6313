// Who uses the app, and the collection that it shows.
import { call } from "./api.js";
import { emit } from "./bus.js";
import { current, go, href } from "./router.js";

/** @typedef {import("../types").Collection} Collection */

/** @type {import("../types").Session | null} */
let caller = null;
/** @type {Collection[]} */
let known = [];

/** Whether the caller has a session that can be ended. */
export const isLoggedIn = () => caller?.name === "session";
/** @param {"read" | "write" | "admin"} scope */
export const may = (scope) => caller?.scopes.includes(scope) ?? false;

/** Who calls; throws Problem 401 where a key is needed first. */
export async function loadSession() {
  caller = await call("/session");
}

/** @param {string} key */
export async function logIn(key) {
  await call("/session", { body: { key } });
  await loadSession();
}

export async function logOut() {
  await call("/session", { method: "DELETE" });
  sessionStorage.clear();
  location.assign(href("/login"));
}

/** Reads anew which there are. */
export async function loadCollections() {
  const { collections } = await call("/collections");
  known = collections;
  emit("collections", known);
  return known;
}

export const collections = () => known;

/** The one that the address names, or else `default`. */
export const collectionInUse = () => current().query.get("in") ?? "default";

/** Shows another one: the same place, without what is of the old one. @param {string} name */
export function useCollection(name) {
  const { path } = current();
  const place = path.length > 1 ? `/${path[0]}` : `/${path.join("/")}`;
  go(href(place, name === "default" ? {} : { in: name }));
  emit("collection-in-use", name);
}

/** Parameters that name the collection in use: for links within the app. @param {Record<string, string>} [more] */
export function inUse(more = {}) {
  const name = collectionInUse();
  return name === "default" ? more : { in: name, ...more };
}
