// Who uses the app, and the collection that it shows.
import { Problem, call, root } from "./api.js";
import { emit } from "./bus.js";
import { current, go, href } from "./router.js";
import { breakOff } from "./unfinished.js";

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

/** Between the tabs of this browser. */
const tabs = new BroadcastChannel(`session of ${root || "/"}`);

/** @param {string} key */
export async function logIn(key) {
  await call("/session", { body: { key } });
  await loadSession();
  tabs.postMessage("in");
}

/** Throws Problem where it could not be ended. */
export async function logOut() {
  try {
    await call("/session", { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error; // else it has ended before
  }
  tabs.postMessage("out");
  vanish();
}

const BROKEN_OFF = "broken-off";

/** Nothing of what was shown stays, in no tab, nor in the page that Back brings as it was left. */
function vanish() {
  sessionStorage.clear();
  if (breakOff()) sessionStorage.setItem(BROKEN_OFF, "1");
  document.body.replaceChildren();
  addEventListener("pageshow", () => location.reload(), { once: true });
  location.assign(href("/login"));
}

/** Whether an upload ended with the last session; told once. */
export function wasBrokenOff() {
  const was = sessionStorage.getItem(BROKEN_OFF) !== null;
  sessionStorage.removeItem(BROKEN_OFF);
  return was;
}

/** Goes along with what other tabs do. @param {() => void} loggedIn @returns {() => void} what ends it */
export function followTabs(loggedIn) {
  const hear = (/** @type {MessageEvent} */ { data }) => (data === "out" ? vanish() : loggedIn());
  tabs.addEventListener("message", hear);
  return () => tabs.removeEventListener("message", hear);
}

/** Reads anew which there are. */
export async function loadCollections() {
  const { collections } = await call("/collections");
  known = collections;
  emit("collections", known);
  return known;
}

export const collections = () => known;

/** What addresses leave out. */
const UNNAMED = "default";

/** The one for an address that names none: `default`, or else the fullest of those that are there. */
function home() {
  if (!known.length || known.some((one) => one.name === UNNAMED)) return UNNAMED;
  return known.reduce((best, one) => ((one.count ?? 0) > (best.count ?? 0) ? one : best)).name;
}

/** Of an address's parameters. @param {URLSearchParams} query */
export const collectionOf = (query) => query.get("in") ?? home();

export const collectionInUse = () => collectionOf(current().query);

/** Whether there is one that bears the name. @param {string} name */
export const isThere = (name) => known.some((one) => one.name === name);

/** The parameters that name a collection in an address. @param {string} name @returns {{in?: string}} */
export const naming = (name) => (name === UNNAMED ? {} : { in: name });

/** Shows another one: the same place, without what is of the old one. @param {string} name */
export function useCollection(name) {
  const { path } = current();
  const place = path.length > 1 ? `/${path[0]}` : `/${path.join("/")}`;
  go(href(place, naming(name)));
  emit("collection-in-use", name);
}

/** Parameters that name the collection in use: for links within the app. @param {Record<string, string>} [more] */
export const inUse = (more = {}) => ({ ...naming(collectionInUse()), ...more });
